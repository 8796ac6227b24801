// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The parts of the emitter for AMD's chips, in the order in which emit_amdgcn.cpp uses them: one thread's SPMD IR becomes a code
// object (targets/include/cutrans/amdgpu_kernel.h). docs/amdgpu-emit.md.
#pragma once

#include <memory>
#include <string>

#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/StringRef.h>
#include <llvm/Support/Error.h>

#include "compiler/emit/thread/thread.h"
#include "cutrans/amdgpu_kernel.h"

namespace llvm {
class AllocaInst;
class CallInst;
class Function;
class Module;
class TargetMachine;
class Value;
}  // namespace llvm

namespace cutrans::emit::amdgcn {

// What of the kernel's IR the artifact carries (amdgpu_kernel.h).
enum class EmbedIr { None, Spmd, Lowered };

// What `ct_device_info.codegen` says: "gpu=gfx90a:sramecc+:xnack-;wave=64;features=...;embed-ir=1". Unknown words are refused. Without
// a wave size it is what the chip prefers; what a chip can be set to and the name does not say works with either setting.
struct Chip {
  std::string name, features;
  unsigned generation = 0;  // 9 to 12, of the instruction set
  unsigned wave = 0;        // 32 or 64
  EmbedIr embedIr = EmbedIr::None;
  bool multipleDies = false;  // %smid counts in several
};
llvm::Expected<Chip> parseChip(llvm::StringRef codegen);
llvm::Expected<std::unique_ptr<llvm::TargetMachine>> makeTargetMachine(const Chip &chip);

// The chip as thread form sees it. Lives no longer than `chip`.
std::unique_ptr<thread::Machine> makeMachine(const Chip &chip);

// Replaces the kernel by `amdgpu_kernel void @cutrans_kernel(byref params, byref launch)`: no cutrans.* but those of expandMath and the
// messages' (compiler/emit/device), shared memory laid out, address spaces and scopes those of AMDGPU. Fills the record but for what is known
// only of machine code. Returns the new function.
llvm::Expected<llvm::Function *> lowerKernel(llvm::Function &kernel, const simt::SimtOptions &options, const Chip &chip, ct_amdgpu_kernel &record);

// Approximate functions, directed rounding, ftz and sat.
llvm::Error expandMath(llvm::Module &module);

// A section of the artifact's own.
void addSection(llvm::Module &module, const char *name, llvm::StringRef bytes);

// From the object to the artifact: the record's last fields come from the code object's own notes.
llvm::Expected<std::string> finish(llvm::ArrayRef<char> object, ct_amdgpu_kernel record);

}  // namespace cutrans::emit::amdgcn
