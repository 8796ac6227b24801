// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Shapes of arithmetic on patterns (shapes.h): which operations keep "base + constant offset", and what happens to the offsets.
// Operands here are uniform or patterns. widen-to-gang writes the bases: the same operation on the operands' bases, but where
// `baseConstant` says otherwise.
#include <llvm/IR/DataLayout.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Operator.h>

#include "compiler/ir/spmd.h"
#include "compiler/simt/shapes.h"

using namespace llvm;

namespace cutrans::simt {
namespace {

unsigned bitsOf(const Instruction &instruction, Type *type) {
  return type->isPointerTy() ? instruction.getModule()->getDataLayout().getIndexTypeSizeInBits(type) : type->getScalarSizeInBits();
}

bool fits(unsigned bits) { return bits <= 64 && bits > 1; }

int64_t wrap(uint64_t value, unsigned bits) { return SignExtend64(value, bits); }

// Sorted by the order of first appearance, zero factors dropped; equal sums compare equal often enough for phis of loops.
void addRoots(SmallVectorImpl<Shape::Root> &into, ArrayRef<Shape::Root> from, int64_t scale, unsigned bits) {
  for (const Shape::Root &root : from) {
    auto found = find_if(into, [&](const Shape::Root &other) { return other.extension == root.extension; });
    int64_t factor = wrap(uint64_t(root.factor) * uint64_t(scale), bits);
    if (found == into.end()) into.push_back({root.extension, factor});
    else found->factor = wrap(uint64_t(found->factor) + uint64_t(factor), bits);
  }
  llvm::erase_if(into, [](const Shape::Root &root) { return root.factor == 0; });
  sort(into, [](const Shape::Root &a, const Shape::Root &b) { return a.extension < b.extension; });
}

Shape settle(Shape shape) {
  if (shape.roots.empty() && all_of(shape.offsets, [](int64_t offset) { return offset == 0; })) return Shape::uniform(shape.align);
  return shape;
}

// left + scale * right. The alignment of the sum's base is the caller's.
Shape sum(const Shape &left, const Shape &right, int64_t scale, unsigned bits, unsigned lanes) {
  Shape shape;
  shape.kind = Shape::Pattern;
  for (unsigned lane = 0; lane < lanes; ++lane) {
    uint64_t a = left.isPattern() ? left.offsets[lane] : 0, b = right.isPattern() ? right.offsets[lane] : 0;
    shape.offsets.push_back(wrap(a + uint64_t(scale) * b, bits));
  }
  addRoots(shape.roots, left.roots, 1, bits);
  addRoots(shape.roots, right.roots, scale, bits);
  return shape;
}

}  // namespace

Shape Shapes::computeBinary(const Instruction &instruction) const {
  const Shape &left = of(instruction.getOperand(0)), &right = of(instruction.getOperand(1));
  auto *constant = dyn_cast<ConstantInt>(instruction.getOperand(1));
  unsigned bits = instruction.getType()->getScalarSizeInBits();
  bool patterns = left.isPattern() || right.isPattern();
  bool small = constant && constant->getValue().getSignificantBits() <= 64;
  if (patterns && (!instruction.getType()->isIntegerTy() || !fits(bits))) return Shape::varying();
  unsigned align = 0;
  switch (instruction.getOpcode()) {
    case Instruction::Add:
    case Instruction::Sub: {
      align = std::min(left.align, right.align);
      if (!patterns) return Shape::uniform(align);
      Shape shape = sum(left, right, instruction.getOpcode() == Instruction::Add ? 1 : -1, bits, width());
      shape.align = align;
      return settle(shape);
    }
    case Instruction::Or:
      if (cast<PossiblyDisjointInst>(instruction).isDisjoint() && patterns) {
        Shape shape = sum(left, right, 1, bits, width());
        shape.align = std::min(left.align, right.align);
        return settle(shape);
      }
      [[fallthrough]];
    case Instruction::Xor:
      if (!patterns) return Shape::uniform(std::min(left.align, right.align));
      return small ? computeBitwise(instruction, left, constant->getZExtValue()) : Shape::varying();
    case Instruction::And:
      if (!patterns) return Shape::uniform(std::max(left.align, right.align));
      return small ? computeBitwise(instruction, left, constant->getZExtValue()) : Shape::varying();
    case Instruction::Mul:
    case Instruction::Shl: {
      bool shift = instruction.getOpcode() == Instruction::Shl;
      if (!patterns) {
        if (!shift) return Shape::uniform(left.align + right.align);
        return Shape::uniform(constant && constant->getValue().ult(bits) ? left.align + constant->getZExtValue() : left.align);
      }
      if (!small || !left.isPattern() || (shift && constant->getValue().uge(bits))) return Shape::varying();
      int64_t scale = shift ? int64_t(uint64_t(1) << constant->getZExtValue()) : constant->getSExtValue();
      if (scale == 0) return Shape::uniform(63);
      Shape shape = sum(Shape::uniform(), left, scale, bits, width());
      shape.align = std::min(63u, left.align + unsigned(countr_zero(uint64_t(scale))));
      return settle(shape);
    }
    case Instruction::LShr:
    case Instruction::AShr: {
      bool known = constant && constant->getValue().ult(bits);
      unsigned amount = known ? constant->getZExtValue() : 0;
      if (!patterns) return Shape::uniform(known && left.align > amount ? left.align - amount : 0);
      if (!known || left.splitBits() < 0 || !left.isPattern()) return Shape::varying();
      Shape shape = left;  // base | offset: both are shifted
      for (int64_t &offset : shape.offsets) offset >>= amount;
      shape.align = left.align > amount ? left.align - amount : 0;
      shape.flat = left.flat || (amount > 0 && instruction.getOpcode() == Instruction::LShr);
      return settle(shape);
    }
    default: return patterns ? Shape::varying() : Shape::uniform();
  }
}

// base | offset with a constant: the offset takes the constant's low bits, the base the rest. See baseConstant.
Shape Shapes::computeBitwise(const Instruction &instruction, const Shape &left, uint64_t constant) const {
  int split = left.splitBits();
  if (split < 0) return Shape::varying();
  uint64_t low = split == 0 ? 0 : maskTrailingOnes<uint64_t>(split);
  Shape shape = left;
  for (int64_t &offset : shape.offsets) {
    uint64_t bits = offset;
    switch (instruction.getOpcode()) {
      case Instruction::And: bits &= constant; break;
      case Instruction::Or: bits |= constant & low; break;
      default: bits ^= constant & low; break;
    }
    offset = int64_t(bits);
  }
  unsigned width = instruction.getType()->getScalarSizeInBits();
  uint64_t high = constant & ~low;
  unsigned highAlign = high == 0 ? 63 : countr_zero(high);
  if (instruction.getOpcode() == Instruction::And) {
    shape.align = std::max<unsigned>(left.align, highAlign);
    shape.flat = left.flat || !(constant >> (width - 1) & 1);
  } else {
    shape.align = std::min<unsigned>(left.align, highAlign);
    shape.flat = left.flat && !(constant >> (width - 1) & 1);
  }
  return settle(shape);
}

Shape Shapes::computeCast(const Instruction &instruction) const {
  const Shape &source = of(instruction.getOperand(0));
  Type *from = instruction.getOperand(0)->getType(), *to = instruction.getType();
  bool integers = (from->isIntegerTy() || from->isPointerTy()) && (to->isIntegerTy() || to->isPointerTy());
  if (source.isUniform()) return Shape::uniform(integers ? source.align : 0);
  unsigned fromBits = bitsOf(instruction, from), toBits = bitsOf(instruction, to);
  if (!integers || !fits(fromBits) || !fits(toBits)) return Shape::varying();
  Shape shape = source;
  if (fromBits == toBits) return shape;
  if (toBits < fromBits) {
    for (int64_t &offset : shape.offsets) offset = wrap(offset, toBits);
    // A root's correction is a multiple of 2^(bits of what it extends).
    llvm::erase_if(shape.roots, [&](const Shape::Root &root) { return bitsOf(*root.extension, root.extension->getOperand(0)->getType()) >= toBits; });
    if (!shape.roots.empty()) return Shape::varying();
    shape.flat = false;
    return settle(shape);
  }
  if (source.flat) return shape;
  if (!source.roots.empty()) return Shape::varying();
  int64_t largest = 0;
  for (int64_t offset : source.offsets) largest = std::max(largest, offset < 0 ? -offset : offset);
  if (isa<AddrSpaceCastInst>(instruction) || isa<IntToPtrInst>(instruction))
    return from->isPointerTy() && from->getPointerAddressSpace() == ir::space::Shared && largest < SharedWrapLimit ? shape : Shape::varying();
  // base | offset never wraps; its sign is the base's. Zero extension is exact as well.
  if (source.splitBits() >= 0) {
    shape.flat = isa<ZExtInst>(instruction);
    return shape;
  }
  if (largest >= int64_t(1) << (fromBits - 2)) return Shape::varying();
  shape.roots.push_back({&instruction, 1});
  return shape;
}

Shape Shapes::computeGep(const Instruction &instruction) const {
  auto &gep = cast<GEPOperator>(instruction);
  const DataLayout &layout = instruction.getModule()->getDataLayout();
  unsigned bits = layout.getIndexTypeSizeInBits(gep.getType());
  SmallMapVector<Value *, APInt, 4> variables;
  APInt constant(bits, 0);
  bool patterns = any_of(gep.operands(), [&](const Use &use) { return of(use).isPattern(); });
  if (!gep.collectOffset(layout, bits, variables, constant)) return patterns ? Shape::varying() : Shape::uniform();
  Shape shape = of(gep.getPointerOperand());
  unsigned align = std::min<unsigned>(shape.align, constant.isZero() ? 63 : constant.countr_zero());
  for (auto &[index, scale] : variables) {
    const Shape &operand = of(index);
    if (operand.isPattern() && index->getType()->getScalarSizeInBits() != bits) return Shape::varying();
    align = std::min<unsigned>(align, index->getType()->getScalarSizeInBits() == bits ? operand.align + scale.countr_zero() : 0);
    shape = sum(shape, operand, scale.getSExtValue(), bits, width());
  }
  if (!patterns) return Shape::uniform(align);
  shape.align = std::min(align, 63u);
  shape.flat = false;
  return settle(shape);
}

}  // namespace cutrans::simt
