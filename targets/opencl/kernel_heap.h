// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The memory behind malloc in kernels (cutrans/device_heap.h), one for a device, made at the first launch that needs it. For devices that use
// this process's memory: CPUs. Its pages are the system's, who gives them when they are first touched, so it can be as large as the device's memory,
// and needs no limit of the program's.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

namespace cutrans::opencl {

class KernelHeap {
 public:
  explicit KernelHeap(uint64_t bytes) : bytes_(bytes) {}
  ~KernelHeap();
  // 0: there is no memory. Takes the lock until it is made.
  uint64_t address();

 private:
  const uint64_t bytes_;
  std::mutex lock_;  // making it
  std::atomic<void *> at_{nullptr};
  uint64_t mapped_ = 0;
};

}  // namespace cutrans::opencl
