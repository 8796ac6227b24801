// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Conversions (cvt, manual 9.7.9.22) bit for bit: from 16 bits and fewer over all inputs; from f32 over a sample, over all
// 2^32 with CUTRANS_LONG=1. The expected values come from small_float.h: exact doubles, one rounding.
#include <bit>
#include <cmath>

#include <gtest/gtest.h>

#include "tests/ptx/sweep/small_float.h"
#include "tests/ptx/sweep/sweep.h"

namespace cutrans::test {
namespace {

struct Conversion {
  std::string op;
  unsigned outBits, inBits;
  uint64_t patterns;
  std::function<bool(uint64_t in, uint64_t out)> right;
  std::string operands = "%y, %x";
};

struct Integer {
  const char *name;
  unsigned bits;
  bool isSigned;
};
constexpr Integer Integers[] = {{"u8", 8, false}, {"s8", 8, true}, {"u16", 16, false}, {"s16", 16, true},
                                {"u32", 32, false}, {"s32", 32, true}, {"u64", 64, false}, {"s64", 64, true}};
struct Mode {
  const char *name;
  Round round;
};
constexpr Mode Modes[] = {{"rn", Round::Nearest}, {"rz", Round::Zero}, {"rm", Round::Down}, {"rp", Round::Up}};

uint64_t lowBits(unsigned bits) { return bits == 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1; }

// As the instruction leaves it in a register of `width` bits.
uint64_t clamped(const Integer &to, double value, unsigned width) {
  if (std::isnan(value)) return to.bits == 64 ? uint64_t(1) << 63 : 0;
  if (to.isSigned) {
    double limit = std::ldexp(1, int(to.bits) - 1);
    int64_t least = int64_t(~lowBits(to.bits - 1)), most = int64_t(lowBits(to.bits - 1));
    return uint64_t(value < -limit ? least : value >= limit ? most : int64_t(value)) & lowBits(width);
  }
  return value <= 0 ? 0 : value >= std::ldexp(1, int(to.bits)) ? lowBits(to.bits) : uint64_t(value);
}

// Two codes of one value; any NaN will do where the manual names none.
bool same(const SmallFormat &f, uint64_t out, uint64_t want, bool canonical) {
  return out == want || (!canonical && std::isnan(decode(f, uint32_t(want))) && std::isnan(decode(f, uint32_t(out))));
}

std::vector<Conversion> conversions() {
  std::vector<Conversion> all;
  struct Source {
    const char *name;
    const SmallFormat &format;
  };
  const Source sources[] = {{"f16", F16}, {"bf16", BF16}, {"f32", F32}};
  for (const auto &[name, format] : sources) {
    const SmallFormat *f = &format;
    uint64_t patterns = uint64_t(1) << format.bits;
    for (const auto &[mode, round] : Modes) {
      for (const Integer &to : Integers) {
        if (f == &BF16 && to.bits == 8) continue;  // not in the manual
        unsigned width = std::max(16u, to.bits);
        all.push_back({std::string("cvt.") + mode + "i." + to.name + "." + name, width, format.bits, patterns,
                       [f, round, to, width](uint64_t in, uint64_t out) {
                         return out == clamped(to, roundedInteger(decode(*f, uint32_t(in)), round), width);
                       }});
        if (format.bits == 16 && to.bits <= 16 && (f == &F16 || to.bits == 16))
          all.push_back({std::string("cvt.") + mode + "." + name + "." + to.name, 16, 16, 65536, [f, round, to](uint64_t in, uint64_t out) {
                           uint64_t code = in & lowBits(to.bits);
                           double value = to.isSigned ? double(int64_t(code << (64 - to.bits)) >> (64 - to.bits)) : double(code);
                           return out == encode(*f, value, round);
                         }});
      }
      auto integral = [f, round](uint64_t in, uint64_t out) {
        double x = decode(*f, uint32_t(in)), want = std::copysign(roundedInteger(x, round), x);
        return std::isnan(x) ? std::isnan(decode(*f, uint32_t(out))) : out == encode(*f, want, Round::Zero);
      };
      all.push_back({std::string("cvt.") + mode + "i." + name + "." + name, format.bits, format.bits, patterns, integral});
    }
  }
  for (const auto &[name, format] : {sources[0], sources[1]}) {
    const SmallFormat *f = &format;
    all.push_back({std::string("cvt.f32.") + name, 32, 16, 65536, [f](uint64_t in, uint64_t out) {
                     double x = decode(*f, uint32_t(in));
                     return same(F32, out, encode(F32, x, Round::Nearest), false);
                   }});
    all.push_back({std::string("cvt.f64.") + name, 64, 16, 65536, [f](uint64_t in, uint64_t out) {
                     double x = decode(*f, uint32_t(in)), got = std::bit_cast<double>(out);
                     return std::isnan(x) ? std::isnan(got) : std::bit_cast<uint64_t>(x) == out;
                   }});
    for (const char *operation : {"abs", "neg"})
      all.push_back({std::string(operation) + "." + name, 16, 16, 65536, [f, abs = *operation == 'a'](uint64_t in, uint64_t out) {
                       return same(*f, out, abs ? in & 0x7fff : in ^ 0x8000, false);
                     }});
    const SmallFormat *g = f == &F16 ? &BF16 : &F16;
    for (const auto &[mode, round] : Modes) {
      all.push_back({std::string("cvt.") + mode + (f == &F16 ? ".bf16.f16" : ".f16.bf16"), 16, 16, 65536, [f, g, round](uint64_t in, uint64_t out) {
                       return same(*g, out, encode(*g, decode(*f, uint32_t(in)), round), false);
                     }});
      // From f32: plain, .relu and .satfinite, which know .rn and .rz only.
      for (const char *extra : {"", ".relu", ".satfinite"}) {
        if (*extra && round != Round::Nearest && round != Round::Zero) continue;
        bool relu = std::string(extra) == ".relu", saturate = std::string(extra) == ".satfinite";
        all.push_back({std::string("cvt.") + mode + extra + "." + name + ".f32", 16, 32, uint64_t(1) << 32,
                       [f, round, relu, saturate](uint64_t in, uint64_t out) {
                         double x = std::bit_cast<float>(uint32_t(in));
                         uint32_t want = encode(*f, x, round, saturate);
                         if (relu && !std::isnan(x) && std::signbit(x)) want = 0;
                         return same(*f, out, want, relu || f == &BF16);
                       }});
      }
    }
  }
  // tf32: 10 bits of mantissa at the top of a f32
  static constexpr SmallFormat TF32{19, 10, -126, 0x3fbff, 0x3ffff, true};
  for (const auto &[mode, round, extra] : {std::tuple{"rna", Round::Away, ""}, {"rn", Round::Nearest, ""}, {"rz", Round::Zero, ""}, {"rn", Round::Nearest, ".relu"},
                                           {"rz", Round::Zero, ".relu"}})
    all.push_back({std::string("cvt.") + mode + extra + ".tf32.f32", 32, 32, uint64_t(1) << 32, [round = round, relu = *extra != 0](uint64_t in, uint64_t out) {
                     double x = std::bit_cast<float>(uint32_t(in));
                     uint32_t want = encode(TF32, x, round) << 13;
                     if (relu && !std::isnan(x) && std::signbit(x)) want = 0;
                     return std::isnan(x) ? out == 0x7fffffff : out == want;
                   }});
  // Pairs of 4 to 8 bits. From f16x2 the halves are unlike each other, so that a swap is seen.
  struct Pair {
    const char *name;
    const SmallFormat &format;
    unsigned stride;
    bool fromHalves;
  };
  static constexpr Pair pairs[] = {{"e4m3x2", E4M3, 8, true}, {"e5m2x2", E5M2, 8, true}, {"e2m3x2", E2M3, 8, false}, {"e3m2x2", E3M2, 8, false}, {"e2m1x2", E2M1, 4, false}};
  for (const Pair &pair : pairs)
    for (bool relu : {false, true}) {
      const SmallFormat *f = &pair.format;
      std::string suffix = relu ? ".relu" : "";
      unsigned stride = pair.stride;
      auto code = [f, relu](double x) {
        uint32_t result = encode(*f, x, Round::Nearest, true);
        if (std::isnan(x)) return f->nan ? f->nan : f->most;
        return relu && std::signbit(x) ? 0u : result;
      };
      std::string byte = ".reg .b8 %b; ";
      bool four = stride == 4;
      all.push_back({(four ? byte : "") + "cvt.rn.satfinite" + suffix + "." + pair.name + ".f32", 16, 32, uint64_t(1) << 32,
                     [code, stride](uint64_t in, uint64_t out) {
                       float x = std::bit_cast<float>(uint32_t(in));
                       return out == (code(x) << stride | code(-x));
                     },
                     std::string(four ? "%b" : "%y") + ", %x, %f1" + (four ? "; mov.b16 %y, {%b, %zero}" : "")});
      if (pair.fromHalves)
        all.push_back({"cvt.rn.satfinite" + suffix + "." + pair.name + ".f16x2", 16, 32, uint64_t(1) << 32,
                       [code](uint64_t in, uint64_t out) {
                         return out == (code(decode(F16, uint32_t(in >> 16))) << 8 | code(decode(F16, uint32_t(in & 0xffff))));
                       }});
      all.push_back({"cvt.rn" + suffix + ".f16x2." + pair.name, 32, 16, 65536,
                     [f, relu, stride](uint64_t in, uint64_t out) {
                       for (unsigned i : {0u, 1u}) {
                         double x = decode(*f, uint32_t(in >> (i * stride)) & ((1u << f->bits) - 1));
                         uint32_t got = uint32_t(out >> 16 * i) & 0xffff, want = encode(F16, x, Round::Nearest);
                         if (relu && std::signbit(x) && !std::isnan(x)) want = 0;
                         if (got != want) return false;
                       }
                       return true;
                     },
                     four ? "%y, %b" : "%y, %x"});
    }
  return all;
}

const std::vector<Conversion> &all() {
  static const std::vector<Conversion> list = conversions();
  return list;
}

class ConversionSweep : public testing::TestWithParam<size_t> {};

template <class In, class Out>
void sweep(const Conversion &c) {
  std::string operands = c.operands, before;
  // The second source of a pair from f32 is the negated first. A pair of 4-bit codes is a register of 8 bits.
  if (operands.find("%f1") != std::string::npos) before += "neg.f32 %f1, %x; ";
  if (operands.find("%zero") != std::string::npos) before += ".reg .b8 %zero; cvt.u8.u32 %zero, 0; ";
  if (operands.ends_with("%b")) before += ".reg .b8 %b, %c; mov.b16 {%b, %c}, %x; ";
  Swept swept(before + c.op + " " + operands + ";", c.outBits, c.inBits);
  ASSERT_EQ(swept.problem(), "");
  uint64_t wrong = 0, stride = c.patterns <= 65536 || longSweeps() ? 1 : 10007;
  std::vector<In> edges;
  if (c.patterns > 65536)
    for (uint32_t bits : floatEdges()) edges.push_back(In(bits));
  forPatterns<In>(c.patterns, stride, edges, [&](const std::vector<In> &in) {
    std::vector<Out> out(in.size());
    swept.run(in.size(), out.data(), in.data());
    for (size_t i = 0; i < in.size(); ++i)
      if (!c.right(in[i], out[i]) && ++wrong <= 5)
        ADD_FAILURE() << c.op << " of 0x" << std::hex << uint64_t(in[i]) << " gave 0x" << uint64_t(out[i]);
  });
  EXPECT_EQ(wrong, 0u);
}

TEST_P(ConversionSweep, IsExact) {
  const Conversion &c = all()[GetParam()];
  auto go = [&]<class In>() {
    if (c.outBits == 16) sweep<In, uint16_t>(c);
    else if (c.outBits == 32) sweep<In, uint32_t>(c);
    else sweep<In, uint64_t>(c);
  };
  if (c.inBits == 16) go.template operator()<uint16_t>();
  else go.template operator()<uint32_t>();
}

INSTANTIATE_TEST_SUITE_P(Ptx, ConversionSweep, testing::Range<size_t>(0, all().size()), [](const auto &info) {
  std::string name = all()[info.param].op;
  name = name.substr(name.rfind(' ') + 1);
  for (char &c : name)
    if (c == '.') c = '_';
  return name;
});

}  // namespace
}  // namespace cutrans::test
