// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Clusters of blocks: addresses in the shared memory of another block, and the barrier of the cluster (manual 9.7.9.23-24,
// 9.7.13.4).
//
// A shared address says which block's it is: the windows of a cluster's blocks lie side by side. On the host a generic address of
// shared memory is the shared address itself, zero-extended; elsewhere it is not.
#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

namespace {

llvm::Type *pointer(BodyLowering &lo, unsigned space) { return llvm::PointerType::get(lo.context, space); }

// Without a space the address is a generic one.
bool isGeneric(const Instruction &in) { return in.space == Space::None && in.type() == Type::U64; }

Value *sharedNumber(BodyLowering &lo, const Instruction &in) {
  if (!isGeneric(in)) return lo.readBits(lo.operand(1), 32);
  Value *generic = lo.b.CreateIntToPtr(lo.readBits(lo.operand(1), 64), pointer(lo, ir::space::Generic));
  return lo.b.CreatePtrToInt(lo.b.CreateAddrSpaceCast(generic, pointer(lo, ir::space::Shared)), lo.b.getInt32Ty());
}

// 9.7.9.23 mapa{.shared::cluster}.type d, a, b
void mapa(BodyLowering &lo, const Instruction &in) {
  Value *mapped = lo.call(IrIntrinsic::ClusterMap, {sharedNumber(lo, in), lo.readBits(lo.operand(2), 32)});
  if (isGeneric(in)) {
    Value *shared = lo.b.CreateIntToPtr(mapped, pointer(lo, ir::space::Shared));
    mapped = lo.b.CreatePtrToInt(lo.b.CreateAddrSpaceCast(shared, pointer(lo, ir::space::Generic)), lo.b.getInt64Ty());
  }
  lo.write(lo.operand(0), lo.b.CreateZExtOrTrunc(mapped, lo.type(in.type())), in.type());
}

// 9.7.9.24 getctarank{.shared::cluster}.type d, a
void getctarank(BodyLowering &lo, const Instruction &in) { lo.writeInteger(lo.operand(0), lo.call(IrIntrinsic::ClusterRankOf, {sharedNumber(lo, in)})); }

// 9.7.13.4 barrier.cluster.arrive, .wait. All orders are as strong as release and acquire here; .aligned promises
// something of the program.
template <IrIntrinsic Id>
void barrierCluster(BodyLowering &lo, const Instruction &) {
  lo.call(Id);
}

}  // namespace

void addClusterRules(RuleTable &table) {
  set(table, Opcode::Mapa, mapa);
  set(table, Opcode::Getctarank, getctarank);
  set(table, Opcode::BarrierClusterArrive, barrierCluster<IrIntrinsic::ClusterArrive>);
  set(table, Opcode::BarrierClusterWait, barrierCluster<IrIntrinsic::ClusterWait>);
}

}  // namespace cutrans::ptx::lowering
