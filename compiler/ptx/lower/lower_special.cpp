// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Special registers (manual 10). The counters of %pm, whose behaviour the manual leaves undefined, stand still.
#include <llvm/IR/Constants.h>
#include <llvm/IR/Module.h>

#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

namespace {

// The row for .x; .y and .z follow it in intrinsics.def.
Value *component(BodyLowering &lo, const Operand &operand, IrIntrinsic x, uint32_t w = 0) {
  if (operand.component > 2) return lo.constant(32, w);
  return lo.call(IrIntrinsic(uint16_t(x) + operand.component));
}

Value *clusterSize(BodyLowering &lo, const Operand &operand) {
  return component(lo, operand, IrIntrinsic::ClusterNctaidX, 1);
}

// The region that the system keeps for itself in each block's shared memory, where a kernel asks for it: the device libraries
// have their scratch there.
constexpr uint64_t ReservedSharedBytes = 1024;

Value *reservedShared(BodyLowering &lo) {
  constexpr char Name[] = "cutrans.reserved.shared";
  llvm::Module &module = *lo.function.getParent();
  llvm::GlobalVariable *region = module.getNamedGlobal(Name);
  if (!region) {
    auto *type = llvm::ArrayType::get(lo.intType(8), ReservedSharedBytes);
    region = new llvm::GlobalVariable(module, type, false, llvm::GlobalValue::InternalLinkage, llvm::UndefValue::get(type), Name,
                                      nullptr, llvm::GlobalValue::NotThreadLocal, ir::space::Shared);
    region->setAlignment(llvm::Align(128));
  }
  return lo.b.CreatePtrToInt(region, lo.intType(32));
}

Value *high(BodyLowering &lo, Value *value) {
  return lo.b.CreateTrunc(lo.b.CreateLShr(value, 32), lo.intType(32));
}

}  // namespace

Value *specialRegister(BodyLowering &lo, const Operand &operand) {
  switch (operand.special) {
    case Special::Tid:
      return component(lo, operand, IrIntrinsic::TidX);
    case Special::Ntid:
      return component(lo, operand, IrIntrinsic::NtidX);
    case Special::Ctaid:
      return component(lo, operand, IrIntrinsic::CtaidX);
    case Special::Nctaid:
      return component(lo, operand, IrIntrinsic::NctaidX);
    // A grid is a whole number of clusters.
    case Special::Clusterid:
      return lo.b.CreateUDiv(component(lo, operand, IrIntrinsic::CtaidX), clusterSize(lo, operand));
    case Special::Nclusterid:
      return lo.b.CreateUDiv(component(lo, operand, IrIntrinsic::NctaidX, 1), clusterSize(lo, operand));
    case Special::IsExplicitCluster:
      return lo.call(IrIntrinsic::ClusterIsExplicit);
    case Special::ClusterCtaid:
      return lo.b.CreateURem(component(lo, operand, IrIntrinsic::CtaidX), clusterSize(lo, operand));
    case Special::ClusterNctaid:
      return clusterSize(lo, operand);
    case Special::ClusterCtarank:
      return lo.call(IrIntrinsic::ClusterCtarank);
    case Special::ClusterNctarank:
      return lo.b.CreateMul(
          lo.b.CreateMul(lo.call(IrIntrinsic::ClusterNctaidX), lo.call(IrIntrinsic::ClusterNctaidY)),
          lo.call(IrIntrinsic::ClusterNctaidZ));
    case Special::Laneid:
      return lo.call(IrIntrinsic::LaneId);
    case Special::Warpid:
      return lo.call(IrIntrinsic::WarpId);
    case Special::Nwarpid:
      return lo.call(IrIntrinsic::NwarpId);
    case Special::Smid:
      return lo.call(IrIntrinsic::SmId);
    case Special::Nsmid:
      return lo.call(IrIntrinsic::NsmId);
    case Special::Gridid:
      return lo.call(IrIntrinsic::GridId);
    case Special::LanemaskEq:
      return lo.call(IrIntrinsic::LanemaskEq);
    case Special::LanemaskLe:
      return lo.call(IrIntrinsic::LanemaskLe);
    case Special::LanemaskLt:
      return lo.call(IrIntrinsic::LanemaskLt);
    case Special::LanemaskGe:
      return lo.call(IrIntrinsic::LanemaskGe);
    case Special::LanemaskGt:
      return lo.call(IrIntrinsic::LanemaskGt);
    case Special::Clock:
      return lo.call(IrIntrinsic::Clock);
    case Special::ClockHi:
      return high(lo, lo.call(IrIntrinsic::Clock64));
    case Special::Clock64:
      return lo.call(IrIntrinsic::Clock64);
    case Special::Globaltimer:
      return lo.call(IrIntrinsic::GlobalTimer);
    case Special::GlobaltimerLo:
      return lo.b.CreateTrunc(lo.call(IrIntrinsic::GlobalTimer), lo.intType(32));
    case Special::GlobaltimerHi:
      return high(lo, lo.call(IrIntrinsic::GlobalTimer));
    case Special::Envreg:
      return lo.call(IrIntrinsic::EnvReg, {lo.constant(32, operand.component)});
    case Special::TotalSmemSize:
    case Special::AggrSmemSize:
      return lo.call(IrIntrinsic::TotalSmemSize);
    case Special::DynamicSmemSize:
      return lo.call(IrIntrinsic::DynamicSmemSize);
    case Special::ReservedSmemOffset:
    case Special::ReservedSmemOffsetBegin:
      return reservedShared(lo);
    case Special::ReservedSmemOffsetEnd:
    case Special::ReservedSmemOffsetCap:
      return lo.b.CreateAdd(reservedShared(lo), lo.constant(32, ReservedSharedBytes));
    case Special::CurrentGraphExec:  // 0: not part of a graph
      return lo.constant(64, 0);
    case Special::Pm64:
      return lo.constant(64, 0);
    case Special::Pm:
      return lo.constant(32, 0);
    case Special::None:
      break;
  }
  lo.refuse(Diag::ptx_special_register,
            "the special register %" + std::string(to_string(operand.special)) + " is not supported");
  return lo.constant(std::max(1u, bits(special_type(operand.special))), 0);
}

}  // namespace cutrans::ptx::lowering
