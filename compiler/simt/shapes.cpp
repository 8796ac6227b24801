// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The shape analysis: optimistic data flow over one function; see shapes.h. Casts and bitwise arithmetic, the places where a
// pattern can break, are in shapes_patterns.cpp.
#include "compiler/simt/shapes.h"

#include <llvm/ADT/PostOrderIterator.h>
#include <llvm/IR/CFG.h>

#include "compiler/ir/spmd.h"

using namespace llvm;

namespace cutrans::simt {

Shape Shape::uniform(unsigned align) {
  Shape shape;
  shape.kind = Uniform;
  shape.align = std::min(align, 63u);
  return shape;
}

Shape Shape::varying() {
  Shape shape;
  shape.kind = Varying;
  return shape;
}

int Shape::splitBits() const {
  if (kind != Pattern || !roots.empty()) return -1;
  uint64_t used = 0;
  for (int64_t offset : offsets) {
    if (offset < 0) return -1;
    used |= uint64_t(offset);
  }
  int bits = 64 - countl_zero(used);
  return bits <= align ? bits : -1;
}

Shapes::Shapes(Function &kernel, const LaunchIds &ids, std::function<bool(const PHINode &)> joins)
    : ids_(ids), joins_(std::move(joins)), dominators_(kernel) {
  ReversePostOrderTraversal<Function *> order(&kernel);
  for (Argument &argument : kernel.args()) shapes_[&argument] = Shape::uniform();
  for (bool changed = true; changed;) {
    changed = false;
    for (BasicBlock *block : order)
      for (Instruction &instruction : *block) {
        if (instruction.getType()->isVoidTy()) continue;
        Shape shape = ids_.width() == 1 ? Shape::uniform() : compute(instruction);
        Shape &known = shapes_[&instruction];
        if (shape == known) continue;
        // Alignment of a loop's phi may shrink many times before it settles.
        known = std::move(shape);
        changed = true;
      }
  }
}

const Shape &Shapes::of(const Value *value) const {
  auto [entry, isNew] = shapes_.try_emplace(value);
  if (!isNew || isa<Instruction>(value)) return entry->second;
  Shape shape = Shape::uniform();
  if (auto *integer = dyn_cast<ConstantInt>(value)) shape.align = integer->isZero() ? 63 : std::min(63u, integer->getValue().countr_zero());
  else if (isa<ConstantPointerNull>(value)) shape.align = 63;
  else if (auto *global = dyn_cast<GlobalVariable>(value)) shape.align = Log2(global->getAlign().valueOrOne());
  else if (auto *expression = dyn_cast<ConstantExpr>(value); expression && expression->isCast()) shape.align = Shape(of(expression->getOperand(0))).align;
  else if (isa<UndefValue>(value)) shape = Shape();
  return shapes_[value] = shape;
}

Shape Shapes::compute(const Instruction &instruction) const {
  if (auto *phi = dyn_cast<PHINode>(&instruction)) return computePhi(*phi);
  bool allUniform = true, anyVarying = false;
  for (const Value *operand : instruction.operands()) {
    if (isa<BasicBlock>(operand) || isa<Function>(operand)) continue;
    Shape::Kind kind = of(operand).kind;
    // What a select does not take may be nothing yet: around a loop it is what earlier turns selected.
    if (kind == Shape::Unknown && !isa<UndefValue>(operand) && !isa<SelectInst>(instruction)) return Shape();
    allUniform &= kind == Shape::Uniform || kind == Shape::Unknown;
    anyVarying |= kind == Shape::Varying;
  }
  switch (instruction.getOpcode()) {
    case Instruction::Call: return computeCall(instruction);
    case Instruction::Load: return allUniform ? Shape::uniform() : Shape::varying();
    case Instruction::AtomicRMW:
    case Instruction::AtomicCmpXchg: return Shape::varying();
    case Instruction::Alloca: return Shape::varying();  // one for each lane; lower_locals.cpp replaces it before widening
    case Instruction::ICmp:
      if (allUniform || (!anyVarying && uniformCompare(instruction, *this))) return Shape::uniform();
      return Shape::varying();
    case Instruction::Select: {
      const Shape &yes = of(instruction.getOperand(1)), &no = of(instruction.getOperand(2));
      if (instruction.getOperand(1) == instruction.getOperand(2) || no.kind == Shape::Unknown) return yes;
      if (yes.kind == Shape::Unknown) return no;
      if (anyVarying) return Shape::varying();
      if (yes.kind != no.kind || (yes.isPattern() && !yes.sameOffsets(no))) return Shape::varying();
      Shape shape = yes;
      shape.align = std::min(yes.align, no.align);
      shape.flat = yes.flat && no.flat;
      return shape;
    }
    case Instruction::GetElementPtr: return anyVarying ? Shape::varying() : computeGep(instruction);
    case Instruction::Freeze: return of(instruction.getOperand(0));
    default: break;
  }
  if (anyVarying) return Shape::varying();
  if (instruction.isBinaryOp()) return computeBinary(instruction);
  if (instruction.isCast()) return computeCast(instruction);
  return allUniform ? Shape::uniform() : Shape::varying();
}

Shape Shapes::computePhi(const PHINode &phi) const {
  bool first = false;
  Shape shape;
  for (const Value *value : phi.incoming_values()) {
    if (isa<UndefValue>(value) || value == &phi) continue;
    first = true;
    const Shape &incoming = of(value);
    if (incoming.kind == Shape::Unknown) continue;
    if (shape.kind == Shape::Unknown) {
      shape = incoming;
      continue;
    }
    if (incoming.kind != shape.kind || !incoming.sameOffsets(shape)) return Shape::varying();
    shape.align = std::min(shape.align, incoming.align);
    shape.flat &= incoming.flat;
  }
  // The correction under a guard is computed from the root's operand, which must be there.
  if (any_of(shape.roots, [&](const Shape::Root &root) { return !dominators_.dominates(root.extension, &phi); })) return Shape::varying();
  return first && joins_ && joins_(phi) ? Shape::varying() : shape;
}

// All lanes of the warp read from one lane.
static bool isBroadcast(const CallInst &shuffle, const Shapes &shapes) {
  auto *clamp = dyn_cast<ConstantInt>(shuffle.getArgOperand(3));
  return clamp && (clamp->getZExtValue() & 0x1f1f) == 0x1f && shapes.of(shuffle.getArgOperand(2)).isUniform();
}

Shape Shapes::computeCall(const Instruction &instruction) const {
  auto &call = cast<CallInst>(instruction);
  using enum ir::Intrinsic;
  ir::Intrinsic id = ir::intrinsicOf(&call);
  if (std::optional<IdForm> form = ids_.form(id)) {
    if (all_of(form->offsets, [](int64_t offset) { return offset == 0; })) return Shape::uniform(form->align);
    Shape shape;
    shape.kind = Shape::Pattern;
    shape.flat = true;
    shape.align = form->align;
    shape.offsets.assign(form->offsets.begin(), form->offsets.end());
    return shape;
  }
  bool allUniform = all_of(call.args(), [&](const Use &use) { return of(use).kind != Shape::Pattern && of(use).kind != Shape::Varying; });
  auto uniformIf = [](bool condition) { return condition ? Shape::uniform() : Shape::varying(); };
  bool oneWarp = ids_.width() <= 32;  // else the warps of a gang have results of their own
  auto member = [&] { return oneWarp && !of(call.getArgOperand(0)).isVarying() && !of(call.getArgOperand(0)).isPattern(); };
  switch (id) {
    case TidX:
    case TidY:
    case TidZ:
    case LanemaskEq:
    case LanemaskLe:
    case LanemaskLt:
    case LanemaskGe:
    case LanemaskGt:
    case ShflUp:
    case ShflDown:
    case ShflBfly:
    case MatchAnyB32:
    case MatchAnyB64:
    case Elect:
    case MbarrierUpdate:
    case TensorCopy:
    case Vprintf:
    case TexSample:
    case TexQuery:
    case SurfLoad:
    case Malloc: return Shape::varying();
    case ShflIdx: return uniformIf(oneWarp && isBroadcast(call, *this));
    case BarrierRedPopc:
    case BarrierRedAnd:
    case BarrierRedOr: return Shape::uniform();
    case ActiveMask: return uniformIf(oneWarp);
    case VoteAll:
    case VoteAny:
    case VoteUni:
    case VoteBallot:
    case MatchAllB32:
    case MatchAllB64:
    case ReduxAdd:
    case ReduxMinS32:
    case ReduxMinU32:
    case ReduxMaxS32:
    case ReduxMaxU32:
    case ReduxAnd:
    case ReduxOr:
    case ReduxXor: return uniformIf(member());
    case GangAny: return Shape::uniform();
    case GangEntry: return ids_.fullGangs() ? Shape::uniform() : Shape::varying();
    default: return uniformIf(allUniform);
  }
}

std::optional<UniformCompare> uniformCompare(const Instruction &compare, const Shapes &shapes) {
  auto *icmp = dyn_cast<ICmpInst>(&compare);
  if (!icmp || !icmp->getOperand(0)->getType()->isIntegerTy()) return std::nullopt;
  const Value *pattern = icmp->getOperand(0), *bound = icmp->getOperand(1);
  CmpInst::Predicate predicate = icmp->getPredicate();
  if (shapes.of(bound).isPattern() && shapes.of(pattern).isUniform()) {
    std::swap(pattern, bound);
    predicate = icmp->getSwappedPredicate();
  }
  int bits = shapes.of(pattern).splitBits();
  if (bits < 0 || !shapes.of(bound).isUniform()) return std::nullopt;
  switch (predicate) {
    case CmpInst::ICMP_ULT:
    case CmpInst::ICMP_SLT:
    case CmpInst::ICMP_UGE:
    case CmpInst::ICMP_SGE:
      if (shapes.of(bound).align >= bits) return UniformCompare{unsigned(predicate), pattern, bound, false};
      return std::nullopt;
    case CmpInst::ICMP_UGT:
    case CmpInst::ICMP_SGT:
    case CmpInst::ICMP_ULE:
    case CmpInst::ICMP_SLE: {  // p > c is p >= c + 1
      auto *constant = dyn_cast<ConstantInt>(bound);
      if (!constant) return std::nullopt;
      APInt next = constant->getValue() + 1;
      bool isSigned = CmpInst::isSigned(predicate);
      if (isSigned ? next.isMinSignedValue() : next.isZero()) return std::nullopt;
      if (int(next.countr_zero()) < bits) return std::nullopt;
      bool greater = predicate == CmpInst::ICMP_UGT || predicate == CmpInst::ICMP_SGT;
      CmpInst::Predicate shifted = greater ? (isSigned ? CmpInst::ICMP_SGE : CmpInst::ICMP_UGE) : (isSigned ? CmpInst::ICMP_SLT : CmpInst::ICMP_ULT);
      return UniformCompare{unsigned(shifted), pattern, bound, true};
    }
    default: return std::nullopt;
  }
}

}  // namespace cutrans::simt
