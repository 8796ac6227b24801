// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// make-gangs-resumable: for kernels that split-phases cannot take. Barriers and waiting loops become calls of services, in which the gang may
// be suspended: on a fiber of the target's, or as a coroutine (emit/opencl/split_gangs.cpp).
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

void lowerReduce(llvm::CallInst *call, llvm::Function &kernel, GangCall service) {
  llvm::IRBuilder<> entry(&*kernel.getEntryBlock().getFirstInsertionPt());
  llvm::AllocaInst *out = entry.CreateAlloca(llvm::ArrayType::get(entry.getInt32Ty(), 2), nullptr, "votes");
  llvm::IRBuilder<> builder(call);
  llvm::Value *second = builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), out, 4);
  builder.CreateStore(llvm::ConstantAggregateZero::get(out->getAllocatedType()), out);
  builder.SetInsertPoint(whereSomeArrive(call));
  service(builder, offsetof(ct_native_services, barrier_reduce),
          {kernel.getArg(1), call->getArgOperand(0), call->getArgOperand(2), call->getArgOperand(1), call->getArgOperand(3), out, second});
  builder.SetInsertPoint(call);
  llvm::Value *result = llvm::PoisonValue::get(call->getType());
  result = builder.CreateInsertValue(result, builder.CreateLoad(builder.getInt32Ty(), out), 0);
  result = builder.CreateInsertValue(result, builder.CreateLoad(builder.getInt32Ty(), second), 1);
  call->replaceAllUsesWith(result);
}

}  // namespace

void makeGangsResumable(llvm::Function &kernel) {
  makeGangsResumable(kernel, [&](llvm::IRBuilderBase &builder, size_t offset, llvm::ArrayRef<llvm::Value *> arguments) {
    callService(builder, kernel.getArg(0), offset, builder.getVoidTy(), arguments);
  });
}

void makeGangsResumable(llvm::Function &kernel, GangCall service) {
  llvm::SmallVector<llvm::CallInst *, 16> calls;
  for (llvm::Instruction &instruction : llvm::instructions(kernel))
    if (auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction); call && call->getCalledFunction()) calls.push_back(call);
  llvm::Value *gang = kernel.getArg(1);
  for (llvm::CallInst *call : calls) {
    llvm::StringRef name = call->getCalledFunction()->getName();
    if (name == widened::Yield) {
      llvm::IRBuilder<> builder(call);
      if (auto turn = call->getOperandBundle(widened::TurnBundle))
        service(builder, offsetof(ct_native_services, wait_shared), {gang, turn->Inputs[0]});
      else
        service(builder, offsetof(ct_native_services, yield), {gang});
    } else if (name == widened::BarrierSync || name == widened::BarrierArrive) {
      size_t slot = name == widened::BarrierSync ? offsetof(ct_native_services, barrier)
                                                 : offsetof(ct_native_services, barrier_arrive);
      llvm::IRBuilder<> builder(whereSomeArrive(call));
      service(builder, slot, {gang, call->getArgOperand(0), call->getArgOperand(2), call->getArgOperand(1)});
    } else if (name == widened::ClusterArrive || name == widened::ClusterWait) {
      size_t slot = name == widened::ClusterArrive ? offsetof(ct_native_services, cluster_arrive) : offsetof(ct_native_services, cluster_wait);
      llvm::IRBuilder<> builder(whereSomeArrive(call, 0));
      service(builder, slot, {gang});
    } else if (name == widened::WarpExchange) {
      llvm::IRBuilder<> builder(call);
      service(builder, offsetof(ct_native_services, warp_exchange), {gang, call->getArgOperand(0)});
    } else if (name == widened::BarrierReduce) {
      lowerReduce(call, kernel, service);
    } else {
      continue;
    }
    call->eraseFromParent();
  }
}

}  // namespace cutrans::simt
