// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory and addresses apart: the slots of ct_mapping_ops.
#pragma once

#include <cutrans/target.h>

#include <atomic>
#include <cstdint>

namespace cutrans::host {

extern const ct_mapping_ops mapping_ops;

// Bytes of a device that are out as memory without an address; they count against its size.
std::atomic<uint64_t> &mappedMemory(uint32_t device);

// The plug-in goes: descriptors are closed. What is mapped stays until the process ends.
void endMapping();

}  // namespace cutrans::host
