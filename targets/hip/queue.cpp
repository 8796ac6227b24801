// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Queues and all that can be submitted to them but launches.
#include "queue.h"

#include <cutrans/targets/words.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <new>
#include <thread>

#include "device.h"
#include "event.h"
#include "host.h"
#include "host_threads.h"

namespace cutrans::hip {
namespace {

void *pointer(uint64_t address) { return reinterpret_cast<void *>(address); }

ct_status create(ct_device *device, uint32_t, int32_t priority, ct_queue **out) {
  if (ct_status status = device->makeCurrent(); status != CT_OK) return status;
  // HIP's range is its own; lower numbers are more urgent in both.
  const int level = std::clamp(static_cast<int>(priority), device->facts.greatest_priority, device->facts.least_priority);
  hipStream_t stream = nullptr;
  if (ct_status status = HIP_CALL(hipStreamCreateWithPriority, &stream, hipStreamNonBlocking, level); status != CT_OK)
    return device->keep(status);
  void *ticket = nullptr;
  ct_status status = CT_OK;
  if (device->facts.wait_value) status = HIP_CALL(hipHostMalloc, &ticket, 64, hipHostMallocMapped | hipHostMallocCoherent);
  if (ticket) *static_cast<uint32_t *>(ticket) = 0;
  *out = status == CT_OK ? new (std::nothrow) ct_queue(device, stream, static_cast<uint32_t *>(ticket)) : nullptr;
  if (*out) return CT_OK;
  if (ticket) (void)api.hipHostFree(ticket);
  (void)api.hipStreamDestroy(stream);
  return status == CT_OK ? CT_ERR_OUT_OF_MEMORY : device->keep(status);
}

// Behind a fault: waits for turns of the host that are being done; those that HIP has not called for, and may never, are told so here.
void settleTurns(ct_queue *queue) {
  std::list<HostTurn> rest;
  {
    std::unique_lock hold(queue->turns_lock);
    auto busy = [](const HostTurn &turn) { return turn.taken && !turn.ended; };
    queue->turns_changed.wait(hold, [&] { return std::none_of(queue->turns.begin(), queue->turns.end(), busy); });
    for (HostTurn &turn : queue->turns) {
      if (!turn.ended) rest.push_back(turn);
      turn.taken = turn.ended = true;
    }
  }
  const ct_status fault = queue->device->fault();
  for (const HostTurn &turn : rest)
    if (turn.fn) turn.fn(turn.user, fault == CT_OK ? CT_ERR_INTERNAL : fault);
}

void destroy(ct_queue *queue) {
  (void)queue->device->makeCurrent();
  (void)queue->device->keep(HIP_CALL(hipStreamSynchronize, queue->stream));
  settleTurns(queue);  // they use the stream
  (void)HIP_CALL(hipStreamDestroy, queue->stream);
  freeLaunchMemory(queue->memory);
  if (queue->ticket) (void)HIP_CALL(hipHostFree, queue->ticket);
  delete queue;
}

hipMemcpyKind kindOf(const ct_copy &copy) {
  if (copy.dst_side == CT_SIDE_DEVICE) return copy.src_side == CT_SIDE_DEVICE ? hipMemcpyDeviceToDevice : hipMemcpyHostToDevice;
  return copy.src_side == CT_SIDE_DEVICE ? hipMemcpyDeviceToHost : hipMemcpyHostToHost;
}

ct_status copyRows(ct_queue *queue, const ct_copy &copy, uint64_t slice) {
  const uint64_t dst = copy.dst + slice * copy.dst_slice, src = copy.src + slice * copy.src_slice;
  const bool dense = copy.height == 1 || (copy.dst_pitch == copy.width && copy.src_pitch == copy.width);
  if (dense) return HIP_CALL(hipMemcpyAsync, pointer(dst), pointer(src), copy.width * copy.height, kindOf(copy), queue->stream);
  return HIP_CALL(hipMemcpy2DAsync, pointer(dst), copy.dst_pitch, pointer(src), copy.src_pitch, copy.width, copy.height, kindOf(copy), queue->stream);
}

ct_status copy(ct_queue *queue, const ct_copy *request) {
  const ct_copy &copy = *request;
  ct_device &device = *queue->device;
  if (copy.depth == 1) return device.keep(copyRows(queue, copy, 0));
  // HIP counts a slice in whole rows.
  const bool whole = copy.dst_pitch && copy.src_pitch && copy.dst_slice % copy.dst_pitch == 0 && copy.src_slice % copy.src_pitch == 0 &&
                     copy.dst_pitch >= copy.width && copy.src_pitch >= copy.width && copy.dst_slice / copy.dst_pitch >= copy.height &&
                     copy.src_slice / copy.src_pitch >= copy.height;
  if (whole) {
    hipMemcpy3DParms box{};
    box.srcPtr = {pointer(copy.src), copy.src_pitch, copy.src_pitch, copy.src_slice / copy.src_pitch};
    box.dstPtr = {pointer(copy.dst), copy.dst_pitch, copy.dst_pitch, copy.dst_slice / copy.dst_pitch};
    box.extent = {copy.width, copy.height, copy.depth};
    box.kind = kindOf(copy);
    return device.keep(HIP_CALL(hipMemcpy3DAsync, &box, queue->stream));
  }
  ct_status status = CT_OK;
  for (uint64_t slice = 0; slice < copy.depth && status == CT_OK; ++slice) status = copyRows(queue, copy, slice);
  return device.keep(status);
}

ct_status fillRow(ct_queue *queue, const ct_fill &fill, uint64_t dst, uint64_t elements) {
  switch (fill.element) {
    case 1: return HIP_CALL(hipMemsetAsync, pointer(dst), static_cast<int>(fill.value & 0xff), elements, queue->stream);
    case 2: return HIP_CALL(hipMemsetD16Async, pointer(dst), static_cast<unsigned short>(fill.value), elements, queue->stream);
    default: return HIP_CALL(hipMemsetD32Async, pointer(dst), static_cast<int>(fill.value), elements, queue->stream);
  }
}

bool allBytesEqual(const ct_fill &fill) {
  const uint32_t byte = fill.value & 0xff;
  return fill.element == 1 || (fill.element == 2 ? (fill.value & 0xffff) == byte * 0x101 : fill.value == byte * 0x1010101);
}

ct_status fill(ct_queue *queue, const ct_fill *request) {
  const ct_fill &fill = *request;
  const uint64_t row = fill.width * fill.element;
  ct_status status = CT_OK;
  if (fill.height == 1 || fill.pitch == row) {
    status = fillRow(queue, fill, fill.dst, fill.width * fill.height);
  } else if (allBytesEqual(fill)) {
    status = HIP_CALL(hipMemset2DAsync, pointer(fill.dst), fill.pitch, static_cast<int>(fill.value & 0xff), row, fill.height, queue->stream);
  } else {  // HIP has two-dimensional fills for bytes only
    for (uint64_t y = 0; y < fill.height && status == CT_OK; ++y) status = fillRow(queue, fill, fill.dst + y * fill.pitch, fill.width);
  }
  return queue->device->keep(status);
}

// The last that is done with a turn: its queue may go behind it.
void finish(HostTurn &turn) {
  ct_queue &queue = *turn.queue;
  if (turn.ticket) __atomic_store_n(queue.ticket, turn.ticket, __ATOMIC_SEQ_CST);
  std::lock_guard hold(queue.turns_lock);
  queue.turns.erase(turn.self);
  queue.turns_changed.notify_all();
}

// A word of device memory is looked at through a copy. A fault ends every wait.
bool compares(const HostTurn &turn) {
  const ct_device &device = *turn.queue->device;
  if (device.fault() != CT_OK) return true;
  if (turn.word_on_host) return ct_word_compares(&turn.word);
  uint64_t value = 0;
  if (device.read(turn.word.address, &value, turn.word.bytes) != CT_OK) return false;
  ct_word copy = turn.word;
  copy.address = reinterpret_cast<uint64_t>(&value);
  return ct_word_compares(&copy);
}

// On HIP's thread for host functions: hands over.
void takeTurn(void *at) {
  auto *turn = static_cast<HostTurn *>(at);
  {
    std::lock_guard hold(turn->queue->turns_lock);
    turn->taken = true;
    if (turn->ended) {
      turn->queue->turns.erase(turn->self);
      return;
    }
  }
  if (!turn->fn) {
    if (host_threads->poll([turn] { return compares(*turn); }, [turn] { finish(*turn); })) return;
    while (!compares(*turn)) std::this_thread::sleep_for(std::chrono::microseconds(50));
    return finish(*turn);
  }
  const bool own_thread = turn->ticket;
  auto call = [turn, own_thread] {
    ct_device &device = *turn->queue->device;
    if (own_thread) (void)device.keep(HIP_CALL(hipStreamQuery, turn->queue->stream));  // whether HIP knows of a fault
    turn->fn(turn->user, device.fault());
    finish(*turn);
  };
  if (!own_thread || !host_threads->run(call)) call();
}

ct_status submitTurn(ct_queue *queue, HostTurn what) {
  what.queue = queue;
  if (queue->ticket && ++queue->next_ticket == 0) ++queue->next_ticket;
  what.ticket = queue->ticket ? queue->next_ticket : 0;
  HostTurn *turn = nullptr;
  {
    std::lock_guard hold(queue->turns_lock);
    turn = &queue->turns.emplace_back(what);
    turn->self = std::prev(queue->turns.end());
  }
  ct_status status = HIP_CALL(hipLaunchHostFunc, queue->stream, takeTurn, turn);
  if (status != CT_OK) {
    std::lock_guard hold(queue->turns_lock);
    queue->turns.erase(turn->self);
    return queue->device->keep(status);
  }
  // Work of the host is done one after the other, so the ticket is exactly this one until the stream has seen it.
  if (what.ticket) status = HIP_CALL(hipStreamWaitValue32, queue->stream, queue->ticket, what.ticket, hipStreamWaitValueEq, ~0u);
  return queue->device->keep(status);
}

ct_status hostCall(ct_queue *queue, void (*fn)(void *, ct_status), void *user) {
  return submitTurn(queue, {nullptr, 0, fn, user, {}, false, false, {}});
}

// HIP's own waits compare without wrapping around, and for some memory only.
ct_status waitWord(ct_queue *queue, const ct_word *word) {
  if (!queue->ticket) return refuse(Code::hip_unsupported, "waits for words of memory (hipDeviceAttributeCanUseStreamWaitValue)");
  return submitTurn(queue, {nullptr, 0, nullptr, nullptr, *word, hostReaches(word->address), false, {}});
}

ct_status writeWord(ct_queue *queue, const ct_word *word) {
  const ct_status status = word->bytes == 4
                               ? HIP_CALL(hipStreamWriteValue32, queue->stream, pointer(word->address), static_cast<uint32_t>(word->value), 0)
                               : HIP_CALL(hipStreamWriteValue64, queue->stream, pointer(word->address), word->value, 0);
  return queue->device->keep(status);
}

ct_status record(ct_queue *queue, ct_event *event) { return queue->device->keep(event->record(queue->stream)); }

ct_status wait(ct_queue *queue, ct_event *event) {
  const hipEvent_t handle = event->current();
  return handle ? queue->device->keep(HIP_CALL(hipStreamWaitEvent, queue->stream, handle, 0)) : CT_OK;
}

ct_status query(ct_queue *queue) {
  if (ct_status status = queue->device->fault(); status != CT_OK) return status;
  const ct_status status = queue->device->keep(HIP_CALL(hipStreamQuery, queue->stream));
  return status == CT_OK ? queue->device->fault() : status;
}

ct_status synchronize(ct_queue *queue) {
  ct_status status = queue->device->keep(HIP_CALL(hipStreamSynchronize, queue->stream));
  if (status == CT_OK) status = queue->device->fault();
  if (isFault(status)) settleTurns(queue);
  return status;
}

}  // namespace

// No submit_many: a list of operations that is given once has nothing to gain from a graph of HIP's.
const ct_queue_ops queue_ops = {sizeof(ct_queue_ops), create, destroy, launch, copy,    fill,    hostCall,
                                record,               wait,   query,   synchronize, waitWord, writeWord, nullptr};

}  // namespace cutrans::hip
