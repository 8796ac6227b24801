// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// inline-device-functions: everything that the kernel calls becomes part of it, so that one function holds all control
// flow that lanes can diverge in. Calls through pointers and missing bodies are refused.
//
// Before: SPMD IR without recursion (turn-recursion-into-loops). After: the module defines no function but the kernel; no call of `exit`; one `ret`, alone in its
// block, and no `unreachable`: a thread that ends anywhere branches there.
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Cloning.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/simt/passes.h"
#include "compiler/simt/prepare.h"
#include "compiler/simt/refusal.h"

using namespace llvm;

namespace cutrans::simt {
namespace {

// Depth first over calls.
Error checkCalls(Function &function, SmallPtrSetImpl<Function *> &done) {
  if (!done.insert(&function).second) return Error::success();
  for (Instruction &instruction : instructions(function)) {
    auto *call = dyn_cast<CallBase>(&instruction);
    if (!call || call->isInlineAsm()) continue;
    Function *callee = call->getCalledFunction();
    if (!callee) return refuse(Diag::simt_indirect_call, *call, "a call through a pointer");
    if (callee->isIntrinsic() || ir::intrinsicOf(callee) != ir::Intrinsic::None || callee->getName().starts_with("cutrans."))
      continue;
    if (callee->isDeclaration())
      return refuse(Diag::simt_missing_function, *call, ("no body for device function " + callee->getName()).str());
    if (Error error = checkCalls(*callee, done)) return error;
  }
  return Error::success();
}

Error inlineAll(Function &kernel) {
  for (bool again = true; again;) {
    again = false;
    for (Instruction &instruction : instructions(kernel)) {
      auto *call = dyn_cast<CallBase>(&instruction);
      if (!call || !call->getCalledFunction() || call->getCalledFunction()->isDeclaration()) continue;
      StringRef name = call->getCalledFunction()->getName();
      InlineFunctionInfo info;
      if (InlineResult result = InlineFunction(*call, info); !result.isSuccess())
        return refuse(Diag::simt_missing_function, (name + " cannot be inlined: " + result.getFailureReason()).str());
      again = true;
      break;
    }
  }
  return Error::success();
}

void endAtExits(Function &kernel) {
  SmallVector<CallInst *, 4> exits;
  for (Instruction &instruction : instructions(kernel))
    if (auto *call = dyn_cast<CallInst>(&instruction); call && ir::intrinsicOf(call) == ir::Intrinsic::Exit)
      exits.push_back(call);
  for (CallInst *call : exits) {
    BasicBlock *block = call->getParent();
    if (call != block->getTerminator()) SplitBlock(block, call);
    block->getTerminator()->eraseFromParent();
    ReturnInst::Create(kernel.getContext(), block);
    call->eraseFromParent();
  }
  EliminateUnreachableBlocks(kernel);
}

}  // namespace

void unifyReturns(Function &kernel) {
  SmallVector<Instruction *, 8> ends;
  for (BasicBlock &block : kernel)
    if (isa<ReturnInst, UnreachableInst>(block.getTerminator())) ends.push_back(block.getTerminator());
  auto *last = ends.size() == 1 ? dyn_cast<ReturnInst>(ends[0]) : nullptr;
  if (last && &last->getParent()->front() == last && last->getParent() != &kernel.getEntryBlock()) return;
  BasicBlock *exit = BasicBlock::Create(kernel.getContext(), "return", &kernel);
  ReturnInst::Create(kernel.getContext(), exit);
  for (Instruction *end : ends) {
    BranchInst::Create(exit, end->getParent());
    end->eraseFromParent();
  }
}

Error inlineDeviceFunctions(Function &kernel) {
  SmallPtrSet<Function *, 8> done;
  if (Error error = checkCalls(kernel, done)) return error;
  if (Error error = inlineAll(kernel)) return error;
  SmallVector<Function *, 8> rest;
  for (Function &function : *kernel.getParent())
    if (&function != &kernel && !function.isDeclaration()) rest.push_back(&function);
  for (Function *function : rest) function->dropAllReferences();
  for (Function *function : rest) {
    function->replaceAllUsesWith(PoisonValue::get(function->getType()));
    function->eraseFromParent();
  }
  endAtExits(kernel);
  unifyReturns(kernel);
  // Address 0 of a space is an address like any other: LLVM must not turn an access to it into `unreachable`.
  kernel.addFnAttr(Attribute::NullPointerIsValid);
  kernel.removeFnAttr(Attribute::MustProgress);
  kernel.removeFnAttr(Attribute::NoInline);
  kernel.removeFnAttr(Attribute::OptimizeNone);
  return Error::success();
}

}  // namespace cutrans::simt
