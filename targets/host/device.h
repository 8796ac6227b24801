// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A virtual device: its memory, its fault, its output. All devices share the units and the workers.
#pragma once

#include <cutrans/target.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "process_memory.h"

namespace cutrans::host {

// What is printed by kernels and not yet shown.
class Output {
 public:
  void append(const std::string &text);
  void flush();  // in the order of append

 private:
  static constexpr size_t kFlushAt = 64u << 10;
  std::atomic<bool> any_{false};
  std::mutex lock_;
  std::string pending_;
};

extern const ct_device_ops device_ops;
extern const ct_memory_ops memory_ops;

uint64_t deviceMemory();                // bytes of one device
ct_status roomFor(uint32_t index, uint64_t size);  // whether the device is open or not
Suballocator *memoryOf(ct_device *device, uint32_t &out_index);

// What a block may use, the same on all machines so that kernels do not depend on this one.
constexpr uint32_t kMaxThreadsPerBlock = 1024, kMaxThreadsPerUnit = 2048, kMaxBlocksPerUnit = 32;
constexpr uint32_t kSharedPerBlock = 48u << 10, kSharedPerBlockMax = 227u << 10, kSharedPerUnit = 228u << 10;
constexpr uint32_t kMaxClusterBlocks = 16;
constexpr uint32_t kSharedReserved = 1u << 10;  // of each block, when counting how many fit

}  // namespace cutrans::host

struct ct_device {
  ct_device(uint32_t index, uint64_t memory_bytes, bool huge_pages);
  const uint32_t index;
  cutrans::process::Suballocator memory;   // device memory
  cutrans::process::Suballocator shared;   // pinned and managed: bounded by the machine alone
  cutrans::process::Suballocator heap;     // malloc in kernels
  cutrans::host::Output output;
  std::atomic<int> fault{CT_OK};        // the first one, for ever
  std::atomic<uint64_t> next_grid_id{1};

  ct_status status() const { return static_cast<ct_status>(fault.load(std::memory_order_relaxed)); }
  // true: this is the device's first fault, and worth a line.
  bool setFault(ct_status status) {
    int none = CT_OK;
    return fault.compare_exchange_strong(none, status);
  }
};
