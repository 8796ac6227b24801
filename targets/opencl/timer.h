// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// %globaltimer: nanoseconds of the real-time clock, from the cycle counter that kernels read and a rate that is measured from the start of the
// device on. For devices whose counter is this process's own: CPUs.
#pragma once

#include <cutrans/opencl_kernel.h>

namespace cutrans::opencl {

class Timer {
 public:
  Timer() : start_(now()) {}
  // The record's timer_*. The first calls may take until the rate is known well enough, 2 ms after the start.
  void fill(ct_opencl_launch &record) const;

 private:
  struct Moment {
    uint64_t cycles, steady_ns, real_ns;
  };
  static Moment now();
  const Moment start_;
};

}  // namespace cutrans::opencl
