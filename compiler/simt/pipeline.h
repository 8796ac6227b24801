// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs the passes: from the SPMD IR of one kernel to the bytes of an artifact.
#pragma once

#include <string>

#include <llvm/Support/Error.h>

#include "compiler/simt/passes.h"

namespace llvm {
class Module;
}

namespace cutrans::simt {

struct PipelineOptions {
  SimtOptions simt;                  // gangWidth 0, vectorBits: taken from the machine
  std::string codegen;               // ct_device_info.codegen
  bool verify = false;               // the verifiers after each pass
  bool timePasses = false;           // a line for each pass to stderr
  const char *printAfter = nullptr;  // pass name or "all"
  const char *dumpDir = nullptr;     // where print_after's IR goes instead of stderr; ir, asm and so in any case
};

// The artifact "native-so". The module is used up.
llvm::Expected<std::string> compileToNative(llvm::Module &module, const PipelineOptions &options);

}  // namespace cutrans::simt
