// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Records are numbered, by all processes together. `last` says the newest number and who made it, in one word, so that nobody sees
// one without the other. A record that its queue reaches writes its number into the row of passed ones that it shares with every
// kRows-th other; it first waits until the one before it in that row has passed, so a row only rises and says exactly which have.
//
// Everything in the page can be written by the other processes, so it is read as numbers and never as addresses; a page full of
// rubbish makes events wrong, and nothing else.
#include "shared_event.h"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <ctime>

#include "cutrans/support/diagnostics.h"

namespace cutrans::runtime {

namespace {

constexpr unsigned kRecorders = 128;  // processes that record one event
constexpr unsigned kRows = 256;
constexpr uint64_t kBytes = 8192;
constexpr long kLookEvery = 50'000'000;  // ns between looks at whether the recorder lives

void sleepOn(const std::atomic<uint32_t> &word, uint32_t value) {
  const timespec time{0, kLookEvery};
  syscall(SYS_futex, &word, FUTEX_WAIT, value, &time, nullptr, 0);
}

void wakeAll(const std::atomic<uint32_t> &word) { syscall(SYS_futex, &word, FUTEX_WAKE, INT32_MAX, nullptr, nullptr, 0); }

}  // namespace

struct SharedEvent::Page {
  std::atomic<uint64_t> last;  // number << 8 | recorder
  std::atomic<uint32_t> changed;
  uint32_t reserved;
  struct {
    std::atomic<uint64_t> pid, start;  // pid is written last
  } recorders[kRecorders];
  std::atomic<uint64_t> passed[kRows];  // number << 1 | failed
  std::atomic<uint64_t> made[kRows];    // number << 8 | recorder, soon after the number is out
};

// A record: number 0 is none.
struct SharedEvent::Point {
  uint64_t number = 0;
  unsigned recorder = 0;
};

Result<std::shared_ptr<SharedEvent>> SharedEvent::create() {
  static_assert(sizeof(Page) <= kBytes && std::atomic<uint64_t>::is_always_lock_free);
  const int file = createSharedFile("cutrans-event", kBytes);
  if (file < 0) return Code::out_of_memory;
  void *page = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (page == MAP_FAILED) {
    close(file);
    return Code::out_of_memory;
  }
  return std::shared_ptr<SharedEvent>(new SharedEvent(static_cast<Page *>(page), file));
}

Result<std::shared_ptr<SharedEvent>> SharedEvent::open(const SharedHandle &handle) {
  Result<SharedPiece> piece = readHandle(handle, SharedKind::event);
  if (!piece.ok()) return piece.status();
  if (piece->offset != 0 || piece->size != kBytes) return Code::invalid_value;
  Result<int> file = openPiece(*piece);
  if (!file.ok()) return file.status();
  void *page = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, *file, 0);
  close(*file);
  if (page == MAP_FAILED) return Code::out_of_memory;
  return std::shared_ptr<SharedEvent>(new SharedEvent(static_cast<Page *>(page), -1));
}

SharedEvent::~SharedEvent() {
  munmap(page_, kBytes);
  if (file_ >= 0) close(file_);
}

Result<SharedHandle> SharedEvent::handle() const {
  if (file_ < 0) return Code::invalid_value;
  SharedPiece piece;
  piece.kind = SharedKind::event;
  piece.file = file_;
  piece.size = kBytes;
  return makeHandle(piece);
}

Result<unsigned> SharedEvent::recorder() {
  std::lock_guard hold(lock_);
  if (recorder_ >= 0) return static_cast<unsigned>(recorder_);
  const ProcessName here = thisProcess();
  for (unsigned i = 0; i < kRecorders; ++i) {
    uint64_t nobody = 0;
    // Taken with a number that is no process, then filled in: a reader of `start` sees it with the right `pid` only.
    if (page_->recorders[i].pid.load() != 0 || !page_->recorders[i].pid.compare_exchange_strong(nobody, UINT64_MAX)) continue;
    page_->recorders[i].start.store(here.start);
    page_->recorders[i].pid.store(here.pid);
    recorder_ = static_cast<int>(i);
    return i;
  }
  report(Diag::shared_event_full, "recording an event that 128 processes have recorded");
  return Code::out_of_memory;
}

SharedEvent::Point SharedEvent::last() const {
  const uint64_t word = page_->last.load(std::memory_order_acquire);
  return {word >> 8, static_cast<unsigned>(word & 0xff)};
}

Status SharedEvent::state(const Point &point) const {
  if (point.number == 0) return {};
  const uint64_t passed = page_->passed[point.number % kRows].load(std::memory_order_acquire);
  if (passed >> 1 >= point.number) return passed == (point.number << 1 | 1) ? Code::external_failure : Code::ok;
  return Code::not_ready;
}

Status SharedEvent::await(const Point &point) const {
  for (;;) {
    const uint32_t before = page_->changed.load(std::memory_order_acquire);
    Status now = state(point);
    if (now.code() != Code::not_ready) return now;
    const auto &who = page_->recorders[point.recorder % kRecorders];
    if (!alive({static_cast<uint32_t>(who.pid.load()), who.start.load()})) {
      now = state(point);  // its last act
      return now.code() == Code::not_ready ? Status(Code::external_failure) : now;
    }
    sleepOn(page_->changed, before);
  }
}

void SharedEvent::pass(uint64_t number, bool failed) {
  page_->passed[number % kRows].store(number << 1 | failed, std::memory_order_release);
  page_->changed.fetch_add(1, std::memory_order_acq_rel);
  wakeAll(page_->changed);
}

Status SharedEvent::record(Queue &queue) {
  Result<unsigned> mine = recorder();
  if (!mine.ok()) return mine.status();
  uint64_t word = page_->last.load();
  while (!page_->last.compare_exchange_weak(word, ((word >> 8) + 1) << 8 | *mine)) {
  }
  const uint64_t number = (word >> 8) + 1, earlier = page_->made[number % kRows].exchange(number << 8 | *mine);
  // The one before in the same row. One that is not to be found there died while it was made.
  Point before;
  if (number > kRows && earlier >> 8 == number - kRows) before = {number - kRows, static_cast<unsigned>(earlier & 0xff)};
  struct Record {
    std::shared_ptr<SharedEvent> event;
    uint64_t number;
    Point before;
  };
  auto *record = new Record{shared_from_this(), number, before};
  Status queued = queue.hostCall(
      [](void *user, Code status) {
        std::unique_ptr<Record> mine(static_cast<Record *>(user));
        (void)mine->event->await(mine->before);
        mine->event->pass(mine->number, status != Code::ok);
      },
      record, true);
  if (queued.ok()) return {};
  // There is nothing to wait for, but nobody may wait for ever.
  pass(number, true);
  delete record;
  return queued;
}

Status SharedEvent::wait(Queue &queue) {
  const Point point = last();
  if (state(point).ok()) return queue.context().check();
  struct Wait {
    std::shared_ptr<SharedEvent> event;
    Point point;
    Context *context;
  };
  auto *wait = new Wait{shared_from_this(), point, &queue.context()};
  Status queued = queue.hostCall(
      [](void *user, Code status) {
        std::unique_ptr<Wait> mine(static_cast<Wait *>(user));
        if (status != Code::ok || mine->event->await(mine->point).ok()) return;
        report(Diag::shared_event_lost, "a queue waits for an event of another process");
        (void)failDevice(*mine->context, Code::external_failure);
      },
      wait, true);
  if (!queued.ok()) delete wait;
  return queued;
}

Status SharedEvent::query() {
  const Point point = last();
  Status now = state(point);
  if (now.code() != Code::not_ready) return now;
  const auto &who = page_->recorders[point.recorder % kRecorders];
  if (alive({static_cast<uint32_t>(who.pid.load()), who.start.load()})) return now;
  now = state(point);
  return now.code() == Code::not_ready ? Status(Code::external_failure) : now;
}

Status SharedEvent::synchronize() { return await(last()); }

}  // namespace cutrans::runtime
