// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Extended precision arithmetic (manual 9.7.2): add.cc, addc, sub.cc, subc, mad.cc, madc through the carry flag CC.CF.
// A subtraction is x + ~y + 1: after it the flag says that nothing was borrowed, and subc borrows when the flag is clear. Programs mix the two
// (the 128-bit division that nvcc emits reads the flag of sub.cc with addc).
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
  // One bit more than the operands: it is the carry.
  llvm::Type *wide = lo.intType(width + 1);
  if (subtract) y = b.CreateNot(y);
  Value *carry = b.getInt1(subtract);
  if (takes) carry = b.CreateLoad(lo.intType(1), lo.carryFlag());
  Value *sum = b.CreateAdd(b.CreateAdd(b.CreateZExt(x, wide), b.CreateZExt(y, wide)), b.CreateZExt(carry, wide));
  if (in.has(Mod::Cc)) b.CreateStore(b.CreateTrunc(b.CreateLShr(sum, width), lo.intType(1)), lo.carryFlag());
  lo.write(lo.operand(0), b.CreateTrunc(sum, lo.intType(width)), in.type());
}

void addCarryRules(RuleTable &table) {
  set(table, Opcode::Addc, carryAdd);
  set(table, Opcode::Subc, carryAdd);
  set(table, Opcode::Madc, carryAdd);
}

}  // namespace cutrans::ptx::lowering
