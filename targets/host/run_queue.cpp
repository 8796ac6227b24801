// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the owner of a queue does with it, and what a thread does that waits for one. How ownership moves is told in queue.h.
#include <cstdlib>
#include <thread>

#include "copies.h"
#include "device.h"
#include "event.h"
#include "host.h"
#include "host_threads.h"
#include "module.h"
#include "queue.h"
#include "scheduler.h"
#include "unit.h"
#include "word_waits.h"

namespace cutrans::host {
namespace {

constexpr uint64_t kOpenAfterNs = 4'000;        // a job that takes longer is worth waking others
constexpr uint64_t kSliceNs = 2'000'000;        // then queues of the same level get their turn

// Ends this thread's share of the current job. true: the job is over, the caller owns the queue and finishes its
// operation. Where the last member leaves work behind, the queue is made ready for somebody to go on.
bool leaveJob(ct_queue &queue) {
  Job &job = queue.job;
  const bool rest = !job.exhausted();
  if (rest) {
    // Leaves early. Only the last member has to think about what remains.
    uint32_t now = job.members.load(std::memory_order_relaxed);
    while ((now & ~Job::kOpen) > 1)
      if (job.members.compare_exchange_weak(now, now - 1, std::memory_order_acq_rel)) return false;
  }
  scheduler->closeJob(queue);
  if (!job.leave()) return false;
  if (job.exhausted()) return true;
  scheduler->makeReady(queue);
  return false;
}

// Works on the current job as a member of it, then leaves it.
bool work(Unit &unit, ct_queue &queue) {
  Job &job = queue.job;
  unit.queue = &queue;
  unit.slice_end = 0;
  if (!runGuarded(unit.guard, [](void *at) { Unit &u = *static_cast<Unit *>(at); u.queue->job.work(u, u.queue->job); }, &unit)) {
    job.failed.store(true, std::memory_order_relaxed);
    unit.reportFault(*queue.device);
  }
  return leaveJob(queue);
}

void finishOperation(ct_queue &queue, Operation &operation) {
  if (operation.kind == OperationKind::launch) {
    if (operation.started) {
      noteLaunchTime(operation.launch, nowNs() - operation.started_ns, scheduler->unitCount());
      std::free(reinterpret_cast<void *>(operation.launch.workspace));
    }
    std::free(operation.heap_params);
  }
}

// Starts or resumes the job of the front operation. true: the operation is finished.
bool runJob(Unit &unit, ct_queue &queue, Operation &operation) {
  Job &job = queue.job;
  bool wide;
  if (!operation.started) {
    operation.started = true;
    operation.started_ns = nowNs();
    wide = operation.kind == OperationKind::launch ? setUpLaunch(job, operation.launch)
           : operation.kind == OperationKind::copy ? setUpCopy(job, operation.copy)
                                                   : setUpFill(job, operation.fill);
    job.start();
  } else {
    job.members.store(1, std::memory_order_release);
    wide = true;
  }
  if (wide && scheduler->unitCount() > 1) scheduler->openJob(queue, job.total);
  return work(unit, queue);
}

enum class Outcome { finished, elsewhere };

Outcome run(Unit &unit, ct_queue &queue, Operation &operation) {
  switch (operation.kind) {
    case OperationKind::launch:
    case OperationKind::copy:
    case OperationKind::fill:
      if (queue.device->status() != CT_OK && !operation.started) return Outcome::finished;
      return runJob(unit, queue, operation) ? Outcome::finished : Outcome::elsewhere;
    case OperationKind::host_call:
      host_threads->run(queue);
      return Outcome::elsewhere;
    case OperationKind::record:
      passEvent(*operation.event);
      return Outcome::finished;
    case OperationKind::wait:
      if (operation.point.reached() || !operation.point.queue->addWaiter(operation.point.number, &queue)) return Outcome::finished;
      return Outcome::elsewhere;
    case OperationKind::wait_word:
      if (wordWaitIsOver(unit, queue, operation.word)) return Outcome::finished;
      word_waits->park(queue);
      return Outcome::elsewhere;
    case OperationKind::write_word:
      writeWord(unit, queue, operation.word);
      return Outcome::finished;
  }
  return Outcome::finished;
}

}  // namespace

void continueParked(ct_queue &queue) {
  if (queue.finishFront()) scheduler->makeReady(queue);
}

static void runOwned(Unit &unit, ct_queue &queue, uint64_t until, bool front_is_done) {
  const uint64_t slice_end = nowNs() + kSliceNs;
  scheduler->checkShortage();
  for (bool done = front_is_done;;) {
    if (done) {
      finishOperation(queue, queue.front());
      word_waits->look();
      if (!queue.finishFront()) return;
      if (queue.completed.load(std::memory_order_relaxed) >= until || scheduler->othersReady(queue.level, false) ||
          (scheduler->othersReady(queue.level, true) && nowNs() > slice_end))
        return scheduler->makeReady(queue);
    }
    if (run(unit, queue, queue.front()) == Outcome::elsewhere) return;
    done = true;
  }
}

void runQueue(Unit &unit, ct_queue &queue, uint64_t until) { runOwned(unit, queue, until, false); }

bool joinQueue(Unit &unit, ct_queue &queue, uint64_t until) {
  if (!queue.job.join()) return false;
  if (work(unit, queue)) runOwned(unit, queue, until, true);
  return true;
}

bool mayContinue(Unit &unit, Job &job) {
  if (job.failed.load(std::memory_order_relaxed)) return false;
  ct_queue &queue = *unit.queue;
  const bool more_units = scheduler->unitCount() > 1 && !job.isOpen() && !job.exhausted();
  const bool higher = scheduler->othersReady(queue.level, false);
  if (!more_units && !higher && !scheduler->othersReady(queue.level, true)) return true;
  const uint64_t now = nowNs();
  if (unit.slice_end == 0) unit.slice_end = now + kSliceNs;
  if (more_units && now - queue.front().started_ns > kOpenAfterNs) scheduler->openJob(queue, job.total - job.next.load(std::memory_order_relaxed) + 1);
  return !higher && (now < unit.slice_end || !scheduler->othersReady(queue.level, true));
}

void waitFor(ct_queue &queue, uint64_t number) {
  auto reached = [&] { return queue.completed.load(std::memory_order_acquire) >= number; };
  auto help = [&] {
    if (!scheduler->hasRoom()) return;
    if (scheduler->claim(queue)) {
      Unit *unit = takeAnyUnit();
      if (!unit) return scheduler->makeReady(queue);
      runQueue(*unit, queue, number);
      scheduler->giveUnit(*unit);
    } else if (queue.job.isOpen()) {
      Unit *unit = takeAnyUnit();
      if (!unit) return;
      joinQueue(*unit, queue, number);
      scheduler->giveUnit(*unit);
    }
  };
  if (reached()) return;
  help();
  if (reached()) return;
  const uint64_t until = nowNs() + scheduler->spinNs();
  do {
    for (int i = 0; i < 64; ++i) {
      if (reached()) return;
      cpuRelax();
    }
    help();
  } while (nowNs() < until);
  queue.sleepers.fetch_add(1, std::memory_order_seq_cst);
  for (;;) {
    const uint32_t seen = queue.wake.load(std::memory_order_seq_cst);
    if (queue.completed.load(std::memory_order_seq_cst) >= number) break;
    queue.wake.wait(seen);
  }
  queue.sleepers.fetch_sub(1, std::memory_order_relaxed);
}

Unit *takeAnyUnit() {
  static std::atomic<uint32_t> next{0};
  thread_local const uint32_t mine = next.fetch_add(1, std::memory_order_relaxed);
  return scheduler->takeUnit(scheduler->unitCount() - 1 - mine % scheduler->unitCount());
}

}  // namespace cutrans::host
