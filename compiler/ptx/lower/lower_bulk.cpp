// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Bulk copies and reductions (manual 9.7.9.25.4), st.async, red.async, st.bulk, and their groups. Everything is done when it is issued, so
// committing and waiting for groups is nothing; policies and prefetches are hints.
#include <llvm/IR/Constants.h>

#include "compiler/ptx/lower/transactions.h"
#include "cutrans/transactions.h"

namespace cutrans::ptx::lowering {

Value *genericPointer(BodyLowering &lo, Value *pointer) {
  unsigned space = pointer->getType()->getPointerAddressSpace();
  llvm::Type *generic = llvm::PointerType::get(lo.context, ir::space::Generic);
  if (space == ir::space::Generic) return pointer;
  if (space == ir::space::Shared || space == ir::space::Local) return lo.b.CreateAddrSpaceCast(pointer, generic);
  return lo.b.CreateIntToPtr(lo.b.CreatePtrToInt(pointer, lo.intType(64)), generic);  // these are generic addresses as they are
}

Value *sharedPointer(BodyLowering &lo, Value *address) {
  return genericPointer(lo, lo.b.CreateIntToPtr(address, llvm::PointerType::get(lo.context, ir::space::Shared)));
}

void eachDestination(BodyLowering &lo, const Operand *mask, llvm::ArrayRef<Value *> addresses,
                     llvm::function_ref<void(llvm::ArrayRef<Value *>)> f) {
  if (!mask) return f(addresses);
  // The same offsets in each block whose rank is a bit of the mask.
  auto &b = lo.b;
  Value *blocks = b.CreateZExt(lo.readBits(*mask, 16), lo.intType(32));
  llvm::BasicBlock *before = b.GetInsertBlock(), *loop = lo.newBlock("destination"), *done = lo.newBlock("destinations_done");
  b.CreateCondBr(b.CreateIsNull(blocks), done, loop);
  b.SetInsertPoint(loop);
  llvm::PHINode *left = b.CreatePHI(b.getInt32Ty(), 2);
  Value *rank = b.CreateBinaryIntrinsic(llvm::Intrinsic::cttz, left, b.getFalse());
  llvm::SmallVector<Value *, 2> there;
  for (Value *address : addresses) there.push_back(lo.call(IrIntrinsic::ClusterMap, {address, rank}));
  f(there);
  Value *rest = b.CreateAnd(left, b.CreateSub(left, b.getInt32(1)));
  left->addIncoming(blocks, before);
  left->addIncoming(rest, b.GetInsertBlock());
  b.CreateCondBr(b.CreateIsNull(rest), done, loop);
  b.SetInsertPoint(done);
}

Value *reductionOf(BodyLowering &lo, const Instruction &in, unsigned element) {
  static constexpr std::pair<Mod, unsigned> Operations[] = {
      {Mod::Add, CT_REDUCE_ADD}, {Mod::Min, CT_REDUCE_MIN}, {Mod::Max, CT_REDUCE_MAX}, {Mod::Inc, CT_REDUCE_INC},
      {Mod::Dec, CT_REDUCE_DEC}, {Mod::And, CT_REDUCE_AND}, {Mod::Or, CT_REDUCE_OR},   {Mod::Xor, CT_REDUCE_XOR}};
  for (auto [mod, number] : Operations)
    if (in.has(mod)) return lo.constant(32, CT_REDUCTION(number, element));
  lo.refuseForm("this operation of a reduction");
  return lo.constant(32, 0);
}

namespace {

// Destination and source space, in the order of writing.
std::pair<Space, Space> spacesOf(const Instruction &in) {
  Space first = Space::None, second = Space::None;
  for (Mod mod : in.modifiers) {
    if (group(mod) != ModGroup::Space) continue;
    Space space = mod == Mod::Global ? Space::Global : Space::Shared;
    (first == Space::None ? first : second) = space;
  }
  return {first, second};
}

// 9.7.9.25.4.1 cp.async.bulk: [to], [from], size, then [mbarrier] {, block mask} or {, policy} {, byte mask}
void copy(BodyLowering &lo, const Instruction &in) {
  auto [to, from] = spacesOf(in);
  for (Mod mod : {Mod::IgnoreOob, Mod::MulticastClusterAll})
    if (in.has(mod)) return lo.refuse(Diag::ptx_async, "." + std::string(to_string(mod)) + " is not supported");
  Value *source = genericPointer(lo, lo.address(lo.operand(1), from));
  Value *size = lo.b.CreateZExt(lo.readBits(lo.operand(2), 32), lo.intType(64));
  if (to == Space::Global) {
    Value *mask = lo.constant(32, 0xffff);
    if (in.has(Mod::CpMask)) mask = lo.b.CreateZExt(lo.readBits(lo.operand(in.has(Mod::L2CacheHint) ? 4 : 3), 16), lo.intType(32));
    lo.call(IrIntrinsic::BulkCopy, {genericPointer(lo, lo.address(lo.operand(0), to)), source, size, mask});
    return;
  }
  if (in.operands.size() < 4 || lo.operand(3).kind != OperandKind::Address)
    return lo.refuse(Diag::ptx_operand, "the mbarrier is missing");
  const Operand *mask = in.has(Mod::MulticastCluster) ? &lo.operand(4) : nullptr;
  eachDestination(lo, mask, {sharedAddress(lo, lo.operand(0), to), sharedAddress(lo, lo.operand(3), Space::Shared)},
                  [&](llvm::ArrayRef<Value *> at) {
                    lo.call(IrIntrinsic::BulkCopy, {sharedPointer(lo, at[0]), source, size, lo.constant(32, 0xffff)});
                    completeTransaction(lo, at[1], size);
                  });
}

unsigned elementOf(Type type) {
  switch (type) {
    case Type::U32:
    case Type::B32:
      return CT_ELEMENT_U32;
    case Type::S32:
      return CT_ELEMENT_S32;
    case Type::U64:
    case Type::B64:
      return CT_ELEMENT_U64;
    case Type::S64:
      return CT_ELEMENT_S64;
    case Type::F16:
      return CT_ELEMENT_F16;
    case Type::BF16:
      return CT_ELEMENT_BF16;
    case Type::F32:
      return CT_ELEMENT_F32;
    case Type::F64:
      return CT_ELEMENT_F64;
    default:
      return CT_ELEMENT_COUNT;
  }
}

// 9.7.9.25.4.2 cp.reduce.async.bulk
void reduce(BodyLowering &lo, const Instruction &in) {
  auto [to, from] = spacesOf(in);
  unsigned element = elementOf(in.type());
  if (element == CT_ELEMENT_COUNT) return lo.refuseForm("a reduction of this type");
  Value *source = genericPointer(lo, lo.address(lo.operand(1), from));
  Value *size = lo.b.CreateZExt(lo.readBits(lo.operand(2), 32), lo.intType(64));
  lo.call(IrIntrinsic::BulkReduce,
          {genericPointer(lo, lo.address(lo.operand(0), to)), source, size, reductionOf(lo, in, element)});
  if (to == Space::Global) return;
  if (in.operands.size() < 4 || lo.operand(3).kind != OperandKind::Address)
    return lo.refuse(Diag::ptx_operand, "the mbarrier is missing");
  completeTransaction(lo, sharedAddress(lo, lo.operand(3), Space::Shared), size);
}

// The bytes of an access to shared memory of the cluster, told to the mbarrier in operand 2.
void report(BodyLowering &lo, const Instruction &in) {
  completeTransaction(lo, sharedAddress(lo, lo.operand(2), Space::Shared), lo.constant(32, uint64_t(in.vector) * bytes(in.type())));
}

// 9.7.9.12 st.async: to shared memory with an mbarrier, or a release to global memory
void storeAsync(BodyLowering &lo, const Instruction &in) {
  bool global = in.operands.size() < 3;
  if (global == (in.find(ModGroup::Mbarrier) != Mod::None)) return lo.refuse(Diag::ptx_operand, "st.async to shared memory has an mbarrier, others have none");
  storeTo(lo, in, lo.address(lo.operand(0), global ? in.space : Space::Shared));
  if (!global) report(lo, in);
}

// 9.7.13.8 red.async
void reduceAsync(BodyLowering &lo, const Instruction &in) {
  bool global = in.operands.size() < 3;
  if (global == (in.find(ModGroup::Mbarrier) != Mod::None)) return lo.refuse(Diag::ptx_operand, "red.async to shared memory has an mbarrier, others have none");
  atomicUpdate(lo, in, lo.address(lo.operand(0), global ? in.space : Space::Shared), lo.operand(1));
  if (!global) report(lo, in);
}

// 9.7.9.13 st.bulk: zeros, a multiple of 8 bytes
void storeBulk(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  Value *to = genericPointer(lo, lo.address(lo.operand(0), in.space)), *size = lo.readBits(lo.operand(1), 64);
  if (lo.operand(2).kind != OperandKind::Integer || lo.operand(2).bits) return lo.refuse(Diag::ptx_operand, "st.bulk stores zeros only");
  llvm::BasicBlock *before = b.GetInsertBlock(), *done = lo.newBlock("filled"), *loop = lo.newBlock("fill");
  b.CreateCondBr(b.CreateIsNull(size), done, loop);
  b.SetInsertPoint(loop);
  llvm::PHINode *at = b.CreatePHI(b.getInt64Ty(), 2);
  b.CreateAlignedStore(b.getInt64(0), b.CreateGEP(b.getInt8Ty(), to, at), llvm::Align(8));
  Value *next = b.CreateAdd(at, b.getInt64(8));
  at->addIncoming(b.getInt64(0), before);
  at->addIncoming(next, loop);
  b.CreateCondBr(b.CreateICmpULT(next, size), loop, done);
  b.SetInsertPoint(done);
}

void nothing(BodyLowering &lo, const Instruction &in) {}

}  // namespace

void addBulkRules(RuleTable &table) {
  set(table, Opcode::CpAsyncBulk, copy);
  set(table, Opcode::CpReduceAsyncBulk, reduce);
  set(table, Opcode::CpAsyncBulkPrefetch, nothing);
  set(table, Opcode::CpAsyncBulkCommitGroup, nothing);
  set(table, Opcode::CpAsyncBulkWaitGroup, nothing);
  set(table, Opcode::StAsync, storeAsync);
  set(table, Opcode::RedAsync, reduceAsync);
  set(table, Opcode::StBulk, storeBulk);
}

}  // namespace cutrans::ptx::lowering
