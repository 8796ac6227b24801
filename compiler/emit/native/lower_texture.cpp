// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// lower-native: a gang's texture instruction becomes one call of the texture service. Handles, words and results go through arrays on the
// stack, one set for all of a kernel's instructions, so that a call costs stores and loads of vectors.
#include <algorithm>
#include <cstddef>

#include <llvm/IR/IRBuilder.h>

#include "compiler/emit/native/lower_native.h"
#include "cutrans/native_kernel.h"
#include "cutrans/texture_ops.h"

namespace cutrans::emit {

namespace {

llvm::AllocaInst *array(llvm::Function &kernel, llvm::Type *type, unsigned count, const char *name) {
  llvm::BasicBlock &entry = kernel.getEntryBlock();
  auto *made = new llvm::AllocaInst(llvm::ArrayType::get(type, count), 0, name, entry.getFirstInsertionPt());
  made->setAlignment(llvm::Align(64));
  return made;
}

}  // namespace

// (i32 form, i32 mask, i32 thread, handles, words...)
bool TextureCalls::lower(llvm::CallInst &call, llvm::Value *block, Surroundings &surroundings, llvm::Value *&value) {
  llvm::IRBuilder<> builder(&call);
  llvm::Type *i32 = builder.getInt32Ty();
  unsigned lanes = llvm::cast<llvm::FixedVectorType>(call.getArgOperand(3)->getType())->getNumElements();
  auto form = uint32_t(llvm::cast<llvm::ConstantInt>(call.getArgOperand(0))->getZExtValue());
  if (!handles_) {
    llvm::Function &kernel = *call.getFunction();
    handles_ = array(kernel, builder.getInt64Ty(), CT_TEX_MAX_LANES, "texture.handles");
    words_ = array(kernel, i32, CT_TEX_MAX_LANES * CT_TEX_MAX_INPUTS, "texture.words");
    results_ = array(kernel, i32, CT_TEX_MAX_LANES * CT_TEX_MAX_OUTPUTS, "texture.results");
  }
  auto at = [&](llvm::Value *base, unsigned index) { return builder.CreateConstInBoundsGEP1_64(i32, base, uint64_t(index) * lanes); };
  llvm::Align align(std::min(64u, lanes * 4));
  builder.CreateAlignedStore(call.getArgOperand(3), handles_, align);
  for (unsigned i = 0; i < ct_tex_inputs(form); ++i) builder.CreateAlignedStore(call.getArgOperand(4 + i), at(words_, i), align);
  if (!surroundings.service(builder, block, offsetof(ct_native_services, texture), nullptr, builder.getVoidTy(),
                            {call.getArgOperand(2), call.getArgOperand(0), builder.getInt32(lanes), call.getArgOperand(1), handles_, words_, results_}))
    return false;
  if (call.getType()->isVoidTy()) return true;
  auto load = [&](llvm::Type *type, unsigned i) { return builder.CreateAlignedLoad(type, at(results_, i), align); };
  auto *structure = llvm::dyn_cast<llvm::StructType>(call.getType());
  if (!structure) {
    value = load(call.getType(), 0);
    return true;
  }
  llvm::Value *all = llvm::PoisonValue::get(structure);
  for (unsigned i = 0; i < structure->getNumElements(); ++i)
    all = builder.CreateInsertValue(all, load(structure->getElementType(i), i), i);
  value = all;
  return true;
}

}  // namespace cutrans::emit
