// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Submitting to queues, and the queue slots of the ABI. How ownership moves is told in queue.h, what is done with it is in
// run_queue.cpp.
#include "queue.h"

#include <cassert>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "device.h"
#include "event.h"
#include "host.h"
#include "module.h"
#include "scheduler.h"
#include "unit.h"

namespace cutrans::host {
namespace {

constexpr uint64_t kMostPending = 1u << 16;     // a submitter that is further ahead waits
constexpr uint64_t kInlineBytes = 64u << 10;    // copies and fills that an idle queue's submitter does itself

}  // namespace

bool Point::reached() const { return !queue || queue->completed.load(std::memory_order_acquire) >= number; }

void SpinLock::lock() {
  for (int spins = 0; held_.exchange(true, std::memory_order_acquire); ++spins) {
    if (spins < 100)
      cpuRelax();
    else
      std::this_thread::yield();
  }
}

}  // namespace cutrans::host

using namespace cutrans::host;

ct_queue::ct_queue() { head = tail = new Segment; }

ct_queue::~ct_queue() {
  for (Segment *segment = head; segment;) delete std::exchange(segment, segment->next);
  delete spare.load(std::memory_order_relaxed);
}

// ---- submitting ----

Operation &ct_queue::place() {
  if (tail_used == Segment::kOperations) {
    Segment *fresh = spare.exchange(nullptr, std::memory_order_acquire);
    if (!fresh) fresh = new Segment;
    fresh->next = nullptr;
    tail->next = fresh;
    tail = fresh;
    tail_used = 0;
  }
  Operation &operation = tail->operations[tail_used++];
  operation.started = false;
  operation.heap_params = nullptr;
  return operation;
}

Operation &ct_queue::front() {
  if (head_used == Segment::kOperations) {
    Segment *done = head;
    head = head->next;
    head_used = 0;
    delete spare.exchange(done, std::memory_order_acq_rel);
  }
  return head->operations[head_used];
}

bool ct_queue::finishFront() {
  front();  // an event that passes at once is never looked at: the step to its segment is made here
  ++head_used;
  const uint64_t now = completed.load(std::memory_order_relaxed) + 1;
  completed.store(now, std::memory_order_seq_cst);
  if (sleepers.load(std::memory_order_seq_cst)) {
    wake.fetch_add(1, std::memory_order_seq_cst);
    wake.notify_all();
  }
  if (has_waiters.load(std::memory_order_seq_cst)) {
    std::vector<ct_queue *> released;
    {
      std::lock_guard hold(waiters_lock);
      std::erase_if(waiters, [&](const auto &waiter) {
        if (waiter.first > now) return false;
        released.push_back(waiter.second);
        return true;
      });
      has_waiters.store(!waiters.empty(), std::memory_order_seq_cst);
    }
    for (ct_queue *queue : released) scheduler->makeReady(*queue);
  }
  return pending.fetch_sub(1, std::memory_order_acq_rel) != 1;
}

bool ct_queue::addWaiter(uint64_t number, ct_queue *waiter) {
  std::lock_guard hold(waiters_lock);
  has_waiters.store(true, std::memory_order_seq_cst);
  if (completed.load(std::memory_order_seq_cst) >= number) {
    has_waiters.store(!waiters.empty(), std::memory_order_seq_cst);
    return false;
  }
  waiters.emplace_back(number, waiter);
  return true;
}

namespace cutrans::host {
namespace {

void waitForRoom(ct_queue &queue) {
  if (queue.pending.load(std::memory_order_relaxed) >= kMostPending)
    waitFor(queue, queue.submitted.load(std::memory_order_relaxed) - kMostPending / 2);
}

// Appends an operation. owned: the queue was idle and belongs to the caller, who must run it or make it ready.
template <class FillIn>
uint64_t append(ct_queue &queue, bool &owned, FillIn &&fill_in) {
  waitForRoom(queue);
  std::lock_guard hold(queue.submit_lock);
  fill_in(queue.place());
  const uint64_t number = queue.submitted.load(std::memory_order_relaxed) + 1;
  queue.submitted.store(number, std::memory_order_relaxed);
  owned = queue.pending.fetch_add(1, std::memory_order_acq_rel) == 0;
  return number;
}

template <class FillIn>
uint64_t submit(ct_queue &queue, FillIn &&fill_in) {
  bool owned = false;
  const uint64_t number = append(queue, owned, fill_in);
  if (owned) scheduler->makeReady(queue);
  return number;
}

// The same for work so small that a hand-over would cost more: an idle queue's submitter does it now.
template <class FillIn>
void submitSmall(ct_queue &queue, FillIn &&fill_in) {
  bool owned = false;
  const uint64_t number = append(queue, owned, fill_in);
  if (!owned) return;
  Unit *unit = takeAnyUnit();
  if (!unit) return scheduler->makeReady(queue);
  runQueue(*unit, queue, number);
  scheduler->giveUnit(*unit);
}

}  // namespace

// ---- the slots of the ABI ----

namespace {

ct_status create(ct_device *device, uint32_t, int32_t priority, ct_queue **out) {
  // CUDA's numbers, lower is more urgent, 0 the default.
  const int32_t level = std::min<int32_t>(std::max<int32_t>(priority + 5, 0), Scheduler::kLevels - 1);
  *out = scheduler->createQueue(device, static_cast<uint32_t>(level));
  return *out ? CT_OK : CT_ERR_OUT_OF_MEMORY;
}

void destroy(ct_queue *queue) {
  waitFor(*queue, queue->submitted.load(std::memory_order_relaxed));
  // The one who finished last may still be about to give up ownership.
  while (queue->pending.load(std::memory_order_acquire)) std::this_thread::yield();
  queue->device->output.flush();
  scheduler->recycleQueue(queue);
}

// What an operation of a launch needs before it is placed: checked, with memory that does not fit into it.
struct LaunchMemory {
  void *workspace = nullptr, *params = nullptr;
};

ct_status checkLaunch(const ct_launch &request, LaunchMemory &memory) {
  if (ct_status status = checkShape(*request.kernel, request); status != CT_OK) return status;
  if (request.flags & CT_LAUNCH_COOPERATIVE) {
    memory.workspace = std::aligned_alloc(64, kWorkspaceBytes);
    if (!memory.workspace) return CT_ERR_OUT_OF_MEMORY;
    std::memset(memory.workspace, 0, kWorkspaceBytes);
  }
  if (request.params_size > kInlineParams) {
    memory.params = std::aligned_alloc(64, roundUp(request.params_size, 64));
    if (!memory.params) {
      std::free(memory.workspace);
      return CT_ERR_OUT_OF_MEMORY;
    }
    std::memcpy(memory.params, request.params, request.params_size);
  }
  return CT_OK;
}

void fillInLaunch(Operation &operation, ct_device &device, const ct_launch &request, const LaunchMemory &memory) {
  operation.kind = OperationKind::launch;
  operation.heap_params = memory.params;
  if (!memory.params && request.params_size) std::memcpy(operation.params, request.params, request.params_size);
  Launch &launch = operation.launch;
  launch.stack_bytes = request.stack_bytes;
  launch.kernel = request.kernel;
  launch.device = &device;
  for (int i = 0; i < 3; ++i) {
    launch.grid[i] = request.grid[i];
    launch.block[i] = request.block[i];
    launch.cluster[i] = request.cluster[i];
  }
  launch.cluster_blocks = clusterBlocks(request);
  launch.threads = request.block[0] * request.block[1] * request.block[2];
  launch.dynamic_shared_bytes = request.dynamic_shared_bytes;
  launch.flags = request.flags;
  launch.params = memory.params ? memory.params : operation.params;
  launch.globals = request.globals;
  launch.grid_id = device.next_grid_id.fetch_add(1, std::memory_order_relaxed);
  launch.workspace = reinterpret_cast<uint64_t>(memory.workspace);
  launch.child_queue = request.child_queue;
}

ct_status launch(ct_queue *queue, const ct_launch *request) {
  ct_device &device = *queue->device;
  if (ct_status status = device.status(); status != CT_OK) return status;
  LaunchMemory memory;
  if (ct_status status = checkLaunch(*request, memory); status != CT_OK) return status;
  submit(*queue, [&](Operation &operation) { fillInLaunch(operation, device, *request, memory); });
  return CT_OK;
}

ct_status copy(ct_queue *queue, const ct_copy *request) {
  if (ct_status status = queue->device->status(); status != CT_OK) return status;
  auto fill_in = [&](Operation &operation) {
    operation.kind = OperationKind::copy;
    operation.copy = *request;
  };
  if (request->width * request->height * request->depth <= kInlineBytes)
    submitSmall(*queue, fill_in);
  else
    submit(*queue, fill_in);
  return CT_OK;
}

ct_status fill(ct_queue *queue, const ct_fill *request) {
  if (ct_status status = queue->device->status(); status != CT_OK) return status;
  auto fill_in = [&](Operation &operation) {
    operation.kind = OperationKind::fill;
    operation.fill = *request;
  };
  if (request->width * request->height * request->element <= kInlineBytes)
    submitSmall(*queue, fill_in);
  else
    submit(*queue, fill_in);
  return CT_OK;
}

ct_status hostCall(ct_queue *queue, void (*fn)(void *, ct_status), void *user) {
  submit(*queue, [&](Operation &operation) {
    operation.kind = OperationKind::host_call;
    operation.host_call = {fn, user};
  });
  return CT_OK;
}

ct_status record(ct_queue *queue, ct_event *event) {
  event->references.fetch_add(1, std::memory_order_relaxed);
  std::lock_guard hold(event->lock);
  bool owned = false;
  const uint64_t number = append(*queue, owned, [&](Operation &operation) {
    operation.kind = OperationKind::record;
    operation.event = event;
  });
  event->last = {queue, number};
  if (owned) {
    // Idle: everything before is done, so the event has passed.
    passEvent(*event);
    if (queue->finishFront()) scheduler->makeReady(*queue);
  }
  return queue->device->status();
}

ct_status wait(ct_queue *queue, ct_event *event) {
  const Point point = event->point();
  if (point.queue == queue || point.reached()) return queue->device->status();
  submit(*queue, [&](Operation &operation) {
    operation.kind = OperationKind::wait;
    operation.point = point;
  });
  return queue->device->status();
}

template <OperationKind kind>
ct_status onWord(ct_queue *queue, const ct_word *word) {
  if (ct_status status = queue->device->status(); status != CT_OK) return status;
  submitSmall(*queue, [&](Operation &operation) {
    operation.kind = kind;
    operation.word = *word;
  });
  return CT_OK;
}

// One operation of several; `number`: its own. false: there is nothing to do for it.
ct_status place(ct_queue &queue, const ct_operation &request, uint64_t number, bool &placed) {
  placed = true;
  switch (request.kind) {
    case CT_OPERATION_LAUNCH: {
      LaunchMemory memory;
      if (ct_status status = checkLaunch(*request.u.launch, memory); status != CT_OK) return status;
      fillInLaunch(queue.place(), *queue.device, *request.u.launch, memory);
      return CT_OK;
    }
    case CT_OPERATION_COPY: {
      Operation &operation = queue.place();
      operation.kind = OperationKind::copy;
      operation.copy = *request.u.copy;
      return CT_OK;
    }
    case CT_OPERATION_FILL: {
      Operation &operation = queue.place();
      operation.kind = OperationKind::fill;
      operation.fill = *request.u.fill;
      return CT_OK;
    }
    case CT_OPERATION_HOST_CALL: {
      Operation &operation = queue.place();
      operation.kind = OperationKind::host_call;
      operation.host_call = {request.u.host_call.fn, request.u.host_call.user};
      return CT_OK;
    }
    case CT_OPERATION_RECORD: {
      ct_event &event = *request.u.event;
      event.references.fetch_add(1, std::memory_order_relaxed);
      std::lock_guard hold(event.lock);
      Operation &operation = queue.place();
      operation.kind = OperationKind::record;
      operation.event = &event;
      event.last = {&queue, number};
      return CT_OK;
    }
    case CT_OPERATION_WAIT: {
      const Point point = request.u.event->point();
      placed = point.queue != &queue && !point.reached();
      if (!placed) return CT_OK;
      Operation &operation = queue.place();
      operation.kind = OperationKind::wait;
      operation.point = point;
      return CT_OK;
    }
    case CT_OPERATION_WAIT_WORD:
    case CT_OPERATION_WRITE_WORD: {
      Operation &operation = queue.place();
      operation.kind = request.kind == CT_OPERATION_WAIT_WORD ? OperationKind::wait_word : OperationKind::write_word;
      operation.word = *request.u.word;
      return CT_OK;
    }
  }
  return CT_ERR_INTERNAL;
}

// The owner sees nothing of them before `pending` is raised, by all of them at once.
ct_status submitMany(ct_queue *queue, const ct_operation *operations, size_t count, size_t *out_taken) {
  *out_taken = 0;
  ct_status status = queue->device->status();
  if (status != CT_OK) return status;
  waitForRoom(*queue);
  bool owned = false;
  {
    std::lock_guard hold(queue->submit_lock);
    const uint64_t before = queue->submitted.load(std::memory_order_relaxed);
    uint64_t last = before;
    for (; *out_taken < count; ++*out_taken) {
      bool placed = false;
      status = place(*queue, operations[*out_taken], last + 1, placed);
      if (status != CT_OK) break;
      last += placed;
    }
    if (last == before) return status;
    queue->submitted.store(last, std::memory_order_relaxed);
    owned = queue->pending.fetch_add(last - before, std::memory_order_acq_rel) == 0;
  }
  if (owned) scheduler->makeReady(*queue);
  return status;
}

ct_status query(ct_queue *queue) {
  if (ct_status status = queue->device->status(); status != CT_OK) return status;
  const uint64_t number = queue->submitted.load(std::memory_order_relaxed);
  return queue->completed.load(std::memory_order_acquire) >= number ? CT_OK : CT_NOT_READY;
}

ct_status synchronize(ct_queue *queue) {
  waitFor(*queue, queue->submitted.load(std::memory_order_relaxed));
  queue->device->output.flush();
  return queue->device->status();
}

}  // namespace

const ct_queue_ops queue_ops = {sizeof(ct_queue_ops), create, destroy, launch, copy,       fill,
                                hostCall,             record, wait,    query,  synchronize,
                                onWord<OperationKind::wait_word>, onWord<OperationKind::write_word>, submitMany};

}  // namespace cutrans::host
