// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory and addresses apart: the slots of ct_mapping_ops.
#pragma once

#include <cutrans/target.h>

#include <atomic>
#include <cstdint>

#include "suballocator.h"

namespace cutrans::process {

// What a target whose devices use this process's memory says about them.
struct MappingOwner {
  uint32_t devices;
  bool huge_pages;
  // Whether `size` bytes more may be the device's: OK, OUT_OF_MEMORY, or UNSUPPORTED after a report.
  ct_status (*room)(uint32_t device, uint64_t size);
  // The device's memory is in one; null: it is not, which has been reported.
  Suballocator *(*memory)(ct_device *device, uint32_t &out_index);
};
// Before the first call of a slot.
void startMapping(const MappingOwner &owner);

extern const ct_mapping_ops mapping_ops;

// Bytes of a device that are out as memory without an address; they count against its size.
std::atomic<uint64_t> &mappedMemory(uint32_t device);

// The plug-in goes: descriptors are closed. What is mapped stays until the process ends.
void endMapping();

}  // namespace cutrans::process
