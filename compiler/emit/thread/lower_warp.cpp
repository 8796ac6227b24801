// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Thread form: operations between the lanes of a warp, as ballots and as permutations of the wave. In a wave of 64 each works within its half:
// ballots are shifted down by the half, permutations name lanes of it.
//
// Members are exact (PTX manual, shfl.sync and its kin). Lanes run in step, so a member that is not here has ended, or is elsewhere and would
// have to be waited for, which code in step cannot do. To tell the two apart, lanes that come to where no warp operation can be
// reached any more set their bit in a word of shared memory; on the chip that the PTX is for, such a lane is waited for until it ends.
// What is neither here nor gone is refused at run time (CT1410).
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>

#include "compiler/emit/thread/lowering.h"
#include "compiler/ir/spmd.h"
#include "compiler/simt/refusal.h"
#include "compiler/simt/shuffle_source.h"

namespace cutrans::emit::thread {

using ir::Intrinsic;
using llvm::BasicBlock;
using llvm::Value;

namespace {

constexpr unsigned kMaxWarps = 32;

llvm::SmallPtrSet<BasicBlock *, 32> blocksThatReach(llvm::ArrayRef<BasicBlock *> targets) {
  llvm::SmallPtrSet<BasicBlock *, 32> found(targets.begin(), targets.end());
  llvm::SmallVector<BasicBlock *, 32> work(targets.begin(), targets.end());
  while (!work.empty())
    for (BasicBlock *before : llvm::predecessors(work.pop_back_val()))
      if (found.insert(before).second) work.push_back(before);
  return found;
}

Value *pair(llvm::IRBuilderBase &builder, llvm::Type *type, Value *first, Value *second) {
  return builder.CreateInsertValue(builder.CreateInsertValue(llvm::PoisonValue::get(type), first, 0), second, 1);
}

}  // namespace

bool WarpLowering::hasMembers(Intrinsic id) {
  return id == Intrinsic::WarpSync || (id >= Intrinsic::ShflIdx && id <= Intrinsic::Elect);
}

Value *WarpLowering::goneWord(llvm::IRBuilderBase &builder) {
  return builder.CreateInBoundsGEP(gone_->getValueType(), gone_, {builder.getInt32(0), ids_.warp()});
}

void WarpLowering::markLeaving() {
  llvm::SmallVector<BasicBlock *, 8> operations;
  for (llvm::Instruction &instruction : llvm::instructions(kernel_))
    if (hasMembers(ir::intrinsicOf(&instruction))) operations.push_back(instruction.getParent());
  if (operations.empty()) return;
  auto before = blocksThatReach(operations);
  struct Leave {
    llvm::BranchInst *branch;  // conditional; null: the end of `block`
    unsigned way;
    BasicBlock *block;
  };
  llvm::SmallVector<Leave, 8> leaves;
  for (BasicBlock &block : kernel_) {
    auto *branch = llvm::dyn_cast<llvm::BranchInst>(block.getTerminator());
    if (!before.contains(&block) || !branch) continue;
    if (branch->isConditional()) {
      for (unsigned way : {0u, 1u})
        if (!before.contains(branch->getSuccessor(way))) leaves.push_back({branch, way, &block});
    } else if (!before.contains(branch->getSuccessor(0))) {
      leaves.push_back({nullptr, 0, &block});
    }
  }
  // Behind the last operation of a straight line nobody asks.
  llvm::SmallPtrSet<BasicBlock *, 8> distinct(operations.begin(), operations.end());
  bool straight = leaves.size() == 1 && !leaves[0].branch;
  bool fullWarps = !ids_.options().anyShape() && ids_.options().threads() % 32 == 0;
  if (straight && fullWarps) return;
  llvm::Module &module = *kernel_.getParent();
  auto *type = llvm::ArrayType::get(llvm::Type::getInt32Ty(module.getContext()), kMaxWarps);
  gone_ = new llvm::GlobalVariable(module, type, false, llvm::GlobalValue::InternalLinkage, llvm::PoisonValue::get(type), "cutrans.gone", nullptr,
                                   llvm::GlobalValue::NotThreadLocal, ir::space::Shared);
  gone_->setAlignment(llvm::Align(4));
  ids_.warp(), ids_.lane();
  {
    // Lanes that have no thread are gone from the start. All of a warp write the same.
    llvm::IRBuilder<> builder = ids_.entry();
    Value *here = ballot(builder, builder.getTrue());
    builder.CreateAlignedStore(builder.CreateNot(here), goneWord(builder), llvm::Align(4));
  }
  if (straight) return;
  llvm::SyncScope::ID group = blockScope();
  for (const Leave &leave : leaves) {
    llvm::IRBuilder<> builder(leave.block->getTerminator());
    Value *bit = builder.CreateShl(builder.getInt32(1), ids_.lane());
    if (leave.branch) {
      Value *takes = leave.branch->getCondition();
      if (leave.way == 1) takes = builder.CreateNot(takes);
      bit = builder.CreateSelect(takes, bit, builder.getInt32(0));
    }
    builder.CreateAtomicRMW(llvm::AtomicRMWInst::Or, goneWord(builder), bit, llvm::Align(4), llvm::AtomicOrdering::Monotonic, group);
  }
}

llvm::SyncScope::ID WarpLowering::blockScope() { return kernel_.getContext().getOrInsertSyncScopeID(ids_.machine().blockScope); }

Value *WarpLowering::ballot(llvm::IRBuilderBase &builder, Value *condition) {
  Value *all = ids_.machine().ballot(builder, condition);
  if (ids_.machine().wave == 32) return all;
  return builder.CreateTrunc(builder.CreateLShr(all, builder.CreateZExt(ids_.half(), builder.getInt64Ty())), builder.getInt32Ty());
}

void WarpLowering::checkMembers(llvm::CallInst &call) {
  llvm::IRBuilder<> builder(&call);
  Value *missing = builder.CreateAnd(call.getArgOperand(0), builder.CreateNot(ballot(builder, builder.getTrue())), "missing");
  llvm::MDNode *unlikely = llvm::MDBuilder(kernel_.getContext()).createUnlikelyBranchWeights();
  auto inCase = [&](Value *bits, llvm::Instruction *place) {
    llvm::IRBuilder<> b(place);
    return llvm::SplitBlockAndInsertIfThen(b.CreateIsNotNull(bits), place, false, unlikely);
  };
  llvm::Instruction *place = inCase(missing, &call);
  if (gone_) {
    builder.SetInsertPoint(place);
    llvm::LoadInst *gone = builder.CreateAlignedLoad(builder.getInt32Ty(), goneWord(builder), llvm::Align(4), "gone");
    gone->setAtomic(llvm::AtomicOrdering::Monotonic, blockScope());
    place = inCase(builder.CreateAnd(missing, builder.CreateNot(gone)), place);
  }
  builder.SetInsertPoint(place);
  llvm::CallInst *fault = ir::call(builder, Intrinsic::Fault, {builder.getInt32(unsigned(Diag::simt_warp_members))});
  fault->setMetadata(ir::LineMetadata, call.getMetadata(ir::LineMetadata));
}

// A source that is not here gives anything, as the manual has it.
Value *WarpLowering::shuffle(llvm::IRBuilderBase &builder, llvm::CallInst &call, Intrinsic id) {
  auto [from, valid] = simt::shuffleSource(builder, id, ids_.lane(), call.getArgOperand(2), call.getArgOperand(3));
  // Chips differ in whether they look at bit 5 in a wave of 64; within the half it is the same to both.
  if (ids_.machine().wave == 64) from = builder.CreateOr(from, ids_.half());
  Value *got = ids_.machine().permute(builder, from, builder.CreateFreeze(call.getArgOperand(1)));
  return pair(builder, call.getType(), got, valid);
}

// Bit by bit: who has the same as this lane.
Value *WarpLowering::matchAny(llvm::IRBuilderBase &builder, Value *members, Value *value) {
  value = builder.CreateFreeze(value);
  Value *same = builder.CreateAnd(members, ballot(builder, builder.getTrue()));
  for (unsigned bit = 0; bit < value->getType()->getIntegerBitWidth(); ++bit) {
    Value *set = builder.CreateTrunc(builder.CreateLShr(value, bit), builder.getInt1Ty());
    Value *with = ballot(builder, set);
    same = builder.CreateAnd(same, builder.CreateSelect(set, with, builder.CreateNot(with)));
  }
  return same;
}

// Bit by bit as well, so that each lane may name members of its own.
Value *WarpLowering::reduce(llvm::IRBuilderBase &builder, Intrinsic id, Value *members, Value *value) {
  using enum Intrinsic;
  const bool isSigned = id == ReduxMinS32 || id == ReduxMaxS32, most = id == ReduxMaxS32 || id == ReduxMaxU32;
  const bool extreme = most || id == ReduxMinS32 || id == ReduxMinU32;
  value = builder.CreateFreeze(value);
  if (isSigned) value = builder.CreateXor(value, builder.getInt32(0x80000000u));
  Value *here = builder.CreateAnd(members, ballot(builder, builder.getTrue())), *result = builder.getInt32(0);
  for (unsigned i = 0; i < 32; ++i) {
    const unsigned bit = extreme ? 31 - i : i;
    Value *set = builder.CreateAnd(here, ballot(builder, builder.CreateTrunc(builder.CreateLShr(value, bit), builder.getInt1Ty())));
    Value *holds = nullptr;  // the bit of the result
    switch (id) {
      case ReduxAdd:
        result = builder.CreateAdd(result, builder.CreateShl(builder.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, set), bit));
        continue;
      case ReduxAnd: holds = builder.CreateICmpEQ(set, here); break;
      case ReduxOr: holds = builder.CreateIsNotNull(set); break;
      case ReduxXor: holds = builder.CreateTrunc(builder.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, set), builder.getInt1Ty()); break;
      default: {
        // Of those that are still in question only the ones with the better bit stay, if there are some.
        Value *better = most ? set : builder.CreateAnd(here, builder.CreateNot(set));
        Value *some = builder.CreateIsNotNull(better);
        here = builder.CreateSelect(some, better, here);
        holds = most ? some : builder.CreateNot(some);
      }
    }
    result = builder.CreateOr(result, builder.CreateSelect(holds, builder.getInt32(1u << bit), builder.getInt32(0)));
  }
  return isSigned ? builder.CreateXor(result, builder.getInt32(0x80000000u)) : result;
}

Value *WarpLowering::lower(llvm::CallInst &call, Intrinsic id) {
  using enum Intrinsic;
  if (id != ActiveMask && !hasMembers(id)) return nullptr;
  if (hasMembers(id)) checkMembers(call);
  llvm::IRBuilder<> builder(&call);
  if (id == ActiveMask) return ballot(builder, builder.getTrue());
  Value *members = call.getArgOperand(0);
  auto here = [&] { return builder.CreateAnd(members, ballot(builder, builder.getTrue())); };
  auto yes = [&] { return builder.CreateAnd(members, ballot(builder, builder.CreateFreeze(call.getArgOperand(1)))); };
  switch (id) {
    case WarpSync:
      ids_.machine().syncWarp(builder);
      return &call;
    case ShflIdx:
    case ShflUp:
    case ShflDown:
    case ShflBfly: return shuffle(builder, call, id);
    case VoteBallot: return yes();
    case VoteAny: return builder.CreateIsNotNull(yes());
    case VoteAll: return builder.CreateICmpEQ(yes(), here());
    case VoteUni: {
      Value *set = yes();
      return builder.CreateOr(builder.CreateICmpEQ(set, here()), builder.CreateIsNull(set));
    }
    case MatchAnyB32:
    case MatchAnyB64: return matchAny(builder, members, call.getArgOperand(1));
    case MatchAllB32:
    case MatchAllB64: {
      Value *all = here(), *holds = builder.CreateICmpEQ(matchAny(builder, members, call.getArgOperand(1)), all);
      return pair(builder, call.getType(), builder.CreateSelect(holds, all, builder.getInt32(0)), holds);
    }
    case Elect: {
      Value *leader = builder.CreateBinaryIntrinsic(llvm::Intrinsic::cttz, here(), builder.getFalse());
      return pair(builder, call.getType(), leader, builder.CreateICmpEQ(leader, ids_.lane()));
    }
    default: return reduce(builder, id, members, call.getArgOperand(1));
  }
}

}  // namespace cutrans::emit::thread
