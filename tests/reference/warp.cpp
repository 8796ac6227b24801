// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Lanes of a warp that exchange values (manual sections 9.7.9.6 and 9.7.13): shfl, vote, match, redux, elect, activemask.
#include "tests/reference/floating.h"

namespace cutrans::reference {
namespace {

void shfl(Group &group) {
  std::array<uint32_t, 32> values{};
  group.each([&](unsigned lane, Context &c) { values[lane] = uint32_t(c.read(1, typeOf("b32"))); });
  std::string_view mode = group.in().oneOf({"up", "down", "bfly", "idx"});
  group.each([&](unsigned lane, Context &c) {
    uint32_t b = c.u32(2) & 31, control = c.u32(3), clamp = control & 31, segment = control >> 8 & 31;
    uint32_t most = (lane & segment) | (clamp & ~segment & 31), least = lane & segment;
    int source = 0;
    bool valid = false;
    if (mode == "up") source = int(lane) - int(b), valid = source >= int(most);
    else if (mode == "down") source = int(lane + b), valid = source <= int(most);
    else if (mode == "bfly") source = int(lane ^ b), valid = source <= int(most);
    else source = int(least | (b & ~segment & 31)), valid = source <= int(most);
    if (!valid) source = int(lane);
    if (!(group.members >> source & 1)) undefined("shfl from lane " + std::to_string(source) + ", which does not take part");
    const Operand &d = c.operand(0);
    c.write(d.kind == Operand::Vector ? d.parts[0] : d, typeOf("b32"), values[size_t(source)]);
    if (d.kind == Operand::Vector) c.write(d.parts[1], typeOf("pred"), valid);
  });
}

void vote(Group &group) {
  uint32_t ballot = 0;
  group.each([&](unsigned lane, Context &c) { ballot |= uint32_t(c.predicate(c.operand(1))) << lane; });
  std::string_view mode = group.in().oneOf({"all", "any", "uni", "ballot"});
  group.each([&](unsigned, Context &c) {
    if (mode == "ballot") return c.write(0, typeOf("b32"), ballot);
    bool all = ballot == group.members, none = ballot == 0;
    c.write(0, typeOf("pred"), mode == "all" ? all : mode == "any" ? !none : all || none);
  });
}

void match(Group &group) {
  std::array<Bits, 32> values{};
  group.each([&](unsigned lane, Context &c) { values[lane] = c.read(1); });
  bool all = group.in().has("all");
  group.each([&](unsigned lane, Context &c) {
    uint32_t same = 0;
    for (unsigned other = 0; other < 32; ++other)
      if (group.members >> other & 1 && values[other] == values[lane]) same |= 1u << other;
    const Operand &d = c.operand(0);
    bool pair = d.kind == Operand::Vector;
    if (all && same != group.members) same = 0;
    c.write(pair ? d.parts[0] : d, typeOf("b32"), same);
    if (pair) c.write(d.parts[1], typeOf("pred"), same != 0);
  });
}

void redux(Group &group) {
  const Instruction &in = group.in();
  const Type &type = in.type();
  std::string_view op = in.oneOf({"add", "min", "max", "and", "or", "xor"});
  bool first = true;
  Bits result = 0;
  group.each([&](unsigned, Context &c) {
    Bits value = c.read(1);
    if (type.isFloat() && in.has("abs")) value &= ~formatOf(type).sign();
    if (first) result = value;
    else if (op == "add") result += value;
    else if (op == "and") result &= value;
    else if (op == "or") result |= value;
    else if (op == "xor") result ^= value;
    else if (type.isFloat()) result = extremeOf(formatOf(type), result, value, op == "max", in.has("NaN"));
    else {
      bool less = type.isSigned() ? signExtend(value, 32) < signExtend(result, 32) : value < result;
      if (less == (op == "min")) result = value;
    }
    first = false;
  });
  if (type.isFloat() && formatOf(type).isNan(result)) result = formatOf(type).canonicalNan;
  group.each([&](unsigned, Context &c) { c.write(result); });
}

// The leader is the lowest member: any choice that is always the same would do.
void elect(Group &group) {
  auto leader = unsigned(std::countr_zero(group.members));
  group.each([&](unsigned lane, Context &c) {
    const Operand &d = c.operand(0);
    c.write(d.parts.at(0), typeOf("b32"), leader);
    c.write(d.parts.at(1), typeOf("pred"), lane == leader);
  });
}

void activemask(Group &group) {
  group.each([&](unsigned, Context &c) { c.write(0, typeOf("b32"), group.members); });
}

}  // namespace

void addWarp(Table &table) {
  table.together({"shfl.sync"}, 4, shfl);
  table.together({"shfl"}, -2, shfl);
  table.together({"vote.sync"}, 2, vote);
  table.together({"vote"}, -2, vote);
  table.together({"match.any.sync", "match.all.sync"}, 2, match);
  table.together({"redux.sync"}, 2, redux);
  table.together({"elect.sync"}, 1, elect);
  table.together({"activemask"}, -2, activemask);
}

}  // namespace cutrans::reference
