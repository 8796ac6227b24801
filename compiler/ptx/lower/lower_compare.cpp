// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Comparison and selection (manual 9.7.6 half precision, 9.7.7): set, setp, selp, slct.
#include <llvm/IR/Constants.h>

#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

namespace {

using llvm::CmpInst;

// The comparison as LLVM's predicate, BAD_ICMP_PREDICATE where the type has none.
CmpInst::Predicate predicate(Mod comparison, Type type) {
  bool real = isFloat(type), is_signed = isSigned(type);
  auto pick = [&](CmpInst::Predicate f, CmpInst::Predicate s, CmpInst::Predicate u) {
    return real ? f : is_signed ? s : u;
  };
  switch (comparison) {
    case Mod::Eq:
      return pick(CmpInst::FCMP_OEQ, CmpInst::ICMP_EQ, CmpInst::ICMP_EQ);
    case Mod::Ne:
      return pick(CmpInst::FCMP_ONE, CmpInst::ICMP_NE, CmpInst::ICMP_NE);
    case Mod::Lt:
      return pick(CmpInst::FCMP_OLT, CmpInst::ICMP_SLT, CmpInst::ICMP_ULT);
    case Mod::Le:
      return pick(CmpInst::FCMP_OLE, CmpInst::ICMP_SLE, CmpInst::ICMP_ULE);
    case Mod::Gt:
      return pick(CmpInst::FCMP_OGT, CmpInst::ICMP_SGT, CmpInst::ICMP_UGT);
    case Mod::Ge:
      return pick(CmpInst::FCMP_OGE, CmpInst::ICMP_SGE, CmpInst::ICMP_UGE);
    default:
      break;
  }
  if (real) switch (comparison) {
      case Mod::Equ:
        return CmpInst::FCMP_UEQ;
      case Mod::Neu:
        return CmpInst::FCMP_UNE;
      case Mod::Ltu:
        return CmpInst::FCMP_ULT;
      case Mod::Leu:
        return CmpInst::FCMP_ULE;
      case Mod::Gtu:
        return CmpInst::FCMP_UGT;
      case Mod::Geu:
        return CmpInst::FCMP_UGE;
      case Mod::Num:
        return CmpInst::FCMP_ORD;
      case Mod::NanCompare:
        return CmpInst::FCMP_UNO;
      default:
        return CmpInst::BAD_ICMP_PREDICATE;
    }
  switch (comparison) {
    case Mod::LoCompare:
      return CmpInst::ICMP_ULT;
    case Mod::Ls:
      return CmpInst::ICMP_ULE;
    case Mod::HiCompare:
      return CmpInst::ICMP_UGT;
    case Mod::Hs:
      return CmpInst::ICMP_UGE;
    default:
      return CmpInst::BAD_ICMP_PREDICATE;
  }
}

Value *combine(BodyLowering &lo, const Instruction &in, Value *holds, Value *other) {
  switch (in.find(ModGroup::Op)) {
    case Mod::And:
      return lo.b.CreateAnd(holds, other);
    case Mod::Or:
      return lo.b.CreateOr(holds, other);
    case Mod::Xor:
      return lo.b.CreateXor(holds, other);
    default:
      return holds;
  }
}

// a cmp b for each element of `type`, lowest first; empty after a refusal.
llvm::SmallVector<Value *, 2> compare(BodyLowering &lo, const Instruction &in, Type type) {
  Type element = elementType(type);
  CmpInst::Predicate test = predicate(in.find(ModGroup::Compare), element);
  if (test == CmpInst::BAD_ICMP_PREDICATE) {
    lo.refuse(Diag::ptx_operand, "a comparison that this type does not have");
    return {};
  }
  llvm::SmallVector<Value *, 2> results;
  lo.eachElement(type, {lo.read(lo.operand(1), type), lo.read(lo.operand(2), type)}, [&](llvm::ArrayRef<Value *> v) {
    Value *x = v[0], *y = v[1];
    if (in.has(Mod::Ftz)) {
      x = flushed(lo, x);
      y = flushed(lo, y);
    }
    if (element == Type::BF16) {
      x = widened(lo, x, lo.b.getFloatTy());
      y = widened(lo, y, lo.b.getFloatTy());
    }
    results.push_back(lo.b.CreateCmp(test, x, y));
    return v[0];
  });
  return results;
}

// 9.7.7.2 setp: p = (a cmp b) op c, q = !(a cmp b) op c; of packed types p is the low element's, q the high one's
void setp(BodyLowering &lo, const Instruction &in) {
  auto results = compare(lo, in, in.type());
  if (results.empty()) return;
  Value *other = in.find(ModGroup::Op) == Mod::None ? nullptr : lo.readPredicate(lo.operand(3));
  const Operand &target = lo.operand(0);
  bool pair = target.kind == OperandKind::Pair;
  lo.writePredicate(pair ? target.elements[0] : target, combine(lo, in, results[0], other));
  if (!pair) return;
  Value *second = results.size() > 1 ? results[1] : lo.b.CreateNot(results[0]);
  lo.writePredicate(target.elements[1], combine(lo, in, second, other));
}

// 9.7.7.1 set: all ones, or 1.0 where the destination is a float
void set_(BodyLowering &lo, const Instruction &in) {
  Type to = in.type(0), from = in.type(1);
  auto results = compare(lo, in, from);
  if (results.empty()) return;
  Value *other = in.find(ModGroup::Op) == Mod::None ? nullptr : lo.readPredicate(lo.operand(3));
  Value *result = nullptr;
  unsigned width = bits(to) / results.size();
  bool real = isFloat(elementType(to));
  for (size_t i = 0; i < results.size(); ++i) {
    Value *holds = combine(lo, in, results[i], other), *part;
    if (real) {
      llvm::Type *type = lo.type(elementType(to));
      part = lo.b.CreateZExt(
          lo.toBits(lo.b.CreateSelect(holds, llvm::ConstantFP::get(type, 1.0), llvm::ConstantFP::get(type, 0.0))),
          lo.intType(bits(to)));
    } else {
      part = lo.b.CreateZExt(lo.b.CreateSExt(holds, lo.intType(width)), lo.intType(bits(to)));
    }
    if (i) part = lo.b.CreateShl(part, i * width);
    result = result ? lo.b.CreateOr(result, part) : part;
  }
  lo.write(lo.operand(0), lo.fromBits(result, to), to);
}

// 9.7.7.3 selp
void selp(BodyLowering &lo, const Instruction &in) {
  Value *x = lo.read(lo.operand(1), in.type()), *y = lo.read(lo.operand(2), in.type());
  lo.write(lo.operand(0), lo.b.CreateSelect(lo.readPredicate(lo.operand(3)), x, y), in.type());
}

// 9.7.7.4 slct: a where c >= 0 (-0 counts, NaN does not), else b
void slct(BodyLowering &lo, const Instruction &in) {
  Value *x = lo.read(lo.operand(1), in.type(0)), *y = lo.read(lo.operand(2), in.type(0));
  Value *c = lo.read(lo.operand(3), in.type(1));
  Value *zero = llvm::Constant::getNullValue(c->getType());
  if (in.has(Mod::Ftz)) c = flushed(lo, c);
  Value *first = isFloat(in.type(1)) ? lo.b.CreateFCmpOGE(c, zero) : lo.b.CreateICmpSGE(c, zero);
  lo.write(lo.operand(0), lo.b.CreateSelect(first, x, y), in.type(0));
}

}  // namespace

void addCompareRules(RuleTable &table) {
  set(table, Opcode::Set, set_);
  set(table, Opcode::Setp, setp);
  set(table, Opcode::Selp, selp);
  set(table, Opcode::Slct, slct);
}

}  // namespace cutrans::ptx::lowering
