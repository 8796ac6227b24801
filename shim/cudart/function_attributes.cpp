// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels: what they need, what they may use, how they are called.
#include "bodies.h"
#include "cutrans/runtime/device.h"
#include "shim/common/kernel_attributes.h"
#include "shim/cudart/kernel_handles.h"

namespace cutrans::cudart {
namespace {

// Sets each field from its attribute until one fails.
Status fill(const runtime::Kernel &kernel, cudaFuncAttributes &a) {
  Status status = Code::ok;
  auto set = [&](auto &field, CUfunction_attribute attribute) {
    Result<int> value = shim::kernelAttribute(kernel, attribute);
    if (value.ok()) field = static_cast<std::remove_reference_t<decltype(field)>>(*value);
    else status = value.status();
  };
  set(a.sharedSizeBytes, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES);
  set(a.constSizeBytes, CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES);
  set(a.localSizeBytes, CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES);
  set(a.maxThreadsPerBlock, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
  set(a.numRegs, CU_FUNC_ATTRIBUTE_NUM_REGS);
  set(a.ptxVersion, CU_FUNC_ATTRIBUTE_PTX_VERSION);
  set(a.binaryVersion, CU_FUNC_ATTRIBUTE_BINARY_VERSION);
  set(a.cacheModeCA, CU_FUNC_ATTRIBUTE_CACHE_MODE_CA);
  set(a.maxDynamicSharedSizeBytes, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
  set(a.preferredShmemCarveout, CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT);
  set(a.clusterDimMustBeSet, CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET);
  set(a.requiredClusterWidth, CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH);
  set(a.requiredClusterHeight, CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT);
  set(a.requiredClusterDepth, CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH);
  set(a.clusterSchedulingPolicyPreference, CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE);
  set(a.nonPortableClusterSizeAllowed, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED);
  return status;
}

// `use(kernel)`, a Status, with the kernel in the call's context.
template <class Use>
cudaError_t with(Call &call, const void *function, Use &&use) {
  Result<runtime::Kernel *> kernel = kernelOf(call, function);
  return error(kernel.ok() ? use(**kernel) : kernel.status());
}

static_assert(static_cast<int>(cudaFuncAttributeMaxDynamicSharedMemorySize) ==
                  CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES &&
              static_cast<int>(cudaFuncAttributePreferredSharedMemoryCarveout) ==
                  CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT);

}  // namespace

cudaError_t body::cudaFuncGetAttributes(Call &call, cudaFuncAttributes *out, const void *function) {
  if (!out) return cudaErrorInvalidValue;
  return with(call, function, [&](runtime::Kernel &kernel) {
    cudaFuncAttributes attributes{};
    Status status = fill(kernel, attributes);
    if (status.ok()) *out = attributes;
    return status;
  });
}

cudaError_t body::cudaFuncSetAttribute(Call &call, const void *function, cudaFuncAttribute attribute, int value) {
  return with(call, function, [&](runtime::Kernel &kernel) {
    return shim::setKernelAttribute(kernel, static_cast<CUfunction_attribute>(attribute), value, call.name);
  });
}

cudaError_t body::cudaFuncSetCacheConfig(Call &call, const void *function, cudaFuncCache preference) {
  return with(call, function,
              [&](runtime::Kernel &kernel) { return shim::setCachePreference(kernel, preference); });
}

// Devices that can choose the width of shared memory banks are gone since compute capability 5.0; a hint ever since.
cudaError_t body::cudaFuncSetSharedMemConfig(Call &call, const void *function, cudaSharedMemConfig config) {
  return with(call, function, [&](runtime::Kernel &) -> Status {
    bool known = config == cudaSharedMemBankSizeDefault || config == cudaSharedMemBankSizeFourByte ||
                 config == cudaSharedMemBankSizeEightByte;
    return known ? Code::ok : Code::invalid_value;
  });
}

cudaError_t body::cudaFuncGetName(Call &, const char **out, const void *function) {
  if (!out) return cudaErrorInvalidValue;
  Result<runtime::LibraryKernel *> kernel = resolveFunction(function);
  if (!kernel.ok()) return error(kernel.status());
  *out = (*kernel)->name();
  return cudaSuccess;
}

cudaError_t body::cudaFuncGetParamInfo(Call &call, const void *function, size_t index, size_t *offset, size_t *size) {
  return with(call, function, [&](runtime::Kernel &kernel) -> Status {
    Result<ctc_param> parameter = shim::parameter(kernel, index);
    if (!parameter.ok()) return parameter.status();
    if (!offset) return Code::invalid_value;
    *offset = parameter->offset;
    if (size) *size = parameter->size;
    return Code::ok;
  });
}

cudaError_t body::cudaGetFuncBySymbol(Call &call, cudaFunction_t *out, const void *function) {
  if (!out) return cudaErrorInvalidValue;
  return with(call, function, [&](runtime::Kernel &kernel) -> Status {
    *out = reinterpret_cast<cudaFunction_t>(&kernel);
    return Code::ok;
  });
}

cudaError_t body::cudaGetKernel(Call &, cudaKernel_t *out, const void *host) {
  if (!out) return cudaErrorInvalidValue;
  Result<runtime::LibraryKernel *> kernel = findKernel(host);
  if (!kernel.ok()) return error(kernel.status());
  *out = reinterpret_cast<cudaKernel_t>(*kernel);
  return cudaSuccess;
}

cudaError_t body::cudaKernelSetAttributeForDevice(Call &call, cudaKernel_t handle, cudaFuncAttribute attribute,
                                                  int value, int index) {
  runtime::LibraryKernel *given = runtime::LibraryKernel::find(handle);
  if (!given) return cudaErrorInvalidResourceHandle;
  Result<runtime::Device *> device = runtime::Platform::loaded()->device(index);
  if (!device.ok()) return error(device.status());
  Result<runtime::Context *> context = (*device)->usePrimary();
  if (!context.ok()) return error(context.status());
  Result<runtime::Kernel *> kernel = given->in(**context);
  if (!kernel.ok()) return error(kernel.status());
  return error(shim::setKernelAttribute(**kernel, static_cast<CUfunction_attribute>(attribute), value, call.name));
}

}  // namespace cutrans::cudart
