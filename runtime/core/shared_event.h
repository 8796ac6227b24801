// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An event that several processes record and wait for: a page of memory that all of them map.
#pragma once
#include <memory>

#include "shared_handle.h"
#include "state.h"

namespace cutrans::runtime {

class SharedEvent : public std::enable_shared_from_this<SharedEvent> {
 public:
  static Result<std::shared_ptr<SharedEvent>> create();
  static Result<std::shared_ptr<SharedEvent>> open(const SharedHandle &handle);
  ~SharedEvent();

  // Of one that was created here.
  Result<SharedHandle> handle() const;

  // One record: queued, and passed when the queue gets there.
  Status record(Queue &queue);
  // The queue waits for the last record before this call, of whichever process.
  Status wait(Queue &queue);
  Status query();        // ok, not_ready, external_failure: the recorder has died or failed
  Status synchronize();

 private:
  struct Page;
  struct Point;
  SharedEvent(Page *page, int file) : page_(page), file_(file) {}
  Point last() const;
  Status state(const Point &point) const;
  Status await(const Point &point) const;
  void pass(uint64_t number, bool failed);
  Result<unsigned> recorder();

  Page *page_;
  int file_;               // -1: opened
  std::mutex lock_;
  int recorder_ = -1;      // this process's row in the page; under lock_
};

}  // namespace cutrans::runtime
