// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Video instructions (manual 9.7.19): every operation with varied types, selectors, saturation, second operations and masks,
// against the manual's own steps in 64-bit and, for vmad, 128-bit integers.
#include <algorithm>
#include <bit>

#include "tests/ptx/run/instruction_row.h"

namespace cutrans::test {
namespace {

using Wide = __int128;

int64_t part(uint64_t value, unsigned width, unsigned index, bool isSigned) {
  uint64_t raw = value >> (width * index) & ((1ull << width) - 1);
  return isSigned && raw >> (width - 1) ? int64_t(raw) - (1ll << width) : int64_t(raw);
}

int64_t clamped(Wide value, unsigned width, bool isSigned) {
  Wide least = isSigned ? -(Wide(1) << (width - 1)) : 0, most = (Wide(1) << (isSigned ? width - 1 : width)) - 1;
  return int64_t(std::clamp(value, least, most));
}

int64_t operate(const std::string &op, int64_t x, int64_t y, bool wrap) {
  if (op == "vadd") return x + y;
  if (op == "vsub") return x - y;
  if (op == "vabsdiff") return std::abs(x - y);
  if (op == "vmin") return std::min(x, y);
  if (op == "vmax") return std::max(x, y);
  if (op == "vavrg") return (x + y + (x + y >= 0)) >> 1;
  int64_t amount = wrap ? y & 31 : std::min<int64_t>(y, 32);
  return op == "vshl" ? int64_t(uint64_t(x) << amount) : x >> amount;
}

const char *typeName(bool isSigned) { return isSigned ? ".s32" : ".u32"; }

Instruction scalar(const std::string &op, unsigned seed) {
  bool shift = op == "vshl" || op == "vshr";
  bool sd = seed & 1, sa = seed & 2, sb = !shift && (seed & 4), sat = seed & 8, wrap = seed & 16;
  struct Selector {
    const char *text;
    unsigned width, index;
  };
  static const Selector selectors[] = {{"", 32, 0}, {".b0", 8, 0}, {".b2", 8, 2}, {".h1", 16, 1}, {".b3", 8, 3}, {".h0", 16, 0}};
  Selector ea = selectors[seed % 6], eb = selectors[seed / 3 % 6], ed = selectors[0];
  const char *second = seed % 5 == 1 ? ".add" : seed % 5 == 2 ? ".min" : seed % 5 == 3 ? ".max" : "";
  bool merge = seed % 5 == 4;
  if (merge) ed = selectors[1 + seed / 5 % 5];
  std::string code = op + typeName(sd) + typeName(sa) + (shift ? ".u32" : typeName(sb)) + (sat ? ".sat" : "") + (shift ? wrap ? ".wrap" : ".clamp" : "") + second + " %r" +
                     ed.text + ", %a" + ea.text + ", %b" + eb.text + (merge || *second ? ", %c;" : ";");
  return {code, 32, [=](uint64_t a, uint64_t b, uint64_t c) -> uint64_t {
    int64_t value = operate(op, part(a, ea.width, ea.index, sa), part(b, eb.width, eb.index, sb), wrap);
    if (sat) value = clamped(value, ed.width, sd);
    if (merge) {
      uint64_t mask = ((1ull << ed.width) - 1) << (ed.width * ed.index);
      return (c & ~mask) | (uint64_t(value) << (ed.width * ed.index) & mask);
    }
    int64_t first = part(uint64_t(value), 32, 0, sd), third = part(c, 32, 0, sd);
    if (!*second) return uint32_t(value);
    return uint32_t(second[1] == 'a' ? first + third : second[2] == 'i' ? std::min(first, third) : std::max(first, third));
  }};
}

Instruction packed(const std::string &op, unsigned lanes, unsigned seed) {
  bool sd = seed & 1, sa = seed & 2, sb = seed & 4, sat = seed % 3 == 1, sum = seed % 3 == 2;
  unsigned width = 32 / lanes, mask = sum ? (1u << lanes) - 1 : (seed * 7 + 5) % ((1u << lanes) - 1) + 1;
  std::array<unsigned, 4> ia{}, ib{};
  std::string maskText = lanes == 2 ? ".h" : ".b", ta = maskText, tb = maskText;
  for (unsigned lane = lanes; lane-- > 0;) {
    ia[lane] = (seed * 3 + lane * 5) % (2 * lanes), ib[lane] = (seed + lane * 7 + 1) % (2 * lanes);
    if (mask >> lane & 1) maskText += std::to_string(lane);
    ta += std::to_string(ia[lane]), tb += std::to_string(ib[lane]);
  }
  std::string code = op + std::to_string(lanes) + typeName(sd) + typeName(sa) + typeName(sb) + (sat ? ".sat" : sum ? ".add" : "") + " %r" + maskText + ", %a" + ta + ", %b" + tb + ", %c;";
  return {code, 32, [=](uint64_t a, uint64_t b, uint64_t c) -> uint64_t {
    uint64_t both = (b & 0xffffffff) << 32 | (a & 0xffffffff), result = sum ? c & 0xffffffff : 0;
    for (unsigned lane = 0; lane < lanes; ++lane) {
      uint64_t field = ((1ull << width) - 1) << (width * lane);
      if (!(mask >> lane & 1)) {
        result |= c & field;
        continue;
      }
      int64_t value = operate(op, part(both, width, ia[lane], sa), part(both, width, ib[lane], sb), false);
      if (sat) value = clamped(value, width, sd);
      result = sum ? result + uint64_t(value) : result | (uint64_t(value) << (width * lane) & field);
    }
    return uint32_t(result);
  }};
}

Instruction multiplyAdd(unsigned seed) {
  bool sa = seed & 1, sb = seed & 2, sat = seed & 4, po = seed % 5 == 4;
  bool na = !po && seed % 5 == 1, nb = !po && seed % 5 == 2, nc = !po && seed % 5 == 3;
  unsigned shift = seed % 3 == 0 ? 0 : seed % 3 == 1 ? 7 : 15;
  bool byteA = seed & 8, halfB = seed & 16;
  std::string code = std::string("vmad") + typeName(sa || sb) + typeName(sa) + typeName(sb) + (po ? ".po" : "") + (sat ? ".sat" : "") + (shift == 7 ? ".shr7" : shift ? ".shr15" : "") +
                     " %r, " + (na ? "-" : "") + "%a" + (byteA ? ".b1" : "") + ", " + (nb ? "-" : "") + "%b" + (halfB ? ".h0" : "") + ", " + (nc ? "-" : "") + "%c;";
  return {code, 32, [=](uint64_t a, uint64_t b, uint64_t c) -> uint64_t {
    bool flips = na != nb, isSigned = sa || sb || flips || nc;
    Wide value = Wide(byteA ? part(a, 8, 1, sa) : part(a, 32, 0, sa)) * (halfB ? part(b, 16, 0, sb) : part(b, 32, 0, sb));
    uint32_t third = uint32_t(c);
    int lsb = po;
    if (!po && flips) value = ~value, lsb = 1;
    else if (!po && nc) third = ~third, lsb = 1;
    value += (isSigned ? Wide(int32_t(third)) : Wide(third)) + lsb;
    uint64_t result = uint64_t(value >> shift);
    if (!sat) return uint32_t(result);
    return uint32_t(isSigned ? uint64_t(clamped(int64_t(result), 32, true)) : std::min<uint64_t>(result, 0xffffffff));
  }};
}

Instruction compare(unsigned lanes, unsigned seed) {
  static const char *names[] = {".eq", ".ne", ".lt", ".le", ".gt", ".ge"};
  unsigned test = seed % 6, width = lanes ? 32 / lanes : 32;
  bool sa = seed & 1, sb = seed & 2, sum = seed % 5 == 1;
  std::string code = "vset" + (lanes ? std::to_string(lanes) : "") + typeName(sa) + typeName(sb) + names[test] + (sum ? ".add" : "") + " %r, %a, %b" + (lanes || sum ? ", %c;" : ";");
  return {code, 32, [=](uint64_t a, uint64_t b, uint64_t c) -> uint64_t {
    uint64_t result = sum ? c & 0xffffffff : 0;
    for (unsigned lane = 0; lane < std::max(1u, lanes); ++lane) {
      int64_t x = part(a, width, lane, sa), y = part(b, width, lane, sb);
      bool holds[] = {x == y, x != y, x < y, x <= y, x > y, x >= y};
      result = sum ? result + holds[test] : result | uint64_t(holds[test]) << (width * lane);
    }
    return uint32_t(result);
  }};
}

}  // namespace

std::vector<Row> videoRows() {
  const std::vector<uint64_t> words{0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x12345678, 0x80ff7f01, 0xfedcba98, 40, 0x00ff00ff};
  Inputs inputs = triples(words, words, {0, 5, 0x80000000, 0xdeadbeef, 0x7fffffff});
  std::vector<Instruction> scalars, twos, fours, sums, tests;
  unsigned seed = 3;
  for (const char *op : {"vadd", "vsub", "vabsdiff", "vmin", "vmax", "vshl", "vshr"})
    for (unsigned i = 0; i < 12; ++i) scalars.push_back(scalar(op, seed = seed * 13 + 7));
  for (const char *op : {"vadd", "vsub", "vabsdiff", "vmin", "vmax", "vavrg"})
    for (unsigned i = 0; i < 8; ++i) twos.push_back(packed(op, 2, i * 5 + seed)), fours.push_back(packed(op, 4, i * 5 + seed));
  for (unsigned i = 0; i < 60; ++i) sums.push_back(multiplyAdd(i));
  for (unsigned i = 0; i < 12; ++i) tests.push_back(compare(i % 3 ? i % 3 * 2 : 0, i * 7 + 1));
  return {instructionRow("video_scalar", inputs, scalars), instructionRow("video_halves", inputs, twos), instructionRow("video_bytes", inputs, fours),
          instructionRow("video_vmad", inputs, sums), instructionRow("video_vset", inputs, tests)};
}

}  // namespace cutrans::test
