// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What all files of the host target share: the runtime's services, the settings, small helpers. Filled once by
// init() and constant from then on, so that it is read without locks.
#pragma once

#include <cutrans/target.h>
#include <cutrans/targets/codes.h>

#include <cstdint>
#include <ctime>
#include <string>

#include "process_memory.h"

namespace cutrans::host {

using targets::Code;
using targets::meaningOf;

struct Settings {
  uint32_t devices = 1;
  uint32_t threads = 0;      // 0: one for each processor
  uint64_t memory = 0;       // bytes of one device; 0: a share of the machine's
  bool huge_pages = true;
};

struct Globals {
  ct_host host{};
  Settings settings;
};
extern Globals globals;

void readSettings();
// Unit tests call it with text; true when all of it is a number with an optional K, M, G or T.
bool parseBytes(const char *text, uint64_t &out);

void logLine(ct_log_level level, const std::string &text);
void report(Code code, const std::string &text);

inline uint64_t nowNs(clockid_t clock = CLOCK_MONOTONIC) {
  timespec t;
  clock_gettime(clock, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(t.tv_nsec);
}

inline void cpuRelax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

}  // namespace cutrans::host
