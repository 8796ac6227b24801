// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Contexts and each thread's stack of them.
#include "bodies.h"
#include "shim/common/context_settings.h"

namespace cutrans::driver {

namespace {

// A context argument that may be null for the current one.
Result<runtime::Context *> contextOrCurrent(CUcontext given) {
  if (!given) return runtime::requireContext();
  GivenContext found = findContext(given);
  if (!found.context) return Code::invalid_context;
  return found.context;
}

CUresult create(Call &call, CUcontext *out, unsigned flags, CUdevice ordinal) {
  if (!out || !validContextFlags(flags)) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Device *> device = call.device(ordinal);
  if (!device.ok()) return error(device.status());
  Result<runtime::Context *> context = runtime::Context::create(**device, flags);
  if (!context.ok()) return error(context.status());
  if (Status status = runtime::pushContext(**context); !status.ok()) {
    (void)(*context)->destroy();
    return error(status);
  }
  *out = handle(*context);
  return CUDA_SUCCESS;
}

}  // namespace

CUresult body::cuCtxCreate_v2(Call &call, CUcontext *out, unsigned int flags, CUdevice device) {
  return create(call, out, flags, device);
}

CUresult body::cuCtxCreate_v3(Call &call, CUcontext *out, CUexecAffinityParam *params, int count, unsigned int flags,
                              CUdevice device) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  if (params || count) return CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY;  // as cuDeviceGetExecAffinitySupport says
  return create(call, out, flags, device);
}

CUresult body::cuCtxCreate_v4(Call &call, CUcontext *out, CUctxCreateParams *params, unsigned int flags,
                              CUdevice device) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  if (params && params->execAffinityParams) return CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY;
  if (params && params->cigParams) return call.refuse("a context for graphics", Diag::api_interop);
  return create(call, out, flags, device);
}

CUresult body::cuCtxDestroy_v2(Call &, CUcontext given) {
  runtime::Context *context = runtime::Context::find(given);
  return context ? error(context->destroy()) : CUDA_ERROR_INVALID_CONTEXT;
}

// A count of users, from before contexts could be current to several threads.
CUresult body::cuCtxAttach(Call &call, CUcontext *out, unsigned int flags) {
  if (!out || flags != 0) return CUDA_ERROR_INVALID_VALUE;
  if (call.context->isPrimary()) return CUDA_ERROR_INVALID_CONTEXT;
  shim::withSettings(*call.context, [](shim::ContextSettings &s) { return ++s.uses; });
  *out = handle(call.context);
  return CUDA_SUCCESS;
}

CUresult body::cuCtxDetach(Call &call, CUcontext given) {
  if (runtime::Context::find(given) != call.context || call.context->isPrimary()) return CUDA_ERROR_INVALID_CONTEXT;
  const int left = shim::withSettings(*call.context, [](shim::ContextSettings &s) { return --s.uses; });
  return left > 0 ? CUDA_SUCCESS : error(call.context->destroy());
}

CUresult body::cuCtxPushCurrent_v2(Call &, CUcontext given) {
  GivenContext found = findContext(given);
  return found.context ? error(runtime::pushContext(*found.context, found.partition)) : CUDA_ERROR_INVALID_CONTEXT;
}

CUresult body::cuCtxPopCurrent_v2(Call &, CUcontext *out) {
  runtime::Partition *partition = runtime::currentPartition();
  Result<runtime::Context *> context = runtime::popContext();
  if (!context.ok()) return error(context.status());
  if (out) *out = handle(*context, partition);
  return CUDA_SUCCESS;
}

CUresult body::cuCtxSetCurrent(Call &, CUcontext given) {
  GivenContext found = findContext(given);
  if (given && !found.context) return CUDA_ERROR_INVALID_CONTEXT;
  runtime::setCurrentContext(found.context, found.partition);
  return CUDA_SUCCESS;
}

CUresult body::cuCtxGetCurrent(Call &, CUcontext *out) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  *out = handle(runtime::currentContext(), runtime::currentPartition());
  return CUDA_SUCCESS;
}

CUresult body::cuCtxGetDevice(Call &, CUdevice *out) {
  Result<runtime::Context *> context = contextOrCurrent(nullptr);
  if (!context.ok()) return error(context.status());
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  *out = (*context)->device().index();
  return CUDA_SUCCESS;
}

CUresult body::cuCtxGetDevice_v2(Call &, CUdevice *out, CUcontext given) {
  Result<runtime::Context *> context = contextOrCurrent(given);
  if (!context.ok()) return error(context.status());
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  *out = (*context)->device().index();
  return CUDA_SUCCESS;
}

CUresult body::cuCtxGetFlags(Call &call, unsigned int *flags) {
  if (!flags) return CUDA_ERROR_INVALID_VALUE;
  *flags = call.context->flags();
  return CUDA_SUCCESS;
}

CUresult body::cuCtxSetFlags(Call &call, unsigned int flags) {
  if (!validContextFlags(flags)) return CUDA_ERROR_INVALID_VALUE;
  call.context->setFlags(flags);
  return CUDA_SUCCESS;
}

CUresult body::cuCtxGetId(Call &, CUcontext given, unsigned long long *id) {
  if (!id) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Context *> context = contextOrCurrent(given);
  if (!context.ok()) return error(context.status());
  *id = (*context)->id();
  return CUDA_SUCCESS;
}

CUresult body::cuCtxGetApiVersion(Call &, CUcontext given, unsigned int *version) {
  if (!version) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Context *> context = contextOrCurrent(given);
  if (!context.ok()) return error(context.status());
  *version = 3020;  // the API of 64-bit device pointers, in which contexts are since CUDA 3.2
  return CUDA_SUCCESS;
}

CUresult body::cuCtxSynchronize(Call &call) {
  return error(call.context->synchronize());
}

CUresult body::cuCtxSynchronize_v2(Call &, CUcontext given) {
  Result<runtime::Context *> context = contextOrCurrent(given);
  return error(context.ok() ? (*context)->synchronize() : context.status());
}

CUresult body::cuCtxGetStreamPriorityRange(Call &, int *least, int *greatest) {
  if (least) *least = runtime::kLeastPriority;
  if (greatest) *greatest = runtime::kGreatestPriority;
  return CUDA_SUCCESS;
}

// Lines that persist in L2 do not exist here (their largest size is 0), so there is none to reset.
CUresult body::cuCtxResetPersistingL2Cache(Call &) {
  return CUDA_SUCCESS;
}

}  // namespace cutrans::driver
