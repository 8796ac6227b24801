// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operations on single parts as expressions. Integers are computed unsigned, where C wraps; types narrower than int are cast back,
// because C promotes them.
#include <llvm/IR/Instructions.h>

#include "compiler/emit/opencl/text/writer.h"

namespace cutrans::emit::text {

std::string Writer::convertTo(const std::string &type, unsigned lanes, const std::string &text) {
  if (lanes == 1) return "(" + type + ")" + text;
  return prelude_.convert() + "(" + type + "," + text + ")";
}

std::string Writer::convert(const Part &to, const std::string &text) { return convertTo(to.name(), to.lanes, text); }

std::string Writer::number(const Part &part, uint64_t value) {
  std::string text = std::to_string(value);
  switch (part.base) {
    case Base::U8: return "(uchar)" + text;
    case Base::U16: return "(ushort)" + text;
    case Base::U64: return text + "ul";
    default: return text + "u";
  }
}

std::string Writer::splat(const Part &part, const std::string &scalar) {
  if (part.lanes == 1) return scalar;
  if (part.base == Base::Mask) return "(" + part.name() + ")((char)-(char)" + scalar + ")";
  return "(" + part.name() + ")(" + scalar + ")";
}

// In the container, with the sign above the part's own bits.
std::string Writer::asSigned(const Part &part, const std::string &text) {
  if (part.base == Base::Bool) return "(-(int)" + text + ")";
  if (part.base == Base::Mask) return text;
  unsigned container = part.isVector() ? part.containerBits() : std::max(32u, part.containerBits());
  if (!part.isOdd()) return part.isVector() ? bitsAs(part.signedName(), text) : "(" + part.signedName() + ")" + text;
  std::string by = std::to_string(container - part.bits);
  if (part.isVector()) return "(" + bitsAs(part.signedName(), "(" + text + "<<" + number(part.scalar(), container - part.bits) + ")") + ">>(" + part.scalar().signedName() + ")" + by + ")";
  return container == 64 ? "((long)(" + text + "<<" + by + ")>>" + by + ")" : "((int)((uint)" + text + "<<" + by + ")>>" + by + ")";
}

std::string Writer::wrap(const Part &part, const std::string &text) {
  if (part.isOdd()) return "(" + (part.isVector() ? "" : "(" + part.name() + ")") + "(" + text + "&" + number(part.scalar(), ~0ull >> (64 - part.bits)) + "))";
  if (!part.isVector() && part.containerBits() < 32) return "(" + part.name() + ")(" + text + ")";
  return "(" + text + ")";
}

std::string Writer::fromSigned(const Part &part, const std::string &text) {
  std::string bits = part.isVector() ? bitsAs(part.name(), text) : "(" + part.name() + ")(" + text + ")";
  return part.isOdd() ? wrap(part, bits) : bits;
}

std::string Writer::condition(const Part &mask, const Part &of, const std::string &text) {
  if (mask.base == Base::Bool || of.signedName() == mask.signedName()) return text;
  return convertTo(of.signedName(), of.lanes, text);
}

std::string Writer::choose(const Part &mask, const Part &of, const std::string &m, const std::string &a, const std::string &b) {
  return "(" + condition(mask, of, m) + "?" + a + ":" + b + ")";
}

std::string Writer::fromComparison(const Part &of, const std::string &text) {
  if (!of.isVector() || of.base == Base::U8 || of.base == Base::Mask) return "(" + text + ")";
  return convertTo("char" + std::to_string(of.lanes), of.lanes, text);
}

std::string Writer::compareIntegers(llvm::CmpInst::Predicate predicate, const Part &part, const std::string &a, const std::string &b) {
  using P = llvm::CmpInst;
  if (part.base == Base::Bool || part.base == Base::Mask) {
    const char *no = part.base == Base::Bool ? "!" : "~";
    switch (predicate) {
      case P::ICMP_EQ: return part.base == Base::Bool ? "(" + a + "==" + b + ")" : "~(" + a + "^" + b + ")";
      case P::ICMP_NE: return "(" + a + "^" + b + ")";
      case P::ICMP_UGT: case P::ICMP_SLT: return "(" + a + "&" + no + b + ")";
      case P::ICMP_UGE: case P::ICMP_SLE: return "(" + a + "|" + no + b + ")";
      case P::ICMP_ULT: case P::ICMP_SGT: return "(" + (no + a) + "&" + b + ")";
      default: return "(" + (no + a) + "|" + b + ")";
    }
  }
  const char *sign = predicate == P::ICMP_EQ ? "==" : predicate == P::ICMP_NE ? "!=" : nullptr;
  if (sign) return fromComparison(part, a + sign + b);
  switch (predicate) {
    case P::ICMP_UGT: case P::ICMP_SGT: sign = ">"; break;
    case P::ICMP_UGE: case P::ICMP_SGE: sign = ">="; break;
    case P::ICMP_ULT: case P::ICMP_SLT: sign = "<"; break;
    default: sign = "<="; break;
  }
  if (P::isSigned(predicate)) return fromComparison(part, asSigned(part, a) + sign + asSigned(part, b));
  return fromComparison(part, a + sign + b);
}

std::string Writer::compareFloats(llvm::CmpInst::Predicate predicate, const Part &part, const std::string &a, const std::string &b) {
  using P = llvm::CmpInst;
  std::string text;
  bool inverse = false;
  auto plain = [&](const char *sign) { text = a + sign + b; };
  auto both = [&](const char *x, const char *join, const char *y) { text = "(" + a + x + (*y == 'a' ? a : b) + ")" + join + "(" + (*y == 'a' ? b : a) + (y + 1) + b + ")"; };
  switch (predicate) {
    case P::FCMP_OEQ: plain("=="); break;
    case P::FCMP_UNE: plain("!="); break;
    case P::FCMP_OLT: plain("<"); break;
    case P::FCMP_OLE: plain("<="); break;
    case P::FCMP_OGT: plain(">"); break;
    case P::FCMP_OGE: plain(">="); break;
    case P::FCMP_ULT: plain(">="), inverse = true; break;
    case P::FCMP_ULE: plain(">"), inverse = true; break;
    case P::FCMP_UGT: plain("<="), inverse = true; break;
    case P::FCMP_UGE: plain("<"), inverse = true; break;
    case P::FCMP_ONE: both("<", "|", "b>"); break;
    case P::FCMP_UEQ: both("<", "|", "b>"), inverse = true; break;
    case P::FCMP_ORD: both("==", "&", "a=="); break;
    case P::FCMP_UNO: both("!=", "|", "a!="); break;
    default: {
      bool yes = predicate == P::FCMP_TRUE;
      return part.isVector() ? "(char" + std::to_string(part.lanes) + ")(" + (yes ? "-1" : "0") + ")" : yes ? "true" : "false";
    }
  }
  if (!inverse) return fromComparison(part, text);
  return part.isVector() ? fromComparison(part, "~(" + text + ")") : "(!(" + text + "))";
}

std::string Writer::binary(unsigned opcode, const Part &part, const std::string &a, const std::string &b) {
  using I = llvm::Instruction;
  if (part.base == Base::Bool || part.base == Base::Mask) {
    const char *zero = part.base == Base::Bool ? "false" : "(char)0";
    switch (opcode) {
      case I::Add: case I::Sub: case I::Xor: return "(" + a + "^" + b + ")";
      case I::Mul: case I::And: return "(" + a + "&" + b + ")";
      case I::Or: return "(" + a + "|" + b + ")";
      case I::URem: case I::SRem: return splat(part, zero);
      default: return a;  // by one, or by nothing
    }
  }
  // Narrow scalars would be computed as int, in which products overflow.
  std::string wide = !part.isVector() && part.containerBits() < 32 ? "(uint)" + a : a;
  bool small = !part.isVector() && part.containerBits() < 32;
  switch (opcode) {
    case I::Add: return wrap(part, wide + "+" + b);
    case I::Sub: return wrap(part, wide + "-" + b);
    case I::Mul: return wrap(part, wide + "*" + b);
    case I::Shl: return wrap(part, wide + "<<" + b);
    case I::And: return small ? "(" + part.name() + ")(" + a + "&" + b + ")" : "(" + a + "&" + b + ")";
    case I::Or: return small ? "(" + part.name() + ")(" + a + "|" + b + ")" : "(" + a + "|" + b + ")";
    case I::Xor: return small ? "(" + part.name() + ")(" + a + "^" + b + ")" : "(" + a + "^" + b + ")";
    case I::LShr: return small ? "(" + part.name() + ")(" + wide + ">>" + b + ")" : "(" + a + ">>" + b + ")";
    case I::UDiv: return small ? "(" + part.name() + ")(" + wide + "/" + b + ")" : "(" + a + "/" + b + ")";
    case I::URem: return small ? "(" + part.name() + ")(" + wide + "%" + b + ")" : "(" + a + "%" + b + ")";
    case I::AShr: return fromSigned(part, asSigned(part, a) + ">>" + (part.isVector() ? bitsAs(part.signedName(), b) : b));
    case I::SDiv: return fromSigned(part, asSigned(part, a) + "/" + asSigned(part, b));
    case I::SRem: return fromSigned(part, asSigned(part, a) + "%" + asSigned(part, b));
    case I::FAdd: return "(" + a + "+" + b + ")";
    case I::FSub: return "(" + a + "-" + b + ")";
    case I::FMul: return "(" + a + "*" + b + ")";
    case I::FDiv: return "(" + a + "/" + b + ")";
    case I::FRem: return "fmod(" + a + "," + b + ")";
    default: return refuse(std::string("the instruction ") + I::getOpcodeName(opcode)), a;
  }
}

std::string Writer::swizzled(const Part &part, const std::string &name, llvm::ArrayRef<int> lanes) {
  if (part.lanes == 1) return name;
  bool same = lanes.size() == part.lanes;
  for (unsigned i = 0; same && i < lanes.size(); ++i) same = lanes[i] == int(i);
  if (same) return name;
  std::string text = name + ".s";
  for (int lane : lanes) text += laneLetter(unsigned(lane));
  return text;
}

// Whether any, or all, lanes of a mask are set.
std::string Writer::anyOf(const Parts &parts, const Texts &masks, bool all) {
  std::string result;
  for (unsigned i = 0; i < parts.size();) {
    std::string joined = masks[i];
    unsigned k = i + 1;
    for (; k < parts.size() && parts[k].lanes == parts[i].lanes; ++k) joined += (all ? "&" : "|") + masks[k];
    if (parts[i].lanes > 1) joined = (all ? prelude_.all(parts[i].lanes) : prelude_.any(parts[i].lanes)) + "(" + joined + ")";
    result += (i ? all ? "&" : "|" : "") + joined;
    i = k;
  }
  return "(" + result + ")";
}

std::string Writer::ballot(const Parts &parts, const Texts &masks, unsigned bits) {
  std::string result;
  unsigned at = 0;
  for (unsigned i = 0; i < parts.size(); ++i) {
    std::string one = parts[i].lanes == 1 ? "(uint)" + masks[i] : prelude_.bits(parts[i].lanes) + "(" + masks[i] + ")";
    if (bits > 32) one = "(ulong)" + one;
    if (at) one = "(" + one + "<<" + std::to_string(at) + ")";
    result += (i ? "|" : "") + one;
    at += parts[i].lanes;
  }
  return bits < 32 ? std::string(bits <= 8 ? "(uchar)" : bits <= 16 ? "(ushort)" : "") + "(" + result + ")" : "(" + result + ")";
}

std::string Writer::reduce(const Parts &parts, Texts texts, llvm::function_ref<std::string(const Part &, const std::string &, const std::string &)> join) {
  Part part = parts[0];
  std::string sum = texts[0];
  unsigned next = 1;
  for (;;) {
    while (next < parts.size() && parts[next].lanes == part.lanes) sum = variable(part, join(part, sum, texts[next])), ++next;
    if (part.lanes == 1) return sum;
    std::string whole = variable(part, sum);
    Part half = part;
    half.lanes /= 2;
    if (half.lanes == 1) half = part.scalar();
    llvm::SmallVector<int, 8> low, high;
    for (unsigned i = 0; i < part.lanes / 2; ++i) low.push_back(int(i)), high.push_back(int(i + part.lanes / 2));
    sum = variable(half, join(half, swizzled(part, whole, low), swizzled(part, whole, high)));
    part = half;
  }
}

}  // namespace cutrans::emit::text
