// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Barriers and what lanes say to one another (manual 9.7.13.1-3, 9.7.9.6 shfl, 9.7.13.8-14).
//
// The forms without .sync, for targets before sm_70, are the same with the mask of the lanes that are here.
#include <llvm/IR/Constants.h>

#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

namespace {

Value *countOperand(BodyLowering &lo, size_t index, size_t last) {
  return index < last ? lo.readBits(lo.operand(index), 32) : lo.b.getInt32(0);
}

// 9.7.13.1 bar.sync, barrier.sync; .arrive
template <IrIntrinsic Id>
void barrier(BodyLowering &lo, const Instruction &in) {
  lo.call(Id, {lo.readBits(lo.operand(0), 32), countOperand(lo, 1, in.operands.size())});
}

// barrier.red.op d, a{, b}, {!}c
void barrierRed(BodyLowering &lo, const Instruction &in) {
  size_t last = in.operands.size() - 1;
  Value *id = lo.readBits(lo.operand(1), 32), *threads = countOperand(lo, 2, last);
  Value *vote = lo.readPredicate(lo.operand(last));
  if (in.has(Mod::Popc))
    return lo.writeInteger(lo.operand(0), lo.call(IrIntrinsic::BarrierRedPopc, {id, threads, vote}));
  if (!in.has(Mod::And) && !in.has(Mod::Or)) return lo.refuseForm();
  auto op = in.has(Mod::And) ? IrIntrinsic::BarrierRedAnd : IrIntrinsic::BarrierRedOr;
  lo.writePredicate(lo.operand(0), lo.call(op, {id, threads, vote}));
}

// 9.7.13.2 bar.warp.sync
void warpSync(BodyLowering &lo, const Instruction &in) {
  lo.call(IrIntrinsic::WarpSync, {lo.readBits(lo.operand(0), 32)});
}

Value *members(BodyLowering &lo, const Instruction &in, size_t index) {
  if (in.has(Mod::Sync)) return lo.readBits(lo.operand(index), 32);
  return lo.call(IrIntrinsic::ActiveMask);
}

// d|p or d alone, from {i32, i1}
void writePair(BodyLowering &lo, const Operand &target, Value *pair) {
  bool two = target.kind == OperandKind::Pair;
  lo.writeInteger(two ? target.elements[0] : target, lo.b.CreateExtractValue(pair, 0));
  if (two) lo.writePredicate(target.elements[1], lo.b.CreateExtractValue(pair, 1));
}

// 9.7.9.6 shfl.sync d|p, a, b, c, membermask
void shfl(BodyLowering &lo, const Instruction &in) {
  if (bits(in.type()) != 32) return lo.refuseForm("this type");
  IrIntrinsic id;
  switch (in.find(ModGroup::Shuffle)) {
    case Mod::Up:
      id = IrIntrinsic::ShflUp;
      break;
    case Mod::Down:
      id = IrIntrinsic::ShflDown;
      break;
    case Mod::Bfly:
      id = IrIntrinsic::ShflBfly;
      break;
    case Mod::Idx:
      id = IrIntrinsic::ShflIdx;
      break;
    default:
      return lo.refuseForm();
  }
  Value *mask = members(lo, in, 4);
  Value *pair = lo.call(
      id, {mask, lo.readBits(lo.operand(1), 32), lo.readBits(lo.operand(2), 32), lo.readBits(lo.operand(3), 32)});
  writePair(lo, lo.operand(0), pair);
}

// 9.7.13.9 vote
void vote(BodyLowering &lo, const Instruction &in) {
  IrIntrinsic id;
  switch (in.find(ModGroup::Vote)) {
    case Mod::All:
      id = IrIntrinsic::VoteAll;
      break;
    case Mod::Any:
      id = IrIntrinsic::VoteAny;
      break;
    case Mod::UniVote:
      id = IrIntrinsic::VoteUni;
      break;
    case Mod::Ballot:
      id = IrIntrinsic::VoteBallot;
      break;
    default:
      return lo.refuseForm();
  }
  Value *mask = members(lo, in, 2);
  lo.writeInteger(lo.operand(0), lo.call(id, {mask, lo.readPredicate(lo.operand(1))}));
}

// 9.7.13.10 match.sync
void match(BodyLowering &lo, const Instruction &in) {
  bool wide = bits(in.type()) == 64;
  if (!wide && bits(in.type()) != 32) return lo.refuseForm("this type");
  Value *mask = members(lo, in, 2), *value = lo.read(lo.operand(1), in.type());
  if (in.has(Mod::All))
    return writePair(lo, lo.operand(0),
                     lo.call(wide ? IrIntrinsic::MatchAllB64 : IrIntrinsic::MatchAllB32, {mask, value}));
  lo.writeInteger(lo.operand(0), lo.call(wide ? IrIntrinsic::MatchAnyB64 : IrIntrinsic::MatchAnyB32, {mask, value}));
}

// redux.sync.{min,max}{.abs}{.NaN}.f32: by a key that is ordered as the floats are. A NaN is the last key to win, or with
// .NaN the first.
void reduxFloat(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  bool least = in.has(Mod::Min);
  if (in.type() != Type::F32 || (!least && !in.has(Mod::Max))) return lo.refuseForm("this reduction of floats");
  auto key = [&](Value *raw) {
    return b.CreateXor(raw, b.CreateAnd(b.CreateAShr(raw, 31), b.getInt32(0x7fffffff)));
  };
  Value *value = lo.read(lo.operand(1), Type::F32), *raw = lo.toBits(value);
  if (in.has(Mod::Abs)) raw = b.CreateAnd(raw, 0x7fffffffu);
  Value *ofNan = b.getInt32(least != in.has(Mod::NaN) ? 0x7fffffffu : 0x80000000u);
  Value *own = lo.select(b.CreateFCmpUNO(value, value), ofNan, key(raw));
  auto id = least ? IrIntrinsic::ReduxMinS32 : IrIntrinsic::ReduxMaxS32;
  Value *result = key(lo.call(id, {lo.readBits(lo.operand(2), 32), own}));
  Value *isNan = b.CreateICmpUGT(b.CreateAnd(result, 0x7fffffffu), b.getInt32(0x7f800000));
  lo.writeInteger(lo.operand(0), lo.select(isNan, b.getInt32(0x7fffffff), result));
}

// 9.7.13.12 redux.sync
void redux(BodyLowering &lo, const Instruction &in) {
  if (isFloat(in.type())) return reduxFloat(lo, in);
  if (bits(in.type()) != 32) return lo.refuseForm("this type");
  bool is_signed = isSigned(in.type());
  IrIntrinsic id;
  switch (in.find(ModGroup::Op)) {
    case Mod::Add:
      id = IrIntrinsic::ReduxAdd;
      break;
    case Mod::Min:
      id = is_signed ? IrIntrinsic::ReduxMinS32 : IrIntrinsic::ReduxMinU32;
      break;
    case Mod::Max:
      id = is_signed ? IrIntrinsic::ReduxMaxS32 : IrIntrinsic::ReduxMaxU32;
      break;
    case Mod::And:
      id = IrIntrinsic::ReduxAnd;
      break;
    case Mod::Or:
      id = IrIntrinsic::ReduxOr;
      break;
    case Mod::Xor:
      id = IrIntrinsic::ReduxXor;
      break;
    default:
      return lo.refuseForm();
  }
  lo.write(lo.operand(0), lo.call(id, {lo.readBits(lo.operand(2), 32), lo.read(lo.operand(1), in.type())}), in.type());
}

// 9.7.13.11 activemask
void activemask(BodyLowering &lo, const Instruction &in) {
  lo.writeInteger(lo.operand(0), lo.call(IrIntrinsic::ActiveMask));
}

// 9.7.13.14 elect.sync d|p, membermask
void elect(BodyLowering &lo, const Instruction &in) {
  writePair(lo, lo.operand(0), lo.call(IrIntrinsic::Elect, {lo.readBits(lo.operand(1), 32)}));
}

}  // namespace

void addWarpRules(RuleTable &table) {
  set(table, Opcode::BarSync, barrier<IrIntrinsic::BarrierSync>);
  set(table, Opcode::BarrierSync, barrier<IrIntrinsic::BarrierSync>);
  set(table, Opcode::BarArrive, barrier<IrIntrinsic::BarrierArrive>);
  set(table, Opcode::BarrierArrive, barrier<IrIntrinsic::BarrierArrive>);
  set(table, Opcode::BarRed, barrierRed);
  set(table, Opcode::BarrierRed, barrierRed);
  set(table, Opcode::BarWarpSync, warpSync);
  set(table, Opcode::Shfl, shfl);
  set(table, Opcode::Vote, vote);
  set(table, Opcode::Match, match);
  set(table, Opcode::Redux, redux);
  set(table, Opcode::Activemask, activemask);
  set(table, Opcode::ElectSync, elect);
}

}  // namespace cutrans::ptx::lowering
