// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/simt/split_phases_frame.h"

#include <cstddef>

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/Support/MathExtras.h>

#include "compiler/simt/phases.h"
#include "compiler/simt/widened.h"
#include "cutrans/native_kernel.h"

namespace cutrans::simt::phases {
namespace {

constexpr unsigned MaxThreads = 1024;

}  // namespace

unsigned exactGangs(const llvm::Function &kernel) { return llvm::divideCeil(threadsOf(kernel), widthOf(kernel)); }

unsigned maxGangs(const llvm::Function &kernel) {
  unsigned exact = exactGangs(kernel);
  return exact ? exact : unsigned(llvm::divideCeil(MaxThreads, widthOf(kernel)));
}

Frame::Frame(llvm::Function &kernel) : kernel_(kernel), gangs_(maxGangs(kernel)) {
  llvm::MDBuilder builder(kernel.getContext());
  llvm::MDNode *domain = builder.createAnonymousAliasScopeDomain("cutrans");
  scope_ = llvm::MDNode::get(kernel.getContext(), builder.createAnonymousAliasScope(domain, "scratch"));
}

unsigned Frame::allocate(llvm::Type *type) {
  const llvm::DataLayout &layout = kernel_.getDataLayout();
  uint64_t bytes = layout.getTypeStoreSize(type).getFixedValue();
  // Pointers of every space have 64 bits in the end (drop_address_spaces.cpp).
  if (type->isPtrOrPtrVectorTy())
    bytes = 8 * (type->isVectorTy() ? llvm::cast<llvm::FixedVectorType>(type)->getNumElements() : 1);
  return allocate(bytes, std::min<uint64_t>(64, llvm::PowerOf2Ceil(bytes)));
}

unsigned Frame::allocate(uint64_t bytes, uint64_t align) {
  bytes = llvm::alignTo(bytes, align);
  size_ = llvm::alignTo(size_, 64);
  slots_.push_back({size_, bytes, align});
  size_ += bytes * gangs_;
  return slots_.size() - 1;
}

llvm::Value *Frame::address(unsigned slot, llvm::Instruction *before) {
  if (!base_) {
    llvm::IRBuilder<> entry(kernel_.getEntryBlock().getTerminator());
    llvm::Value *field = entry.CreateConstInBoundsGEP1_64(entry.getInt8Ty(), kernel_.getArg(0),
                                                          offsetof(ct_native_block, scratch));
    auto *base = entry.CreateAlignedLoad(entry.getPtrTy(), field, llvm::Align(8), "scratch");
    base->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(kernel_.getContext(), {}));
    base_ = base;
  }
  llvm::IRBuilder<> builder(before);
  llvm::Value *array = builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), base_, slots_[slot].offset);
  llvm::Value *gang = builder.CreateZExt(kernel_.getArg(1), builder.getInt64Ty());
  llvm::Value *offset = builder.CreateNUWMul(gang, builder.getInt64(slots_[slot].bytes));
  return builder.CreateInBoundsGEP(builder.getInt8Ty(), array, offset);
}

llvm::Value *Frame::load(unsigned slot, llvm::Type *type, llvm::Instruction *before, const llvm::Twine &name) {
  auto *load = new llvm::LoadInst(type, address(slot, before), name, false, llvm::Align(slots_[slot].align),
                                  before->getIterator());
  load->setMetadata(llvm::LLVMContext::MD_alias_scope, scope_);
  own_.insert(load);
  return load;
}

void Frame::store(unsigned slot, llvm::Value *value, llvm::Instruction *before) {
  auto *store = new llvm::StoreInst(value, address(slot, before), false, llvm::Align(slots_[slot].align),
                                    before->getIterator());
  store->setMetadata(llvm::LLVMContext::MD_alias_scope, scope_);
  own_.insert(store);
}

unsigned Frame::finish() {
  if (own_.empty()) return size_;
  for (llvm::Instruction &instruction : llvm::instructions(kernel_)) {
    if (!instruction.mayReadOrWriteMemory() || own_.contains(&instruction)) continue;
    llvm::MDNode *others = instruction.getMetadata(llvm::LLVMContext::MD_noalias);
    instruction.setMetadata(llvm::LLVMContext::MD_noalias, llvm::MDNode::concatenate(others, scope_));
  }
  return size_;
}

}  // namespace cutrans::simt::phases
