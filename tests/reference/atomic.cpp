// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// atom and red (manual section 9.7.13). Subnormals are kept in every space.
#include "tests/reference/floating.h"

namespace cutrans::reference {
namespace {

Bits applied(std::string_view op, const Type &type, Bits old, Bits b, Bits c) {
  unsigned bits = type.bits;
  if (op == "exch") return b;
  if (op == "cas") return old == b ? c : old;
  if (op == "and") return old & b;
  if (op == "or") return old | b;
  if (op == "xor") return old ^ b;
  if (op == "inc") return old >= b ? 0 : old + 1;
  if (op == "dec") return old == 0 || old > b ? b : old - 1;
  if (type.isFloat()) {
    const Format &format = formatOf(type);
    if (op == "add") return sumOf(format, old, b);
    return extremeOf(format, old, b, op == "max", false);
  }
  if (op == "add") return (old + b) & maskOf(bits);
  bool less = type.isSigned() ? signExtend(old, bits) < signExtend(b, bits) : old < b;
  return less == (op == "min") ? old : b;
}

void atomic(Context &c, bool result) {
  Type type = c.in.type();
  std::string_view op = c.in.oneOf({"exch", "cas", "and", "or", "xor", "inc", "dec", "add", "min", "max"});
  std::string_view vector = c.in.oneOf({"v2", "v4", "v8"});
  unsigned count = vector.empty() ? 1 : unsigned(vector[1] - '0'), bytes = type.width() / 8;
  size_t at = result ? 1 : 0;
  const Operand *d = result ? &c.operand(0) : nullptr, &b = c.operand(at + 1);
  uint8_t *place = c.at(c.space(), c.addressOf(c.operand(at)), uint64_t(bytes) * count, true, uint64_t(bytes) * count);
  Bits third = op == "cas" ? c.read(at + 2, type) : 0;
  std::vector<Bits> olds;
  for (unsigned i = 0; i < count; ++i) {
    Bits old = c.load(place + i * bytes, bytes), operand = c.read(count > 1 ? b.parts.at(i) : b, type), now = 0;
    Type one = type;
    one.count = 1;
    for (unsigned e = 0; e < type.count; ++e) {
      unsigned shift = e * type.bits;
      Bits mask = maskOf(type.bits);
      now |= (applied(op, one, old >> shift & mask, operand >> shift & mask, third >> shift & mask) & mask) << shift;
    }
    c.store(place + i * bytes, bytes, now);
    olds.push_back(old);
  }
  if (d)
    for (unsigned i = 0; i < count; ++i) c.write(count > 1 && d->kind == Operand::Vector ? d->parts.at(i) : *d, type, olds[i]);
}

void atom(Context &c) { atomic(c, true); }
void red(Context &c) { atomic(c, false); }

}  // namespace

void addAtomic(Table &table) {
  table.alone({"atom"}, atom);
  table.alone({"red"}, red);
}

}  // namespace cutrans::reference
