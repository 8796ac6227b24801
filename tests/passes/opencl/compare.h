// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs a module as OpenCL C text on a device and as native code, and compares what it writes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace cutrans::test {

struct Module {
  std::string text;             // LLVM IR; kernels are `void(ptr %arguments)`, an array of addresses
  std::vector<std::string> kernels;
};

// One kernel's memory: arrays that it reads and writes, in the order of its addresses.
using Arrays = std::vector<std::vector<uint8_t>>;

// For each kernel: fresh copies of `arrays` for both sides. `differs` gets the index of the kernel, of the array, and the first byte that
// differs. Returns a problem with compiling or running, or "". Skips (with "skip: reason") where there is no device.
std::string compareModule(const Module &module, const Arrays &arrays, const std::function<void(size_t, size_t, size_t, const Arrays &, const Arrays &)> &differs);

// What the writer says: text, or the refusal.
std::string writtenText(const std::string &ir, std::string &refusal);

}  // namespace cutrans::test
