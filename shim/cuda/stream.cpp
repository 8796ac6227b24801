// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Streams.
#include "bodies.h"
#include "cutrans/runtime/memory.h"

namespace cutrans::driver {

namespace {

CUresult create(Call &call, CUstream *out, unsigned flags, int priority) {
  if (!out || (flags & ~unsigned{CU_STREAM_NON_BLOCKING})) return CUDA_ERROR_INVALID_VALUE;
  const uint32_t kind = flags & CU_STREAM_NON_BLOCKING ? runtime::Queue::kNonBlocking : 0;
  Result<runtime::Queue *> queue = runtime::Queue::create(*call.context, kind, priority);
  if (!queue.ok()) return error(queue.status());
  *out = handle(*queue);
  return CUDA_SUCCESS;
}

struct Callback {
  CUstreamCallback function;
  CUstream stream;
  void *user;
};

void runCallback(void *user, Code status) {
  Callback callback = *static_cast<Callback *>(user);
  delete static_cast<Callback *>(user);
  callback.function(callback.stream, error(status), callback.user);
}

struct HostFunction {
  CUhostFn function;
  void *user;
};

void runHostFunction(void *user, Code status) {
  HostFunction call = *static_cast<HostFunction *>(user);
  delete static_cast<HostFunction *>(user);
  if (status == Code::ok) call.function(call.user);  // CUDA does not run host functions after an error
}

}  // namespace

CUresult body::cuStreamCreate(Call &call, CUstream *out, unsigned int flags) { return create(call, out, flags, 0); }

CUresult body::cuStreamCreateWithPriority(Call &call, CUstream *out, unsigned int flags, int priority) {
  return create(call, out, flags, priority);
}

CUresult body::cuStreamDestroy_v2(Call &, CUstream stream) {
  runtime::Queue *queue = runtime::Queue::find(stream);
  return queue ? error(queue->destroy()) : CUDA_ERROR_INVALID_HANDLE;
}

CUresult body::cuStreamSynchronize(Call &call, CUstream stream) {
  Result<runtime::Queue *> queue = call.queue(stream);
  return error(queue.ok() ? (*queue)->synchronize() : queue.status());
}

CUresult body::cuStreamQuery(Call &call, CUstream stream) {
  Result<runtime::Queue *> queue = call.queue(stream);
  return error(queue.ok() ? (*queue)->query() : queue.status());
}

CUresult body::cuStreamWaitEvent(Call &call, CUstream stream, CUevent given, unsigned int flags) {
  if (flags & ~unsigned{CU_EVENT_WAIT_EXTERNAL}) return CUDA_ERROR_INVALID_VALUE;
  runtime::Event *event = runtime::Event::find(given);
  if (!event) return CUDA_ERROR_INVALID_HANDLE;
  Result<runtime::Queue *> queue = call.queue(stream);
  return error(queue.ok() ? (*queue)->wait(*event) : queue.status());
}

CUresult body::cuStreamGetPriority(Call &call, CUstream stream, int *out) {
  Result<runtime::Queue *> queue = call.queue(stream);
  if (!queue.ok()) return error(queue.status());
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  *out = (*queue)->priority();
  return CUDA_SUCCESS;
}

CUresult body::cuStreamGetFlags(Call &call, CUstream stream, unsigned int *out) {
  Result<runtime::Queue *> queue = call.queue(stream);
  if (!queue.ok()) return error(queue.status());
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  *out = (*queue)->flags() & runtime::Queue::kNonBlocking ? CU_STREAM_NON_BLOCKING : CU_STREAM_DEFAULT;
  return CUDA_SUCCESS;
}

CUresult body::cuStreamGetId(Call &call, CUstream stream, unsigned long long *out) {
  Result<runtime::Queue *> queue = call.queue(stream);
  if (!queue.ok()) return error(queue.status());
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  *out = (*queue)->id();
  return CUDA_SUCCESS;
}

CUresult body::cuStreamGetDevice(Call &call, CUstream stream, CUdevice *out) {
  Result<runtime::Queue *> queue = call.queue(stream);
  if (!queue.ok()) return error(queue.status());
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  *out = (*queue)->context().device().index();
  return CUDA_SUCCESS;
}

CUresult body::cuStreamGetCtx(Call &call, CUstream stream, CUcontext *out) {
  Result<runtime::Queue *> queue = call.queue(stream);
  if (!queue.ok()) return error(queue.status());
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  *out = handle(&(*queue)->context());
  return CUDA_SUCCESS;
}

// No stream ever captures: cuStreamBeginCapture is refused.
CUresult body::cuStreamIsCapturing(Call &call, CUstream stream, CUstreamCaptureStatus *out) {
  Result<runtime::Queue *> queue = call.queue(stream);
  if (!queue.ok()) return error(queue.status());
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  *out = CU_STREAM_CAPTURE_STATUS_NONE;
  return CUDA_SUCCESS;
}

CUresult body::cuStreamAddCallback(Call &call, CUstream stream, CUstreamCallback function, void *user,
                                   unsigned int flags) {
  if (!function || flags != 0) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Queue *> queue = call.queue(stream);
  if (!queue.ok()) return error(queue.status());
  auto *callback = new Callback{function, stream, user};
  Status status = (*queue)->hostCall(runCallback, callback, /*always=*/true);
  if (!status.ok()) delete callback;
  return error(status);
}

CUresult body::cuLaunchHostFunc(Call &call, CUstream stream, CUhostFn function, void *user) {
  if (!function) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Queue *> queue = call.queue(stream);
  if (!queue.ok()) return error(queue.status());
  auto *host = new HostFunction{function, user};
  Status status = (*queue)->hostCall(runHostFunction, host, /*always=*/true);
  if (!status.ok()) delete host;
  return error(status);
}

// Managed memory is visible to all streams and to the host at any time here, so every attachment already holds.
CUresult body::cuStreamAttachMemAsync(Call &call, CUstream stream, CUdeviceptr address, size_t size,
                                      unsigned int flags) {
  if (flags != CU_MEM_ATTACH_GLOBAL && flags != CU_MEM_ATTACH_HOST && flags != CU_MEM_ATTACH_SINGLE)
    return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Queue *> queue = call.queue(stream);
  if (!queue.ok()) return error(queue.status());
  std::optional<runtime::Allocation> found = runtime::findAllocation(address);
  if (found && found->kind == runtime::MemoryKind::managed) {
    return size == 0 || size == found->size ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  }
  return CUDA_ERROR_INVALID_VALUE;
}

}  // namespace cutrans::driver
