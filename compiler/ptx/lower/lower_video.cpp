// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Video instructions, scalar (manual 9.7.19.1) and in two or four lanes (9.7.19.2, 9.7.19.3). No chip since sm_50 has
// most of them in hardware, but nvcc still writes them for the SIMD-in-a-word functions.
//
// Everything is computed in 64 bits, where no intermediate result of 34 bits wraps, and clamped or cut at the end.
#include <llvm/ADT/APInt.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>

#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

namespace {

Value *wide(BodyLowering &lo, int64_t number) {
  return lo.constant(64, uint64_t(number));
}

Value *extend(BodyLowering &lo, Value *part, bool is_signed) {
  return is_signed ? lo.b.CreateSExt(part, lo.intType(64)) : lo.b.CreateZExt(part, lo.intType(64));
}

// `width` bits from element `index` on, of a value of any width.
Value *element(BodyLowering &lo, Value *value, unsigned width, unsigned index, bool is_signed) {
  return extend(lo,
                lo.b.CreateTrunc(index ? lo.b.CreateLShr(value, uint64_t(index) * width) : value, lo.intType(width)),
                is_signed);
}

Value *clamp(BodyLowering &lo, Value *value, unsigned width, bool is_signed) {
  int64_t least = is_signed ? -(1ll << (width - 1)) : 0, most = (1ll << (is_signed ? width - 1 : width)) - 1;
  value = lo.b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, value, wide(lo, least));
  return lo.b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, value, wide(lo, most));
}

enum class Operation { Add, Sub, AbsDiff, Min, Max, Average, Shl, Shr, Set };

Operation operationOf(Opcode opcode) {
  switch (opcode) {
    case Opcode::Vadd:
    case Opcode::Vadd2:
    case Opcode::Vadd4:
      return Operation::Add;
    case Opcode::Vsub:
    case Opcode::Vsub2:
    case Opcode::Vsub4:
      return Operation::Sub;
    case Opcode::Vabsdiff:
    case Opcode::Vabsdiff2:
    case Opcode::Vabsdiff4:
      return Operation::AbsDiff;
    case Opcode::Vmin:
    case Opcode::Vmin2:
    case Opcode::Vmin4:
      return Operation::Min;
    case Opcode::Vmax:
    case Opcode::Vmax2:
    case Opcode::Vmax4:
      return Operation::Max;
    case Opcode::Vavrg2:
    case Opcode::Vavrg4:
      return Operation::Average;
    case Opcode::Vshl:
      return Operation::Shl;
    case Opcode::Vshr:
      return Operation::Shr;
    default:
      return Operation::Set;
  }
}

Value *apply(BodyLowering &lo, const Instruction &in, Value *x, Value *y) {
  auto &b = lo.b;
  switch (operationOf(in.opcode)) {
    case Operation::Add:
      return b.CreateAdd(x, y);
    case Operation::Sub:
      return b.CreateSub(x, y);
    case Operation::AbsDiff:
      return b.CreateBinaryIntrinsic(llvm::Intrinsic::abs, b.CreateSub(x, y), b.getFalse());
    case Operation::Min:
      return b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, x, y);
    case Operation::Max:
      return b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, x, y);
    case Operation::Average: {  // halves are rounded up, away from zero where the sum is not negative
      Value *sum = b.CreateAdd(x, y);
      Value *up = b.CreateZExt(b.CreateICmpSGE(sum, wide(lo, 0)), b.getInt64Ty());
      return b.CreateAShr(b.CreateAdd(sum, up), 1);
    }
    case Operation::Shl:
    case Operation::Shr: {
      Value *amount =
          in.has(Mod::Wrap) ? b.CreateAnd(y, 31) : b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, y, wide(lo, 32));
      if (operationOf(in.opcode) == Operation::Shr) return b.CreateAShr(x, amount);
      // By 32, a word does not fit: anything beyond 32 bits with its sign and low bits does.
      Value *beyond = b.CreateShl(b.CreateBinaryIntrinsic(
          llvm::Intrinsic::smax, b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, x, wide(lo, 1)), wide(lo, -1)), 40);
      return b.CreateSelect(b.CreateICmpEQ(amount, wide(lo, 32)), beyond, b.CreateShl(x, amount));
    }
    case Operation::Set:
      break;
  }
  llvm::CmpInst::Predicate test;
  switch (in.find(ModGroup::Compare)) {
    case Mod::Eq:
      test = llvm::CmpInst::ICMP_EQ;
      break;
    case Mod::Ne:
      test = llvm::CmpInst::ICMP_NE;
      break;
    case Mod::Lt:
      test = llvm::CmpInst::ICMP_SLT;
      break;
    case Mod::Le:
      test = llvm::CmpInst::ICMP_SLE;
      break;
    case Mod::Gt:
      test = llvm::CmpInst::ICMP_SGT;
      break;
    case Mod::Ge:
      test = llvm::CmpInst::ICMP_SGE;
      break;
    default:
      lo.refuseForm("this comparison");
      return x;
  }
  return b.CreateZExt(b.CreateICmp(test, x, y), b.getInt64Ty());
}

struct Part {
  unsigned width = 32, index = 0;
};

// ".b2", ".h1" or nothing.
Part partOf(std::string_view selector) {
  if (selector.size() != 2) return {};
  return {selector[0] == 'h' ? 16u : 8u, unsigned(selector[1] - '0')};
}

// 9.7.19.1: one result, of a byte, a half or a word; then a second operation with c, or c with the part replaced
void scalarVideo(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  bool set = operationOf(in.opcode) == Operation::Set;
  Type to = set ? Type::U32 : in.type(0), left = in.type(set ? 0 : 1), right = in.type(set ? 1 : 2);
  auto source = [&](size_t index, Type type) {
    Part part = partOf(lo.operand(index).selector);
    return element(lo, lo.readBits(lo.operand(index), 32), part.width, part.index, isSigned(type));
  };
  Value *result = apply(lo, in, source(1, left), source(2, right));
  Part target = partOf(lo.operand(0).selector);
  if (in.has(Mod::Sat)) result = clamp(lo, result, target.width, isSigned(to));
  if (in.operands.size() > 3) {
    Value *third = lo.readBits(lo.operand(3), 32);
    Mod second = in.find(ModGroup::Op);
    if (second == Mod::None && target.width < 32) {  // merged into c
      uint64_t mask = ((1ull << target.width) - 1) << (target.index * target.width);
      Value *moved = b.CreateAnd(b.CreateShl(result, uint64_t(target.index) * target.width), mask);
      result = b.CreateOr(b.CreateAnd(extend(lo, third, false), ~mask), moved);
    } else {
      Value *first = element(lo, result, 32, 0, isSigned(to)), *other = extend(lo, third, isSigned(to));
      switch (second) {
        case Mod::Add:
          result = b.CreateAdd(first, other);
          break;
        case Mod::Min:
          result = b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, first, other);
          break;
        case Mod::Max:
          result = b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, first, other);
          break;
        default:
          return lo.refuseForm("this second operation");
      }
    }
  }
  lo.writeInteger(lo.operand(0), b.CreateTrunc(result, b.getInt32Ty()));
}

// 9.7.19.1.7 vmad: a * b + c with any of them negated, or one more with .po; shifted, then clamped. -(a * b) is not a
// negative product but its complement and one: the same, but for the sign that the sum is extended by.
void vmad(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  const Operand &x = lo.operand(1), &y = lo.operand(2), &z = lo.operand(3);
  llvm::Type *whole = lo.intType(128);
  auto source = [&](const Operand &operand, Type type) {
    Part part = partOf(operand.selector);
    Operand plain = operand;
    plain.minus = false;
    Value *value = element(lo, lo.readBits(plain, 32), part.width, part.index, isSigned(type));
    return b.CreateSExt(value, whole);  // of 64 bits that hold it as a signed number
  };
  bool flips = x.minus != y.minus, po = in.has(Mod::Po);
  if (po && (flips || z.minus || x.minus)) return lo.refuse(Diag::ptx_operand, ".po and a negated operand");
  bool is_signed = isSigned(in.type(1)) || isSigned(in.type(2)) || flips || z.minus;
  Value *product = b.CreateMul(source(x, in.type(1)), source(y, in.type(2)));
  Operand plain = z;
  plain.minus = false;
  Value *third = lo.readBits(plain, 32);
  if (!po && !flips && z.minus) third = b.CreateNot(third);
  if (!po && flips) product = b.CreateNot(product);
  Value *addend = is_signed ? b.CreateSExt(third, whole) : b.CreateZExt(third, whole);
  Value *result = b.CreateAdd(product, addend);
  if (po || flips || z.minus) result = b.CreateAdd(result, lo.constant(128, 1));
  unsigned shift = in.has(Mod::Shr7) ? 7 : in.has(Mod::Shr15) ? 15 : 0;
  Value *cut = b.CreateTrunc(shift ? b.CreateAShr(result, shift) : result, b.getInt64Ty());
  if (in.has(Mod::Sat)) {
    if (is_signed)
      cut = clamp(lo, cut, 32, true);
    else
      cut = b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, cut, wide(lo, 0xffffffffll));
  }
  lo.writeInteger(lo.operand(0), b.CreateTrunc(cut, b.getInt32Ty()));
}

// 9.7.19.2, 9.7.19.3: each lane takes its elements from the pair b:a by a selector; results go into the lanes of the
// mask, the others are c's; with .add they are summed with c
void packedVideo(BodyLowering &lo, const Instruction &in, unsigned lanes) {
  auto &b = lo.b;
  unsigned width = 32 / lanes;
  bool set = operationOf(in.opcode) == Operation::Set;
  Type to = set ? Type::U32 : in.type(0), left = in.type(set ? 0 : 1), right = in.type(set ? 1 : 2);
  Value *both = b.CreateOr(b.CreateShl(b.CreateZExt(lo.readBits(lo.operand(2), 32), b.getInt64Ty()), 32),
                           b.CreateZExt(lo.readBits(lo.operand(1), 32), b.getInt64Ty()));
  Value *third = lo.readBits(lo.operand(3), 32);
  // A selector lists elements from the highest lane down: "b7654", "h10".
  auto chosen = [&](std::string_view selector, unsigned lane, unsigned otherwise) -> unsigned {
    return selector.size() == lanes + 1 ? unsigned(selector[lanes - lane] - '0') & (2 * lanes - 1) : otherwise;
  };
  std::string_view mask = lo.operand(0).selector;
  bool sum = in.find(ModGroup::Op) == Mod::Add;
  Value *result = sum ? extend(lo, third, isSigned(to)) : wide(lo, 0);
  for (unsigned lane = 0; lane < lanes; ++lane) {
    uint64_t field = ((1ull << width) - 1) << (lane * width);
    if (!mask.empty() && mask.find(char('0' + lane), 1) == std::string_view::npos) {
      if (!sum) result = b.CreateOr(result, b.CreateAnd(extend(lo, third, false), field));
      continue;
    }
    Value *x = element(lo, both, width, chosen(lo.operand(1).selector, lane, lane), isSigned(left));
    Value *y = element(lo, both, width, chosen(lo.operand(2).selector, lane, lane + lanes), isSigned(right));
    Value *value = apply(lo, in, x, y);
    if (in.has(Mod::Sat)) value = clamp(lo, value, width, isSigned(to));
    if (sum)
      result = b.CreateAdd(result, value);
    else
      result = b.CreateOr(result, b.CreateAnd(lane ? b.CreateShl(value, uint64_t(lane) * width) : value, field));
  }
  lo.writeInteger(lo.operand(0), b.CreateTrunc(result, b.getInt32Ty()));
}

}  // namespace

void addVideoRules(RuleTable &table) {
  for (Opcode opcode : {Opcode::Vadd, Opcode::Vsub, Opcode::Vabsdiff, Opcode::Vmin, Opcode::Vmax, Opcode::Vshl,
                        Opcode::Vshr, Opcode::Vset})
    set(table, opcode, scalarVideo);
  set(table, Opcode::Vmad, vmad);
  for (Opcode opcode :
       {Opcode::Vadd2, Opcode::Vsub2, Opcode::Vavrg2, Opcode::Vabsdiff2, Opcode::Vmin2, Opcode::Vmax2, Opcode::Vset2})
    set(table, opcode, [](BodyLowering &lo, const Instruction &in) { packedVideo(lo, in, 2); });
  for (Opcode opcode :
       {Opcode::Vadd4, Opcode::Vsub4, Opcode::Vavrg4, Opcode::Vabsdiff4, Opcode::Vmin4, Opcode::Vmax4, Opcode::Vset4})
    set(table, opcode, [](BodyLowering &lo, const Instruction &in) { packedVideo(lo, in, 4); });
}

}  // namespace cutrans::ptx::lowering
