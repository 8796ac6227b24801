// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Queues, but for launches (launch.cpp).
#include "queue.h"

#include <cutrans/targets/boxes.h>
#include <cutrans/targets/words.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <system_error>
#include <thread>

#include "event.h"
#include "host.h"
#include "submit.h"

using namespace cutrans::opencl;

ct_queue::ct_queue(ct_device &on, cl_command_queue of) : device(on), commands_(of), ring_(on), arena_(on), gang_arena_(on), messages_(on) {}

ct_queue::~ct_queue() {
  EventRef until;
  end(until);
  waitFor(device, until);
  cl.clFinish(commands_);
  cl.clReleaseCommandQueue(commands_);
}

void ct_queue::flush() { cl.clFlush(commands_); }

ct_status ct_queue::marker() {
  return submitLocked([&](Waits waits, cl_event *out) { return cl.clEnqueueMarkerWithWaitList(commands_, waits.count, waits.list, out); });
}

ct_status ct_queue::end(EventRef &out) {
  std::lock_guard hold(lock_);
  const bool covered = pending_.empty() || (pending_.size() == 1 && pending_[0] == last_);
  if (!covered) {
    if (ct_status status = marker(); status != CT_OK) return status;
    flush();
  }
  if (last_ && pending_.empty() && last_.status() == CL_COMPLETE) last_ = {};
  out = last_;
  return CT_OK;
}

ct_status ct_queue::runOnThread(std::function<void()> task) {
  cl_int error = CL_SUCCESS;
  const EventRef done = EventRef::own(cl.clCreateUserEvent(device.context, &error));
  if (!done) return enqueueFailed(device, error);
  EventRef before;
  if (ct_status status = end(before); status != CT_OK) return status;
  {
    std::lock_guard hold(lock_);
    last_ = done;
    pending_.assign(1, done);
  }
  thread_.post([this, before, done, task = std::move(task)] {
    waitFor(device, before);
    task();
    cl.clSetUserEventStatus(done.get(), CL_COMPLETE);
  });
  return CT_OK;
}

// ---- copies and fills ----

ct_status ct_queue::copy(const ct_copy &request) {
  if (device.runsFunctions()) return call([](void *box) { ct_copy_box(static_cast<const ct_copy *>(box)); }, request);
  if (device.memory->isForeign(request.dst) && device.memory->isForeign(request.src)) return runOnThread([request] { ct_copy_box(&request); });
  return submit([&](Waits waits, cl_event *out) { return device.memory->copy(commands_, request, waits, out); });
}

ct_status ct_queue::fill(const ct_fill &request) {
  if (device.runsFunctions()) return call([](void *box) { ct_fill_box(static_cast<const ct_fill *>(box)); }, request);
  if (device.memory->isForeign(request.dst)) return runOnThread([request] { ct_fill_box(&request); });
  return submit([&](Waits waits, cl_event *out) { return device.memory->fill(commands_, request, waits, out); });
}

// ---- events ----

ct_status ct_queue::record(ct_event &event) {
  std::lock_guard hold(lock_);
  const bool timed = !(event.flags & CT_EVENT_NO_TIMING);
  // What is under way stands for the record if nothing came behind it. A user event has no time, and what has passed long ago
  // the wrong one.
  const bool covered = pending_.empty() || (pending_.size() == 1 && pending_[0] == last_);
  if (timed || !covered) {
    const bool running_command = last_ && pending_.empty() && last_.status() > CL_COMPLETE;
    if (!running_command)
      if (ct_status status = marker(); status != CT_OK) return status;
  }
  event.set(last_);
  return device.status();
}

ct_status ct_queue::wait(ct_event &event) {
  EventRef until = event.get();
  if (!until || until.done()) return device.status();
  if (event.device != &device) {
    ct_device *other = event.device;
    return runOnThread([other, until] { waitFor(*other, until); });
  }
  std::lock_guard hold(lock_);
  if (!(until == last_) && std::find(pending_.begin(), pending_.end(), until) == pending_.end()) pending_.push_back(std::move(until));
  return device.status();
}

// ---- words ----

// A sixteenth of the time that the wait has lasted lies between two looks, 5 us to 1 ms.
ct_status ct_queue::waitWord(const ct_word &word) {
  return runOnThread([this, word] {
    using namespace std::chrono;
    const auto since = steady_clock::now();
    for (;;) {
      uint64_t value = 0;
      ct_word here = word;
      if (!device.memory->hostReaches() && !device.memory->isForeign(word.address)) {
        if (!device.readNow(&value, word.address, word.bytes)) return commandFailed(device, CL_OUT_OF_RESOURCES);
        here.address = reinterpret_cast<uint64_t>(&value);
      }
      if (device.status() != CT_OK || ct_word_compares(&here)) return;
      std::this_thread::sleep_for(std::clamp<nanoseconds>((steady_clock::now() - since) / 16, microseconds(5), milliseconds(1)));
    }
  });
}

ct_status ct_queue::writeWord(const ct_word &word) {
  if (device.runsFunctions()) return call([](void *at) { ct_word_write(static_cast<const ct_word *>(at)); }, word);
  if (device.memory->isForeign(word.address)) return runOnThread([word] { ct_word_write(&word); });
  // One element of the word's size: drivers store it whole.
  return submit([&](Waits waits, cl_event *out) { return device.memory->fillRow(commands_, word.address, &word.value, word.bytes, word.bytes, waits, out); });
}

// ---- the slots of the ABI ----

namespace cutrans::opencl {

ct_status enqueueFailed(ct_device &device, cl_int error) {
  report(Code::opencl_failed, device.found.name + ": a command cannot be queued: " + errorText(error));
  return error == CL_OUT_OF_HOST_MEMORY || error == CL_MEM_OBJECT_ALLOCATION_FAILURE ? CT_ERR_OUT_OF_MEMORY : CT_ERR_INTERNAL;
}

namespace {

ct_status create(ct_device *device, uint32_t, int32_t, ct_queue **out) {
  cl_command_queue commands = makeCommandQueue(*device);
  if (!commands) return CT_ERR_OUT_OF_MEMORY;
  *out = new (std::nothrow) ct_queue(*device, commands);
  if (*out) return CT_OK;
  cl.clReleaseCommandQueue(commands);
  return CT_ERR_OUT_OF_MEMORY;
}

void destroy(ct_queue *queue) { delete queue; }

ct_status hostCallOf(ct_queue &queue, void (*fn)(void *, ct_status), void *user) {
  ct_device *device = &queue.device;
  return queue.runOnThread([device, fn, user] { fn(user, device->status()); });
}

// What comes after a fault has no effect; host calls, records and waits still come to an end.
template <class Work>
ct_status work(ct_queue *queue, Work run) {
  if (ct_status status = statusOf(queue->device); status != CT_OK) return status;
  const ct_status status = run(*queue);
  queue->flush();
  return status;
}

template <class Work>
ct_status mark(ct_queue *queue, Work run) {
  const ct_status status = run(*queue);
  queue->flush();
  return status;
}

ct_status launch(ct_queue *queue, const ct_launch *request) {
  return work(queue, [&](ct_queue &q) { return q.launch(*request, true); });
}
ct_status copy(ct_queue *queue, const ct_copy *request) {
  return work(queue, [&](ct_queue &q) { return q.copy(*request); });
}
ct_status fill(ct_queue *queue, const ct_fill *request) {
  return work(queue, [&](ct_queue &q) { return q.fill(*request); });
}
ct_status hostCall(ct_queue *queue, void (*fn)(void *, ct_status), void *user) {
  return mark(queue, [&](ct_queue &q) { return hostCallOf(q, fn, user); });
}
ct_status record(ct_queue *queue, ct_event *event) {
  return mark(queue, [&](ct_queue &q) { return q.record(*event); });
}
ct_status wait(ct_queue *queue, ct_event *event) {
  return mark(queue, [&](ct_queue &q) { return q.wait(*event); });
}
ct_status waitWord(ct_queue *queue, const ct_word *word) {
  return work(queue, [&](ct_queue &q) { return q.waitWord(*word); });
}
ct_status writeWord(ct_queue *queue, const ct_word *word) {
  return work(queue, [&](ct_queue &q) { return q.writeWord(*word); });
}

ct_status submitOne(ct_queue &queue, const ct_operation &operation) {
  switch (operation.kind) {
    case CT_OPERATION_LAUNCH: return queue.launch(*operation.u.launch, false);
    case CT_OPERATION_COPY: return queue.copy(*operation.u.copy);
    case CT_OPERATION_FILL: return queue.fill(*operation.u.fill);
    case CT_OPERATION_HOST_CALL: return hostCallOf(queue, operation.u.host_call.fn, operation.u.host_call.user);
    case CT_OPERATION_RECORD: return queue.record(*operation.u.event);
    case CT_OPERATION_WAIT: return queue.wait(*operation.u.event);
    case CT_OPERATION_WAIT_WORD: return queue.waitWord(*operation.u.word);
    case CT_OPERATION_WRITE_WORD: return queue.writeWord(*operation.u.word);
  }
  return CT_ERR_INTERNAL;
}

ct_status submitMany(ct_queue *queue, const ct_operation *operations, size_t count, size_t *out_taken) {
  *out_taken = 0;
  return work(queue, [&](ct_queue &q) {
    for (; *out_taken < count; ++*out_taken)
      if (ct_status status = submitOne(q, operations[*out_taken]); status != CT_OK) return status;
    return CT_OK;
  });
}

ct_status query(ct_queue *queue) {
  EventRef until;
  if (ct_status status = statusOf(queue->device); status != CT_OK) return status;
  if (ct_status status = queue->end(until); status != CT_OK) return status;
  const cl_int status = until.status();
  if (status < 0) commandFailed(queue->device, status);
  return status > CL_COMPLETE ? CT_NOT_READY : statusOf(queue->device);
}

ct_status synchronize(ct_queue *queue) {
  EventRef until;
  if (ct_status status = queue->end(until); status != CT_OK) return status;
  return waitFor(queue->device, until);
}

}  // namespace

const ct_queue_ops queue_ops = {sizeof(ct_queue_ops), create, destroy, launch, copy,        fill,     hostCall,
                                record,               wait,   query,   synchronize, waitWord, writeWord, submitMany};

}  // namespace cutrans::opencl
