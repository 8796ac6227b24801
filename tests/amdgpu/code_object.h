// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A code object as those read it who load it: ELF, the metadata note, the kernel's descriptor, our sections.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cutrans/amdgpu_kernel.h"

namespace cutrans::test {

struct CodeObject {
  explicit CodeObject(const std::string &bytes) { read(bytes); }

  struct Argument {
    uint64_t offset, size;
    std::string kind;
  };

  std::string error;  // empty: all was there
  ct_amdgpu_kernel record{};
  std::string ir, lowered;                   // CT_AMDGPU_IR_SECTION, CT_AMDGPU_LOWERED_SECTION
  std::string target;                        // "amdgcn-amd-amdhsa--gfx90a"
  std::string name, symbol;                  // of the kernel
  std::map<std::string, uint64_t> numbers;   // of the metadata, by key without the dot
  std::vector<Argument> arguments;
  std::vector<std::string> symbols;          // dynamic ones, defined
  std::vector<std::string> imports;          // dynamic ones, not defined
  uint32_t descriptor[16] = {};              // 64 bytes
  uint8_t abi = 0;                           // EI_ABIVERSION

 private:
  void read(const std::string &bytes);
};

}  // namespace cutrans::test
