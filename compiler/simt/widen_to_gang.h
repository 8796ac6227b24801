// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Inside of widen-to-gang only: one class, whose parts are widen_to_gang.cpp (the walk, arithmetic), widen_values.cpp (uniform values,
// bases and vectors), widen_ids.cpp, widen_memory.cpp, widen_atomic.cpp, widen_texture.cpp, widen_warp.cpp and widen_calls.cpp.
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/Support/Error.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/simt/launch_ids.h"
#include "compiler/simt/passes.h"
#include "compiler/simt/shapes.h"

namespace cutrans::simt {

class Widener {
 public:
  Widener(llvm::Function &source, const SimtOptions &options);
  llvm::Expected<llvm::Function *> run();

 private:
  using Value = llvm::Value;
  using LaneBody = llvm::function_ref<Value *(Value *lane)>;

  // ---- the walk (widen_to_gang.cpp) ----
  llvm::Error widenBlock(llvm::BasicBlock &block);
  llvm::Error widen(llvm::Instruction &instruction);
  Value *widenVarying(llvm::Instruction &instruction);  // null: no rule
  Value *widenDivision(llvm::BinaryOperator &division);
  Value *widenElements(llvm::Instruction &instruction);
  void widenBranch(llvm::BranchInst &branch);
  void finishPhis();
  llvm::Error refuseInstruction(const llvm::Instruction &instruction);

  // ---- values (widen_values.cpp) ----
  // A value of vector type has its lanes one after the other: lane l of <n x T> is elements l*n to l*n+n-1.
  llvm::Type *widened(llvm::Type *type) const;
  Value *scalarOf(Value *value);  // the uniform value, or a pattern's base
  Value *vectorOf(Value *value);
  Value *splat(Value *scalar);
  Value *splatAtDefinition(Value *scalar);
  Value *patternVector(Value *base, const Shape &shape, llvm::Type *type);
  Value *offsetVector(const Shape &shape, unsigned bits) const;
  Value *correction(const Shape::Root &root, unsigned bits);
  Value *holds(const Shape &shape);  // i1: no root of the shape wraps; null: no guard needed
  Value *laneOf(Value *value, Value *lane);
  Value *lane(Value *vector, Value *index, llvm::Type *type);
  Value *elements(Value *vector, llvm::ArrayRef<int> indices);
  Value *concat(Value *low, Value *high);
  void setScalar(const Value *of, Value *to) { scalars_[of] = to; }
  void setVector(const Value *of, Value *to) { vectors_[of] = to; }
  void set(const llvm::Instruction &of, Value *to);  // by its shape
  Value *base(llvm::Instruction &instruction);
  Value *cloneScalar(llvm::Instruction &instruction);
  const Shape &shape(const Value *value) const { return shapes_->of(value); }
  bool isUniform(const Value *value) const { return !shape(value).isVarying() && !shape(value).isPattern(); }

  // ---- the mask of the block being widened ----
  bool allLanes() const;     // every lane is set, known now
  bool someLane() const { return live_; }  // at least one is, known now
  Value *mask();             // <W x i1>
  Value *maskBits();         // iW
  Value *anyLane();          // i1
  Value *bits(Value *lanes);
  Value *expandMask(unsigned elements);
  Value *linearThread(Value *lane);
  // Runs `emit` under `condition` (null: always). The result, of `type`, is poison elsewhere.
  Value *emitIf(Value *condition, llvm::Type *type, llvm::function_ref<Value *()> emit);
  // Runs `body` for each live lane, lowest first; collects its results, of `type` each, in a vector (void: null).
  Value *forEachLane(llvm::Type *type, LaneBody body, bool small = false);
  Value *loopOverLanes(llvm::Type *type, LaneBody body);
  Value *unrollLanes(llvm::Type *type, LaneBody body);
  Value *insertLane(Value *into, Value *value, Value *lane, llvm::Type *type);
  llvm::BasicBlock *newBlock(const llvm::Twine &name);

  // ---- memory (widen_memory.cpp), atomics (widen_atomic.cpp) ----
  void widenLoad(llvm::LoadInst &load);
  void widenStore(llvm::StoreInst &store);
  Value *loadPattern(llvm::LoadInst &load, const Shape &address);
  void storePattern(llvm::StoreInst &store, const Shape &address, Value *value);
  Value *loadPieces(llvm::LoadInst &load, Value *base, llvm::ArrayRef<int64_t> offsets, unsigned first);
  void storePieces(llvm::StoreInst &store, Value *base, Value *value, llvm::ArrayRef<int64_t> offsets, unsigned first);
  Value *gather(llvm::Type *type, Value *addresses, llvm::Align align);
  void scatter(Value *value, llvm::Type *type, Value *addresses, llvm::Align align);
  Value *subMask(unsigned first, unsigned count, unsigned elements);
  Value *highestLive(Value *vector, llvm::Type *type);
  void widenAtomic(llvm::AtomicRMWInst &atomic);
  void widenCompareExchange(llvm::AtomicCmpXchgInst &exchange);
  bool reduceAtomic(llvm::AtomicRMWInst &atomic);
  Value *updateMemory(llvm::AtomicRMWInst &atomic, Value *address, Value *operand);
  void widenFence(llvm::FenceInst &fence);

  // ---- calls (widen_calls.cpp), ids (widen_ids.cpp), warp operations (widen_warp.cpp) ----
  llvm::Error widenCall(llvm::CallInst &call);
  llvm::Error widenLlvmIntrinsic(llvm::CallInst &call);
  Value *widenPure(llvm::CallInst &call);
  llvm::Value *countLanes(llvm::Value *lanes);  // set ones of a vector of i1, as i32
  llvm::Value *liveCount();
  llvm::Error widenBarrier(llvm::CallInst &call, ir::Intrinsic id);
  void widenRuntimeCall(llvm::CallInst &call, ir::Intrinsic id);
  void widenMbarrierUpdate(llvm::CallInst &call);
  void widenTexture(llvm::CallInst &call, ir::Intrinsic id);
  llvm::FunctionCallee external(llvm::StringRef name, llvm::Type *result, llvm::ArrayRef<llvm::Type *> arguments);
  Value *widenId(llvm::CallInst &call, ir::Intrinsic id);
  Value *blockCount(ir::Intrinsic id);
  Value *entryLanes();
  void widenWarp(llvm::CallInst &call, ir::Intrinsic id);
  void checkMembers(llvm::CallInst &call);
  Value *shuffle(llvm::CallInst &call, ir::Intrinsic id);
  Value *broadcast(llvm::CallInst &call);  // a shuffle in which all read from one lane
  Value *permute(Value *vector, Value *indices);
  Value *vote(llvm::CallInst &call, ir::Intrinsic id);
  Value *match(llvm::CallInst &call, bool all);
  Value *reduceLanes(ir::Intrinsic id, Value *values, Value *here);
  Value *reduceMembers(llvm::CallInst &call, ir::Intrinsic id);
  Value *elect(llvm::CallInst &call);

  // ---- the same in gangs of less than a warp (widen_exchange.cpp) ----
  Value *firstLane();
  Value *warpBits(Value *lanes);
  Value *exchangeField(size_t offset, unsigned bytes, Value *lane = nullptr);  // a lane's element where it is an array
  void exchangeWarp(llvm::CallInst &call, ir::Intrinsic id);
  Value *exchanged(llvm::CallInst &call, ir::Intrinsic id, Value *lane, Value *place);

  llvm::Function &source_;
  SimtOptions options_;
  LaunchIds ids_;
  unsigned width_;
  std::unique_ptr<Shapes> shapes_;
  llvm::Module &module_;
  llvm::LLVMContext &context_;
  llvm::Function *result_ = nullptr;
  llvm::IRBuilder<> builder_;
  llvm::Instruction *entryEnd_ = nullptr;  // values that all blocks may use are written before it
  Value *block_ = nullptr, *gang_ = nullptr, *entryLanes_ = nullptr, *exchange_ = nullptr;
  llvm::DenseMap<const Value *, Value *> scalars_, vectors_, splats_;
  llvm::DenseMap<const llvm::BasicBlock *, llvm::BasicBlock *> first_, last_;
  llvm::SmallVector<std::pair<llvm::PHINode *, llvm::PHINode *>, 16> phis_;  // of the source, of the result
  // Of the block being widened; a null mask is that of the lanes that have a thread.
  Value *maskValue_ = nullptr;
  Value *exitedValue_ = nullptr;
  bool live_ = true;
  unsigned places_ = 0;  // that ask who is there
};

// Local variables become addresses in the block's local memory: "cutrans.local-bytes" on the kernel (lower_locals.cpp).
void lowerLocals(llvm::Function &kernel);

}  // namespace cutrans::simt
