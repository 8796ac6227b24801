// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Bulk copies and reductions, st.async, red.async, st.bulk and multimem (manual 9.7.9.12 - 9.7.9.14, 9.7.9.25.4): one thread moves a few
// bytes in each form. Reductions against the operation written out on the host.
#include <algorithm>
#include <cmath>
#include <deque>

#include "tests/ptx/run/case.h"

namespace cutrans::test {
namespace {

// Parameters: a (in), b (in and out). `tile` has 256 bytes, `other` 256; `bar` waits for one arrival.
std::string kernel(const std::string &name, const std::string &body) {
  return ".version 9.0\n.target sm_100\n.address_size 64\n.visible .entry " + name + R"((.param .u64 a, .param .u64 b)
{
  .reg .pred %p<4>; .reg .b16 %h<8>; .reg .b32 %r<16>; .reg .b64 %d<16>; .reg .f32 %f<8>;
  .shared .align 128 .b8 tile[256]; .shared .align 128 .b8 other[256]; .shared .align 8 .b64 bar;
  ld.param.u64 %d0, [a]; ld.param.u64 %d1, [b];
  mbarrier.init.shared.b64 [bar], 1;
)" + body + "\n  ret;\n}\n";
}

const std::string FromA =
    "mbarrier.arrive.expect_tx.shared.b64 _, [bar], 64;\n"
    "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [tile], [%d0], 64, [bar];\n"
    "w0: mbarrier.try_wait.parity.shared.b64 %p0, [bar], 0; @!%p0 bra w0;\n";
const std::string TileToB =
    "cp.async.bulk.global.shared::cta.bulk_group [%d1], [tile], 64;\ncp.async.bulk.commit_group;\ncp.async.bulk.wait_group 0;\n";

using Words = std::vector<uint32_t>;

Words words(uint32_t seed, size_t count = 16) {
  Words all(count);
  for (uint32_t &word : all) word = seed = seed * 1664525u + 1013904223u;
  return all;
}

struct Plain {
  const char *name;
  std::string body;
  Words before, after;  // of b
};

std::vector<Plain> plainRows() {
  const Words a = words(1), b = words(2);
  std::vector<Plain> all;
  auto add = [&](const char *name, const std::string &body, auto change) {
    Words after = b;
    change(after);
    all.push_back({name, body, b, after});
  };
  add("bulk_copy", FromA + TileToB, [&](Words &w) { w = a; });
  add("bulk_copy_hints",
      "createpolicy.fractional.L2::evict_last.b64 %d2, 1.0;\nmov.u32 %r1, 64;\n"
      "cp.async.bulk.prefetch.L2.global.L2::cache_hint [%d0], 64, %d2;\n"
      "mbarrier.arrive.expect_tx.shared.b64 _, [bar], 64;\n"
      "cp.async.bulk.shared::cta.global.mbarrier::complete_tx::bytes.L2::cache_hint [tile], [%d0], %r1, [bar], %d2;\n"
      "w0: mbarrier.try_wait.parity.shared.b64 %p0, [bar], 0; @!%p0 bra w0;\n"
      "cp.async.bulk.global.shared::cta.bulk_group.L2::cache_hint [%d1], [tile], %r1, %d2;\n"
      "cp.async.bulk.commit_group;\ncp.async.bulk.wait_group.read 0;\n",
      [&](Words &w) { w = a; });
  add("bulk_copy_within_the_cluster",
      FromA +
          "mbarrier.arrive.expect_tx.shared.b64 _, [bar], 32;\n"
          "cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [other], [tile+32], 32, [bar];\n"
          "w1: mbarrier.try_wait.parity.shared.b64 %p0, [bar], 1; @!%p0 bra w1;\n"
          "cp.async.bulk.global.shared::cta.bulk_group [%d1], [other], 32;\n",
      [&](Words &w) { std::copy(a.begin() + 8, a.end(), w.begin()); });
  add("bulk_copy_some_bytes",
      FromA + "mov.u16 %h1, 0x8421;\ncp.async.bulk.global.shared::cta.bulk_group.cp_mask [%d1], [tile], 64, %h1;\n", [&](Words &w) {
        auto *to = reinterpret_cast<uint8_t *>(w.data());
        auto *from = reinterpret_cast<const uint8_t *>(a.data());
        for (int i = 0; i < 64; ++i)
          if (i % 16 % 5 == 0) to[i] = from[i];
      });
  add("bulk_reduce_within_the_cluster",
      FromA +
          "mbarrier.arrive.expect_tx.shared.b64 _, [bar], 32;\n"
          "cp.reduce.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes.add.u64 [tile], [tile+32], 32, [bar];\n"
          "w1: mbarrier.try_wait.parity.shared.b64 %p0, [bar], 1; @!%p0 bra w1;\n" +
          TileToB,
      [&](Words &w) {
        w = a;
        for (size_t i = 0; i < 8; i += 2) {
          uint64_t sum = (uint64_t(a[i + 1]) << 32 | a[i]) + (uint64_t(a[i + 9]) << 32 | a[i + 8]);
          w[i] = uint32_t(sum), w[i + 1] = uint32_t(sum >> 32);
        }
      });
  add("store_async",
      FromA +
          "mbarrier.arrive.expect_tx.shared.b64 _, [bar], 36;\nmov.u64 %d2, 0x1122334455667788; mov.u32 %r1, 7; mov.f32 %f1, 0f3F800000;\n"
          "st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.u32 [tile+4], %r1, [bar];\n"
          "st.async.shared::cluster.mbarrier::complete_tx::bytes.v2.b64 [tile+16], {%d2, %d0}, [bar];\n"
          "st.async.shared::cluster.mbarrier::complete_tx::bytes.v4.f32 [tile+16], {%f1, %f1, %f1, %f1}, [bar];\n"
          "w1: mbarrier.try_wait.parity.shared.b64 %p0, [bar], 1; @!%p0 bra w1;\n" +
          TileToB,
      [&](Words &w) {
        w = a;
        w[1] = 7;
        std::fill(w.begin() + 4, w.begin() + 8, 0x3f800000u);
      });
  add("store_async_global", "mov.u32 %r1, 9;\nst.async.mmio.release.sys.global.u32 [%d1], %r1;\nst.async.release.gpu.global.b32 [%d1+8], %r1;\n",
      [&](Words &w) { w[0] = w[2] = 9; });
  add("reduce_async",
      FromA +
          "mbarrier.arrive.expect_tx.shared.b64 _, [bar], 36;\nmov.u32 %r1, 5; mov.u64 %d2, 1;\n"
          "red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.add.u32 [tile], %r1, [bar];\n"
          "red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.inc.u32 [tile+4], %r1, [bar];\n"
          "red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.dec.u32 [tile+8], %r1, [bar];\n"
          "red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.min.s32 [tile+12], %r1, [bar];\n"
          "red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.max.u32 [tile+16], %r1, [bar];\n"
          "red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.xor.b32 [tile+20], %r1, [bar];\n"
          "red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.and.b32 [tile+32], %r1, [bar];\n"
          "red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.add.u64 [tile+24], %d2, [bar];\n"
          "w1: mbarrier.try_wait.parity.shared.b64 %p0, [bar], 1; @!%p0 bra w1;\n" +
          TileToB,
      [&](Words &w) {
        w = a;
        w[0] += 5, w[1] = w[1] >= 5 ? 0 : w[1] + 1, w[2] = w[2] == 0 || w[2] > 5 ? 5 : w[2] - 1;
        w[3] = uint32_t(std::min(int32_t(w[3]), 5)), w[4] = std::max(w[4], 5u), w[5] ^= 5, w[8] &= 5;
        if (++w[6] == 0) ++w[7];
      });
  add("reduce_async_global", "mov.u32 %r1, 9;\nred.async.release.gpu.global.add.u32 [%d1], %r1;\n", [&](Words &w) { w[0] += 9; });
  add("store_bulk", FromA + "mov.u64 %d2, 24;\nst.bulk.weak.shared::cta [tile+8], %d2, 0;\nmov.u64 %d2, 0;\nst.bulk.weak.shared::cta [tile], %d2, 0;\n" + TileToB,
      [&](Words &w) {
        w = a;
        std::fill(w.begin() + 2, w.begin() + 8, 0u);
      });
  add("multimem",
      "multimem.ld_reduce.relaxed.sys.global.add.u32 %r1, [%d0];\nmultimem.st.relaxed.sys.global.u32 [%d1], %r1;\n"
      "multimem.red.relaxed.sys.global.add.u32 [%d1+4], %r1;\n"
      "multimem.ld_reduce.weak.global.add.acc::f32.v4.f16x2 {%r1, %r2, %r3, %r4}, [%d0+16];\n"
      "multimem.st.weak.global.v4.f16x2 [%d1+16], {%r1, %r2, %r3, %r4};\n",
      [&](Words &w) {
        w[0] = a[0], w[1] += a[0];
        std::copy(a.begin() + 4, a.begin() + 8, w.begin() + 4);
      });
  return all;
}

// ---- reductions to global memory: every operation of every type ----

double half(uint16_t bits) {
  int exponent = bits >> 10 & 31, fraction = bits & 1023;
  double value = exponent == 31 ? (fraction ? NAN : INFINITY) : exponent ? std::ldexp(1024 + fraction, exponent - 25) : std::ldexp(fraction, -24);
  return bits >> 15 ? -value : value;
}
double brain(uint16_t bits) {
  uint32_t wide = uint32_t(bits) << 16;
  float value;
  std::memcpy(&value, &wide, 4);
  return value;
}

// The nearest number of the 65536 that a type has; the even code in the middle.
uint16_t nearest(double (*value)(uint16_t), double exact) {
  if (std::isnan(exact)) return 0x7fff;
  uint16_t sign = std::signbit(exact) ? 0x8000 : 0, low = 0, high = value == half ? 0x7c00 : 0x7f80;
  exact = std::fabs(exact);
  while (high - low > 1) {
    uint16_t middle = uint16_t((low + high) / 2);
    (value(middle) <= exact ? low : high) = middle;
  }
  double above = std::isinf(value(high)) ? 2 * value(low) - value(uint16_t(low - 1)) : value(high);
  double down = exact - value(low), up = above - exact;
  bool takeHigh = up < down || (up == down && high % 2 == 0);
  return sign | (takeHigh ? high : low);
}

template <class T>
T extreme(T a, T b, bool largest) {
  return largest ? std::max(a, b) : std::min(a, b);
}

struct Reduction {
  std::string op, type;
  size_t bytes;
  std::function<uint64_t(uint64_t, uint64_t)> apply;
};

std::vector<Reduction> reductions() {
  std::vector<Reduction> all;
  auto integers = [&](const std::string &type, auto zero) {
    using T = decltype(zero);
    all.push_back({"min", type, sizeof(T), [](uint64_t a, uint64_t b) { return uint64_t(extreme(T(a), T(b), false)); }});
    all.push_back({"max", type, sizeof(T), [](uint64_t a, uint64_t b) { return uint64_t(extreme(T(a), T(b), true)); }});
    if (type != "s64") all.push_back({"add", type, sizeof(T), [](uint64_t a, uint64_t b) { return a + b; }});
  };
  integers("u32", uint32_t{}), integers("s32", int32_t{}), integers("u64", uint64_t{}), integers("s64", int64_t{});
  all.push_back({"inc", "u32", 4, [](uint64_t a, uint64_t b) { return a >= b ? 0 : a + 1; }});
  all.push_back({"dec", "u32", 4, [](uint64_t a, uint64_t b) { return a == 0 || a > b ? b : a - 1; }});
  for (auto [type, bytes] : {std::pair{"b32", 4u}, {"b64", 8u}}) {
    all.push_back({"and", type, bytes, [](uint64_t a, uint64_t b) { return a & b; }});
    all.push_back({"or", type, bytes, [](uint64_t a, uint64_t b) { return a | b; }});
    all.push_back({"xor", type, bytes, [](uint64_t a, uint64_t b) { return a ^ b; }});
  }
  all.push_back({"add", "f32", 4, [](uint64_t a, uint64_t b) {
                   uint32_t x = uint32_t(a), y = uint32_t(b);
                   float p, q;
                   std::memcpy(&p, &x, 4), std::memcpy(&q, &y, 4);
                   p += q;
                   std::memcpy(&x, &p, 4);
                   return uint64_t(x);
                 }});
  all.push_back({"add", "f64", 8, [](uint64_t a, uint64_t b) {
                   double p, q;
                   std::memcpy(&p, &a, 8), std::memcpy(&q, &b, 8);
                   p += q;
                   std::memcpy(&a, &p, 8);
                   return a;
                 }});
  for (auto [type, value] : {std::pair{"f16", &half}, {"bf16", &brain}}) {
    auto of = value;
    all.push_back({"add.noftz", type, 2, [of](uint64_t a, uint64_t b) { return uint64_t(nearest(of, of(uint16_t(a)) + of(uint16_t(b)))); }});
    for (bool largest : {false, true})
      all.push_back({largest ? "max" : "min", type, 2, [of, largest](uint64_t a, uint64_t b) -> uint64_t {
                       double x = of(uint16_t(a)), y = of(uint16_t(b));
                       if (std::isnan(x)) return std::isnan(y) ? 0x7fff : b;
                       if (std::isnan(y)) return a;
                       if (x == y) return (x == 0 && std::signbit(x) != std::signbit(y)) ? (largest ? 0 : 0x8000) : a;
                       return (x < y) != largest ? a : b;
                     }});
  }
  return all;
}

// Numbers of a type: no NaN among floats that are added, for its payload is not told.
std::vector<uint8_t> values(const Reduction &r, uint32_t seed) {
  std::vector<uint8_t> bytes(64);
  for (size_t i = 0; i < 64 / r.bytes; ++i) {
    seed = seed * 1664525u + 1013904223u;
    uint64_t word = uint64_t(seed) << 32 | (seed * 2654435761u);
    if (r.type == "f64") {
      double value = (int(seed >> 8) - 8000000) / 128.0;
      std::memcpy(&word, &value, 8);
    } else if (r.type == "f32") {
      float value = float(int(seed >> 8) - 8000000) / 128.0f;
      word = 0;
      std::memcpy(&word, &value, 4);
    } else if (r.bytes == 2) {
      static const uint16_t Edges[] = {0, 0x8000, 1, 0x8001, 0x3c00, 0x3f80, 0x7bff, 0x0400};
      word = i < 8 ? Edges[(i + seed / 65536) % 8] : seed >> 16 & 0xbfff;  // nothing near infinity
      if (r.op != "add.noftz" && i == 9) word = 0x7fff;
    } else if (i < 3) {
      word = i;
    }
    std::memcpy(&bytes[i * r.bytes], &word, r.bytes);
  }
  return bytes;
}

}  // namespace

std::vector<Row> bulkRows() {
  static std::deque<std::string> names;
  std::vector<Row> rows;
  // Forms that wait are resumable.
  auto row = [&](const std::string &name, const std::string &body, std::function<void(Case &)> arguments) {
    auto form = body.find("bra w") != std::string::npos ? CT_NATIVE_FORM_GANG : CT_NATIVE_FORM_BLOCK;
    names.push_back(name);
    rows.push_back({"bulk", names.back().c_str(), {1, 1, 1}, {1, 1, 1}, arguments, 0, false, form, "", kernel(name, body)});
  };
  for (const Plain &plain : plainRows())
    row(plain.name, plain.body, [plain](Case &c) { c.input(words(1)), c.inout(plain.before, plain.after); });
  for (const Reduction &r : reductions()) {
    std::string name = "bulk_reduce_" + r.op + "_" + r.type;
    std::replace(name.begin(), name.end(), '.', '_');
    row(name, FromA + "cp.reduce.async.bulk.global.shared::cta.bulk_group." + r.op + "." + r.type + " [%d1], [tile], 64;\n", [r](Case &c) {
      std::vector<uint8_t> a = values(r, 3), b = values(r, 4), after = b;
      for (size_t i = 0; i < 64; i += r.bytes) {
        uint64_t x = 0, y = 0;
        std::memcpy(&x, &b[i], r.bytes), std::memcpy(&y, &a[i], r.bytes);
        x = r.apply(x, y);
        std::memcpy(&after[i], &x, r.bytes);
      }
      c.input(a), c.inout(b, after);
    });
  }
  return rows;
}

}  // namespace cutrans::test
