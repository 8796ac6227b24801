// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as PTX: index, link, layout, every body. Units are separated by a byte 1. Nothing may crash, hang or leak.
#include <cstddef>
#include <cstdint>

#include "compiler/ptx/module.h"

using namespace cutrans;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view text(reinterpret_cast<const char *>(data), size);
  std::vector<ptx::UnitText> units;
  while (true) {
    size_t end = text.find('\1');
    units.push_back({"unit", text.substr(0, end)});
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  ptx::Problems problems;
  auto module = ptx::Module::create(units, 120, problems);
  if (!module) {
    if (problems.empty()) __builtin_trap();
    return 0;
  }
  module->check(problems);
  ptx::Program program;
  for (const ptx::Function *kernel : module->kernels()) module->program(*kernel, program, problems);
  return 0;
}
