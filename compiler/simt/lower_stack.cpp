// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// lower-stack: cutrans.stack.alloc, save and restore become arithmetic on a stack pointer in a register. The memory is
// the target's: cutrans.stack.bytes for each thread from cutrans.stack.area on, so that the limit is one of the launch
// and no artifact depends on it.
//
// Before: inlined kernel. After: of the stack only stack.area and stack.bytes, once each in the entry block, and the attribute
// UsesStackAttr. A thread that wants more than there is ends with CT1412 at that line; were it to go on, it would use its own
// stack from the start, never other memory.
#include <llvm/IR/InstIterator.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/PromoteMemToReg.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/ir/spmd.h"
#include "compiler/simt/passes.h"
#include "cutrans/support/diagnostics.h"

using namespace llvm;

namespace cutrans::simt {

void lowerStack(Function &kernel) {
  using enum ir::Intrinsic;
  SmallVector<CallInst *, 8> calls;
  for (Instruction &instruction : instructions(kernel))
    if (ir::Intrinsic id = ir::intrinsicOf(&instruction); id == StackAlloc || id == StackSave || id == StackRestore)
      calls.push_back(cast<CallInst>(&instruction));
  if (calls.empty()) return;
  kernel.addFnAttr(UsesStackAttr);
  IRBuilder<> b(&*kernel.getEntryBlock().getFirstInsertionPt());
  Type *i64 = b.getInt64Ty();
  AllocaInst *top = b.CreateAlloca(i64, nullptr, "stack.top");
  Value *bytes = ir::call(b, StackBytes, {}, "stack.bytes");
  Value *thread = b.CreateZExt(ir::call(b, GangThread, {}, "thread"), i64);
  Value *start = b.CreateAdd(ir::call(b, StackArea), b.CreateMul(thread, bytes), "stack");
  Value *end = b.CreateAdd(start, bytes, "stack.end");
  b.CreateStore(start, top);
  for (CallInst *call : calls) {
    b.SetInsertPoint(call);
    switch (ir::intrinsicOf(call)) {
      case StackSave: call->replaceAllUsesWith(b.CreateLoad(i64, top)); break;
      case StackRestore: b.CreateStore(call->getArgOperand(0), top); break;
      default: {
        Value *size = call->getArgOperand(0), *align = call->getArgOperand(1);
        Value *mask = b.CreateNeg(align);
        Value *from = b.CreateAnd(b.CreateAdd(b.CreateLoad(i64, top), b.CreateSub(align, b.getInt64(1))), mask);
        // Neither `from` nor `size` is trusted: the program can restore any number.
        Value *room = b.CreateSub(end, from);
        Value *over = b.CreateOr(b.CreateICmpUGT(room, bytes), b.CreateICmpUGT(size, room), "stack.over");
        Instruction *fault = SplitBlockAndInsertIfThen(over, call, false);
        b.SetInsertPoint(fault);
        CallInst *refusal = ir::call(b, Fault, {b.getInt32(unsigned(Diag::simt_stack_overflow))});
        refusal->setMetadata(ir::LineMetadata, call->getMetadata(ir::LineMetadata));
        b.SetInsertPoint(call);
        from = b.CreateSelect(over, start, from);
        b.CreateStore(b.CreateAdd(from, size), top);
        call->replaceAllUsesWith(from);
      }
    }
    call->eraseFromParent();
  }
}

}  // namespace cutrans::simt
