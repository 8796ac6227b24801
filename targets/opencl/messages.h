// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The messages of one queue's kernels (cutrans/messages.h): read behind each launch that may have written some.
#pragma once

#include <cutrans/messages.h>

#include <cstdint>
#include <memory>

#include "device.h"

struct ct_kernel;

namespace cutrans::opencl {

class MessageSpace {
 public:
  explicit MessageSpace(ct_device &device) : device_(device) {}
  ~MessageSpace();
  // Made at the first call; 0: there is no memory.
  uint64_t address();
  // The launch is over: shows what it printed, keeps the fault that it ended with.
  void read(const ct_kernel &kernel, const uint32_t block[3]);

 private:
  ct_device &device_;
  uint64_t address_ = 0;
  std::unique_ptr<ct_messages, void (*)(void *)> copy_{nullptr, nullptr};  // where the host does not reach the space itself
};

}  // namespace cutrans::opencl
