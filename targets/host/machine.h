// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What this machine is: for ct_device_info and for the code generator.
#pragma once

#include <cstdint>
#include <string>

namespace cutrans::host {

struct Machine {
  std::string processor;   // its name
  std::string flags;       // of /proc/cpuinfo
  std::string codegen;     // "cpu=x86-64-v4;features=+avx512bf16,..."
  uint32_t processors = 1; // that this process may use
  uint32_t clock_khz = 0;  // 0: not known
  uint32_t cache_bytes = 0;
};

const Machine &machine();  // read once

// Unit tests call it with text of their own: the codegen string for x86-64 with these flags of /proc/cpuinfo.
std::string codegenForFlags(const std::string &flags);

}  // namespace cutrans::host
