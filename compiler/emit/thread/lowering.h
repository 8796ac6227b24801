// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Inside of thread form only: what its parts share with the machines.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include "compiler/emit/thread/thread.h"

namespace llvm {
class CallInst;
class GlobalVariable;
}  // namespace llvm

namespace cutrans::emit::thread {

// Ids of the wave and of the thread, written once at the start of the kernel.
class Ids {
 public:
  Ids(llvm::Function &kernel, llvm::Value *launch, const simt::SimtOptions &options, Machine &machine)
      : kernel_(kernel), launch_(launch), options_(options), machine_(machine) {}

  // A field of the launch record.
  llvm::Value *field(size_t offset, llvm::Type *type, const llvm::Twine &name = "");
  llvm::Value *threadId(unsigned dimension);
  llvm::Value *groupId(unsigned dimension);
  llvm::Value *groupSize(unsigned dimension);
  llvm::Value *linearThread();
  llvm::Value *waveLane();  // 0 to wave - 1
  llvm::Value *half();      // 0 or 32: of a wave of 64, where the warp begins
  llvm::Value *lane();      // 0 to 31: in the warp
  llvm::Value *warp();

  Machine &machine() const { return machine_; }
  const simt::SimtOptions &options() const { return options_; }
  llvm::Function &kernel() const { return kernel_; }
  llvm::IRBuilder<> entry();  // in front of everything but allocas and what this class wrote
  void behind(llvm::Instruction *last) { last_ = last; }  // what was written there counts as its own

 private:
  llvm::Value *once(unsigned key, llvm::function_ref<llvm::Value *(llvm::IRBuilder<> &)> make);

  llvm::Function &kernel_;
  llvm::Value *launch_;
  const simt::SimtOptions &options_;
  Machine &machine_;
  llvm::Instruction *last_ = nullptr;
  llvm::Value *known_[32] = {};
};

// Operations between the lanes of a warp (lower_warp.cpp), each within the half of the wave that the warp is. Every one checks
// its members: a lane that is named and neither here nor past its last warp operation ends the kernel with CT1410.
class WarpLowering {
 public:
  WarpLowering(llvm::Function &kernel, Ids &ids) : kernel_(kernel), ids_(ids) {}

  static bool hasMembers(ir::Intrinsic id);  // a warp operation with a member mask
  // Before anything is replaced: where lanes come past their last warp operation they say so.
  void markLeaving();
  // Null: no warp operation. One without a result gives the call itself. The block may be split behind the call.
  llvm::Value *lower(llvm::CallInst &call, ir::Intrinsic id);

 private:
  llvm::Value *ballot(llvm::IRBuilderBase &builder, llvm::Value *condition);  // of the warp
  void checkMembers(llvm::CallInst &call);
  llvm::Value *shuffle(llvm::IRBuilderBase &builder, llvm::CallInst &call, ir::Intrinsic id);
  llvm::Value *matchAny(llvm::IRBuilderBase &builder, llvm::Value *members, llvm::Value *value);
  llvm::Value *reduce(llvm::IRBuilderBase &builder, ir::Intrinsic id, llvm::Value *members, llvm::Value *value);
  llvm::Value *goneWord(llvm::IRBuilderBase &builder);
  llvm::SyncScope::ID blockScope();

  llvm::Function &kernel_;
  Ids &ids_;
  llvm::GlobalVariable *gone_ = nullptr;  // a word for each warp: lanes that no warp operation need wait for
};

// Barriers of the block (lower_block.cpp).
class BlockLowering {
 public:
  BlockLowering(llvm::Function &kernel, Ids &ids) : kernel_(kernel), ids_(ids) {}
  llvm::Value *lower(llvm::CallInst &call, ir::Intrinsic id);  // as WarpLowering's

 private:
  llvm::Value *reduce(llvm::CallInst &call, ir::Intrinsic id);

  llvm::Function &kernel_;
  Ids &ids_;
  llvm::GlobalVariable *cells_ = nullptr;  // what barriers add up: true votes, threads
};

}  // namespace cutrans::emit::thread
