// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Streams.
#include "bodies.h"
#include "cutrans/runtime/device.h"
#include "cutrans/runtime/event.h"
#include "cutrans/runtime/memory.h"
#include "cutrans/runtime/queue.h"
#include "shim/common/capture.h"
#include "shim/common/launch_attributes.h"

namespace cutrans::cudart {
namespace {

cudaError_t create(Call &call, cudaStream_t *out, unsigned flags, int priority) {
  if (!out || (flags & ~cudaStreamNonBlocking)) return cudaErrorInvalidValue;
  uint32_t kind = flags & cudaStreamNonBlocking ? runtime::Queue::kNonBlocking : 0;
  Result<runtime::Queue *> queue = runtime::Queue::create(*call.context, kind, priority);
  if (!queue.ok()) return error(queue.status());
  *out = reinterpret_cast<cudaStream_t>(*queue);
  return cudaSuccess;
}

// Answers a question about a stream: `*out = answer(queue)`.
template <class T, class Answer>
cudaError_t ask(Call &call, cudaStream_t stream, T *out, Answer &&answer) {
  if (!out) return cudaErrorInvalidValue;
  return call.onQueue(stream, [&](runtime::Queue &queue) -> Status {
    *out = static_cast<T>(answer(queue));
    return Code::ok;
  });
}

}  // namespace

cudaError_t body::cudaStreamCreate(Call &call, cudaStream_t *out) { return create(call, out, cudaStreamDefault, 0); }

cudaError_t body::cudaStreamCreateWithFlags(Call &call, cudaStream_t *out, unsigned flags) {
  return create(call, out, flags, 0);
}

cudaError_t body::cudaStreamCreateWithPriority(Call &call, cudaStream_t *out, unsigned flags, int priority) {
  return create(call, out, flags, priority);
}

cudaError_t body::cudaStreamDestroy(Call &, cudaStream_t stream) {
  runtime::Queue *queue = runtime::Queue::find(stream);
  return queue ? error(queue->destroy()) : cudaErrorInvalidResourceHandle;
}

cudaError_t body::cudaStreamSynchronize(Call &call, cudaStream_t stream) {
  return call.onQueue(stream, [](runtime::Queue &queue) { return queue.synchronize(); });
}

cudaError_t body::cudaStreamQuery(Call &call, cudaStream_t stream) {
  return call.onQueue(stream, [](runtime::Queue &queue) { return queue.query(); });
}

cudaError_t body::cudaStreamWaitEvent(Call &call, cudaStream_t stream, cudaEvent_t handle, unsigned flags) {
  if (flags & ~cudaEventWaitExternal) return cudaErrorInvalidValue;
  runtime::Event *event = runtime::Event::find(handle);
  if (!event) return cudaErrorInvalidResourceHandle;
  const bool external = flags & cudaEventWaitExternal;
  return call.onQueue(stream, [&](runtime::Queue &queue) { return shim::capture::wait(queue, *event, external); });
}

cudaError_t body::cudaStreamGetFlags(Call &call, cudaStream_t stream, unsigned *out) {
  return ask(call, stream, out, [](runtime::Queue &queue) {
    return queue.flags() & runtime::Queue::kNonBlocking ? cudaStreamNonBlocking : cudaStreamDefault;
  });
}

cudaError_t body::cudaStreamGetPriority(Call &call, cudaStream_t stream, int *out) {
  return ask(call, stream, out, [](runtime::Queue &queue) { return queue.hints().priority; });
}

cudaError_t body::cudaStreamGetId(Call &call, cudaStream_t stream, unsigned long long *out) {
  return ask(call, stream, out, [](runtime::Queue &queue) { return queue.id(); });
}

cudaError_t body::cudaStreamGetDevice(Call &call, cudaStream_t stream, int *out) {
  return ask(call, stream, out, [](runtime::Queue &queue) { return queue.context().device().index(); });
}

// The driver API's attributes are laid out alike (launch_attributes.cpp compares).
cudaError_t body::cudaStreamSetAttribute(Call &call, cudaStream_t stream, cudaStreamAttrID id, const cudaStreamAttrValue *value) {
  return call.onQueue(stream, [&](runtime::Queue &queue) {
    return shim::setStreamAttribute(queue, static_cast<CUstreamAttrID>(id), reinterpret_cast<const CUstreamAttrValue *>(value));
  });
}

cudaError_t body::cudaStreamGetAttribute(Call &call, cudaStream_t stream, cudaStreamAttrID id, cudaStreamAttrValue *value) {
  return call.onQueue(stream, [&](runtime::Queue &queue) {
    return shim::streamAttribute(queue, static_cast<CUstreamAttrID>(id), reinterpret_cast<CUstreamAttrValue *>(value));
  });
}

cudaError_t body::cudaStreamCopyAttributes(Call &call, cudaStream_t to, cudaStream_t from) {
  Result<runtime::Queue *> source = call.queue(from);
  if (!source.ok()) return error(source.status());
  return call.onQueue(to, [&](runtime::Queue &queue) { return shim::copyStreamAttributes(queue, **source); });
}

// Managed memory is visible to all streams and to the host at any time, so that every attachment already holds.
cudaError_t body::cudaStreamAttachMemAsync(Call &call, cudaStream_t stream, void *address, size_t size,
                                           unsigned flags) {
  if (flags != cudaMemAttachGlobal && flags != cudaMemAttachHost && flags != cudaMemAttachSingle)
    return cudaErrorInvalidValue;
  return call.onQueue(stream, [&](runtime::Queue &queue) -> Status {
    if (Status allowed = runtime::forbidOnCapturing(queue); !allowed.ok()) return allowed;
    std::optional<runtime::Allocation> memory = runtime::findAllocation(reinterpret_cast<uintptr_t>(address));
    bool all = memory && (size == 0 || size == memory->size);
    return all && memory->kind == runtime::MemoryKind::managed ? Code::ok : Code::invalid_value;
  });
}

}  // namespace cutrans::cudart
