// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls: LLVM's intrinsics, functions of the module, and OpenCL's own built-in functions by their mangled names.
#include <llvm/IR/IntrinsicInst.h>

#include "compiler/emit/opencl/text/writer.h"

namespace cutrans::emit::text {

using llvm::CmpInst;
namespace Id = llvm::Intrinsic;

void Writer::writeCall(llvm::CallInst &call) {
  if (auto *intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&call)) return writeIntrinsic(*intrinsic);
  llvm::Function *callee = call.getCalledFunction();
  if (!callee) return refuse("a call through a pointer");
  std::string name = names_.lookup(callee), arguments;
  if (name.empty()) return refuse("a call of " + callee->getName().str());
  for (llvm::Value *argument : call.args())
    for (const std::string &text : useAll(argument)) arguments += (arguments.empty() ? "" : ",") + text;
  std::string text = name + "(" + arguments + ")";
  Parts list = parts(&call);
  if (list.empty()) return line(text + ";");
  if (list.size() == 1) return give(call, {text}, true);
  std::string all = variable(resultType(call.getType()), text);
  Texts texts;
  for (unsigned i = 0; i < list.size(); ++i) texts.push_back(all + ".m" + std::to_string(i));
  give(call, std::move(texts), true);
}

void Writer::writeIntrinsic(llvm::IntrinsicInst &call) {
  switch (call.getIntrinsicID()) {
    case Id::assume:
    case Id::lifetime_start:
    case Id::lifetime_end:
    case Id::experimental_noalias_scope_decl:
    case Id::donothing:
    case Id::sideeffect:
    case Id::invariant_end:
    case Id::prefetch:
    case Id::stackrestore: return;
    case Id::stacksave: known_[&call] = {"0ul"}; return;  // arrays live as long as the function
    case Id::invariant_start:
    case Id::is_constant:
    case Id::objectsize: return refuse("the intrinsic " + call.getCalledFunction()->getName().str());
    case Id::expect:
    case Id::expect_with_probability:
    case Id::ssa_copy:
    case Id::launder_invariant_group:
    case Id::strip_invariant_group:
    case Id::arithmetic_fence: return alias(call, call.getArgOperand(0));
    case Id::masked_load:
    case Id::masked_store:
    case Id::masked_gather:
    case Id::masked_scatter: return writeMasked(call);
    case Id::readcyclecounter: return give(call, {prelude_.cycles() + "()"}, true);
    case Id::memcpy:
    case Id::memcpy_inline:
    case Id::memmove:
    case Id::memset:
    case Id::memset_inline: return writeCopy(call);
    default: break;
  }
  if (writeArithmeticIntrinsic(call) || writeFloatIntrinsic(call) || writeReduction(call) || writeOverflow(call)) return;
  refuse("the intrinsic " + call.getCalledFunction()->getName().str());
}

bool Writer::writeArithmeticIntrinsic(llvm::IntrinsicInst &call) {
  if (!call.getType()->isIntOrIntVectorTy() || call.arg_empty() || !call.getArgOperand(0)->getType()->isIntOrIntVectorTy()) return false;
  Id::ID id = call.getIntrinsicID();
  llvm::Value *a = call.getArgOperand(0), *b = call.arg_size() > 1 ? call.getArgOperand(1) : nullptr;
  Part first = parts(a)[0];
  auto bit = [&](unsigned shift) { return number(first.scalar(), uint64_t(1) << shift); };
  auto ones = [&](const Part &part) { return splat(part, number(part.scalar(), ~0ull >> (64 - part.bits))); };
  auto mask = [](const Part &part) { return Part{part.isVector() ? Base::Mask : Base::Bool, part.lanes, 1}; };
  auto select = [&](const Part &part, const std::string &m, const std::string &x, const std::string &y) { return choose(mask(part), part, m, x, y); };
  auto choosing = [&](CmpInst::Predicate predicate) {
    hold(a), hold(b);
    lanewise(call, [&](unsigned i, const Part &part) {
      if (part.base == Base::Bool || part.base == Base::Mask) {  // of two bits
        bool both = predicate == CmpInst::ICMP_ULT || predicate == CmpInst::ICMP_SGT;
        return "(" + use(a, i) + (both ? "&" : "|") + use(b, i) + ")";
      }
      return select(part, compareIntegers(predicate, part, use(a, i), use(b, i)), use(a, i), use(b, i));
    });
    return true;
  };
  if (first.base == Base::Bool || first.base == Base::Mask) {
    if (id != Id::umin && id != Id::umax && id != Id::smin && id != Id::smax) return false;
  }
  switch (id) {
    case Id::umin: return choosing(CmpInst::ICMP_ULT);
    case Id::umax: return choosing(CmpInst::ICMP_UGT);
    case Id::smin: return choosing(CmpInst::ICMP_SLT);
    case Id::smax: return choosing(CmpInst::ICMP_SGT);
    case Id::abs:
      hold(a);
      lanewise(call, [&](unsigned i, const Part &part) {
        std::string negative = compareIntegers(CmpInst::ICMP_SLT, part, use(a, i), splat(part, number(part.scalar(), 0)));
        return select(part, negative, binary(llvm::Instruction::Sub, part, splat(part, number(part.scalar(), 0)), use(a, i)), use(a, i));
      });
      return true;
    case Id::ctpop:
      lanewise(call, [&](unsigned i, const Part &) { return "popcount(" + use(a, i) + ")"; });
      return true;
    case Id::ctlz:
      lanewise(call, [&](unsigned i, const Part &part) {
        std::string text = "clz(" + use(a, i) + ")";
        return part.isOdd() ? "(" + (part.isVector() ? "" : "(" + part.name() + ")") + "(" + text + "-" + number(part.scalar(), part.containerBits() - part.bits) + "))" : text;
      });
      return true;
    case Id::cttz:
      hold(a);
      lanewise(call, [&](unsigned i, const Part &part) {
        std::string below = binary(llvm::Instruction::And, part, binary(llvm::Instruction::Xor, part, use(a, i), ones(part)),
                                   binary(llvm::Instruction::Sub, part, use(a, i), splat(part, number(part.scalar(), 1))));
        return "popcount(" + below + ")";
      });
      return true;
    case Id::bswap:
    case Id::bitreverse: {
      unsigned bits = first.bits;
      if (first.isOdd()) return false;
      Parts list = parts(a);
      Texts texts = (hold(a), useAll(a));
      for (unsigned i = 0; i < list.size(); ++i)
        for (unsigned step = bits / 2; step >= (id == Id::bswap ? 8u : 1u); step /= 2) {
          // Every other group of `step` bits.
          uint64_t low = 0;
          for (unsigned at = 0; at < bits; at += 2 * step) low |= ((uint64_t(1) << step) - 1) << at;
          auto by = [&](uint64_t value) { return splat(list[i], number(list[i].scalar(), value)); };
          using I = llvm::Instruction;
          std::string down = binary(I::And, list[i], binary(I::LShr, list[i], texts[i], by(step)), by(low));
          std::string up = binary(I::Shl, list[i], binary(I::And, list[i], texts[i], by(low)), by(step));
          texts[i] = variable(list[i], binary(I::Or, list[i], down, up));
        }
      give(call, std::move(texts));
      return true;
    }
    case Id::fshl:
    case Id::fshr: {
      if (first.isOdd() || !call.getArgOperand(2)) return false;
      llvm::Value *by = call.getArgOperand(2);
      hold(a), hold(b), hold(by);
      lanewise(call, [&](unsigned i, const Part &part) {
        using I = llvm::Instruction;
        std::string most = splat(part, number(part.scalar(), part.bits - 1)), one = splat(part, number(part.scalar(), 1));
        std::string amount = binary(I::And, part, use(by, i), most), rest = binary(I::Xor, part, amount, most);
        // The other side goes in two steps, so that no step is the whole width.
        bool left = id == Id::fshl;
        std::string main = binary(left ? I::Shl : I::LShr, part, left ? use(a, i) : use(b, i), amount);
        std::string other = left ? binary(I::LShr, part, binary(I::LShr, part, use(b, i), one), rest)
                                 : binary(I::Shl, part, binary(I::Shl, part, use(a, i), one), rest);
        return binary(I::Or, part, main, other);
      });
      return true;
    }
    case Id::uadd_sat:
      hold(a), hold(b);
      lanewise(call, [&](unsigned i, const Part &part) {
        std::string sum = variable(part, binary(llvm::Instruction::Add, part, use(a, i), use(b, i)));
        return select(part, compareIntegers(CmpInst::ICMP_ULT, part, sum, use(a, i)), ones(part), sum);
      });
      return true;
    case Id::usub_sat:
      hold(a), hold(b);
      lanewise(call, [&](unsigned i, const Part &part) {
        return select(part, compareIntegers(CmpInst::ICMP_UGT, part, use(a, i), use(b, i)), binary(llvm::Instruction::Sub, part, use(a, i), use(b, i)),
                      splat(part, number(part.scalar(), 0)));
      });
      return true;
    case Id::sadd_sat:
    case Id::ssub_sat:
      hold(a), hold(b);
      lanewise(call, [&](unsigned i, const Part &part) {
        using I = llvm::Instruction;
        bool add = id == Id::sadd_sat;
        std::string sum = variable(part, binary(add ? I::Add : I::Sub, part, use(a, i), use(b, i)));
        // Overflow: the sum's sign is one that neither operand has (with b's sign turned for a difference).
        std::string differs = binary(I::And, part, binary(I::Xor, part, use(a, i), sum),
                                     add ? binary(I::Xor, part, use(b, i), sum) : binary(I::Xor, part, use(a, i), use(b, i)));
        std::string zero = splat(part, number(part.scalar(), 0));
        std::string most = splat(part, bit(part.bits - 1)), least = splat(part, number(part.scalar(), (uint64_t(1) << (part.bits - 1)) - 1));
        std::string edge = variable(part, select(part, compareIntegers(CmpInst::ICMP_SLT, part, use(a, i), zero), most, least));
        return select(part, compareIntegers(CmpInst::ICMP_SLT, part, differs, zero), edge, sum);
      });
      return true;
    case Id::ucmp:
    case Id::scmp: {
      Parts of = parts(a);
      hold(a), hold(b);
      bool isSigned = id == Id::scmp;
      lanewise(call, [&](unsigned i, const Part &part) {
        std::string less = compareIntegers(isSigned ? CmpInst::ICMP_SLT : CmpInst::ICMP_ULT, of[i], use(a, i), use(b, i));
        std::string more = compareIntegers(isSigned ? CmpInst::ICMP_SGT : CmpInst::ICMP_UGT, of[i], use(a, i), use(b, i));
        auto value = [&](uint64_t v) { return splat(part, number(part.scalar(), v & (~0ull >> (64 - part.bits)))); };
        return select(part, less, value(~0ull), select(part, more, value(1), value(0)));
      });
      return true;
    }
    default: return false;
  }
}

bool Writer::writeFloatIntrinsic(llvm::IntrinsicInst &call) {
  if (call.arg_empty()) return false;
  Id::ID id = call.getIntrinsicID();
  llvm::Value *a = call.getArgOperand(0), *b = call.arg_size() > 1 ? call.getArgOperand(1) : nullptr;
  if (!a->getType()->isFPOrFPVectorTy()) return false;
  Parts of = parts(a);
  bool small = a->getType()->getScalarSizeInBits() == 16;
  auto word = [](const Part &part) { return part.with(part.containerBits() == 64 ? Base::U64 : part.containerBits() == 32 ? Base::U32 : Base::U16); };
  auto bits = [&](const Part &part, const std::string &text) { return part.isFloat() ? bitsAs(word(part).name(), text) : text; };
  auto mask = [](const Part &part) { return Part{part.isVector() ? Base::Mask : Base::Bool, part.lanes, 1}; };
  auto select = [&](const Part &part, const std::string &m, const std::string &x, const std::string &y) { return choose(mask(part), part, m, x, y); };
  if (small) {  // only the sign can be changed without arithmetic
    if (id != Id::fabs && id != Id::copysign) return false;
    lanewise(call, [&](unsigned i, const Part &part) -> std::string {
      std::string magnitude = "(" + use(a, i) + "&" + number(part.scalar(), 0x7fff) + ")";
      std::string text = id == Id::fabs ? magnitude : "(" + magnitude + "|(" + use(b, i) + "&" + number(part.scalar(), 0x8000) + "))";
      return part.isVector() ? text : "(ushort)" + text;
    });
    return true;
  }
  auto each = [&](const char *name) {
    lanewise(call, [&](unsigned i, const Part &) {
      std::string arguments;
      for (unsigned k = 0; k < call.arg_size(); ++k) arguments += (k ? "," : "") + use(call.getArgOperand(k), i);
      return std::string(name) + "(" + arguments + ")";
    });
    return true;
  };
  if (call.arg_size() > 1 && b && a == b) hold(a);
  if (call.arg_size() > 2)
    for (llvm::Value *argument : call.args()) hold(argument);
  switch (id) {
    case Id::fma: return each("fma");
    case Id::sqrt: return each("sqrt");
    case Id::fabs: return each("fabs");
    case Id::copysign: return each("copysign");
    case Id::floor: return each(prelude_.rounding("floor", "floor").c_str());
    case Id::ceil: return each(prelude_.rounding("ceil", "ceil").c_str());
    case Id::trunc: return each(prelude_.rounding("trunc", "trunc").c_str());
    case Id::rint:
    case Id::nearbyint:
    case Id::roundeven: return each(prelude_.rounding("rint", "roundeven").c_str());
    case Id::round: return each("round");
    case Id::canonicalize: alias(call, a); return true;
    case Id::fmuladd:  // not fused: what the module says without a promise
      lanewise(call, [&](unsigned i, const Part &) { return "(" + use(a, i) + "*" + use(b, i) + "+" + use(call.getArgOperand(2), i) + ")"; });
      return true;
    case Id::minnum:
    case Id::maxnum:
    case Id::minimumnum:
    case Id::maximumnum:
    case Id::minimum:
    case Id::maximum: {
      hold(a), hold(b);
      bool least = id == Id::minnum || id == Id::minimumnum || id == Id::minimum, spreads = id == Id::minimum || id == Id::maximum;
      bool zeros = spreads || id == Id::minimumnum || id == Id::maximumnum;
      lanewise(call, [&](unsigned i, const Part &part) {
        std::string x = use(a, i), y = use(b, i);
        std::string better = compareFloats(least ? CmpInst::FCMP_OLT : CmpInst::FCMP_OGT, part, x, y);
        auto isNan = [&](const std::string &value) { return compareFloats(CmpInst::FCMP_UNO, part, value, value); };
        std::string result = select(part, better + "|" + isNan(spreads ? x : y), x, y);
        if (part.isVector()) result = select(part, "(" + better + "|" + isNan(spreads ? x : y) + ")", x, y);
        if (spreads) result = select(part, isNan(y), y, result);
        if (!zeros) return result;
        // Equal numbers differ in the sign of zero at most.
        std::string joined = bitsAs(part.name(), "(" + bits(part, x) + (least ? "|" : "&") + bits(part, y) + ")");
        return select(part, compareFloats(CmpInst::FCMP_OEQ, part, x, y), joined, result);
      });
      return true;
    }
    case Id::fptosi_sat:
    case Id::fptoui_sat: {
      hold(a);
      bool isSigned = id == Id::fptosi_sat;
      lanewise(call, [&](unsigned i, const Part &part) -> std::string {
        if (part.base == Base::Bool || part.base == Base::Mask) return refuse("a conversion to one bit"), "0";
        const Part &src = of[i];
        std::string x = use(a, i);
        // Bounds that both types hold: the powers of two beyond the largest value, and at or below the least.
        auto real = [&](const std::string &value) { return splat(src, src.base == Base::F32 ? value + "f" : value); };
        std::string high = real("0x1p+" + std::to_string(part.bits - isSigned)), low = isSigned ? real("(-0x1p+" + std::to_string(part.bits - 1) + ")") : real("0.0");
        if (isSigned && src.base == Base::F32) low = splat(src, "(-0x1p+" + std::to_string(part.bits - 1) + "f)");
        uint64_t all = ~0ull >> (64 - part.bits), top = isSigned ? all >> 1 : all, bottom = isSigned ? (all >> 1) + 1 : 0;
        std::string inside = compareFloats(CmpInst::FCMP_OGE, src, x, low), over = compareFloats(CmpInst::FCMP_OGE, src, x, high);
        std::string safe = variable(src, select(src, inside + "&" + compareFloats(CmpInst::FCMP_OLT, src, x, high), x, splat(src, src.base == Base::F32 ? "0.0f" : "0.0")));
        std::string number = isSigned ? fromSigned(part, convertTo(part.signedName(), part.lanes, safe)) : wrap(part, convert(part, safe));
        std::string result = select(part, over, splat(part, this->number(part.scalar(), top)), number);
        if (!isSigned) return result;
        return select(part, compareFloats(CmpInst::FCMP_OLT, src, x, low), splat(part, this->number(part.scalar(), bottom)), result);
      });
      return true;
    }
    case Id::is_fpclass: {
      hold(a);
      auto wanted = unsigned(llvm::cast<llvm::ConstantInt>(b)->getZExtValue());
      lanewise(call, [&](unsigned i, const Part &) {
        const Part &src = of[i];
        Part w = word(src);
        bool single = src.base == Base::F32;
        std::string raw = variable(w, bits(src, use(a, i)));
        auto value = [&](uint64_t v) { return splat(w, number(w.scalar(), v)); };
        std::string size = variable(w, "(" + raw + "&" + number(w.scalar(), single ? 0x7fffffffu : 0x7fffffffffffffffull) + ")");
        uint64_t inf = single ? 0x7f800000u : 0x7ff0000000000000ull, quiet = single ? 0x7fc00000u : 0x7ff8000000000000ull, normal = single ? 0x00800000u : 0x0010000000000000ull;
        std::string negative = compareIntegers(CmpInst::ICMP_SLT, w, raw, value(0)), text;
        auto join = [&](unsigned positiveBit, unsigned negativeBit, const std::string &test) {
          bool p = wanted & positiveBit, n = wanted & negativeBit;
          if (!p && !n) return;
          std::string one = p && n ? test : "(" + test + "&" + (n ? negative : (src.isVector() ? "~" : "!") + negative) + ")";
          text += (text.empty() ? "" : "|") + one;
        };
        auto between = [&](uint64_t low, uint64_t high) {  // low <= size < high
          return "(" + compareIntegers(CmpInst::ICMP_UGE, w, size, value(low)) + "&" + compareIntegers(CmpInst::ICMP_ULT, w, size, value(high)) + ")";
        };
        join(llvm::fcSNan, llvm::fcSNan, between(inf + 1, quiet));
        join(llvm::fcQNan, llvm::fcQNan, compareIntegers(CmpInst::ICMP_UGE, w, size, value(quiet)));
        join(llvm::fcPosInf, llvm::fcNegInf, compareIntegers(CmpInst::ICMP_EQ, w, size, value(inf)));
        join(llvm::fcPosNormal, llvm::fcNegNormal, between(normal, inf));
        join(llvm::fcPosSubnormal, llvm::fcNegSubnormal, between(1, normal));
        join(llvm::fcPosZero, llvm::fcNegZero, compareIntegers(CmpInst::ICMP_EQ, w, size, value(0)));
        if (text.empty()) return src.isVector() ? "(char" + std::to_string(src.lanes) + ")(0)" : std::string("false");
        return "(" + text + ")";
      });
      return true;
    }
    default: return false;
  }
}

bool Writer::writeReduction(llvm::IntrinsicInst &call) {
  using I = llvm::Instruction;
  Id::ID id = call.getIntrinsicID();
  unsigned opcode = 0;
  CmpInst::Predicate predicate = CmpInst::BAD_ICMP_PREDICATE;
  switch (id) {
    case Id::vector_reduce_add: opcode = I::Add; break;
    case Id::vector_reduce_mul: opcode = I::Mul; break;
    case Id::vector_reduce_and: opcode = I::And; break;
    case Id::vector_reduce_or: opcode = I::Or; break;
    case Id::vector_reduce_xor: opcode = I::Xor; break;
    case Id::vector_reduce_umax: predicate = CmpInst::ICMP_UGT; break;
    case Id::vector_reduce_umin: predicate = CmpInst::ICMP_ULT; break;
    case Id::vector_reduce_smax: predicate = CmpInst::ICMP_SGT; break;
    case Id::vector_reduce_smin: predicate = CmpInst::ICMP_SLT; break;
    case Id::vector_reduce_fadd: opcode = I::FAdd; break;
    case Id::vector_reduce_fmul: opcode = I::FMul; break;
    default: return false;
  }
  bool ordered = opcode == I::FAdd || opcode == I::FMul;
  llvm::Value *vector = call.getArgOperand(ordered ? 1 : 0);
  hold(vector);
  Parts list = parts(vector);
  Texts texts = useAll(vector);
  if (ordered) {  // one lane after the other
    Part result = parts(&call)[0];
    std::string sum = held(call.getArgOperand(0));
    for (unsigned i = 0; i < list.size(); ++i)
      for (unsigned k = 0; k < list[i].lanes; ++k) sum = variable(result, binary(opcode, result, sum, swizzled(list[i], texts[i], {int(k)})));
    give(call, {sum});
    return true;
  }
  if (vector->getType()->getScalarType()->isIntegerTy(1)) {
    bool all = opcode == I::And || opcode == I::Mul || predicate == CmpInst::ICMP_ULT || predicate == CmpInst::ICMP_SGT;
    if (opcode == I::Xor || opcode == I::Add) {
      give(call, {"((popcount((ulong)" + ballot(list, texts, unsigned(llvm::cast<llvm::FixedVectorType>(vector->getType())->getNumElements())) + ")&1)!=0)"});
      return true;
    }
    give(call, {anyOf(list, texts, all)});
    return true;
  }
  std::string sum = reduce(list, texts, [&](const Part &part, const std::string &x, const std::string &y) {
    if (opcode) return binary(opcode, part, x, y);
    return choose({part.isVector() ? Base::Mask : Base::Bool, part.lanes, 1}, part, compareIntegers(predicate, part, x, y), x, y);
  });
  give(call, {sum});
  return true;
}

bool Writer::writeOverflow(llvm::IntrinsicInst &call) {
  auto *overflow = llvm::dyn_cast<llvm::WithOverflowInst>(&call);
  if (!overflow) return false;
  llvm::Value *a = overflow->getLHS(), *b = overflow->getRHS();
  Parts list = parts(a);
  hold(a), hold(b);
  using I = llvm::Instruction;
  Texts sums, flags;
  unsigned opcode = overflow->getBinaryOp();
  for (unsigned i = 0; i < list.size(); ++i) {
    const Part &part = list[i];
    if (!part.isInteger() || (part.isOdd() && opcode == I::Mul)) return false;
    std::string x = use(a, i), y = use(b, i), sum = variable(part, binary(opcode, part, x, y)), flag, zero = splat(part, number(part.scalar(), 0));
    sums.push_back(sum);
    if (opcode == I::Mul) {
      if (overflow->isSigned()) {  // the upper half is the lower one's sign
        std::string high = fromSigned(part, "mul_hi(" + asSigned(part, x) + "," + asSigned(part, y) + ")");
        flag = compareIntegers(CmpInst::ICMP_NE, part, high, binary(I::AShr, part, sum, splat(part, number(part.scalar(), part.bits - 1))));
      } else {
        flag = compareIntegers(CmpInst::ICMP_NE, part, "mul_hi(" + x + "," + y + ")", zero);
      }
    } else if (!overflow->isSigned()) {
      flag = opcode == I::Add ? compareIntegers(CmpInst::ICMP_ULT, part, sum, x) : compareIntegers(CmpInst::ICMP_ULT, part, x, y);
    } else {
      std::string differs = binary(I::And, part, binary(I::Xor, part, x, sum), opcode == I::Add ? binary(I::Xor, part, y, sum) : binary(I::Xor, part, x, y));
      flag = compareIntegers(CmpInst::ICMP_SLT, part, differs, zero);
    }
    Part result{part.isVector() ? Base::Mask : Base::Bool, part.lanes, 1};
    flags.push_back(variable(result, flag));
  }
  sums.append(flags.begin(), flags.end());
  give(call, std::move(sums));
  return true;
}

}  // namespace cutrans::emit::text
