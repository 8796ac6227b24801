// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// lower-amdgcn: what thread form asks of a machine, as operations of AMD's chips. The chip numbers the work-items of a group as CUDA numbers
// threads, x first, and fills wave after wave. s_barrier counts waves, and a wave that has ended counts as one that came, as CUDA has it for threads.
// Permutations go through the LDS crossbar (ds_bpermute), which gives 0 for a lane that is not here.
#include <llvm/IR/IntrinsicsAMDGPU.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>

#include "compiler/emit/amdgcn/amdgcn.h"
#include "compiler/emit/thread/lowering.h"
#include "compiler/ir/spmd.h"

namespace cutrans::emit::amdgcn {

using llvm::AtomicOrdering;
using llvm::Value;

namespace {

// s_getreg's operand: number of the register, first bit, count of bits.
unsigned registerBits(unsigned number, unsigned first, unsigned count) { return number | first << 6 | (count - 1) << 11; }

class ChipMachine final : public thread::Machine {
 public:
  explicit ChipMachine(const Chip &chip) : chip_(chip) {
    words = "AMD's chips";
    noForm = Diag::codegen_amdgpu;
    barrierRefusal = Diag::codegen_amdgpu_barrier;
    waitsRefusal = Diag::codegen_amdgpu_waits;
    wave = chip.wave;
    using Launch = ct_amdgpu_launch;
    fields = {offsetof(Launch, globals), offsetof(Launch, grid_id), offsetof(Launch, child_queue), offsetof(Launch, grid_workspace), offsetof(Launch, messages),
              offsetof(Launch, stack_bytes), offsetof(Launch, grid), offsetof(Launch, block), offsetof(Launch, dynamic_shared_bytes), offsetof(Launch, heap)};
    textures = true;
    deviceScope = "agent";
    maxShared = 65536;
  }

  Value *threadId(llvm::IRBuilder<> &b, unsigned dimension, unsigned bound) override {
    constexpr llvm::Intrinsic::ID ids[] = {llvm::Intrinsic::amdgcn_workitem_id_x, llvm::Intrinsic::amdgcn_workitem_id_y, llvm::Intrinsic::amdgcn_workitem_id_z};
    llvm::CallInst *id = b.CreateIntrinsic(ids[dimension], llvm::ArrayRef<llvm::Type *>(), {});
    id->addRangeRetAttr(llvm::ConstantRange(llvm::APInt(32, 0), llvm::APInt(32, bound)));
    return id;
  }
  Value *groupId(llvm::IRBuilder<> &b, unsigned dimension) override {
    constexpr llvm::Intrinsic::ID ids[] = {llvm::Intrinsic::amdgcn_workgroup_id_x, llvm::Intrinsic::amdgcn_workgroup_id_y, llvm::Intrinsic::amdgcn_workgroup_id_z};
    return b.CreateIntrinsic(ids[dimension], llvm::ArrayRef<llvm::Type *>(), {});
  }
  Value *waveLane(llvm::IRBuilder<> &b) override {
    Value *all = b.getInt32(~0u);
    llvm::CallInst *lane = b.CreateIntrinsic(llvm::Intrinsic::amdgcn_mbcnt_lo, {}, {all, b.getInt32(0)});
    if (wave == 64) lane = b.CreateIntrinsic(llvm::Intrinsic::amdgcn_mbcnt_hi, {}, {all, lane});
    lane->addRangeRetAttr(llvm::ConstantRange(llvm::APInt(32, 0), llvm::APInt(32, wave)));
    return lane;
  }
  Value *unit(thread::Ids &ids) override;
  Value *unitCount(thread::Ids &ids) override {
    return llvm::ConstantInt::get(llvm::Type::getInt32Ty(ids.kernel().getContext()), chip_.generation == 9 ? chip_.multipleDies ? 4096 : 256 : 2048);
  }

  Value *ballot(llvm::IRBuilderBase &b, Value *condition) override { return b.CreateIntrinsic(llvm::Intrinsic::amdgcn_ballot, {b.getIntNTy(wave)}, {condition}); }
  Value *permute(llvm::IRBuilderBase &b, Value *from, Value *word) override {
    return b.CreateIntrinsic(llvm::Intrinsic::amdgcn_ds_bpermute, {}, {b.CreateShl(from, 2), word});
  }
  void syncWarp(llvm::IRBuilderBase &b) override {
    b.CreateFence(AtomicOrdering::AcquireRelease, b.getContext().getOrInsertSyncScopeID("wavefront"));
    b.CreateIntrinsic(llvm::Intrinsic::amdgcn_wave_barrier, llvm::ArrayRef<llvm::Type *>(), {});
  }
  void syncBlock(llvm::IRBuilderBase &b) override {
    llvm::SyncScope::ID group = b.getContext().getOrInsertSyncScopeID("workgroup");
    b.CreateFence(AtomicOrdering::Release, group);
    b.CreateIntrinsic(llvm::Intrinsic::amdgcn_s_barrier, llvm::ArrayRef<llvm::Type *>(), {});
    b.CreateFence(AtomicOrdering::Acquire, group);
  }

  Value *isShared(llvm::IRBuilderBase &b, thread::Ids &, Value *address, Value *) override {
    return b.CreateIntrinsic(llvm::Intrinsic::amdgcn_is_shared, {}, {b.CreateIntToPtr(address, b.getPtrTy())});
  }
  Value *isLocal(llvm::IRBuilderBase &b, llvm::Function &, Value *address) override {
    return b.CreateIntrinsic(llvm::Intrinsic::amdgcn_is_private, {}, {b.CreateIntToPtr(address, b.getPtrTy())});
  }

  // The counter of cycles has 20 bits on gfx11: there the constant one serves, whose rate is another.
  Value *clock(llvm::IRBuilderBase &b) override {
    bool cycles = chip_.generation != 11;
    return b.CreateIntrinsic(b.getInt64Ty(), cycles ? llvm::Intrinsic::readcyclecounter : llvm::Intrinsic::readsteadycounter, {});
  }
  Value *globalTimer(llvm::IRBuilderBase &b, thread::Ids &ids) override {
    Value *khz = b.CreateZExt(ids.field(offsetof(ct_amdgpu_launch, timer_khz), b.getInt32Ty()), b.getInt64Ty());
    Value *ticks = b.CreateIntrinsic(b.getInt64Ty(), llvm::Intrinsic::readsteadycounter, {}), *million = b.getInt64(1000000);
    Value *whole = b.CreateMul(b.CreateUDiv(ticks, khz), million);
    return b.CreateAdd(whole, b.CreateUDiv(b.CreateMul(b.CreateURem(ticks, khz), million), khz));
  }
  void pause(llvm::IRBuilderBase &b) override { b.CreateIntrinsic(llvm::Intrinsic::amdgcn_s_sleep, {}, {b.getInt32(1)}); }

  Value *stackArea(thread::Ids &ids) override;
  void finish(llvm::Function &kernel, thread::Ids &ids) override;

 private:
  const Chip &chip_;
  Value *stacks_ = nullptr, *slot_ = nullptr;
};

// Where the wave runs. gfx9: HW_ID (4), 8-15: unit, array and engine, and XCC_ID (20) where there are several dies; from gfx10 on
// HW_ID1 (23), 10-20, with gaps: unit, array, engine.
Value *ChipMachine::unit(thread::Ids &ids) {
  llvm::IRBuilder<> b = ids.entry();
  auto read = [&](unsigned bits) -> Value * { return b.CreateIntrinsic(llvm::Intrinsic::amdgcn_s_getreg, {}, {b.getInt32(bits)}); };
  Value *unit;
  if (chip_.generation == 9) {
    unit = read(registerBits(4, 8, 8));
    if (chip_.multipleDies) unit = b.CreateOr(unit, b.CreateShl(read(registerBits(20, 0, 4)), 8), "smid");
  } else {
    unit = read(registerBits(23, 10, 11));
  }
  ids.behind(llvm::cast<llvm::Instruction>(unit));
  return unit;
}

// A wave takes a piece of the launch's stacks that nobody has, and gives it back. One lane asks; there are as many pieces as waves
// that run at a time, so some piece is free or will soon be.
Value *ChipMachine::stackArea(thread::Ids &ids) {
  if (stacks_) return stacks_;
  llvm::LLVMContext &context = ids.kernel().getContext();
  llvm::Type *i32 = llvm::Type::getInt32Ty(context), *i64 = llvm::Type::getInt64Ty(context);
  Value *stacks = ids.field(offsetof(ct_amdgpu_launch, stacks), i64), *slots = ids.field(offsetof(ct_amdgpu_launch, stack_slots), i64);
  Value *bytes = ids.field(offsetof(ct_amdgpu_launch, stack_bytes), i64), *count = ids.field(offsetof(ct_amdgpu_launch, stack_slot_count), i32);
  Value *thread = ids.linearThread(), *lane = ids.waveLane();
  // Until all is lowered this is one instruction, so that the start of the kernel stays one block: finish() writes it out.
  llvm::IRBuilder<> builder = ids.entry();
  llvm::FunctionCallee take = ids.kernel().getParent()->getOrInsertFunction("cutrans.take.slot", i32, i64, i32);
  auto *slot = builder.CreateCall(take, {slots, count}, "slot");
  slot_ = slot;
  Value *piece = builder.CreateMul(builder.CreateZExt(slot, i64), builder.CreateMul(bytes, builder.getInt64(chip_.wave)));
  // Lane l's is piece + l * bytes; whoever asks adds thread * bytes.
  Value *before = builder.CreateMul(builder.CreateZExt(builder.CreateSub(thread, lane), i64), bytes);
  stacks_ = builder.CreateSub(builder.CreateAdd(stacks, piece), before, "stack.area");
  ids.behind(llvm::cast<llvm::Instruction>(stacks_));
  return stacks_;
}

void ChipMachine::finish(llvm::Function &kernel, thread::Ids &ids) {
  auto *take = llvm::cast_or_null<llvm::CallInst>(slot_);
  if (!take) return;
  llvm::LLVMContext &context = kernel.getContext();
  llvm::Type *i32 = llvm::Type::getInt32Ty(context);
  auto *pointer = llvm::PointerType::get(context, ir::space::Global);
  llvm::SyncScope::ID agent = context.getOrInsertSyncScopeID("agent");
  Value *slots = take->getArgOperand(0), *count = take->getArgOperand(1);
  auto wordOf = [&](llvm::IRBuilderBase &b, Value *slot) {
    return b.CreateGEP(i32, b.CreateIntToPtr(slots, pointer), b.CreateZExt(slot, b.getInt64Ty()));
  };
  auto isFirst = [&](llvm::IRBuilderBase &b) {
    Value *lane = ids.waveLane();
    llvm::CallInst *first = b.CreateIntrinsic(llvm::Intrinsic::amdgcn_readfirstlane, {i32}, {lane});
    return b.CreateICmpEQ(lane, first);
  };
  // Given back by one lane in front of the kernel's only return, which all lanes of the wave reach together.
  for (llvm::BasicBlock &block : llvm::make_early_inc_range(kernel)) {
    auto *end = llvm::dyn_cast<llvm::ReturnInst>(block.getTerminator());
    if (!end) continue;
    llvm::IRBuilder<> b(end);
    Value *mine = isFirst(b);
    llvm::Instruction *then = llvm::SplitBlockAndInsertIfThen(mine, end, false);
    b.SetInsertPoint(then);
    llvm::StoreInst *store = b.CreateAlignedStore(b.getInt32(0), wordOf(b, take), llvm::Align(4));
    store->setAtomic(AtomicOrdering::Release, agent);
    break;
  }
  // Taken: try one after the other, round and round.
  llvm::BasicBlock *before = take->getParent(), *after = llvm::SplitBlock(before, take);
  after->setName("stacked");
  llvm::IRBuilder<> b(before->getTerminator());
  Value *mine = isFirst(b);
  auto *loop = llvm::BasicBlock::Create(context, "take", &kernel, after), *taken = llvm::BasicBlock::Create(context, "taken", &kernel, after);
  before->getTerminator()->eraseFromParent();
  b.SetInsertPoint(before);
  b.CreateCondBr(mine, loop, taken);
  b.SetInsertPoint(loop);
  llvm::PHINode *index = b.CreatePHI(i32, 2, "index");
  Value *old = b.CreateAtomicRMW(llvm::AtomicRMWInst::Xchg, wordOf(b, index), b.getInt32(1), llvm::Align(4), AtomicOrdering::Acquire, agent);
  Value *next = b.CreateAdd(index, b.getInt32(1));
  next = b.CreateSelect(b.CreateICmpULT(next, count), next, b.getInt32(0));
  index->addIncoming(b.getInt32(0), before);
  index->addIncoming(next, loop);
  b.CreateCondBr(b.CreateIsNull(old), taken, loop);
  b.SetInsertPoint(taken);
  llvm::PHINode *own = b.CreatePHI(i32, 2, "own");
  own->addIncoming(b.getInt32(0), before);
  own->addIncoming(index, loop);
  b.CreateBr(after);
  b.SetInsertPoint(take);
  // The lane that asked is the first that is live.
  Value *slot = b.CreateIntrinsic(llvm::Intrinsic::amdgcn_readfirstlane, {i32}, {own});
  take->replaceAllUsesWith(slot);
  llvm::Function *marker = take->getCalledFunction();
  take->eraseFromParent();
  if (marker->use_empty()) marker->eraseFromParent();
}

}  // namespace

std::unique_ptr<thread::Machine> makeMachine(const Chip &chip) { return std::make_unique<ChipMachine>(chip); }

}  // namespace cutrans::emit::amdgcn
