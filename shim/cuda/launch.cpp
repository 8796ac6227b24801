// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Launches.
#include "bodies.h"
#include "shim/common/launch_attributes.h"
#include "shim/common/launch_extra.h"
#include "shim/cuda/launch_config.h"

namespace cutrans::driver {

namespace {

inline CUresult launch(Call &call, CUfunction function, const runtime::LaunchShape &shape, CUstream stream,
                       void **params, void **extra, std::span<const CUlaunchAttribute> attributes = {}) {
  Result<runtime::Kernel *> kernel = resolveKernel(function, *call.context);
  if (!kernel.ok()) [[unlikely]]
    return error(kernel.status());
  Result<runtime::Queue *> queue = call.queue(stream);
  if (!queue.ok()) [[unlikely]]
    return error(queue.status());
  runtime::Arguments arguments;
  arguments.pointers = params;
  if (extra) [[unlikely]] {
    if (params) return CUDA_ERROR_INVALID_VALUE;
    Result<runtime::Arguments> packed = shim::readExtra(extra);
    if (!packed.ok()) return error(packed.status());
    arguments = *packed;
  }
  arguments.origin = function;
  if (attributes.empty()) [[likely]]
    return error((*queue)->launch(**kernel, shape, arguments));
  const std::vector<runtime::KeptAttribute> kept = shim::attributesForNode(attributes, **queue);
  arguments.attributes = kept;
  Status launched = (*queue)->launch(**kernel, shape, arguments);
  return error(launched.ok() ? shim::recordLaunchEvents(attributes, **queue) : launched);
}

}  // namespace

Result<runtime::LaunchShape> shapeOf(const CUlaunchConfig *config, const char *entry) {
  if (!config || (config->numAttrs && !config->attrs)) return Code::invalid_value;
  runtime::LaunchShape shape{{config->gridDimX, config->gridDimY, config->gridDimZ},
                             {config->blockDimX, config->blockDimY, config->blockDimZ},
                             {},
                             config->sharedMemBytes,
                             false};
  std::span<const CUlaunchAttribute> attributes{config->attrs, config->numAttrs};
  if (Status status = shim::readLaunchAttributes(attributes, &shape, entry); !status.ok()) return status;
  return shape;
}

CUresult body::cuLaunchKernel(Call &call, CUfunction f, unsigned int gx, unsigned int gy, unsigned int gz,
                              unsigned int bx, unsigned int by, unsigned int bz, unsigned int shared_bytes,
                              CUstream stream, void **params, void **extra) {
  return launch(call, f, {{gx, gy, gz}, {bx, by, bz}, {}, shared_bytes, false}, stream, params, extra);
}

CUresult body::cuLaunchCooperativeKernel(Call &call, CUfunction f, unsigned int gx, unsigned int gy, unsigned int gz,
                                         unsigned int bx, unsigned int by, unsigned int bz, unsigned int shared_bytes,
                                         CUstream stream, void **params) {
  return launch(call, f, {{gx, gy, gz}, {bx, by, bz}, {}, shared_bytes, true}, stream, params, nullptr);
}

CUresult body::cuLaunchKernelEx(Call &call, const CUlaunchConfig *config, CUfunction f, void **params, void **extra) {
  Result<runtime::LaunchShape> shape = shapeOf(config, call.name);
  if (!shape.ok()) return error(shape.status());
  std::span<const CUlaunchAttribute> attributes{config->attrs, config->numAttrs};
  if (!attributes.empty()) {
    CUresult events = call.onQueue(config->hStream, [&](runtime::Queue &queue) { return shim::checkLaunchEvents(attributes, queue); });
    if (events != CUDA_SUCCESS) return events;
  }
  return launch(call, f, *shape, config->hStream, params, extra, attributes);
}

}  // namespace cutrans::driver
