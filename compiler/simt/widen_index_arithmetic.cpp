// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Extensions move to the leaves of arithmetic that does not wrap (prepare.h): sext(add nsw a, b) becomes
// add(sext a, sext b), for values that depend on the lane. Uniform values keep the narrow form: one scalar
// extension is cheaper than two.
#include <llvm/Transforms/Utils/Local.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/simt/prepare.h"

using namespace llvm;

namespace cutrans::simt {
namespace {

class IndexWidener {
 public:
  bool dependsOnLane(Value *value, unsigned depth = 0) {
    auto *instruction = dyn_cast<Instruction>(value);
    if (!instruction || depth > 12) return false;
    auto [entry, isNew] = lane_.try_emplace(value, false);
    if (!isNew) return entry->second;
    bool depends = false;
    if (isa<CallInst>(instruction)) {
      using enum ir::Intrinsic;
      ir::Intrinsic id = ir::intrinsicOf(value);
      depends = id == TidX || id == TidY || id == TidZ || id == LaneId;
    } else if (!isa<LoadInst>(instruction)) {
      for (Value *operand : instruction->operands()) depends |= dependsOnLane(operand, depth + 1);
    }
    return lane_[value] = depends;
  }

  // The instruction that replaces `extension`, or null. New extensions of its operands go to `work`.
  Value *push(CastInst *extension, SmallVectorImpl<CastInst *> &work) {
    bool isSigned = isa<SExtInst>(extension);
    auto *narrow = dyn_cast<BinaryOperator>(extension->getOperand(0));
    if (!narrow || !dependsOnLane(narrow)) return nullptr;
    bool exact = false;
    switch (narrow->getOpcode()) {
      case Instruction::Add:
      case Instruction::Sub:
      case Instruction::Mul:
      case Instruction::Shl: exact = isSigned ? narrow->hasNoSignedWrap() : narrow->hasNoUnsignedWrap(); break;
      case Instruction::Or: exact = cast<PossiblyDisjointInst>(narrow)->isDisjoint(); break;
      default: break;
    }
    if (!exact) return nullptr;
    IRBuilder<> builder(extension);
    auto extend = [&](Value *operand, bool asSigned) {
      Value *wide = builder.CreateCast(asSigned ? Instruction::SExt : Instruction::ZExt, operand, extension->getType());
      if (auto *cast = dyn_cast<CastInst>(wide)) work.push_back(cast);
      return wide;
    };
    Value *left = extend(narrow->getOperand(0), isSigned);
    Value *right = extend(narrow->getOperand(1), isSigned && narrow->getOpcode() != Instruction::Shl);
    Value *wide = builder.CreateBinOp(narrow->getOpcode(), left, right, extension->getName());
    if (auto *made = dyn_cast<BinaryOperator>(wide)) {  // what did not wrap in the narrow type does not in the wide one
      if (auto *either = dyn_cast<PossiblyDisjointInst>(made)) either->setIsDisjoint(true);
      else made->setHasNoSignedWrap(true), made->setHasNoUnsignedWrap(!isSigned);
    }
    return wide;
  }

 private:
  DenseMap<Value *, bool> lane_;
};

}  // namespace

void widenIndexArithmetic(Function &kernel) {
  SmallVector<CastInst *, 32> work;
  for (Instruction &instruction : instructions(kernel))
    if (isa<SExtInst, ZExtInst>(instruction)) work.push_back(cast<CastInst>(&instruction));
  IndexWidener widener;
  SmallVector<WeakTrackingVH, 16> replaced;
  while (!work.empty()) {
    CastInst *extension = work.pop_back_val();
    Value *wide = widener.push(extension, work);
    if (!wide) continue;
    replaced.push_back(extension->getOperand(0));
    extension->replaceAllUsesWith(wide);
    extension->eraseFromParent();
  }
  RecursivelyDeleteTriviallyDeadInstructionsPermissive(replaced);
}

}  // namespace cutrans::simt
