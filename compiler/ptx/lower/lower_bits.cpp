// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Bit fields, counts, logic and shifts (manual 9.7.1.14-22, 9.7.8, 9.7.9.7 prmt).
//
// Shift amounts of the width and above are clamped in PTX and poison in LLVM: every shift by a register is selected.
#include <llvm/IR/Intrinsics.h>

#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

namespace {

unsigned widthOf(const Value *value) {
  return value->getType()->getIntegerBitWidth();
}

Value *like(Value *value, uint64_t number) {
  return llvm::ConstantInt::get(value->getType(), llvm::APInt(64, number).zextOrTrunc(widthOf(value)));
}

// value << amount and value >> amount, zero from the width on. The amount has the type of the value.
Value *shiftLeft(BodyLowering &lo, Value *value, Value *amount) {
  Value *inside = lo.b.CreateICmpULT(amount, like(amount, widthOf(value)));
  return lo.select(inside, lo.b.CreateShl(value, amount), like(value, 0));
}

Value *shiftRight(BodyLowering &lo, Value *value, Value *amount) {
  Value *inside = lo.b.CreateICmpULT(amount, like(amount, widthOf(value)));
  return lo.select(inside, lo.b.CreateLShr(value, amount), like(value, 0));
}

Value *shiftRightSigned(BodyLowering &lo, Value *value, Value *amount) {
  Value *clamped = lo.b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, amount, like(amount, widthOf(value) - 1));
  return lo.b.CreateAShr(value, clamped);
}

// A .u32 shift amount as a value of `width` bits that is at least the width whenever the amount is.
Value *amountOf(BodyLowering &lo, const Operand &operand, unsigned width) {
  Value *amount = lo.readBits(operand, 32);
  if (width < 32) amount = lo.b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, amount, like(amount, width));
  return lo.b.CreateZExtOrTrunc(amount, lo.intType(width));
}

// 9.7.8.7 shl, 9.7.8.8 shr
void shift(BodyLowering &lo, const Instruction &in) {
  Value *value = lo.read(lo.operand(1), in.type());
  Value *amount = amountOf(lo, lo.operand(2), widthOf(value));
  Value *result = in.opcode == Opcode::Shl ? shiftLeft(lo, value, amount)
                  : isSigned(in.type())    ? shiftRightSigned(lo, value, amount)
                                           : shiftRight(lo, value, amount);
  lo.write(lo.operand(0), result, in.type());
}

// 9.7.8.6 shf: a funnel of b:a; .wrap takes the amount modulo 32, .clamp at most 32
void shf(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  bool left = in.has(Mod::Left);
  Value *low = lo.readBits(lo.operand(1), 32), *high = lo.readBits(lo.operand(2), 32);
  Value *amount = lo.readBits(lo.operand(3), 32), *result;
  if (in.has(Mod::Wrap)) {
    auto id = left ? llvm::Intrinsic::fshl : llvm::Intrinsic::fshr;
    result = b.CreateIntrinsic(id, {low->getType()}, {high, low, amount});
  } else {
    amount = b.CreateZExt(b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, amount, like(amount, 32)), b.getInt64Ty());
    Value *both = b.CreateOr(b.CreateShl(b.CreateZExt(high, b.getInt64Ty()), 32), b.CreateZExt(low, b.getInt64Ty()));
    both = left ? b.CreateLShr(b.CreateShl(both, amount), 32) : b.CreateLShr(both, amount);
    result = b.CreateTrunc(both, b.getInt32Ty());
  }
  lo.writeInteger(lo.operand(0), result);
}

// 9.7.8.1-9.7.8.5 and, or, xor, not, cnot
void logic(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  Value *x = lo.read(lo.operand(1), in.type());
  Value *y = in.opcode == Opcode::Not || in.opcode == Opcode::Cnot ? nullptr : lo.read(lo.operand(2), in.type());
  Value *result;
  switch (in.opcode) {
    case Opcode::And:
      result = b.CreateAnd(x, y);
      break;
    case Opcode::Or:
      result = b.CreateOr(x, y);
      break;
    case Opcode::Xor:
      result = b.CreateXor(x, y);
      break;
    case Opcode::Not:
      result = b.CreateNot(x);
      break;
    default:
      result = b.CreateZExt(b.CreateICmpEQ(x, like(x, 0)), x->getType());
  }
  lo.write(lo.operand(0), result, in.type());
}

// The function of two variables whose truth table is `table`, bit (b << 1 | c).
Value *ofTwo(BodyLowering &lo, unsigned table, Value *y, Value *z) {
  auto &b = lo.b;
  if (table == 0) return like(y, 0);
  if (table & 8) {  // true of (1,1): the complement of one that is not, unless simpler itself
    switch (table) {
      case 8:
        return b.CreateAnd(y, z);
      case 0xa:
        return z;
      case 0xc:
        return y;
      case 0xe:
        return b.CreateOr(y, z);
      default:
        return b.CreateNot(ofTwo(lo, ~table & 15, y, z));
    }
  }
  switch (table) {
    case 1:
      return b.CreateNot(b.CreateOr(y, z));
    case 2:
      return b.CreateAnd(b.CreateNot(y), z);
    case 3:
      return b.CreateNot(y);
    case 4:
      return b.CreateAnd(y, b.CreateNot(z));
    case 5:
      return b.CreateNot(z);
    case 6:
      return b.CreateXor(y, z);
    default:  // 7
      return b.CreateNot(b.CreateAnd(y, z));
  }
}

// 9.7.8.9 lop3: the truth table's index is a << 2 | b << 1 | c. With .and, .or, .xor: p = (d != 0) op q
void lop3(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  bool hasPredicate = in.find(ModGroup::Op) != Mod::None;
  Value *x = lo.readBits(lo.operand(1), 32), *y = lo.readBits(lo.operand(2), 32), *z = lo.readBits(lo.operand(3), 32);
  if (lo.operand(4).kind != OperandKind::Integer) return lo.refuse(Diag::ptx_operand, "the table is not a constant");
  unsigned table = lo.operand(4).bits & 0xff, low = table & 15, high = table >> 4;
  Value *result;
  if (low == high)
    result = ofTwo(lo, low, y, z);
  else if (low == (~high & 15))
    result = b.CreateXor(x, ofTwo(lo, low, y, z));
  else if (low == 0)
    result = b.CreateAnd(x, ofTwo(lo, high, y, z));
  else if (high == 0)
    result = b.CreateAnd(b.CreateNot(x), ofTwo(lo, low, y, z));
  else if (high == 15)
    result = b.CreateOr(x, ofTwo(lo, low, y, z));
  else if (low == 15)
    result = b.CreateOr(b.CreateNot(x), ofTwo(lo, high, y, z));
  else
    result = b.CreateXor(ofTwo(lo, low, y, z), b.CreateAnd(x, ofTwo(lo, low ^ high, y, z)));
  const Operand &target = lo.operand(0);
  if (!hasPredicate) return lo.writeInteger(target, result);
  Value *nonzero = b.CreateICmpNE(result, like(result, 0)), *other = lo.readPredicate(lo.operand(5));
  Value *combined = in.has(Mod::And)  ? b.CreateAnd(nonzero, other)
                    : in.has(Mod::Or) ? b.CreateOr(nonzero, other)
                                      : b.CreateXor(nonzero, other);
  if (target.kind != OperandKind::Pair) return lo.refuse(Diag::ptx_operand, "a d|p destination is missing");
  lo.writeInteger(target.elements[0], result);
  lo.writePredicate(target.elements[1], combined);
}

// 9.7.1.14 popc, 9.7.1.15 clz, 9.7.1.18 brev
void count(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  Value *value = lo.read(lo.operand(1), in.type());
  if (in.opcode == Opcode::Brev)
    return lo.writeInteger(lo.operand(0), b.CreateUnaryIntrinsic(llvm::Intrinsic::bitreverse, value));
  Value *result = in.opcode == Opcode::Popc ? b.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, value)
                                            : b.CreateBinaryIntrinsic(llvm::Intrinsic::ctlz, value, b.getFalse());
  lo.writeInteger(lo.operand(0), b.CreateZExtOrTrunc(result, b.getInt32Ty()));
}

// 9.7.1.16 bfind: the place of the highest bit that differs from the sign, all ones if there is none
void bfind(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  Value *value = lo.read(lo.operand(1), in.type());
  unsigned width = widthOf(value);
  if (isSigned(in.type())) value = b.CreateXor(value, b.CreateAShr(value, width - 1));
  Value *zeros =
      b.CreateZExtOrTrunc(b.CreateBinaryIntrinsic(llvm::Intrinsic::ctlz, value, b.getFalse()), b.getInt32Ty());
  Value *place = in.has(Mod::Shiftamt) ? zeros : b.CreateSub(b.getInt32(width - 1), zeros);
  lo.writeInteger(lo.operand(0), lo.select(b.CreateICmpEQ(value, like(value, 0)), b.getInt32(~0u), place));
}

// Bits 0..7 of an operand, as a number of `width` bits.
Value *byteOf(BodyLowering &lo, const Operand &operand, unsigned width) {
  Value *value = lo.b.CreateAnd(lo.readBits(operand, 32), 0xff);
  return lo.b.CreateZExtOrTrunc(value, lo.intType(width));
}

// `count` ones at the low end
Value *ones(BodyLowering &lo, Value *count) {
  return lo.b.CreateNot(shiftLeft(lo, like(count, ~0ull), count));
}

// 9.7.1.19 bfe: bits above the top read as the sign (signed) or zero
void bfe(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  Value *value = lo.read(lo.operand(1), in.type());
  unsigned width = widthOf(value);
  Value *start = byteOf(lo, lo.operand(2), width), *length = byteOf(lo, lo.operand(3), width), *result;
  if (isSigned(in.type())) {
    Value *moved = shiftRightSigned(lo, value, start);
    Value *up = b.CreateSub(like(length, width), length);  // used only where length is 1..width
    up = lo.select(b.CreateICmpULT(length, like(length, width)), up, like(length, 0));
    Value *field = b.CreateAShr(b.CreateShl(moved, up), up);
    result = lo.select(b.CreateICmpEQ(length, like(length, 0)), like(value, 0), field);
  } else {
    result = b.CreateAnd(shiftRight(lo, value, start), ones(lo, length));
  }
  lo.write(lo.operand(0), result, in.type());
}

// 9.7.1.20 bfi
void bfi(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  Value *field = lo.read(lo.operand(1), in.type()), *base = lo.read(lo.operand(2), in.type());
  unsigned width = widthOf(base);
  Value *start = byteOf(lo, lo.operand(3), width), *length = byteOf(lo, lo.operand(4), width);
  Value *mask = shiftLeft(lo, ones(lo, length), start);
  Value *inserted = b.CreateAnd(shiftLeft(lo, field, start), mask);
  lo.write(lo.operand(0), b.CreateOr(b.CreateAnd(base, b.CreateNot(mask)), inserted), in.type());
}

// 9.7.1.22 bmsk: ones from bit a on, b of them
void bmsk(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  Value *start = lo.readBits(lo.operand(1), 32), *length = lo.readBits(lo.operand(2), 32);
  if (in.has(Mod::Wrap)) {
    start = b.CreateAnd(start, 31);
    length = b.CreateAnd(length, 31);
  }
  lo.writeInteger(lo.operand(0), shiftLeft(lo, ones(lo, length), start));
}

// 9.7.1.21 szext: extends the low b bits; .clamp leaves the value as it is from 32 on, .wrap takes b modulo 32
void szext(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  Value *value = lo.readBits(lo.operand(1), 32), *length = lo.readBits(lo.operand(2), 32);
  if (in.has(Mod::Wrap)) length = b.CreateAnd(length, 31);
  if (!isSigned(in.type())) return lo.writeInteger(lo.operand(0), b.CreateAnd(value, ones(lo, length)));
  Value *up =
      lo.select(b.CreateICmpULT(length, like(length, 32)), b.CreateSub(like(length, 32), length), like(length, 0));
  Value *field = b.CreateAShr(b.CreateShl(value, b.CreateAnd(up, 31)), b.CreateAnd(up, 31));
  lo.writeInteger(lo.operand(0), lo.select(b.CreateICmpEQ(length, like(length, 0)), like(value, 0), field));
}

// 9.7.1.17 fns: the n-th set bit of the mask from `base` on, upwards for n > 0, downwards for n < 0, base itself for 0
void fns(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  Value *mask = lo.readBits(lo.operand(1), 32), *base = lo.readBits(lo.operand(2), 32);
  Value *offset = lo.readBits(lo.operand(3), 32), *found = b.getInt32(~0u);
  Value *zero = b.getInt32(0);
  Value *up = b.CreateICmpSGE(offset, zero);
  Value *wanted = lo.select(b.CreateICmpEQ(offset, zero), b.getInt32(1),
                            b.CreateBinaryIntrinsic(llvm::Intrinsic::abs, offset, b.getFalse()));
  // Bits at or beyond the base in the direction of the search; for 0 only the base itself.
  Value *from = b.CreateAnd(mask, shiftLeft(lo, b.getInt32(~0u), base));
  Value *downTo = b.CreateAnd(mask, ones(lo, b.CreateAdd(base, b.getInt32(1))));
  Value *self = b.CreateAnd(mask, shiftLeft(lo, b.getInt32(1), base));
  Value *candidates = lo.select(b.CreateICmpEQ(offset, zero), self, lo.select(up, from, downTo));
  for (unsigned bit = 0; bit < 32; ++bit) {
    Value *here = b.CreateICmpNE(b.CreateAnd(candidates, 1u << bit), zero);
    uint32_t below = (1u << bit) | ((1u << bit) - 1);  // bits 0..bit
    Value *rankUp = b.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, b.CreateAnd(candidates, below));
    Value *rankDown = b.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, b.CreateAnd(candidates, ~((1u << bit) - 1)));
    Value *rank = lo.select(up, rankUp, rankDown);
    found = lo.select(b.CreateAnd(here, b.CreateICmpEQ(rank, wanted)), b.getInt32(bit), found);
  }
  lo.writeInteger(lo.operand(0), found);
}

// 9.7.9.7 prmt: each byte of the result is one of the eight of b:a
void prmt(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  Value *low = lo.readBits(lo.operand(1), 32), *high = lo.readBits(lo.operand(2), 32);
  Value *control = lo.readBits(lo.operand(3), 32);
  Value *both = b.CreateOr(b.CreateShl(b.CreateZExt(high, b.getInt64Ty()), 32), b.CreateZExt(low, b.getInt64Ty()));
  Mod mode = in.find(ModGroup::Permute);
  Value *n = b.CreateAnd(control, 3), *result = nullptr;
  for (unsigned i = 0; i < 4; ++i) {
    Value *at = b.getInt32(i), *select;
    switch (mode) {
      case Mod::PrmtF4e:
        select = b.CreateAdd(n, at);
        break;
      case Mod::PrmtB4e:
        select = b.CreateAnd(b.CreateSub(n, at), 7);
        break;
      case Mod::PrmtRc8:
        select = n;
        break;
      case Mod::PrmtEcl:
        select = b.CreateBinaryIntrinsic(llvm::Intrinsic::umax, n, at);
        break;
      case Mod::PrmtEcr:
        select = b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, n, at);
        break;
      case Mod::PrmtRc16:
        select = b.CreateOr(b.CreateShl(b.CreateAnd(n, 1), 1), i & 1);
        break;
      default:
        select = b.CreateAnd(b.CreateLShr(control, 4 * i), 7);
    }
    Value *byte =
        b.CreateTrunc(b.CreateLShr(both, b.CreateZExt(b.CreateShl(select, 3), b.getInt64Ty())), b.getInt8Ty());
    if (mode == Mod::None) {  // bit 3 of the nibble replicates the sign of the byte
      Value *replicate = b.CreateICmpNE(b.CreateAnd(control, 8u << (4 * i)), b.getInt32(0));
      byte = lo.select(replicate, b.CreateAShr(byte, 7), byte);
    }
    Value *placed = b.CreateZExt(byte, b.getInt32Ty());
    if (i) placed = b.CreateShl(placed, 8 * i);
    result = result ? b.CreateOr(result, placed) : placed;
  }
  lo.writeInteger(lo.operand(0), result);
}

}  // namespace

void addBitRules(RuleTable &table) {
  set(table, Opcode::Shl, shift);
  set(table, Opcode::Shr, shift);
  set(table, Opcode::Shf, shf);
  set(table, Opcode::And, logic);
  set(table, Opcode::Or, logic);
  set(table, Opcode::Xor, logic);
  set(table, Opcode::Not, logic);
  set(table, Opcode::Cnot, logic);
  set(table, Opcode::Lop3, lop3);
  set(table, Opcode::Popc, count);
  set(table, Opcode::Clz, count);
  set(table, Opcode::Brev, count);
  set(table, Opcode::Bfind, bfind);
  set(table, Opcode::Bfe, bfe);
  set(table, Opcode::Bfi, bfi);
  set(table, Opcode::Bmsk, bmsk);
  set(table, Opcode::Szext, szext);
  set(table, Opcode::Fns, fns);
  set(table, Opcode::Prmt, prmt);
}

}  // namespace cutrans::ptx::lowering
