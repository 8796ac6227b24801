// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Atomics of the sizes and types that C++ programs seldom reach: halves, bf16, vectors, 16 and 128 bits, in global and shared
// memory. Threads that meet in one word add numbers whose order does not matter; each also has a word of its own, whose
// old value it reports.
#include <bit>
#include <cmath>

#include "tests/ptx/run/case.h"

namespace cutrans::test {
namespace {

constexpr unsigned Threads = 96;

uint16_t brain(float value) { return uint16_t(std::bit_cast<uint32_t>(value) >> 16); }
uint16_t half(int value) {  // of small integers
  if (!value) return 0;
  int exponent = std::ilogb(float(std::abs(value)));
  return uint16_t((value < 0 ? 0x8000 : 0) | (exponent + 15) << 10 | ((std::abs(value) << 10 >> exponent) & 1023));
}

struct Form {
  const char *name, *space;
  std::string atom, red;  // words behind "atom" and "red"; red on the shared word, atom on the thread's own
  unsigned elements;      // of 16 bits
  std::function<uint16_t(int)> code;
  std::function<int(int, int)> combine;
};

int own(unsigned thread, unsigned e) { return int(thread * 7 + e * 3) % 17 - 8; }
int add(unsigned thread, unsigned e) { return int(thread * 5 + e) % 9 - 4; }

Row row(const Form &form) {
  unsigned bytes = form.elements * 2;
  bool vector = form.atom.find(".v") != std::string::npos;
  std::string type = form.atom.find("x2") != std::string::npos ? "32" : "16", registersOld, registersNew, loads;
  unsigned step = type == "32" ? 4 : 2, count = bytes / step;
  std::string stores;
  for (unsigned i = 0; i < count; ++i) {
    registersOld += (i ? ", %old" : "%old") + std::to_string(i), registersNew += (i ? ", %new" : "%new") + std::to_string(i);
    loads += "ld.global.b" + type + " %new" + std::to_string(i) + ", [%add+" + std::to_string(i * step) + "];\n";
    stores += "st.global.b" + type + " [%out+" + std::to_string(i * step) + "], %old" + std::to_string(i) + ";\n";
  }
  if (vector) registersOld = "{" + registersOld + "}", registersNew = "{" + registersNew + "}";
  bool shared = std::string(form.space) == ".shared";
  Row result{"atomic", form.name, {1, 1, 1}, {Threads, 1, 1}, {}};
  std::string meet = shared ? "[%s]" : "[%all]";
  result.text = ".version 9.0\n.target sm_100a\n.address_size 64\n.visible .entry " + std::string(form.name) + "(.param .u64 own, .param .u64 all, .param .u64 add, .param .u64 out)\n{ .shared .align 16 .b8 sh[16];\n"
                ".reg .u32 %i, %s; .reg .u64 %own, %all, %add, %out; .reg .pred %p; .reg .b" + type + " %old<8>, %new<8>; .reg .b128 %q; .reg .b64 %w<4>;\n"
                "mov.u32 %i, %tid.x; mov.u32 %s, sh; ld.param.u64 %own, [own]; ld.param.u64 %all, [all]; ld.param.u64 %add, [add]; ld.param.u64 %out, [out];\n"
                "mad.wide.u32 %own, %i, " + std::to_string(bytes) + ", %own; mad.wide.u32 %add, %i, " + std::to_string(bytes) + ", %add; mad.wide.u32 %out, %i, " + std::to_string(bytes) + ", %out;\n" + loads +
                (shared ? "setp.eq.u32 %p, %i, 0; @%p ld.global.v2.b64 {%w0, %w1}, [%all]; @%p st.shared.v2.b64 [%s], {%w0, %w1}; bar.sync 0;\n" : "") +
                "atom" + form.atom + " " + registersOld + ", [%own], " + registersNew + ";\n" + stores + "red" + form.red + " " + meet + ", " + registersNew + ";\n" +
                (shared ? "bar.sync 0; @%p ld.shared.v2.b64 {%w0, %w1}, [%s]; @%p st.global.v2.b64 [%all], {%w0, %w1};\n" : "") + "ret; }\n";
  result.arguments = [form](Case &c) {
    std::vector<uint16_t> before, after, all(8, form.code(1)), last = all, added;
    std::vector<int> sums(form.elements, 1);
    for (unsigned t = 0; t < Threads; ++t)
      for (unsigned e = 0; e < form.elements; ++e) {
        before.push_back(form.code(own(t, e))), added.push_back(form.code(add(t, e)));
        after.push_back(form.code(form.combine(own(t, e), add(t, e))));
        sums[e] = form.combine(sums[e], add(t, e));
      }
    for (unsigned e = 0; e < form.elements; ++e) last[e] = form.code(sums[e]);
    c.inout(before, after), c.inout(all, last), c.input(added), c.output(before);
  };
  return result;
}

// exch and cas of 16 and 128 bits: each thread in its own word, half of them with the right expectation.
Row exchanges(bool shared) {
  static const char *names[] = {"exchanges_global", "exchanges_shared"};
  Row result{"atomic", names[shared], {1, 1, 1}, {Threads, 1, 1}, {}};
  std::string space = shared ? ".shared" : ".global", at = shared ? "[%s]" : "[%own]", at16 = shared ? "[%h]" : "[%own2]";
  result.text = ".version 9.0\n.target sm_90\n.address_size 64\n.visible .entry " + std::string(names[shared]) + "(.param .u64 own, .param .u64 own2, .param .u64 out, .param .u64 out2)\n{ .shared .align 16 .b8 sh[1536]; .shared .align 2 .b8 sh2[192];\n"
                ".reg .u32 %i, %s, %h, %odd; .reg .u64 %own, %own2, %out, %out2, %w<6>, %t; .reg .b128 %q<4>; .reg .b16 %e, %n, %o; .reg .pred %p;\n"
                "mov.u32 %i, %tid.x; mov.u32 %s, sh; mad.lo.u32 %s, %i, 16, %s; mov.u32 %h, sh2; mad.lo.u32 %h, %i, 2, %h;\n"
                "ld.param.u64 %own, [own]; mad.wide.u32 %own, %i, 16, %own; ld.param.u64 %own2, [own2]; mad.wide.u32 %own2, %i, 2, %own2; ld.param.u64 %out, [out]; mad.wide.u32 %out, %i, 32, %out; ld.param.u64 %out2, [out2]; mad.wide.u32 %out2, %i, 2, %out2;\n"
                "ld.global.v2.b64 {%w0, %w1}, [%own]; ld.global.b16 %e, [%own2]; and.b32 %odd, %i, 1; cvt.u64.u32 %t, %odd;\n" +
                (shared ? std::string("st.shared.v2.b64 [%s], {%w0, %w1}; st.shared.b16 [%h], %e;\n") : "") +
                "add.u64 %w2, %w1, %t; mov.b128 %q0, {%w0, %w2}; mov.b128 %q1, {%w1, %w0};\n"
                "atom.acq_rel.gpu" + space + ".cas.b128 %q2, " + at + ", %q0, %q1; mov.b128 {%w3, %w4}, %q2; st.global.v2.b64 [%out], {%w3, %w4};\n"
                "mov.b64 %w3, 77; mov.b128 %q0, {%w3, %t}; atom" + space + ".exch.b128 %q2, " + at + ", %q0; mov.b128 {%w3, %w4}, %q2; st.global.v2.b64 [%out+16], {%w3, %w4};\n"
                "cvt.u16.u32 %n, %odd; add.u16 %n, %e, %n; mov.b16 %o, 9; atom" + space + ".cas.b16 %o, " + at16 + ", %n, %o; st.global.b16 [%out2], %o;\n" +
                (shared ? std::string("ld.shared.v2.b64 {%w3, %w4}, [%s]; st.global.v2.b64 [%own], {%w3, %w4}; ld.shared.b16 %o, [%h]; st.global.b16 [%own2], %o;\n") : "") + "ret; }\n";
  result.arguments = [](Case &c) {
    std::vector<uint64_t> words, last, old;
    std::vector<uint16_t> halves, lastHalves;
    for (uint64_t t = 0; t < Threads; ++t) {
      uint64_t low = t * 0x9e3779b97f4a7c15ull, high = ~low + t;
      uint16_t small = uint16_t(t * 331);
      bool fails = t & 1;
      words.insert(words.end(), {low, high}), halves.push_back(small), lastHalves.push_back(fails ? small : 9);
      old.insert(old.end(), {low, high, fails ? low : high, fails ? high : low}), last.insert(last.end(), {77, t & 1});
    }
    c.inout(words, last), c.inout(halves, lastHalves), c.output(old), c.output(halves);
  };
  return result;
}

}  // namespace

std::vector<Row> atomicRows() {
  auto plus = [](int x, int y) { return x + y; };
  auto least = [](int x, int y) { return std::min(x, y); };
  auto most = [](int x, int y) { return std::max(x, y); };
  auto brains = [](int value) { return brain(float(value)); };
  std::vector<Row> rows;
  for (const Form &form : {Form{"add_bf16", ".global", ".global.add.noftz.bf16", ".relaxed.gpu.global.add.noftz.bf16", 1, brains, plus},
                           {"add_bf16x2_shared", ".shared", ".add.noftz.bf16x2", ".shared.add.noftz.bf16x2", 2, brains, plus},
                           {"add_f16_shared", ".shared", ".global.add.noftz.f16", ".shared.add.noftz.f16", 1, half, plus},
                           {"add_v8_bf16", ".global", ".global.add.noftz.v8.bf16", ".global.add.noftz.v8.bf16", 8, brains, plus},
                           {"min_v4_f16", ".global", ".global.min.noftz.v4.f16", ".global.min.noftz.v4.f16", 4, half, least},
                           {"max_v2_bf16", ".global", ".global.max.noftz.v2.bf16", ".global.max.noftz.v2.bf16", 2, brains, most},
                           {"max_v4_f16x2", ".global", ".global.max.noftz.v4.f16x2", ".global.max.noftz.v4.f16x2", 8, half, most}})
    rows.push_back(row(form));
  for (bool shared : {false, true}) rows.push_back(exchanges(shared));
  return rows;
}

}  // namespace cutrans::test
