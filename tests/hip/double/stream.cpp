// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Streams and what is submitted to them: queues of the host target. Host functions run one at a time, as on HIP's one thread.
#include <cstring>
#include <new>

#include "double.h"

using namespace cutrans::hip_double;

namespace {

const ct_queue_ops &queues() { return *inner.table->queue; }

// Ranges of a box of rows, as the kind says whose they are.
void needBox(const void *start, size_t pitch, size_t slice, const hipExtent &box, bool device, const char *function) {
  const uint64_t bytes = (box.depth - 1) * slice + (box.height - 1) * pitch + box.width;
  device ? needDeviceRange(start, bytes, function) : needHostRange(start, bytes, function);
}

hipError_t copy(hipStream_t stream, void *dst, size_t dst_pitch, size_t dst_slice, const void *src, size_t src_pitch, size_t src_slice,
                const hipExtent &box, hipMemcpyKind kind, const char *function) {
  Stream &s = use(stream, function);
  if (kind < hipMemcpyHostToHost || kind > hipMemcpyDeviceToDevice) violation(function, "a kind of copy that says nothing");
  if (!box.width || !box.height || !box.depth) violation(function, "nothing to copy");
  if (dst_pitch < box.width || src_pitch < box.width) violation(function, "a pitch below the width");
  const bool to_device = kind == hipMemcpyHostToDevice || kind == hipMemcpyDeviceToDevice;
  const bool from_device = kind == hipMemcpyDeviceToHost || kind == hipMemcpyDeviceToDevice;
  needBox(dst, dst_pitch, dst_slice, box, to_device, function);
  needBox(src, src_pitch, src_slice, box, from_device, function);
  ct_copy request{};
  request.struct_size = sizeof request;
  request.dst_side = to_device ? CT_SIDE_DEVICE : CT_SIDE_HOST;
  request.src_side = from_device ? CT_SIDE_DEVICE : CT_SIDE_HOST;
  request.dst = reinterpret_cast<uint64_t>(dst);
  request.src = reinterpret_cast<uint64_t>(src);
  request.width = box.width;
  request.height = box.height;
  request.depth = box.depth;
  request.dst_pitch = dst_pitch;
  request.dst_slice = dst_slice;
  request.src_pitch = src_pitch;
  request.src_slice = src_slice;
  return checkedError(queues().copy(s.queue, &request));
}

hipError_t fill(hipStream_t stream, void *dst, unsigned element, uint32_t value, size_t width, size_t height, size_t pitch, const char *function) {
  Stream &s = use(stream, function);
  if (!width || !height || reinterpret_cast<uint64_t>(dst) % element) violation(function, "nothing to fill, or a misaligned address");
  if (height > 1 && pitch < width * element) violation(function, "a pitch below the width");
  needDeviceRange(dst, (height - 1) * pitch + width * element, function);
  ct_fill request{};
  request.struct_size = sizeof request;
  request.element = element;
  request.dst = reinterpret_cast<uint64_t>(dst);
  request.value = value;
  request.width = width;
  request.height = height;
  request.pitch = pitch;
  return checkedError(queues().fill(s.queue, &request));
}

hipError_t word(hipStream_t stream, void *at, uint64_t value, unsigned bytes, bool wait, const char *function) {
  Stream &s = use(stream, function);
  if (reinterpret_cast<uint64_t>(at) % bytes) violation(function, "a misaligned word");
  needDeviceRange(at, bytes, function);
  const ct_word request = {sizeof(ct_word), bytes, reinterpret_cast<uint64_t>(at), value, CT_COMPARE_EQ};
  return checkedError(wait ? queues().wait_word(s.queue, &request) : queues().write_word(s.queue, &request));
}

}  // namespace

extern "C" {

hipError_t hipStreamCreateWithPriority(hipStream_t *stream, unsigned flags, int priority) {
  ENTER(hipStreamCreateWithPriority);
  if (flags != hipStreamNonBlocking) violation(self, "the target wants streams that know nothing of the null stream");
  if (priority < -1 || priority > 1) violation(self, "a priority out of the range");
  ct_queue *queue = nullptr;
  const ct_status status = queues().create(inner.devices[currentDevice()], CT_QUEUE_NON_BLOCKING, priority, &queue);
  if (status != CT_OK) return checkedError(status);
  auto *made = new Stream{currentDevice(), queue};
  streams.add(made);
  *stream = reinterpret_cast<hipStream_t>(made);
  return hipSuccess;
}

// HIP does not promise to wait for the work; the host target below does.
hipError_t hipStreamDestroy(hipStream_t stream) {
  ENTER(hipStreamDestroy);
  Stream &s = use(stream, self);
  streams.remove(&s);
  queues().destroy(s.queue);
  return hipSuccess;
}

hipError_t hipStreamQuery(hipStream_t stream) {
  ENTER(hipStreamQuery);
  return checkedError(queues().query(use(stream, self).queue));
}

hipError_t hipStreamSynchronize(hipStream_t stream) {
  ENTER(hipStreamSynchronize);
  return checkedError(queues().synchronize(use(stream, self).queue));
}

hipError_t hipStreamWaitEvent(hipStream_t stream, hipEvent_t event, unsigned flags) {
  ENTER(hipStreamWaitEvent);
  Event &e = use(event, self);
  if (flags || !e.recorded) violation(self, "flags, or an event that was never recorded (HIPs differ)");
  return checkedError(queues().wait(use(stream, self).queue, e.event));
}

hipError_t hipLaunchHostFunc(hipStream_t stream, hipHostFn_t function, void *user) {
  ENTER(hipLaunchHostFunc);
  Stream &s = use(stream, self);
  if (!function) violation(self, "null");
  struct Call {
    hipHostFn_t function;
    void *user;
  };
  auto run = [](void *at, ct_status) {
    static std::mutex one_thread;
    std::lock_guard hold(one_thread);
    const Call call = *static_cast<Call *>(at);
    delete static_cast<Call *>(at);
    inside_host_function = true;
    call.function(call.user);
    inside_host_function = false;
  };
  auto *call = new Call{function, user};
  const ct_status status = queues().host_call(s.queue, run, call);
  if (status != CT_OK) delete call;
  return checkedError(status);
}

hipError_t hipStreamWaitValue32(hipStream_t stream, void *at, uint32_t value, unsigned flags, uint32_t mask) {
  ENTER(hipStreamWaitValue32);
  if (flags != hipStreamWaitValueEq || mask != ~0u) violation(self, "only waits for one value of the whole word mean the same everywhere");
  return word(stream, at, value, 4, true, self);
}

hipError_t hipStreamWriteValue32(hipStream_t stream, void *at, uint32_t value, unsigned flags) {
  ENTER(hipStreamWriteValue32);
  if (flags) violation(self, "flags");
  return word(stream, at, value, 4, false, self);
}

hipError_t hipStreamWriteValue64(hipStream_t stream, void *at, uint64_t value, unsigned flags) {
  ENTER(hipStreamWriteValue64);
  if (flags) violation(self, "flags");
  return word(stream, at, value, 8, false, self);
}

hipError_t hipMemcpyAsync(void *dst, const void *src, size_t bytes, hipMemcpyKind kind, hipStream_t stream) {
  ENTER(hipMemcpyAsync);
  return copy(stream, dst, bytes, bytes, src, bytes, bytes, {bytes, 1, 1}, kind, self);
}

hipError_t hipMemcpy2DAsync(void *dst, size_t dst_pitch, const void *src, size_t src_pitch, size_t width, size_t height, hipMemcpyKind kind,
                            hipStream_t stream) {
  ENTER(hipMemcpy2DAsync);
  return copy(stream, dst, dst_pitch, dst_pitch * height, src, src_pitch, src_pitch * height, {width, height, 1}, kind, self);
}

hipError_t hipMemcpy3DAsync(const hipMemcpy3DParms *p, hipStream_t stream) {
  ENTER(hipMemcpy3DAsync);
  if (!p || p->srcArray || p->dstArray) violation(self, "arrays");
  for (const hipPos &at : {p->srcPos, p->dstPos})
    if (at.x || at.y || at.z) violation(self, "the target gives the address of the box itself");
  if (p->srcPtr.ysize < p->extent.height || p->dstPtr.ysize < p->extent.height) violation(self, "slices below the height");
  return copy(stream, p->dstPtr.ptr, p->dstPtr.pitch, p->dstPtr.pitch * p->dstPtr.ysize, p->srcPtr.ptr, p->srcPtr.pitch,
              p->srcPtr.pitch * p->srcPtr.ysize, p->extent, p->kind, self);
}

hipError_t hipMemsetAsync(void *dst, int value, size_t bytes, hipStream_t stream) {
  ENTER(hipMemsetAsync);
  if (value < 0 || value > 255) violation(self, "a value of more than a byte");
  return fill(stream, dst, 1, static_cast<uint32_t>(value), bytes, 1, bytes, self);
}

hipError_t hipMemset2DAsync(void *dst, size_t pitch, int value, size_t width, size_t height, hipStream_t stream) {
  ENTER(hipMemset2DAsync);
  if (value < 0 || value > 255) violation(self, "a value of more than a byte");
  return fill(stream, dst, 1, static_cast<uint32_t>(value), width, height, pitch, self);
}

hipError_t hipMemsetD16Async(hipDeviceptr_t dst, unsigned short value, size_t count, hipStream_t stream) {
  ENTER(hipMemsetD16Async);
  return fill(stream, dst, 2, value, count, 1, count * 2, self);
}

hipError_t hipMemsetD32Async(hipDeviceptr_t dst, int value, size_t count, hipStream_t stream) {
  ENTER(hipMemsetD32Async);
  return fill(stream, dst, 4, static_cast<uint32_t>(value), count, 1, count * 4, self);
}

}  // extern "C"
