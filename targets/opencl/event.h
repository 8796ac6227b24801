// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An event of the ABI is a reference to the OpenCL event of its last record. Queues that wait take a reference of their own,
// so neither a later record nor destroying the event disturbs them.
#pragma once

#include <cutrans/target.h>

#include <deque>
#include <mutex>

#include "device.h"
#include "event_ref.h"

struct ct_event {
  ct_device *device = nullptr;
  uint32_t flags = 0;
  std::mutex lock;
  // The newest record is the last one; none: never recorded, or recorded in a queue that had nothing to do. Older ones are kept until
  // a newer one has passed, for their time.
  std::deque<cutrans::opencl::EventRef> records;

  cutrans::opencl::EventRef get() {
    std::lock_guard hold(lock);
    return records.empty() ? cutrans::opencl::EventRef() : records.back();
  }
  void set(cutrans::opencl::EventRef ref) {
    std::lock_guard hold(lock);
    while (records.size() > 1 && records[1].done()) records.pop_front();
    records.push_back(std::move(ref));
  }
  // The newest record that has passed; none: there is none.
  cutrans::opencl::EventRef passed() {
    std::lock_guard hold(lock);
    while (records.size() > 1 && records[1].done()) records.pop_front();
    return !records.empty() && records.front().done() ? records.front() : cutrans::opencl::EventRef();
  }
};

namespace cutrans::opencl {
extern const ct_event_ops event_ops;
// Blocks; a command that failed becomes the device's fault. Returns that fault, or CT_OK.
ct_status waitFor(ct_device &device, const EventRef &event);
// The device's fault, said if it was not yet, or CT_OK.
ct_status statusOf(ct_device &device);
// The fault of a failed command, kept and reported.
void commandFailed(ct_device &device, cl_int error);
}
