// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Streams.
#include "bodies.h"
#include "cutrans/runtime/memory.h"
#include "shim/common/capture.h"
#include "shim/common/host_call.h"
#include "shim/common/launch_attributes.h"

namespace cutrans::driver {

namespace {

// A question about the stream, answered by `answer(queue)`.
template <class T, class Answer>
CUresult tell(Call &call, CUstream stream, T *out, Answer answer) {
  return call.onQueue(stream, [&](runtime::Queue &queue) -> Status {
    if (!out) return Code::invalid_value;
    *out = answer(queue);
    return Code::ok;
  });
}

// The default streams are those of whoever asks.
runtime::Partition *partitionOf(const runtime::Queue &queue) {
  return queue.isLegacy() || queue.isThreadDefault() ? runtime::currentPartition() : queue.partition();
}

CUresult create(Call &call, CUstream *out, unsigned flags, int priority) {
  if (!out || (flags & ~unsigned{CU_STREAM_NON_BLOCKING})) return CUDA_ERROR_INVALID_VALUE;
  const uint32_t kind = flags & CU_STREAM_NON_BLOCKING ? runtime::Queue::kNonBlocking : 0;
  Result<runtime::Queue *> queue = runtime::Queue::create(*call.context, kind, priority);
  if (!queue.ok()) return error(queue.status());
  *out = handle(*queue);
  return CUDA_SUCCESS;
}

}  // namespace

CUresult body::cuStreamCreate(Call &call, CUstream *out, unsigned int flags) {
  return create(call, out, flags, 0);
}

CUresult body::cuStreamCreateWithPriority(Call &call, CUstream *out, unsigned int flags, int priority) {
  return create(call, out, flags, priority);
}

CUresult body::cuStreamDestroy_v2(Call &, CUstream stream) {
  runtime::Queue *queue = runtime::Queue::find(stream);
  return queue ? error(queue->destroy()) : CUDA_ERROR_INVALID_HANDLE;
}

CUresult body::cuStreamSynchronize(Call &call, CUstream stream) {
  return call.onQueue(stream, [](runtime::Queue &queue) { return queue.synchronize(); });
}

CUresult body::cuStreamQuery(Call &call, CUstream stream) {
  return call.onQueue(stream, [](runtime::Queue &queue) { return queue.query(); });
}

CUresult body::cuStreamWaitEvent(Call &call, CUstream stream, CUevent given, unsigned int flags) {
  if (flags & ~unsigned{CU_EVENT_WAIT_EXTERNAL}) return CUDA_ERROR_INVALID_VALUE;
  runtime::Event *event = runtime::Event::find(given);
  if (!event) return CUDA_ERROR_INVALID_HANDLE;
  const bool external = flags & CU_EVENT_WAIT_EXTERNAL;
  return call.onQueue(stream, [&](runtime::Queue &queue) { return shim::capture::wait(queue, *event, external); });
}

CUresult body::cuStreamGetPriority(Call &call, CUstream stream, int *out) {
  return tell(call, stream, out, [](runtime::Queue &queue) { return queue.hints().priority; });
}

CUresult body::cuStreamGetFlags(Call &call, CUstream stream, unsigned int *out) {
  return tell(call, stream, out, [](runtime::Queue &queue) {
    return queue.flags() & runtime::Queue::kNonBlocking ? CU_STREAM_NON_BLOCKING : CU_STREAM_DEFAULT;
  });
}

CUresult body::cuStreamGetId(Call &call, CUstream stream, unsigned long long *out) {
  return tell(call, stream, out, [](runtime::Queue &queue) { return queue.id(); });
}

CUresult body::cuStreamGetDevice(Call &call, CUstream stream, CUdevice *out) {
  return tell(call, stream, out, [](runtime::Queue &queue) { return queue.context().device().index(); });
}

CUresult body::cuStreamGetCtx(Call &call, CUstream stream, CUcontext *out) {
  return tell(call, stream, out, [](runtime::Queue &queue) { return handle(&queue.context(), partitionOf(queue)); });
}

CUresult body::cuStreamGetCtx_v2(Call &call, CUstream stream, CUcontext *out, CUgreenCtx *green) {
  if (!out || !green) return CUDA_ERROR_INVALID_VALUE;
  if (CUresult result = body::cuStreamGetGreenCtx(call, stream, green); result != CUDA_SUCCESS) return result;
  return tell(call, stream, out, [](runtime::Queue &queue) { return handle(&queue.context()); });
}

CUresult body::cuStreamGetGreenCtx(Call &call, CUstream stream, CUgreenCtx *out) {
  return tell(call, stream, out, [](runtime::Queue &queue) { return greenHandle(partitionOf(queue)); });
}

CUresult body::cuStreamSetAttribute(Call &call, CUstream stream, CUstreamAttrID id, const CUstreamAttrValue *value) {
  return call.onQueue(stream, [&](runtime::Queue &queue) { return shim::setStreamAttribute(queue, id, value); });
}

CUresult body::cuStreamGetAttribute(Call &call, CUstream stream, CUstreamAttrID id, CUstreamAttrValue *value) {
  return call.onQueue(stream, [&](runtime::Queue &queue) { return shim::streamAttribute(queue, id, value); });
}

CUresult body::cuStreamCopyAttributes(Call &call, CUstream to, CUstream from) {
  Result<runtime::Queue *> source = call.queue(from);
  if (!source.ok()) return error(source.status());
  return call.onQueue(to, [&](runtime::Queue &queue) { return shim::copyStreamAttributes(queue, **source); });
}

CUresult body::cuStreamAddCallback(Call &call, CUstream stream, CUstreamCallback function, void *user,
                                   unsigned int flags) {
  if (!function || flags != 0) return CUDA_ERROR_INVALID_VALUE;
  return call.onQueue(stream, [&](runtime::Queue &queue) {
    return shim::enqueueHostCall(queue, [=](Code status) { function(stream, error(status), user); });
  });
}

CUresult body::cuLaunchHostFunc(Call &call, CUstream stream, CUhostFn function, void *user) {
  if (!function) return CUDA_ERROR_INVALID_VALUE;
  return call.onQueue(stream, [&](runtime::Queue &queue) { return queue.hostFunction(function, user); });
}

// Managed memory is visible to all streams and to the host at any time here, so every attachment already holds.
CUresult body::cuStreamAttachMemAsync(Call &call, CUstream stream, CUdeviceptr address, size_t size,
                                      unsigned int flags) {
  if (flags != CU_MEM_ATTACH_GLOBAL && flags != CU_MEM_ATTACH_HOST && flags != CU_MEM_ATTACH_SINGLE)
    return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Queue *> queue = call.queue(stream);
  if (!queue.ok()) return error(queue.status());
  if (Status allowed = runtime::forbidOnCapturing(**queue); !allowed.ok()) return error(allowed);
  std::optional<runtime::Allocation> found = runtime::findAllocation(address);
  if (found && found->kind == runtime::MemoryKind::managed) {
    return size == 0 || size == found->size ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  }
  return CUDA_ERROR_INVALID_VALUE;
}

}  // namespace cutrans::driver
