// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From gangs to a block (docs/simt.md, section 5): what pipeline.cpp calls.
#pragma once

#include <string>

#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/STLFunctionalExtras.h>

namespace llvm {
class Function;
class IRBuilderBase;
class Module;
class Value;
}  // namespace llvm

namespace cutrans::simt {

// Left by split-phases: bytes of block->scratch that one running block needs.
inline constexpr char ScratchBytesAttr[] = "cutrans.scratch-bytes";

unsigned widthOf(const llvm::Function &kernel);    // lanes of a gang, from the attribute
unsigned threadsOf(const llvm::Function &kernel);  // of a block; 0 where the shape is not known

// mark-waiting-loops, on the scalar kernel: puts a yield on the back edge of each loop that may wait for another thread
// and says why in the kernel's attribute "cutrans.resumable". Returns whether there is one.
bool markWaitingLoops(llvm::Function &kernel);

// mark-divergent-barriers, on the scalar kernel: the attribute where threads meet at barriers that they reach on
// different ways.
inline constexpr char DivergentBarriersAttr[] = "cutrans.divergent-barriers";
bool markDivergentBarriers(llvm::Function &kernel);

// Whether split-phases can be used; else the reason. The kernel is not changed.
bool barriersAllowPhases(llvm::Function &kernel, std::string &reason);
// Replaces the kernel by `void @kernel(ptr %block)`. Only after barriersAllowPhases.
llvm::Function *splitPhases(llvm::Function &kernel);
void prepareForPhases(llvm::Function &kernel);

// The other form: barriers, yields and their kin become calls of the target's services; the signature stays. `call` writes one before the
// builder's place, by the offset of its slot in ct_native_services; arguments come without the block. Without `call`: through the table.
using GangCall = llvm::function_ref<void(llvm::IRBuilderBase &builder, size_t offset, llvm::ArrayRef<llvm::Value *> arguments)>;
void makeGangsResumable(llvm::Function &kernel, GangCall call);
void makeGangsResumable(llvm::Function &kernel);

}  // namespace cutrans::simt
