// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operations that were checked and made, but not submitted: what Queue's calls and graphs share (launch.cpp, copy.cpp).
#pragma once
#include "state.h"

namespace cutrans::runtime {

struct CopySide {
  Address address = 0;
  bool known = false;
  bool on_device = false;   // reached through a device address
  bool pure_device = false; // the host has no business in it
  bool reachable = true;    // the host may touch it
  const Device *device = nullptr;
  uint64_t devices = ~uint64_t{0};  // that have the right, one bit each: all but for mapped memory
};

struct CheckedCopy {
  ct_copy box{};
  CopySide dst, src;
  uint64_t bytes = 0;       // 0: nothing to do, and the rest says nothing
};

struct CheckedFill {
  ct_fill box{};
  CopySide dst;
  uint64_t bytes = 0;       // as above
};

Result<CheckedCopy> checkCopy(const Copy &copy);
Result<CheckedFill> checkFill(const Fill &fill);

// For a queue of this device.
Result<ct_word> checkWord(const Device &device, const WordOperation &operation);

// The device that is to run it has the right to all of it; what is not mapped memory is for all. `src` may be null.
Status checkRights(const Device &device, const CopySide &dst, const CopySide *src);

// The source lies on another device, and neither reaches the other's memory: through host memory, in two copies.
bool needsHost(const Device &mine, const CheckedCopy &copy);

// Settles the cluster in `shape` and checks it against kernel and device.
Status checkLaunch(Kernel &kernel, LaunchShape &shape);

// The same, finds the artifact (compiles it at the first use) and makes the operation, all but `params` and `child_queue`.
Status prepareLaunch(Kernel &kernel, const LaunchShape &asked, ct_launch &launch);

}  // namespace cutrans::runtime
