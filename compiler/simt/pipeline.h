// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The passes that all artifact formats share, and the one driver that runs every pass, of the emitters too, so that no pass has
// debugging code of its own. Each emitter (compiler/emit/*) goes on where its form begins; docs/artifacts.md.
#pragma once

#include <chrono>
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

// What a pass leaves behind, for the verifier: one thread's SPMD IR, or anything that LLVM calls valid.
enum class Form { Scalar, Widened };

// One kernel on its way through the passes. While it lives, LLVM's own reports on this context go to it.
class PassDriver {
 public:
  // Takes the module's function that is marked as a kernel.
  PassDriver(llvm::Module &module, const PipelineOptions &options);
  ~PassDriver();
  PassDriver(const PassDriver &) = delete;

  llvm::Module &module() { return module_; }
  const PipelineOptions &options() const { return options_; }
  const std::string &name() const { return name_; }  // of the kernel, as in its PTX

  llvm::Function *kernel = nullptr;  // passes that replace it set it; null: the module has none

  template <class Pass>
  llvm::Error run(const char *name, Form form, Pass pass) {
    auto start = std::chrono::steady_clock::now();
    if (llvm::Error error = pass()) return error;
    return after(name, form, std::chrono::steady_clock::now() - start);
  }
  // Whatever the settings say: LLVM's later parts take broken code for granted, and end the process or write nonsense.
  llvm::Error verifyAlways(const char *name, Form form) const;
  // A file of dump_dir, where that is set.
  void dump(const char *extension, llvm::StringRef bytes) const;
  // What LLVM itself has reported, as a refusal.
  llvm::Error llvmErrors() const;

 private:
  llvm::Error after(const char *name, Form form, std::chrono::duration<double, std::milli> time);
  std::string path(const llvm::Twine &extension) const;
  void print(const char *name) const;
  llvm::Error verify(const char *name, Form form) const;

  llvm::Module &module_;
  const PipelineOptions &options_;
  std::string name_, failure_;
  unsigned count_ = 0;
};

// All of the kernel in one function, for one thread: thread form. After it reducible control flow, simplified loops, LCSSA, no switch.
llvm::Error makeThread(PassDriver &driver, const SimtOptions &options);

// Behind makeThread. Whole: `void(ptr block)` without barriers, whose structure is a ct_native_block (widened.h, phases.h). Gangs, where a
// block cannot be one function: `void(ptr block, i32 gang)`, for which the emitter runs makeGangsResumable.
enum class BlockForm { Whole, Gangs };
llvm::Expected<BlockForm> makeBlock(PassDriver &driver, const SimtOptions &options);

}  // namespace cutrans::simt
