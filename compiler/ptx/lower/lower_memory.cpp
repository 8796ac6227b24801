// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loads, stores, prefetches and asynchronous copies (manual 9.7.9.8 - 9.7.9.27).
//
// A weak vector access is its scalar accesses: the memory model (manual 8.2.2) says so, and the SPMD IR has no vectors. The
// first carries the alignment of the whole. A strong or volatile one up to 16 bytes is one access of an integer: the manual
// allows its pieces to come apart, but on the hardware they do not, and programs (decoupled look-back: a status and a value
// in one word) count on it. Cache operators, eviction priorities and prefetch sizes are hints.
#include <llvm/IR/Constants.h>

#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

namespace {

struct Access {
  llvm::AtomicOrdering ordering = llvm::AtomicOrdering::NotAtomic;
  llvm::SyncScope::ID scope = llvm::SyncScope::System;
  bool is_volatile = false;
};

// 8.4 - 8.5: weak is plain, volatile LLVM's volatile, the strong ones atomic
Access accessOf(BodyLowering &lo, const Instruction &in) {
  Access access;
  access.is_volatile = in.has(Mod::Volatile) || in.has(Mod::Mmio);
  if (in.has(Mod::Relaxed)) access.ordering = llvm::AtomicOrdering::Monotonic;
  if (in.has(Mod::Acquire)) access.ordering = llvm::AtomicOrdering::Acquire;
  if (in.has(Mod::Release)) access.ordering = llvm::AtomicOrdering::Release;
  if (access.ordering != llvm::AtomicOrdering::NotAtomic) access.scope = syncScope(lo, in);
  return access;
}

llvm::Type *memoryType(BodyLowering &lo, Type type) {
  return type == Type::F32 || type == Type::F64 ? lo.type(type) : lo.intType(8 * bytes(type));
}

Value *element(BodyLowering &lo, Value *pointer, uint64_t offset) {
  return offset ? lo.b.CreateConstGEP1_64(lo.intType(8), pointer, offset) : pointer;
}

uint64_t alignment(const Instruction &in, uint64_t offset) {
  uint64_t whole = uint64_t(in.vector) * bytes(in.type());
  return offset ? llvm::MinAlign(whole, offset) : whole;
}

// Whether a vector access must not come apart.
bool isOnePiece(const Instruction &in, const Access &access, size_t count) {
  bool strong = access.is_volatile || access.ordering != llvm::AtomicOrdering::NotAtomic;
  return strong && count > 1 && count * bytes(in.type()) <= 16;
}

// 9.7.9.8 ld, 9.7.9.10 ldu
void ld(BodyLowering &lo, const Instruction &in) {
  Value *pointer = lo.address(lo.operand(1), in.space);
  Access access = accessOf(lo, in);
  unsigned space = pointer->getType()->getPointerAddressSpace();
  const Operand &target = lo.operand(0);
  bool vector = target.kind == OperandKind::Vector;
  size_t count = vector ? target.elements.size() : 1;
  if (count != in.vector) return lo.refuse(Diag::ptx_operand, "the count of registers is not that of the vector");
  if (isOnePiece(in, access, count)) {
    unsigned bits = 8 * bytes(in.type());
    llvm::LoadInst *load =
        lo.b.CreateAlignedLoad(lo.intType(count * bits), pointer, llvm::Align(alignment(in, 0)), access.is_volatile);
    if (access.ordering != llvm::AtomicOrdering::NotAtomic) load->setAtomic(access.ordering, access.scope);
    for (size_t i = 0; i < count; ++i) {
      Value *piece = lo.b.CreateTrunc(i ? lo.b.CreateLShr(load, i * bits) : load, lo.intType(bits));
      lo.write(target.elements[i], lo.b.CreateBitCast(piece, memoryType(lo, in.type())), in.type());
    }
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    uint64_t offset = i * bytes(in.type());
    llvm::LoadInst *load = lo.b.CreateAlignedLoad(memoryType(lo, in.type()), element(lo, pointer, offset),
                                                  llvm::Align(alignment(in, offset)), access.is_volatile);
    if (access.ordering != llvm::AtomicOrdering::NotAtomic) load->setAtomic(access.ordering, access.scope);
    if (!access.is_volatile && (space == ir::space::Param || space == ir::space::Const))
      load->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(lo.context, {}));
    lo.write(vector ? target.elements[i] : target, load, in.type());
  }
}

}  // namespace

// 9.7.9.11 st
void storeTo(BodyLowering &lo, const Instruction &in, Value *pointer) {
  Access access = accessOf(lo, in);
  const Operand &source = lo.operand(1);
  bool vector = source.kind == OperandKind::Vector;
  size_t count = vector ? source.elements.size() : 1;
  if (count != in.vector) return lo.refuse(Diag::ptx_operand, "the count of registers is not that of the vector");
  llvm::Type *type = memoryType(lo, in.type());
  if (isOnePiece(in, access, count)) {
    unsigned bits = 8 * bytes(in.type());
    llvm::Type *whole = lo.intType(count * bits);
    Value *all = nullptr;
    for (size_t i = 0; i < count; ++i) {
      Value *piece = lo.b.CreateZExt(lo.toBits(lo.read(source.elements[i], in.type())), whole);
      all = all ? lo.b.CreateOr(all, lo.b.CreateShl(piece, i * bits)) : piece;
    }
    llvm::StoreInst *store = lo.b.CreateAlignedStore(all, pointer, llvm::Align(alignment(in, 0)), access.is_volatile);
    if (access.ordering != llvm::AtomicOrdering::NotAtomic) store->setAtomic(access.ordering, access.scope);
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    uint64_t offset = i * bytes(in.type());
    Value *value = lo.read(vector ? source.elements[i] : source, in.type());
    if (value->getType() != type) value = lo.toBits(value);
    llvm::StoreInst *store = lo.b.CreateAlignedStore(value, element(lo, pointer, offset),
                                                     llvm::Align(alignment(in, offset)), access.is_volatile);
    if (access.ordering != llvm::AtomicOrdering::NotAtomic) store->setAtomic(access.ordering, access.scope);
  }
}

namespace {

void st(BodyLowering &lo, const Instruction &in) {
  storeTo(lo, in, lo.address(lo.operand(0), in.space));
}

// Copies or zeroes `size` bytes in pieces of four.
void copyWords(BodyLowering &lo, Value *to, Value *from, uint64_t size) {
  auto &b = lo.b;
  for (uint64_t offset = 0; offset < size; offset += 4) {
    llvm::Align align(offset ? llvm::MinAlign(size, offset) : size);
    Value *word = from ? static_cast<Value *>(b.CreateAlignedLoad(b.getInt32Ty(), element(lo, from, offset), align))
                       : b.getInt32(0);
    b.CreateAlignedStore(word, element(lo, to, offset), align);
  }
}

// 9.7.9.25.3 cp.async: copied at once, which the asynchronous form allows. Bytes beyond src-size read as zero; so do
// all where ignore-src holds.
void cpAsync(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  Value *to = lo.address(lo.operand(0), Space::Shared), *from = lo.address(lo.operand(1), Space::Global);
  const Operand &sizeOperand = lo.operand(2);
  uint64_t size = sizeOperand.kind == OperandKind::Integer ? sizeOperand.bits : 0;
  if (size != 4 && size != 8 && size != 16) return lo.refuse(Diag::ptx_operand, "a copy of neither 4, 8 nor 16 bytes");
  size_t extras = in.operands.size() - 3 - (in.has(Mod::L2CacheHint) ? 1 : 0);
  if (extras == 0) return copyWords(lo, to, from, size);
  const Operand &extra = lo.operand(3);
  bool predicate = extra.kind == OperandKind::Register && lo.body.registers[extra.reg].type == Type::Pred;
  Value *live =
      predicate ? b.CreateSelect(lo.readPredicate(extra), b.getInt32(0), b.getInt32(size)) : lo.readBits(extra, 32);
  llvm::BasicBlock *done = lo.newBlock("copy.done"), *loop = lo.newBlock("copy.byte");
  llvm::BasicBlock *part = lo.newBlock("copy.part"), *whole = lo.newBlock("copy.whole");
  b.CreateCondBr(b.CreateICmpUGE(live, b.getInt32(size)), whole, part);
  b.SetInsertPoint(whole);
  copyWords(lo, to, from, size);
  b.CreateBr(done);
  b.SetInsertPoint(part);
  copyWords(lo, to, nullptr, size);
  b.CreateCondBr(b.CreateICmpEQ(live, b.getInt32(0)), done, loop);
  b.SetInsertPoint(loop);
  llvm::PHINode *at = b.CreatePHI(b.getInt32Ty(), 2);
  Value *byte = b.CreateLoad(b.getInt8Ty(), b.CreateGEP(b.getInt8Ty(), from, at));
  b.CreateStore(byte, b.CreateGEP(b.getInt8Ty(), to, at));
  Value *next = b.CreateAdd(at, b.getInt32(1));
  at->addIncoming(b.getInt32(0), part);
  at->addIncoming(next, loop);
  b.CreateCondBr(b.CreateICmpULT(next, live), loop, done);
  b.SetInsertPoint(done);
}

void nothing(BodyLowering &lo, const Instruction &in) {}

}  // namespace

void addMemoryRules(RuleTable &table) {
  set(table, Opcode::Ld, ld);
  set(table, Opcode::Ldu, ld);
  set(table, Opcode::St, st);
  set(table, Opcode::CpAsync, cpAsync);
  // 9.7.9.14: a multimem address stands for the copies of a multicast object, of which a device has one: a reduction over
  // one copy is a load of it.
  set(table, Opcode::MultimemLdReduce, ld);
  set(table, Opcode::MultimemSt, st);
  // The copies are done by now.
  set(table, Opcode::CpAsyncCommitGroup, nothing);
  set(table, Opcode::CpAsyncWaitGroup, nothing);
  set(table, Opcode::CpAsyncWaitAll, nothing);
  // 9.7.9.14 - 9.7.9.17: hints. discard only allows the contents to be lost.
  set(table, Opcode::Prefetch, nothing);
  set(table, Opcode::Prefetchu, nothing);
  set(table, Opcode::Applypriority, nothing);
  set(table, Opcode::Discard, nothing);
}

}  // namespace cutrans::ptx::lowering
