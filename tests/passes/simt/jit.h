// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Executes SPMD IR in two ways: one thread at a time, exactly as written, and as gangs after the passes of compiler/simt. Tests
// compare the two. Threads and gangs of a block take turns at barriers, which are all one barrier here.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <llvm/IR/Module.h>

namespace cutrans::test {

struct Launch {
  std::array<unsigned, 3> block{32, 1, 1};
  std::array<unsigned, 3> grid{1, 1, 1};
  bool anyShape = false;  // compile for any block
  unsigned threads() const { return block[0] * block[1] * block[2]; }
};

struct Outcome {
  std::string error;               // a pass refused, or left invalid code
  std::vector<unsigned> traps;     // codes, in order
  std::vector<unsigned> calls;     // thread numbers of nanosleep calls, in order
  std::vector<unsigned> arrivals;  // threads that came to each barrier
  unsigned width = 0;
};

std::unique_ptr<llvm::Module> parse(llvm::LLVMContext &context, llvm::StringRef text);

// `parameters` is the kernel's parameter buffer. The module is not changed.
Outcome runThreads(const llvm::Module &module, const Launch &launch, const void *parameters);
// width 0: the pass chooses. `optimize`: LLVM's O2 on the result, which makes use of every undefined value.
Outcome runGangs(const llvm::Module &module, const Launch &launch, const void *parameters, unsigned width, bool optimize = false);

// Declarations that every kernel text may use.
extern const char Prelude[];

}  // namespace cutrans::test
