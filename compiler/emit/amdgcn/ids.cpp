// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// lower-amdgcn: who a thread is. The chip numbers the work-items of a group as CUDA numbers threads, x first, and fills wave after
// wave, so lane l of a wave of 64 is lane l % 32 of warp 2 * wave + l / 32.
#include <llvm/IR/IntrinsicsAMDGPU.h>
#include <llvm/IR/Module.h>

#include "compiler/emit/amdgcn/lowering.h"

namespace cutrans::emit::amdgcn {

using llvm::Value;

namespace {
enum Key : unsigned { Thread = 0, Group = 3, Size = 6, Linear = 9, WaveLane, Half, Lane, Warp };

// s_getreg's operand: number of the register, first bit, count of bits.
unsigned registerBits(unsigned number, unsigned first, unsigned count) { return number | first << 6 | (count - 1) << 11; }
}  // namespace

llvm::IRBuilder<> Ids::entry() {
  if (last_) return llvm::IRBuilder<>(last_->getParent(), std::next(last_->getIterator()));
  llvm::BasicBlock &block = kernel_.getEntryBlock();
  return llvm::IRBuilder<>(&block, block.getFirstNonPHIOrDbgOrAlloca());
}

Value *Ids::once(unsigned key, llvm::function_ref<Value *(llvm::IRBuilder<> &)> make) {
  if (known_[key]) return known_[key];
  llvm::IRBuilder<> builder = entry();
  Value *value = make(builder);
  if (auto *instruction = llvm::dyn_cast<llvm::Instruction>(value)) last_ = instruction;
  return known_[key] = value;
}

Value *Ids::field(size_t offset, llvm::Type *type, const llvm::Twine &name) {
  llvm::IRBuilder<> builder = entry();
  Value *place = builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), launch_, offset);
  llvm::LoadInst *load = builder.CreateAlignedLoad(type, place, llvm::Align(type->getPrimitiveSizeInBits() / 8), name);
  load->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(kernel_.getContext(), {}));
  last_ = load;
  return load;
}

Value *Ids::threadId(unsigned dimension) {
  constexpr llvm::Intrinsic::ID ids[] = {llvm::Intrinsic::amdgcn_workitem_id_x, llvm::Intrinsic::amdgcn_workitem_id_y,
                                         llvm::Intrinsic::amdgcn_workitem_id_z};
  if (!options_.anyShape() && options_.block[dimension] == 1) return llvm::ConstantInt::get(llvm::Type::getInt32Ty(kernel_.getContext()), 0);
  return once(Thread + dimension, [&](llvm::IRBuilder<> &b) -> Value * {
    llvm::CallInst *id = b.CreateIntrinsic(ids[dimension], llvm::ArrayRef<llvm::Type *>(), {});
    id->addRangeRetAttr(llvm::ConstantRange(llvm::APInt(32, 0), llvm::APInt(32, options_.anyShape() ? 1024 : options_.block[dimension])));
    return id;
  });
}

Value *Ids::groupId(unsigned dimension) {
  constexpr llvm::Intrinsic::ID ids[] = {llvm::Intrinsic::amdgcn_workgroup_id_x, llvm::Intrinsic::amdgcn_workgroup_id_y,
                                         llvm::Intrinsic::amdgcn_workgroup_id_z};
  return once(Group + dimension, [&](llvm::IRBuilder<> &b) { return b.CreateIntrinsic(ids[dimension], llvm::ArrayRef<llvm::Type *>(), {}); });
}

Value *Ids::groupSize(unsigned dimension) {
  llvm::Type *i32 = llvm::Type::getInt32Ty(kernel_.getContext());
  if (!options_.anyShape()) return llvm::ConstantInt::get(i32, options_.block[dimension]);
  if (!known_[Size + dimension]) known_[Size + dimension] = field(offsetof(ct_amdgpu_launch, block) + 4 * dimension, i32, "ntid");
  return known_[Size + dimension];
}

Value *Ids::linearThread() {
  Value *parts[] = {threadId(0), threadId(1), threadId(2), groupSize(0), groupSize(1)};
  return once(Linear, [&](llvm::IRBuilder<> &b) {
    Value *rows = b.CreateNUWAdd(parts[1], b.CreateNUWMul(parts[2], parts[4]));
    Value *linear = b.CreateNUWAdd(parts[0], b.CreateNUWMul(rows, parts[3]), "thread");
    // So that what follows from it comes behind it, whatever was folded.
    return llvm::isa<llvm::Instruction>(linear) && linear != parts[0] ? linear : b.CreateFreeze(linear, "thread");
  });
}

Value *Ids::waveLane() {
  return once(WaveLane, [&](llvm::IRBuilder<> &b) -> Value * {
    Value *all = b.getInt32(~0u);
    llvm::CallInst *lane = b.CreateIntrinsic(llvm::Intrinsic::amdgcn_mbcnt_lo, {}, {all, b.getInt32(0)});
    if (chip_.wave == 64) lane = b.CreateIntrinsic(llvm::Intrinsic::amdgcn_mbcnt_hi, {}, {all, lane});
    lane->addRangeRetAttr(llvm::ConstantRange(llvm::APInt(32, 0), llvm::APInt(32, chip_.wave)));
    return lane;
  });
}

Value *Ids::half() {
  Value *inWave = waveLane();
  return once(Half, [&](llvm::IRBuilder<> &b) { return b.CreateAnd(inWave, b.getInt32(32), "half"); });
}

Value *Ids::lane() {
  Value *inWave = waveLane();
  if (chip_.wave == 32) return inWave;
  return once(Lane, [&](llvm::IRBuilder<> &b) { return b.CreateAnd(inWave, b.getInt32(31), "lane"); });
}

Value *Ids::warp() {
  Value *thread = linearThread();
  return once(Warp, [&](llvm::IRBuilder<> &b) { return b.CreateLShr(thread, 5, "warp"); });
}

// Where the wave runs. gfx9: HW_ID (4), 8-15: unit, array and engine, and XCC_ID (20) where there are several dies; from gfx10 on
// HW_ID1 (23), 10-20, with gaps: unit, array, engine.
Value *Ids::unit() {
  llvm::IRBuilder<> b = entry();
  auto read = [&](unsigned bits) -> Value * { return b.CreateIntrinsic(llvm::Intrinsic::amdgcn_s_getreg, {}, {b.getInt32(bits)}); };
  Value *unit;
  if (chip_.generation == 9) {
    unit = read(registerBits(4, 8, 8));
    if (chip_.multipleDies) unit = b.CreateOr(unit, b.CreateShl(read(registerBits(20, 0, 4)), 8), "smid");
  } else {
    unit = read(registerBits(23, 10, 11));
  }
  last_ = llvm::cast<llvm::Instruction>(unit);
  return unit;
}

unsigned Ids::unitCount(const Chip &chip) { return chip.generation == 9 ? chip.multipleDies ? 4096 : 256 : 2048; }

}  // namespace cutrans::emit::amdgcn
