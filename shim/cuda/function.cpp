// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels: attributes, parameters, occupancy.
#include "bodies.h"
#include "shim/common/kernel_attributes.h"
#include "shim/cuda/launch_config.h"

namespace cutrans::driver {

CUresult body::cuFuncGetAttribute(Call &call, int *out, CUfunction_attribute attribute, CUfunction function) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Kernel *> kernel = resolveKernel(function, *call.context);
  if (!kernel.ok()) return error(kernel.status());
  Result<int> value = shim::kernelAttribute(**kernel, attribute);
  if (!value.ok()) return error(value.status());
  *out = *value;
  return CUDA_SUCCESS;
}

CUresult body::cuFuncSetAttribute(Call &call, CUfunction function, CUfunction_attribute attribute, int value) {
  Result<runtime::Kernel *> kernel = resolveKernel(function, *call.context);
  return error(kernel.ok() ? shim::setKernelAttribute(**kernel, attribute, value, call.name) : kernel.status());
}

CUresult body::cuFuncSetCacheConfig(Call &call, CUfunction function, CUfunc_cache config) {
  Result<runtime::Kernel *> kernel = resolveKernel(function, *call.context);
  return error(kernel.ok() ? shim::setCachePreference(**kernel, config) : kernel.status());
}

// The width of shared memory's banks has no effect on results; GPUs since compute capability 5.0 take no notice either.
CUresult body::cuFuncSetSharedMemConfig(Call &call, CUfunction function, CUsharedconfig config) {
  if (config < CU_SHARED_MEM_CONFIG_DEFAULT_BANK_SIZE || config > CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE)
    return CUDA_ERROR_INVALID_VALUE;
  return error(resolveKernel(function, *call.context).status());
}

CUresult body::cuFuncGetModule(Call &call, CUmodule *out, CUfunction function) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Kernel *> kernel = resolveKernel(function, *call.context);
  if (!kernel.ok()) return error(kernel.status());
  *out = handle(&(*kernel)->module());
  return CUDA_SUCCESS;
}

CUresult body::cuFuncGetName(Call &call, const char **out, CUfunction function) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Kernel *> kernel = resolveKernel(function, *call.context);
  if (!kernel.ok()) return error(kernel.status());
  *out = (*kernel)->info().name;
  return CUDA_SUCCESS;
}

CUresult body::cuFuncGetParamInfo(Call &call, CUfunction function, size_t index, size_t *offset, size_t *size) {
  if (!offset) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Kernel *> kernel = resolveKernel(function, *call.context);
  if (!kernel.ok()) return error(kernel.status());
  Result<ctc_param> parameter = shim::parameter(**kernel, index);
  if (!parameter.ok()) return error(parameter.status());
  *offset = parameter->offset;
  if (size) *size = parameter->size;
  return CUDA_SUCCESS;
}

CUresult body::cuFuncIsLoaded(Call &call, CUfunctionLoadingState *out, CUfunction function) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Kernel *> kernel = resolveKernel(function, *call.context);
  if (!kernel.ok()) return error(kernel.status());
  *out = CU_FUNCTION_LOADING_STATE_LOADED;
  return CUDA_SUCCESS;
}

CUresult body::cuFuncLoad(Call &call, CUfunction function) {
  return error(resolveKernel(function, *call.context).status());
}

CUresult body::cuOccupancyMaxActiveBlocksPerMultiprocessor(Call &call, int *out, CUfunction function, int block,
                                                           size_t shared_bytes) {
  if (!out || block <= 0) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Kernel *> kernel = resolveKernel(function, *call.context);
  if (!kernel.ok()) return error(kernel.status());
  Result<unsigned> blocks = runtime::blocksPerUnit(**kernel, block, shared_bytes);
  if (!blocks.ok()) return error(blocks.status());
  *out = static_cast<int>(*blocks);
  return CUDA_SUCCESS;
}

CUresult body::cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(Call &call, int *out, CUfunction function,
                                                                    int block, size_t shared_bytes,
                                                                    unsigned int flags) {
  if (flags & ~unsigned{CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE}) return CUDA_ERROR_INVALID_VALUE;
  return body::cuOccupancyMaxActiveBlocksPerMultiprocessor(call, out, function, block, shared_bytes);
}

CUresult body::cuOccupancyMaxPotentialBlockSizeWithFlags(Call &call, int *min_grid, int *block, CUfunction function,
                                                         CUoccupancyB2DSize shared_for, size_t shared_bytes, int limit,
                                                         unsigned int flags) {
  if (!min_grid || !block || limit < 0 || (flags & ~unsigned{CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE}))
    return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Kernel *> kernel = resolveKernel(function, *call.context);
  if (!kernel.ok()) return error(kernel.status());
  Result<runtime::BlockAdvice> advice = runtime::adviseBlock(**kernel, shared_for, shared_bytes, limit);
  if (!advice.ok()) return error(advice.status());
  *min_grid = static_cast<int>(advice->min_grid);
  *block = static_cast<int>(advice->block);
  return CUDA_SUCCESS;
}

CUresult body::cuOccupancyMaxPotentialBlockSize(Call &call, int *min_grid, int *block, CUfunction function,
                                                CUoccupancyB2DSize shared_for, size_t shared_bytes, int limit) {
  return body::cuOccupancyMaxPotentialBlockSizeWithFlags(call, min_grid, block, function, shared_for, shared_bytes,
                                                         limit, 0);
}

CUresult body::cuOccupancyAvailableDynamicSMemPerBlock(Call &call, size_t *out, CUfunction function, int blocks,
                                                       int block) {
  if (!out || blocks <= 0 || block <= 0) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Kernel *> kernel = resolveKernel(function, *call.context);
  if (!kernel.ok()) return error(kernel.status());
  Result<uint64_t> bytes = runtime::sharedBytesFor(**kernel, blocks, block);
  if (!bytes.ok()) return error(bytes.status());
  *out = *bytes;
  return CUDA_SUCCESS;
}

CUresult body::cuOccupancyMaxActiveClusters(Call &call, int *out, CUfunction function, const CUlaunchConfig *config) {
  Result<runtime::LaunchShape> shape = shapeOf(config, call.name);
  if (!out || !shape.ok()) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Kernel *> kernel = resolveKernel(function, *call.context);
  if (!kernel.ok()) return error(kernel.status());
  Result<unsigned> clusters = runtime::clustersAtOnce(**kernel, *shape);
  if (!clusters.ok()) return error(clusters.status());
  *out = static_cast<int>(*clusters);
  return CUDA_SUCCESS;
}

CUresult body::cuOccupancyMaxPotentialClusterSize(Call &call, int *out, CUfunction function, const CUlaunchConfig *config) {
  Result<runtime::LaunchShape> shape = shapeOf(config, call.name);
  if (!out || !shape.ok()) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Kernel *> kernel = resolveKernel(function, *call.context);
  if (!kernel.ok()) return error(kernel.status());
  const uint64_t threads = uint64_t{shape->block[0]} * shape->block[1] * shape->block[2];
  Result<unsigned> blocks = runtime::largestCluster(**kernel, static_cast<unsigned>(threads), shape->dynamic_shared_bytes);
  if (!blocks.ok()) return error(blocks.status());
  *out = static_cast<int>(*blocks);
  return CUDA_SUCCESS;
}

}  // namespace cutrans::driver
