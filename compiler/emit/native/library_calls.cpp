// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An artifact imports nothing. Instruction selection may still write calls of the C library's memory functions (copies of
// a size known only at run time); they get small bodies of their own here. Calls of libm would be a fault of lowering: the linker refuses
// them by name.
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>

#include "compiler/emit/native/native.h"

namespace cutrans::emit {
namespace {

// for (i = 0; i < n; ++i) d[i] = value(i); memmove runs backwards where the ranges overlap that way.
void giveBody(llvm::Module &module, llvm::StringRef name, bool copies, bool mayOverlap) {
  llvm::LLVMContext &context = module.getContext();
  llvm::IRBuilder<> b(context);
  auto *pointer = b.getPtrTy();
  auto *i64 = b.getInt64Ty();
  auto *second = copies ? static_cast<llvm::Type *>(pointer) : b.getInt32Ty();
  auto *type = llvm::FunctionType::get(pointer, {pointer, second, i64}, false);
  auto *function = llvm::cast<llvm::Function>(module.getOrInsertFunction(name, type).getCallee());
  if (!function->isDeclaration()) return;
  // Hidden, not internal: selection refers to it by name after the optimiser is done.
  function->setVisibility(llvm::GlobalValue::HiddenVisibility);
  function->addFnAttr("no-builtins");
  function->addFnAttr(llvm::Attribute::NoUnwind);
  llvm::Value *to = function->getArg(0), *from = function->getArg(1), *size = function->getArg(2);
  auto *entry = llvm::BasicBlock::Create(context, "entry", function);
  auto *body = llvm::BasicBlock::Create(context, "body", function);
  auto *done = llvm::BasicBlock::Create(context, "done", function);
  b.SetInsertPoint(entry);
  llvm::Value *backwards = b.getFalse();
  if (mayOverlap) backwards = b.CreateICmpULT(from, to);
  llvm::Value *first = b.CreateSelect(backwards, b.CreateSub(size, b.getInt64(1)), b.getInt64(0));
  llvm::Value *step = b.CreateSelect(backwards, b.getInt64(-1), b.getInt64(1));
  b.CreateCondBr(b.CreateIsNull(size), done, body);
  b.SetInsertPoint(body);
  llvm::PHINode *index = b.CreatePHI(i64, 2), *left = b.CreatePHI(i64, 2);
  llvm::Value *value = copies ? b.CreateLoad(b.getInt8Ty(), b.CreateGEP(b.getInt8Ty(), from, index))
                              : b.CreateTrunc(from, b.getInt8Ty());
  b.CreateStore(value, b.CreateGEP(b.getInt8Ty(), to, index));
  llvm::Value *rest = b.CreateSub(left, b.getInt64(1));
  index->addIncoming(first, entry);
  index->addIncoming(b.CreateAdd(index, step), body);
  left->addIncoming(size, entry);
  left->addIncoming(rest, body);
  b.CreateCondBr(b.CreateIsNull(rest), done, body);
  b.SetInsertPoint(done);
  b.CreateRet(to);
}

}  // namespace

void provideLibraryCalls(llvm::Module &module) {
  bool copy = false, move = false, set = false;
  for (llvm::Function &function : module)
    for (llvm::Instruction &instruction : llvm::instructions(function)) {
      copy |= llvm::isa<llvm::MemCpyInst>(instruction);
      move |= llvm::isa<llvm::MemMoveInst>(instruction);
      set |= llvm::isa<llvm::MemSetInst>(instruction);
    }
  if (copy) giveBody(module, "memcpy", true, false);
  if (move) giveBody(module, "memmove", true, true);
  if (set) giveBody(module, "memset", false, false);
}

}  // namespace cutrans::emit
