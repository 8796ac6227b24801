// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An event: a point in a queue. Queue::record and Queue::wait are its other half.
#pragma once
#include <atomic>
#include <memory>

#include "cutrans/runtime/export.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/support/status.h"

struct ct_event;

namespace cutrans::runtime {

class CUTRANS_API Event {
 public:
  enum Flags : uint32_t { kBlockingWait = 1, kNoTiming = 2, kInterprocess = 4 };

  static Result<Event *> create(Context &context, uint32_t flags);
  static Event *find(const void *handle);
  Status destroy();      // legal while a record is pending

  Context &context() const { return *context_; }
  uint32_t flags() const { return flags_; }

  // captured_event: last recorded in a capture, which is invalid now. capture_unsupported: forbidDuringCapture() says so.
  Status query();        // ok (also when never recorded), not_ready, fault
  Status synchronize();
  // Milliseconds from `start` to this one. invalid_handle: never recorded, or without timing; not_ready: not finished yet.
  Result<float> elapsedSince(Event &start);

 private:
  friend class EventAccess;
  Event() = default;
  Context *context_ = nullptr;
  uint32_t flags_ = 0;
  enum class Record : uint8_t { never, submitted, captured };
  std::atomic<Record> record_{Record::never};
  struct CapturedPoint *point_ = nullptr;  // of the last record in a capture; under the lock of all captures
  ct_event *handle_ = nullptr;
  std::shared_ptr<SharedEvent> shared_;  // of kInterprocess, in place of `handle_`
};

}  // namespace cutrans::runtime
