// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// widen-to-gang: calls that are not warp operations. What later passes find is widened.h.
#include <llvm/Analysis/VectorUtils.h>
#include <llvm/IR/IntrinsicInst.h>

#include "compiler/ir/mbarrier.h"
#include "compiler/ir/spmd.h"
#include "compiler/simt/refusal.h"
#include "compiler/simt/widen_to_gang.h"
#include "compiler/simt/widened.h"

using namespace llvm;

namespace cutrans::simt {

FunctionCallee Widener::external(StringRef name, Type *result, ArrayRef<Type *> arguments) {
  return module_.getOrInsertFunction(name, FunctionType::get(result, arguments, false));
}

Error Widener::widenCall(CallInst &call) {
  using enum ir::Intrinsic;
  ir::Intrinsic id = ir::intrinsicOf(&call);
  switch (id) {
    case None:
      if (isa<IntrinsicInst>(call)) return widenLlvmIntrinsic(call);
      // Calls that passes before this one put in: once for the gang (widened.h).
      if (!call.getCalledFunction()->getName().starts_with("cutrans.")) return refuseInstruction(call);
      set(call, cloneScalar(call));
      return Error::success();
    case TidX:
    case TidY:
    case TidZ:
    case LaneId:
    case WarpId:
    case GangThread:
    case LanemaskEq:
    case LanemaskLe:
    case LanemaskLt:
    case LanemaskGe:
    case LanemaskGt: {
      Value *made = widenId(call, id);
      shape(&call).isVarying() ? setVector(&call, made) : setScalar(&call, made);
      return Error::success();
    }
    case GangYield: {
      std::optional<OperandBundleUse> turn = call.getOperandBundle(widened::TurnBundle);
      bool known = turn && isUniform(turn->Inputs[0]);
      CallInst *copy = builder_.CreateCall(call.getCalledFunction(), {}, known ? ArrayRef<OperandBundleDef>{OperandBundleDef(widened::TurnBundle, scalarOf(turn->Inputs[0]))} : ArrayRef<OperandBundleDef>{});
      setScalar(&call, copy);
      return Error::success();
    }
    case BlockMask:
      maskValue_ = call.getArgOperand(0);
      live_ = call.hasMetadata("cutrans.live");
      return Error::success();
    case LanesExited: exitedValue_ = call.getArgOperand(0); return Error::success();
    case GangEntry: set(call, ids_.fullGangs() ? builder_.getTrue() : entryLanes()); return Error::success();
    case GangAny: {
      Value *lanes = call.getArgOperand(0);
      Value *any = isUniform(lanes) ? scalarOf(lanes) : builder_.CreateICmpNE(bits(vectorOf(lanes)), ConstantInt::get(builder_.getIntNTy(width_), 0), "any");
      setScalar(&call, any);
      return Error::success();
    }
    case BarrierSync:
    case BarrierArrive:
    case BarrierRedPopc:
    case BarrierRedAnd:
    case BarrierRedOr: return widenBarrier(call, id);
    case ClusterArrive:
    case ClusterWait: {
      FunctionCallee callee = external(id == ClusterArrive ? widened::ClusterArrive : widened::ClusterWait, builder_.getVoidTy(), {builder_.getInt32Ty()});
      cast<Function>(callee.getCallee())->addFnAttr(Attribute::Convergent);
      builder_.CreateCall(callee, {liveCount()});
      return Error::success();
    }
    case Vprintf:
    case AssertFail:
    case Malloc:
    case Free:
    case Trap:
    case Fault:
    case Brkpt:
    case BulkCopy:
    case BulkReduce:
    case TensorCopy:
    case Nanosleep: widenRuntimeCall(call, id); return Error::success();
    case MbarrierUpdate: widenMbarrierUpdate(call); return Error::success();
    case TexSample:
    case TexQuery:
    case SurfLoad:
    case SurfStore: widenTexture(call, id); return Error::success();
    default: break;
  }
  if (id >= WarpSync && id <= Elect) {
    widenWarp(call, id);
    return Error::success();
  }
  if (ir::info(id).effects != ir::Effects::pure || isUniform(&call)) {  // clocks: once for the gang
    set(call, cloneScalar(call));
    return Error::success();
  }
  setVector(&call, widenPure(call));
  return Error::success();
}

Value *Widener::widenPure(CallInst &call) {
  SmallVector<Value *, 4> arguments;
  SmallVector<Type *, 4> types;
  for (Use &argument : call.args()) {
    arguments.push_back(vectorOf(argument));
    types.push_back(arguments.back()->getType());
  }
  FunctionCallee callee = external((call.getCalledFunction()->getName() + ".v" + Twine(width_)).str(), widened(call.getType()), types);
  auto *function = cast<Function>(callee.getCallee());
  function->setDoesNotAccessMemory();
  function->setDoesNotThrow();
  function->setWillReturn();
  return builder_.CreateCall(callee, arguments);
}

Error Widener::widenLlvmIntrinsic(CallInst &call) {
  Intrinsic::ID id = call.getIntrinsicID();
  if (isa<AssumeInst, LifetimeIntrinsic, DbgInfoIntrinsic>(call) || id == Intrinsic::experimental_noalias_scope_decl || id == Intrinsic::donothing) return Error::success();
  if (isUniform(&call) && !call.mayHaveSideEffects()) {
    set(call, cloneScalar(call));
    return Error::success();
  }
  if (auto *overflow = dyn_cast<WithOverflowInst>(&call)) {
    setVector(&call, builder_.CreateBinaryIntrinsic(id, vectorOf(overflow->getLHS()), vectorOf(overflow->getRHS())));
    return Error::success();
  }
  if (!isTriviallyVectorizable(id)) return refuseInstruction(call);
  SmallVector<Value *, 4> arguments;
  SmallVector<Type *, 4> types;
  if (isVectorIntrinsicWithOverloadTypeAtArg(id, -1, nullptr)) types.push_back(widened(call.getType()));
  for (unsigned i = 0; i < call.arg_size(); ++i) {
    Value *argument = call.getArgOperand(i);
    bool scalar = isVectorIntrinsicWithScalarOpAtArg(id, i, nullptr);
    if (scalar && !isUniform(argument)) return refuseInstruction(call);
    arguments.push_back(scalar ? scalarOf(argument) : vectorOf(argument));
    if (isVectorIntrinsicWithOverloadTypeAtArg(id, i, nullptr)) types.push_back(arguments.back()->getType());
  }
  CallInst *wide = builder_.CreateCall(Intrinsic::getOrInsertDeclaration(&module_, id, types), arguments);
  if (isa<FPMathOperator>(wide)) wide->copyFastMathFlags(&call);
  setVector(&call, wide);
  return Error::success();
}

Value *Widener::countLanes(Value *lanes) {
  if (width_ == 1) return builder_.CreateZExt(lanes, builder_.getInt32Ty());
  return builder_.CreateZExtOrTrunc(builder_.CreateUnaryIntrinsic(Intrinsic::ctpop, bits(lanes)), builder_.getInt32Ty());
}

Value *Widener::liveCount() { return allLanes() ? builder_.getInt32(width_) : countLanes(mask()); }

Error Widener::widenBarrier(CallInst &call, ir::Intrinsic id) {
  using enum ir::Intrinsic;
  Value *number = call.getArgOperand(0), *threads = call.getArgOperand(1);
  if (!isUniform(number) || !isUniform(threads))
    return refuse(Diag::simt_barrier_number, call, "the number of a barrier, or its count of threads, differs between threads of a warp");
  Type *i32 = builder_.getInt32Ty();
  SmallVector<Value *, 4> arguments{scalarOf(number), scalarOf(threads), liveCount()};
  if (id == BarrierSync || id == BarrierArrive) {
    StringRef name = id == BarrierSync ? widened::BarrierSync : widened::BarrierArrive;
    FunctionCallee callee = external(name, builder_.getVoidTy(), {i32, i32, i32});
    cast<Function>(callee.getCallee())->addFnAttr(Attribute::Convergent);
    builder_.CreateCall(callee, arguments);
    return Error::success();
  }
  Value *vote = call.getArgOperand(2);
  if (width_ == 1) arguments.push_back(countLanes(scalarOf(vote)));
  else arguments.push_back(countLanes(allLanes() ? vectorOf(vote) : builder_.CreateSelect(mask(), vectorOf(vote), splat(builder_.getFalse()))));
  FunctionCallee callee = external(widened::BarrierReduce, StructType::get(i32, i32), {i32, i32, i32, i32});
  cast<Function>(callee.getCallee())->addFnAttr(Attribute::Convergent);
  Value *both = builder_.CreateCall(callee, arguments, "votes");
  Value *votes = builder_.CreateExtractValue(both, 0);
  if (id == BarrierRedPopc) setScalar(&call, votes);
  else if (id == BarrierRedOr) setScalar(&call, builder_.CreateICmpNE(votes, builder_.getInt32(0)));
  else setScalar(&call, builder_.CreateICmpEQ(votes, builder_.CreateExtractValue(both, 1)));
  return Error::success();
}

// Once for each live lane, with its linear thread id in front.
void Widener::widenRuntimeCall(CallInst &call, ir::Intrinsic id) {
  FunctionType *type = ir::typeOf(id, context_);
  SmallVector<Type *, 6> types{builder_.getInt32Ty()};
  append_range(types, type->params());
  StringRef name = StringRef(ir::info(id).name).drop_front(strlen("cutrans."));
  Value *results = forEachLane(call.use_empty() ? builder_.getVoidTy() : call.getType(), [&](Value *lane) -> Value * {
    SmallVector<Value *, 6> arguments{linearThread(lane)};
    if (id == ir::Intrinsic::Trap || id == ir::Intrinsic::Fault) {
      auto *code = id == ir::Intrinsic::Fault ? cast<ConstantInt>(call.getArgOperand(0)) : builder_.getInt32(0);
      arguments.push_back(builder_.getInt32(withLine(uint32_t(code->getZExtValue()), call)));
      return builder_.CreateCall(external(widened::Refuse, builder_.getVoidTy(), {builder_.getInt32Ty(), builder_.getInt32Ty()}), arguments);
    }
    for (Use &argument : call.args()) arguments.push_back(laneOf(argument, lane));
    return builder_.CreateCall(external(("cutrans.gang." + name).str(), type->getReturnType(), types), arguments);
  });
  if (results && !call.use_empty()) set(call, results);
}

// One lane after the other. Only this block and its cluster see shared memory, and one thread of the machine runs them.
void Widener::widenMbarrierUpdate(CallInst &call) {
  Type *i64 = builder_.getInt64Ty();
  Value *old = forEachLane(call.use_empty() ? builder_.getVoidTy() : i64, [&](Value *lane) {
    Value *address = builder_.CreateIntToPtr(laneOf(call.getArgOperand(0), lane), PointerType::get(context_, ir::space::Shared));
    Value *before = builder_.CreateAlignedLoad(i64, address, Align(8));
    builder_.CreateAlignedStore(ir::mbarrier::updated(builder_, before, laneOf(call.getArgOperand(1), lane)), address, Align(8));
    return before;
  });
  if (!call.use_empty()) set(call, old);
}

}  // namespace cutrans::simt
