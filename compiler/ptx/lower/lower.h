// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// PTX to SPMD IR (docs/spmd-ir.md): one kernel with all that it reaches becomes one LLVM module.
//
// Whatever the IR cannot say exactly is refused by name, with the PTX line; the module is then null.
// Thread safe as long as each call has a context of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/ptx/ast.h"
#include "cutrans/support/diagnostics.h"

namespace llvm {
class LLVMContext;
class Module;
}  // namespace llvm

namespace cutrans::ptx {

// "kernel k, unit 0 line 12: `mma.sync...`: reason"; one line, without the code.
struct Refusal {
  Diag code;
  std::string text;
};

struct Lowered {
  std::unique_ptr<llvm::Module> module;  // null if there are refusals
  std::vector<Refusal> refusals;         // in PTX order, each once
};

Lowered lower(const Program &program, llvm::LLVMContext &context);

// docs/ptx-coverage.md: which instructions have a rule.
std::string coveragePage();

}  // namespace cutrans::ptx
