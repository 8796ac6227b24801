// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Extended precision arithmetic (manual 9.7.2): add.cc, addc, sub.cc, subc, mad.cc, madc through the carry flag CC.CF.
// After a subtraction the flag holds the borrow.
#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

Value *product(BodyLowering &lo, const Instruction &in, Value *x, Value *y);  // lower_integer.cpp

void carryAdd(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  Opcode opcode = in.opcode;
  bool subtract = opcode == Opcode::Sub || opcode == Opcode::Subc;
  bool multiply = opcode == Opcode::Mad || opcode == Opcode::Madc;
  bool takes = opcode == Opcode::Addc || opcode == Opcode::Subc || opcode == Opcode::Madc;
  Value *x = lo.read(lo.operand(1), in.type()), *y = lo.read(lo.operand(2), in.type());
  unsigned width = bits(in.type());
  if (multiply) {
    x = product(lo, in, x, y);
    y = lo.read(lo.operand(3), in.type());
  }
  // One bit more than the operands: it is the carry, or the borrow.
  llvm::Type *wide = lo.intType(width + 1);
  Value *p = b.CreateZExt(x, wide), *q = b.CreateZExt(y, wide);
  Value *sum = subtract ? b.CreateSub(p, q) : b.CreateAdd(p, q);
  if (takes) {
    Value *carry = b.CreateZExt(b.CreateLoad(lo.intType(1), lo.carryFlag()), wide);
    sum = subtract ? b.CreateSub(sum, carry) : b.CreateAdd(sum, carry);
  }
  if (in.has(Mod::Cc)) b.CreateStore(b.CreateTrunc(b.CreateLShr(sum, width), lo.intType(1)), lo.carryFlag());
  lo.write(lo.operand(0), b.CreateTrunc(sum, lo.intType(width)), in.type());
}

void addCarryRules(RuleTable &table) {
  set(table, Opcode::Addc, carryAdd);
  set(table, Opcode::Subc, carryAdd);
  set(table, Opcode::Madc, carryAdd);
}

}  // namespace cutrans::ptx::lowering
