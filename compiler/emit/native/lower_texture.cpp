// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Texture and surface instructions become calls of a sampler. Handles, words and results go through arrays on the stack, one set for all of a
// kernel's instructions, so that a call costs stores and loads of vectors, or of numbers where there is one lane.
#include "compiler/emit/native/lower_texture.h"

#include <algorithm>

#include <llvm/IR/IRBuilder.h>

#include "cutrans/texture_ops.h"

namespace cutrans::emit {

namespace {

llvm::Value *array(llvm::Function &kernel, llvm::Type *type, unsigned count, unsigned space, const char *name) {
  llvm::IRBuilder<> builder(&*kernel.getEntryBlock().getFirstInsertionPt());
  llvm::AllocaInst *made = builder.CreateAlloca(llvm::ArrayType::get(type, count), space, nullptr, name);
  made->setAlignment(llvm::Align(64));
  return builder.CreateAddrSpaceCast(made, builder.getPtrTy());
}

}  // namespace

bool TextureCalls::lower(llvm::CallInst &call, unsigned handle, Run run, llvm::Value *&value) {
  llvm::IRBuilder<> builder(&call);
  llvm::Type *i32 = builder.getInt32Ty();
  auto *vector = llvm::dyn_cast<llvm::FixedVectorType>(call.getArgOperand(handle)->getType());
  unsigned lanes = vector ? vector->getNumElements() : 1;
  auto form = uint32_t(llvm::cast<llvm::ConstantInt>(call.getArgOperand(0))->getZExtValue());
  if (!arrays_.handles) {
    llvm::Function &kernel = *call.getFunction();
    const unsigned most = vector ? CT_TEX_MAX_LANES : 1;
    arrays_.handles = array(kernel, builder.getInt64Ty(), most, space_, "texture.handles");
    arrays_.words = array(kernel, i32, most * CT_TEX_MAX_INPUTS, space_, "texture.words");
    arrays_.results = array(kernel, i32, most * CT_TEX_MAX_OUTPUTS, space_, "texture.results");
  }
  auto at = [&](llvm::Value *base, unsigned index) { return builder.CreateConstInBoundsGEP1_64(i32, base, uint64_t(index) * lanes); };
  llvm::Align align(std::min(64u, lanes * 4));
  builder.CreateAlignedStore(call.getArgOperand(handle), arrays_.handles, align);
  for (unsigned i = 0; i < ct_tex_inputs(form); ++i) builder.CreateAlignedStore(call.getArgOperand(handle + 1 + i), at(arrays_.words, i), align);
  if (!run(builder, form, lanes, arrays_)) return false;
  if (call.getType()->isVoidTy()) return true;
  auto load = [&](llvm::Type *type, unsigned i) { return builder.CreateAlignedLoad(type, at(arrays_.results, i), align); };
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
