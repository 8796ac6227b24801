// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Atomic operations, fences (manual 9.7.13.5 - 9.7.13.7) and the scopes of both.
//
// Packed and vector operations are atomic element by element, which is all that the manual promises for them. What LLVM
// has no exact atomic for - sums of bf16, extremes of f16 and bf16 - is a loop around a compare-and-swap.
#include <llvm/ADT/APFloat.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>

#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

llvm::SyncScope::ID syncScope(BodyLowering &lo, const Instruction &in) {
  switch (in.find(ModGroup::Scope)) {
    case Mod::Cta:
      return lo.context.getOrInsertSyncScopeID(ir::ScopeBlock);
    case Mod::ClusterScope:
      return lo.context.getOrInsertSyncScopeID(ir::ScopeCluster);
    case Mod::Sys:
      return llvm::SyncScope::System;
    default:  // .gpu, membar.gl, and where an atomic says nothing
      return lo.context.getOrInsertSyncScopeID(ir::ScopeDevice);
  }
}

namespace {

using llvm::AtomicOrdering;
using llvm::AtomicRMWInst;

AtomicOrdering orderingOf(const Instruction &in) {
  if (in.has(Mod::Acquire)) return AtomicOrdering::Acquire;
  if (in.has(Mod::Release)) return AtomicOrdering::Release;
  if (in.has(Mod::AcqRel)) return AtomicOrdering::AcquireRelease;
  return AtomicOrdering::Monotonic;
}

// BAD_BINOP where the type does not have the operation.
AtomicRMWInst::BinOp operation(Mod op, Type type) {
  if (op == Mod::Exch) return AtomicRMWInst::Xchg;
  if (isFloat(type)) return op == Mod::Add && type != Type::BF16 ? AtomicRMWInst::FAdd : AtomicRMWInst::BAD_BINOP;
  bool is_signed = isSigned(type);
  switch (op) {
    case Mod::Add:
      return AtomicRMWInst::Add;
    case Mod::And:
      return AtomicRMWInst::And;
    case Mod::Or:
      return AtomicRMWInst::Or;
    case Mod::Xor:
      return AtomicRMWInst::Xor;
    case Mod::Min:
      return is_signed ? AtomicRMWInst::Min : AtomicRMWInst::UMin;
    case Mod::Max:
      return is_signed ? AtomicRMWInst::Max : AtomicRMWInst::UMax;
    case Mod::Inc:  // old >= b ? 0 : old + 1
      return AtomicRMWInst::UIncWrap;
    case Mod::Dec:  // old == 0 or old > b ? b : old - 1
      return AtomicRMWInst::UDecWrap;
    default:
      return AtomicRMWInst::BAD_BINOP;
  }
}

// old op operand, both bf16 or f16, as a value of the type.
Value *combined(BodyLowering &lo, Mod op, Type type, Value *old, Value *operand) {
  auto &b = lo.b;
  llvm::Type *wide = b.getFloatTy();
  Value *x = widened(lo, old, wide), *y = widened(lo, operand, wide);
  if (op == Mod::Add) return roundToBf16(lo, b.CreateFAdd(x, y));
  Value *extreme =
      b.CreateBinaryIntrinsic(op == Mod::Min ? llvm::Intrinsic::minimumnum : llvm::Intrinsic::maximumnum, x, y);
  Value *bits = type == Type::BF16 ? b.CreateTrunc(b.CreateLShr(lo.toBits(extreme), 16), b.getInt16Ty())
                                   : lo.toBits(b.CreateFPTrunc(extreme, lo.type(type)));
  return lo.fromBits(lo.select(b.CreateFCmpUNO(extreme, extreme), b.getInt16(0x7fff), bits), type);
}

// The old value of a half word, replaced by what `combined` makes of it.
Value *updateByExchange(BodyLowering &lo, const Instruction &in, Value *pointer, Value *operand, Type type) {
  auto &b = lo.b;
  llvm::Type *word = b.getInt16Ty();
  llvm::LoadInst *first = b.CreateAlignedLoad(word, pointer, llvm::Align(2));
  first->setAtomic(AtomicOrdering::Monotonic, syncScope(lo, in));
  llvm::BasicBlock *before = b.GetInsertBlock(), *done = lo.newBlock("exchanged"), *loop = lo.newBlock("exchange");
  b.CreateBr(loop);
  b.SetInsertPoint(loop);
  llvm::PHINode *old = b.CreatePHI(word, 2);
  old->addIncoming(first, before);
  Value *desired = lo.toBits(combined(lo, in.find(ModGroup::Op), type, lo.fromBits(old, type), operand));
  AtomicOrdering ordering = orderingOf(in);
  Value *pair =
      b.CreateAtomicCmpXchg(pointer, old, desired, llvm::Align(2), ordering,
                            llvm::AtomicCmpXchgInst::getStrongestFailureOrdering(ordering), syncScope(lo, in));
  old->addIncoming(b.CreateExtractValue(pair, 0), b.GetInsertBlock());
  b.CreateCondBr(b.CreateExtractValue(pair, 1), done, loop);
  b.SetInsertPoint(done);
  return lo.fromBits(old, type);
}

}  // namespace

// One PTX element at `pointer`, element by element where it is packed; the old value.
Value *atomicUpdate(BodyLowering &lo, const Instruction &in, Value *pointer, const Operand &operand) {
  Type type = in.type(), part = elementType(type);
  Mod name = in.find(ModGroup::Op);
  AtomicRMWInst::BinOp op = operation(name, part);
  bool byExchange = (part == Type::BF16 && name == Mod::Add) ||
                    ((part == Type::BF16 || part == Type::F16) && (name == Mod::Min || name == Mod::Max));
  if (op == AtomicRMWInst::BAD_BINOP && !byExchange) {
    lo.refuseForm("this operation on this type");
    return llvm::Constant::getNullValue(lo.type(type));
  }
  uint64_t offset = 0;
  return lo.eachElement(type, {lo.read(operand, type)}, [&](llvm::ArrayRef<Value *> v) -> Value * {
    Value *at = offset ? lo.b.CreateConstGEP1_64(lo.intType(8), pointer, offset) : pointer;
    offset += bytes(part);
    if (byExchange) return updateByExchange(lo, in, at, v[0], part);
    return lo.b.CreateAtomicRMW(op, at, v[0], llvm::Align(bytes(part)), orderingOf(in), syncScope(lo, in));
  });
}

namespace {

void atomic(BodyLowering &lo, const Instruction &in) {
  bool returns = in.opcode == Opcode::Atom;
  size_t first = returns ? 1 : 0;
  Value *pointer = lo.address(lo.operand(first), in.space);
  if (in.find(ModGroup::Op) == Mod::Cas) {
    Value *expected = lo.read(lo.operand(first + 1), in.type()), *desired = lo.read(lo.operand(first + 2), in.type());
    AtomicOrdering ordering = orderingOf(in);
    Value *pair = lo.b.CreateAtomicCmpXchg(
        pointer, lo.toBits(expected), lo.toBits(desired), llvm::Align(bytes(in.type())), ordering,
        llvm::AtomicCmpXchgInst::getStrongestFailureOrdering(ordering), syncScope(lo, in));
    if (returns) lo.write(lo.operand(0), lo.fromBits(lo.b.CreateExtractValue(pair, 0), in.type()), in.type());
    return;
  }
  const Operand &source = lo.operand(first + 1);
  if (source.kind != OperandKind::Vector || in.vector == 1) {
    Value *old = atomicUpdate(lo, in, pointer, source);
    if (returns) lo.write(lo.operand(0), old, in.type());
    return;
  }
  const Operand &target = lo.operand(0);
  bool fits = !returns || (target.kind == OperandKind::Vector && target.elements.size() == in.vector);
  if (source.elements.size() != in.vector || !fits)
    return lo.refuse(Diag::ptx_operand, "the count of registers is not that of the vector");
  for (size_t i = 0; i < source.elements.size(); ++i) {
    Value *at = i ? lo.b.CreateConstGEP1_64(lo.intType(8), pointer, i * bytes(in.type())) : pointer;
    Value *old = atomicUpdate(lo, in, at, source.elements[i]);
    if (returns) lo.write(target.elements[i], old, in.type());
  }
}

// 9.7.13.4 membar is fence.sc; fence without a word is acq_rel
void fence(BodyLowering &lo, const Instruction &in) {
  AtomicOrdering ordering = AtomicOrdering::SequentiallyConsistent;
  if (in.opcode == Opcode::Fence && !in.has(Mod::Sc)) {
    ordering = orderingOf(in);
    if (ordering == AtomicOrdering::Monotonic) ordering = AtomicOrdering::AcquireRelease;
  }
  bool scoped = in.find(ModGroup::Scope) != Mod::None;
  lo.b.CreateFence(ordering, scoped ? syncScope(lo, in) : llvm::SyncScope::System);
}

}  // namespace

void addAtomicRules(RuleTable &table) {
  set(table, Opcode::Atom, atomic);
  set(table, Opcode::Red, atomic);
  set(table, Opcode::MultimemRed, atomic);  // lower_memory.cpp says why
  set(table, Opcode::Membar, fence);
  set(table, Opcode::Fence, fence);
  // There is one proxy: a full fence orders more than is asked.
  set(table, Opcode::FenceProxy, fence);
  set(table, Opcode::FenceMbarrierInit, fence);
}

}  // namespace cutrans::ptx::lowering
