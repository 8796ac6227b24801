// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// make-gangs-resumable: for kernels that split-phases cannot take. Each gang runs on a fiber of the target's; barriers and
// waiting loops become calls of its services, in which the fiber may be suspended.
//
// In: widened code. Out: the same function without cutrans.gang.barrier.* and cutrans.gang.yield.
#include <cstddef>

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>

#include "compiler/simt/phases.h"
#include "compiler/simt/services.h"
#include "compiler/simt/widened.h"
#include "cutrans/native_kernel.h"

namespace cutrans::simt {
namespace {

// A barrier of which no lane of this gang is part must not count it.
llvm::Instruction *whereSomeArrive(llvm::CallInst *call, unsigned argument = 2) {
  llvm::IRBuilder<> builder(call);
  llvm::Value *arriving = call->getArgOperand(argument);
  if (auto *constant = llvm::dyn_cast<llvm::ConstantInt>(arriving); constant && !constant->isZero()) return call;
  return llvm::SplitBlockAndInsertIfThen(builder.CreateICmpNE(arriving, builder.getInt32(0)), call->getIterator(), false);
}

void lowerReduce(llvm::CallInst *call, llvm::Function &kernel) {
  llvm::IRBuilder<> entry(&*kernel.getEntryBlock().getFirstInsertionPt());
  llvm::AllocaInst *out = entry.CreateAlloca(llvm::ArrayType::get(entry.getInt32Ty(), 2), nullptr, "votes");
  llvm::IRBuilder<> builder(call);
  llvm::Value *second = builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), out, 4);
  builder.CreateStore(llvm::ConstantAggregateZero::get(out->getAllocatedType()), out);
  builder.SetInsertPoint(whereSomeArrive(call));
  callService(builder, kernel.getArg(0), offsetof(ct_native_services, barrier_reduce), builder.getVoidTy(),
              {kernel.getArg(1), call->getArgOperand(0), call->getArgOperand(2), call->getArgOperand(1),
               call->getArgOperand(3), out, second});
  builder.SetInsertPoint(call);
  llvm::Value *result = llvm::PoisonValue::get(call->getType());
  result = builder.CreateInsertValue(result, builder.CreateLoad(builder.getInt32Ty(), out), 0);
  result = builder.CreateInsertValue(result, builder.CreateLoad(builder.getInt32Ty(), second), 1);
  call->replaceAllUsesWith(result);
}

}  // namespace

void makeGangsResumable(llvm::Function &kernel) {
  llvm::SmallVector<llvm::CallInst *, 16> calls;
  for (llvm::Instruction &instruction : llvm::instructions(kernel))
    if (auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction); call && call->getCalledFunction()) calls.push_back(call);
  llvm::Value *block = kernel.getArg(0), *gang = kernel.getArg(1);
  for (llvm::CallInst *call : calls) {
    llvm::StringRef name = call->getCalledFunction()->getName();
    if (name == widened::Yield) {
      llvm::IRBuilder<> builder(call);
      if (auto turn = call->getOperandBundle(widened::TurnBundle))
        callService(builder, block, offsetof(ct_native_services, wait_shared), builder.getVoidTy(), {gang, turn->Inputs[0]});
      else
        callService(builder, block, offsetof(ct_native_services, yield), builder.getVoidTy(), {gang});
    } else if (name == widened::BarrierSync || name == widened::BarrierArrive) {
      size_t slot = name == widened::BarrierSync ? offsetof(ct_native_services, barrier)
                                                 : offsetof(ct_native_services, barrier_arrive);
      llvm::IRBuilder<> builder(whereSomeArrive(call));
      callService(builder, block, slot, builder.getVoidTy(),
                  {gang, call->getArgOperand(0), call->getArgOperand(2), call->getArgOperand(1)});
    } else if (name == widened::ClusterArrive || name == widened::ClusterWait) {
      size_t slot = name == widened::ClusterArrive ? offsetof(ct_native_services, cluster_arrive) : offsetof(ct_native_services, cluster_wait);
      llvm::IRBuilder<> builder(whereSomeArrive(call, 0));
      callService(builder, block, slot, builder.getVoidTy(), {gang});
    } else if (name == widened::WarpExchange) {
      llvm::IRBuilder<> builder(call);
      callService(builder, block, offsetof(ct_native_services, warp_exchange), builder.getVoidTy(), {gang, call->getArgOperand(0)});
    } else if (name == widened::BarrierReduce) {
      lowerReduce(call, kernel);
    } else {
      continue;
    }
    call->eraseFromParent();
  }
}

}  // namespace cutrans::simt
