// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "timer.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace cutrans::opencl {
namespace {

constexpr uint64_t kLeastNs = 2'000'000;

template <class Clock>
uint64_t nanoseconds() {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count());
}

uint64_t cycles() {
#if __has_builtin(__builtin_readcyclecounter)
  return __builtin_readcyclecounter();
#else
  return __builtin_ia32_rdtsc();
#endif
}

}  // namespace

// The best of some: the clocks read between two near readings of the counter.
Timer::Moment Timer::now() {
  Moment best{};
  uint64_t shortest = UINT64_MAX;
  for (int i = 0; i < 4; ++i) {
    const uint64_t before = cycles(), steady = nanoseconds<std::chrono::steady_clock>(), real = nanoseconds<std::chrono::system_clock>(), after = cycles();
    if (after - before >= shortest) continue;
    shortest = after - before;
    best = {before + shortest / 2, steady, real};
  }
  return best;
}

void Timer::fill(ct_opencl_launch &record) const {
  Moment here = now();
  if (const uint64_t passed = here.steady_ns - start_.steady_ns; passed < kLeastNs) {
    std::this_thread::sleep_for(std::chrono::nanoseconds(kLeastNs - passed));
    here = now();
  }
  // A counter that stands still gives a clock that does.
  const double ticks = static_cast<double>(std::max<uint64_t>(here.cycles - start_.cycles, 1));
  const double rate = static_cast<double>(here.steady_ns - start_.steady_ns) / ticks * (1 << 24);
  record.timer_rate = static_cast<uint32_t>(std::min(rate, 4294967295.0));
  record.timer_cycles = here.cycles;
  record.timer_ns = here.real_ns;
}

}  // namespace cutrans::opencl
