// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A part of a device's units that a program set aside. A thread may make the device's primary context current together with
// one (context.h), and queues belong to the one that was current when they were made.
//
// Only the numbers are kept: work of a partition's queues may run on any unit of the device.
#pragma once
#include "cutrans/runtime/context.h"
#include "cutrans/runtime/device.h"
#include "cutrans/runtime/event.h"

namespace cutrans::runtime {

class CUTRANS_API Partition {
 public:
  // Retains the device's primary context until it is destroyed.
  static Result<Partition *> create(Device &device, uint32_t units);
  static Partition *find(const void *handle);
  Status destroy();  // its queues end with it; work in them still runs

  Context &context() const { return *context_; }
  Device &device() const { return context_->device(); }
  uint32_t units() const { return units_; }
  uint64_t id() const { return id_; }  // never used again

 private:
  friend class PartitionAccess;
  Partition() = default;
  Context *context_ = nullptr;
  uint32_t units_ = 0;
  uint64_t id_ = 0;
};

// The event stands for all work of the context, or of the partition's queues, that was submitted before. invalid_handle: the
// event is of another context.
CUTRANS_API Status recordAll(Context &context, const Partition *partition, Event &event);
// All work of the context, or of the partition's queues, that is submitted from now on comes after the event's last record; of queues
// that are yet to be made too. The event may be of any context.
CUTRANS_API Status waitAll(Context &context, const Partition *partition, Event &event);

}  // namespace cutrans::runtime
