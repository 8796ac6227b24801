// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// widen-to-gang: the three forms of a value - uniform scalar, a pattern's base, vector - and the way from one to the other.
#include "compiler/ir/spmd.h"
#include "compiler/simt/widen_to_gang.h"

using namespace llvm;

namespace cutrans::simt {

Type *Widener::widened(Type *type) const {
  if (type->isVoidTy()) return type;
  if (auto *structure = dyn_cast<StructType>(type)) {
    SmallVector<Type *, 4> parts;
    for (Type *part : structure->elements()) parts.push_back(widened(part));
    return StructType::get(context_, parts);
  }
  if (auto *vector = dyn_cast<FixedVectorType>(type)) return FixedVectorType::get(vector->getElementType(), vector->getNumElements() * width_);
  return FixedVectorType::get(type, width_);
}

Value *Widener::scalarOf(Value *value) {
  if (isa<Constant>(value)) return value;
  Value *found = scalars_.lookup(value);
  assert(found && "an operand was not widened before its use");
  return found;
}

Value *Widener::splat(Value *scalar) {
  if (auto *constant = dyn_cast<Constant>(scalar)) {
    if (isa<PoisonValue>(constant)) return PoisonValue::get(widened(constant->getType()));
    if (constant->getType()->isSingleValueType() && !constant->getType()->isVectorTy())
      return ConstantVector::getSplat(ElementCount::getFixed(width_), constant);
  }
  if (auto *structure = dyn_cast<StructType>(scalar->getType())) {
    Value *all = PoisonValue::get(widened(structure));
    for (unsigned i = 0; i < structure->getNumElements(); ++i)
      all = builder_.CreateInsertValue(all, splat(builder_.CreateExtractValue(scalar, i)), i);
    return all;
  }
  if (auto *vector = dyn_cast<FixedVectorType>(scalar->getType())) {
    SmallVector<int, 64> order;
    for (unsigned i = 0; i < vector->getNumElements() * width_; ++i) order.push_back(i % vector->getNumElements());
    return builder_.CreateShuffleVector(scalar, order);
  }
  return builder_.CreateVectorSplat(width_, scalar);
}

// Once for all uses, right behind the definition.
Value *Widener::splatAtDefinition(Value *scalar) {
  if (isa<Constant>(scalar)) return splat(scalar);
  Value *&cached = splats_[scalar];
  if (cached) return cached;
  IRBuilder<>::InsertPointGuard guard(builder_);
  auto *definition = dyn_cast<Instruction>(scalar);
  if (!definition) builder_.SetInsertPoint(entryEnd_);
  else if (isa<PHINode>(definition)) builder_.SetInsertPoint(definition->getParent(), definition->getParent()->getFirstInsertionPt());
  else builder_.SetInsertPoint(definition->getParent(), std::next(definition->getIterator()));
  Value *made = splat(scalar);
  return splats_[scalar] = made;
}

Value *Widener::offsetVector(const Shape &shape, unsigned bits) const {
  SmallVector<Constant *, 32> offsets;
  for (int64_t offset : shape.offsets) offsets.push_back(ConstantInt::getSigned(Type::getIntNTy(context_, bits), offset));
  return ConstantVector::get(offsets);
}

// What a root's extension yields beyond base + offset, where lanes wrap.
Value *Widener::correction(const Shape::Root &root, unsigned bits) {
  auto *extension = const_cast<Instruction *>(root.extension);
  Value *exact = builder_.CreateCast(cast<CastInst>(extension)->getOpcode(), vectorOf(extension->getOperand(0)), widened(extension->getType()));
  Shape plain = shape(extension);
  plain.roots.clear();
  Value *guess = patternVector(scalarOf(extension), plain, extension->getType());
  Value *missing = builder_.CreateSub(exact, guess);
  missing = builder_.CreateSExtOrTrunc(missing, FixedVectorType::get(builder_.getIntNTy(bits), width_));
  return builder_.CreateMul(missing, splat(ConstantInt::getSigned(builder_.getIntNTy(bits), root.factor)));
}

Value *Widener::patternVector(Value *base, const Shape &shape, Type *type) {
  unsigned bits = module_.getDataLayout().getIndexTypeSizeInBits(type->isPointerTy() ? type : PointerType::get(context_, 0));
  if (!type->isPointerTy()) bits = type->getIntegerBitWidth();
  Value *offsets = offsetVector(shape, bits);
  for (const Shape::Root &root : shape.roots) offsets = builder_.CreateAdd(offsets, correction(root, bits));
  if (type->isPointerTy()) return builder_.CreateGEP(builder_.getInt8Ty(), base, offsets);
  return builder_.CreateAdd(splatAtDefinition(base), offsets);
}

Value *Widener::vectorOf(Value *value) {
  if (isa<UndefValue>(value)) return PoisonValue::get(widened(value->getType()));
  const Shape &form = shape(value);
  if (form.isVarying()) {
    Value *found = vectors_.lookup(value);
    assert(found && "an operand was not widened before its use");
    return found;
  }
  if (!form.isPattern()) return splatAtDefinition(scalarOf(value));
  // Under a guard the vector is wanted on the slow path only, so it is written there.
  if (!form.roots.empty()) return patternVector(scalarOf(value), form, value->getType());
  Value *&cached = vectors_[value];
  if (cached) return cached;
  Value *base = scalarOf(value);
  // Two patterns may have one base, whose splat then stands behind it already.
  Value *last = value->getType()->isPointerTy() ? base : splatAtDefinition(base);
  IRBuilder<>::InsertPointGuard guard(builder_);
  if (auto *definition = dyn_cast<Instruction>(last)) {
    if (isa<PHINode>(definition)) builder_.SetInsertPoint(definition->getParent(), definition->getParent()->getFirstInsertionPt());
    else builder_.SetInsertPoint(definition->getParent(), std::next(definition->getIterator()));
  } else {
    builder_.SetInsertPoint(entryEnd_);
  }
  Value *made = patternVector(base, form, value->getType());
  return vectors_[value] = made;
}

Value *Widener::holds(const Shape &address) {
  Value *all = nullptr;
  for (const Shape::Root &root : address.roots) {
    auto *extension = const_cast<Instruction *>(root.extension);
    Value *narrow = extension->getOperand(0);
    Value *base = scalarOf(narrow);
    unsigned bits = base->getType()->getIntegerBitWidth();
    int64_t low = 0, high = 0;
    for (int64_t offset : shape(narrow).offsets) low = std::min(low, offset), high = std::max(high, offset);
    bool isSigned = isa<SExtInst>(extension);
    APInt top = isSigned ? APInt::getSignedMaxValue(bits) : APInt::getMaxValue(bits);
    APInt bottom = isSigned ? APInt::getSignedMinValue(bits) : APInt::getMinValue(bits);
    auto require = [&](Value *condition) { all = all ? builder_.CreateAnd(all, condition) : condition; };
    if (high > 0) require(builder_.CreateICmp(isSigned ? CmpInst::ICMP_SLE : CmpInst::ICMP_ULE, base, builder_.getInt(top - APInt(bits, high))));
    if (low < 0) require(builder_.CreateICmp(isSigned ? CmpInst::ICMP_SGE : CmpInst::ICMP_UGE, base, builder_.getInt(bottom + APInt(bits, -low))));
  }
  return all;
}

// The element of one lane; `index` may be a constant.
Value *Widener::lane(Value *vector, Value *index, Type *type) {
  if (auto *structure = dyn_cast<StructType>(type)) {
    Value *all = PoisonValue::get(type);
    for (unsigned i = 0; i < structure->getNumElements(); ++i)
      all = builder_.CreateInsertValue(all, lane(builder_.CreateExtractValue(vector, i), index, structure->getElementType(i)), i);
    return all;
  }
  auto *inner = dyn_cast<FixedVectorType>(type);
  if (!inner) return builder_.CreateExtractElement(vector, index);
  Value *all = PoisonValue::get(type);
  unsigned count = inner->getNumElements();
  for (unsigned i = 0; i < count; ++i) {
    Value *place = builder_.CreateAdd(builder_.CreateMul(index, builder_.getInt32(count)), builder_.getInt32(i));
    all = builder_.CreateInsertElement(all, builder_.CreateExtractElement(vector, place), i);
  }
  return all;
}

Value *Widener::laneOf(Value *value, Value *index) {
  return isUniform(value) ? scalarOf(value) : lane(vectorOf(value), index, value->getType());
}

Value *Widener::elements(Value *vector, ArrayRef<int> indices) {
  unsigned count = cast<FixedVectorType>(vector->getType())->getNumElements();
  if (indices.size() == count && ShuffleVectorInst::isIdentityMask(indices, count)) return vector;
  return builder_.CreateShuffleVector(vector, indices);
}

Value *Widener::concat(Value *low, Value *high) {
  unsigned count = cast<FixedVectorType>(low->getType())->getNumElements();
  SmallVector<int, 64> order(2 * count);
  for (unsigned i = 0; i < order.size(); ++i) order[i] = int(i);
  return builder_.CreateShuffleVector(low, high, order);
}

void Widener::set(const Instruction &of, Value *to) {
  if (isUniform(&of)) setScalar(&of, to);
  else setVector(&of, to);
}

Value *Widener::cloneScalar(Instruction &instruction) {
  Instruction *copy = instruction.clone();
  for (Use &operand : copy->operands())
    if (!isa<Constant>(operand.get())) operand.set(scalarOf(operand.get()));
  builder_.Insert(copy, instruction.getName());
  if (shape(&instruction).isPattern()) copy->dropPoisonGeneratingFlags();  // lane 0 may be dead, its value may wrap
  return copy;
}

// The base of a pattern: the same operation on bases, but for constants whose low bits went into the offsets.
Value *Widener::base(Instruction &instruction) {
  if (instruction.isBitwiseLogicOp() && instruction.getOpcode() != Instruction::And) {
    bool disjoint = instruction.getOpcode() == Instruction::Or && cast<PossiblyDisjointInst>(instruction).isDisjoint();
    Value *left = scalarOf(instruction.getOperand(0)), *right = scalarOf(instruction.getOperand(1));
    if (disjoint) return builder_.CreateAdd(left, right, instruction.getName());
    int split = shape(instruction.getOperand(0)).splitBits();
    APInt high = cast<ConstantInt>(instruction.getOperand(1))->getValue();
    high.clearLowBits(split);
    return builder_.CreateBinOp(Instruction::BinaryOps(instruction.getOpcode()), left, builder_.getInt(high), instruction.getName());
  }
  return cloneScalar(instruction);
}

}  // namespace cutrans::simt
