// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Thread form: who a thread is. Lane l of a wave of 64 is lane l % 32 of warp 2 * wave + l / 32.
#include <llvm/IR/Module.h>

#include "compiler/emit/thread/lowering.h"

namespace cutrans::emit::thread {

using llvm::Value;

namespace {
enum Key : unsigned { Thread = 0, Group = 3, Size = 6, Linear = 9, WaveLane, Half, Lane, Warp };

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
  llvm::Type *i32 = llvm::Type::getInt32Ty(kernel_.getContext());
  auto extent = [&](unsigned d) { return options_.anyShape() ? 0 : options_.block[d]; };
  if (extent(dimension) == 1) return llvm::ConstantInt::get(i32, 0);
  if (!machine_.linear)
    return once(Thread + dimension, [&](llvm::IRBuilder<> &b) { return machine_.threadId(b, dimension, options_.anyShape() ? 1024 : extent(dimension)); });
  Value *thread = linearThread(), *row = nullptr, *plane = nullptr;
  const bool flat = extent(1) == 1 && extent(2) == 1;
  if (dimension == 0 && flat) return thread;
  row = groupSize(0);
  if (dimension > 0) plane = groupSize(1);
  return once(Thread + dimension, [&](llvm::IRBuilder<> &b) {
    if (dimension == 0) return b.CreateURem(thread, row);
    Value *rows = b.CreateUDiv(thread, row);
    if (dimension == 2) return b.CreateUDiv(rows, plane);
    return extent(2) == 1 ? rows : b.CreateURem(rows, plane);
  });
}

Value *Ids::groupId(unsigned dimension) {
  return once(Group + dimension, [&](llvm::IRBuilder<> &b) { return machine_.groupId(b, dimension); });
}

Value *Ids::groupSize(unsigned dimension) {
  llvm::Type *i32 = llvm::Type::getInt32Ty(kernel_.getContext());
  if (!options_.anyShape()) return llvm::ConstantInt::get(i32, options_.block[dimension]);
  if (!known_[Size + dimension]) known_[Size + dimension] = field(machine_.fields.block + 4 * dimension, i32, "ntid");
  return known_[Size + dimension];
}

Value *Ids::linearThread() {
  if (machine_.linear) return once(Linear, [&](llvm::IRBuilder<> &b) { return machine_.linearThread(b); });
  Value *parts[] = {threadId(0), threadId(1), threadId(2), groupSize(0), groupSize(1)};
  return once(Linear, [&](llvm::IRBuilder<> &b) {
    Value *rows = b.CreateNUWAdd(parts[1], b.CreateNUWMul(parts[2], parts[4]));
    Value *linear = b.CreateNUWAdd(parts[0], b.CreateNUWMul(rows, parts[3]), "thread");
    // So that what follows from it comes behind it, whatever was folded.
    return llvm::isa<llvm::Instruction>(linear) && linear != parts[0] ? linear : b.CreateFreeze(linear, "thread");
  });
}

Value *Ids::waveLane() {
  return once(WaveLane, [&](llvm::IRBuilder<> &b) { return machine_.waveLane(b); });
}

Value *Ids::half() {
  Value *inWave = waveLane();
  return once(Half, [&](llvm::IRBuilder<> &b) { return b.CreateAnd(inWave, b.getInt32(32), "half"); });
}

Value *Ids::lane() {
  Value *inWave = waveLane();
  if (machine_.wave == 32) return inWave;
  return once(Lane, [&](llvm::IRBuilder<> &b) { return b.CreateAnd(inWave, b.getInt32(31), "lane"); });
}

Value *Ids::warp() {
  Value *thread = linearThread();
  return once(Warp, [&](llvm::IRBuilder<> &b) { return b.CreateLShr(thread, 5, "warp"); });
}

Value *Machine::threadId(llvm::IRBuilder<> &, unsigned, unsigned) { llvm_unreachable("a linear machine"); }
Value *Machine::linearThread(llvm::IRBuilder<> &) { llvm_unreachable("no linear machine"); }
Value *Machine::globalTimer(llvm::IRBuilderBase &, Ids &) { return nullptr; }
Value *Machine::stackArea(Ids &) { llvm_unreachable("stacks were refused"); }
void Machine::finish(llvm::Function &, Ids &) {}

}  // namespace cutrans::emit::thread
