// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The frame: the kernel, its functions, and what is stored at the end. The rules are in generator.h.
#include "tests/random/generator.h"

#include <cstdio>
#include <utility>

namespace cutrans::random {

std::string Generator::declarations(bool kernel) {
  char text[1024];
  std::snprintf(text, sizeof text,
                "  .reg .b32 %%r<%u>; .reg .b64 %%q<%u>; .reg .b16 %%h<%u>; .reg .pred %%p<%u>; .reg .b32 %%u<%u>;\n"
                "  .reg .b32 %%tr<%u>; .reg .b64 %%tq<%u>; .reg .b16 %%th<%u>; .reg .pred %%tp<%u>; .reg .b32 %%c<%u>; .reg .b32 %%m<%u>;\n"
                "  .reg .b32 %%x<2>; .reg .b64 %%xq, %%tq_; .reg .b16 %%xh<3>; .reg .pred %%xp; .reg .f32 %%xf;\n"
                "  .reg .u32 %%me, %%lane, %%threads, %%slot; .reg .u64 %%in, %%own, %%sums;\n",
                Words, Wides, Halves, Predicates, Uniforms, temps_[0] + 1, temps_[1] + 1, temps_[2] + 1, temps_[3] + 1, counters_ + 1, masks_ + 1);
  return text;
}

void Generator::prologue() {
  line("ld.param.u64 %%in, [in]; ld.param.u64 %%own, [out]; ld.param.u64 %%sums, [sums]; ld.param.u32 %%u0, [n];");
  if (chance(2)) line("cvta.to.global.u64 %%in, %%in; cvta.to.global.u64 %%own, %%own; cvta.to.global.u64 %%sums, %%sums;");
  line("mov.u32 %%r0, %%tid.x; mov.u32 %%r1, %%tid.y; mov.u32 %%r2, %%tid.z; mov.u32 %%r3, %%ntid.x; mov.u32 %%r4, %%ntid.y; mov.u32 %%r5, %%ntid.z;");
  line("mad.lo.u32 %%me, %%r2, %%r4, %%r1; mad.lo.u32 %%me, %%me, %%r3, %%r0; mul.lo.u32 %%threads, %%r3, %%r4; mul.lo.u32 %%threads, %%threads, %%r5;");
  line("mov.u32 %%lane, %%laneid; mov.u32 %%u1, %%ctaid.x; mov.u32 %%u2, %u;", 1 + pick(1000));
  line("mad.lo.u32 %%r6, %%u1, %%threads, %%me; mul.wide.u32 %%q0, %%r6, %u; add.u64 %%own, %%own, %%q0;", unsigned(OutBytes));
  line("and.b32 %%x0, %%r6, 511; mul.wide.u32 %%q1, %%x0, 4; add.u64 %%q1, %%q1, %%in; ld.global.u32 %%r7, [%%q1]; ld.global.u32 %%r4, [%%q1+1024];");
  line("mul.wide.s32 %%q1, %%r7, %%r4; cvt.s64.s32 %%q2, %%r4; mov.b64 %%q3, {%%r7, %%r0};");
  line("cvt.u16.u32 %%h0, %%r7; cvt.u16.u32 %%h1, %%r0; mov.b32 {%%h2, %%h3}, %%r4;");
  line("setp.lt.s32 %%p0, %%r7, 0; setp.lt.u32 %%p1, %%r0, %u; and.b32 %%x0, %%r4, 1; setp.eq.u32 %%p2, %%x0, 0; setp.ne.u32 %%p3, %%u1, 0;", pick(20));
  for (unsigned i = 0; i < 64; i += 16) line("mov.u64 %%xq, scratch; st.local.v4.b32 [%%xq+%u], {%%r7, %%r0, %%r4, %%r6};", i);
  if (warp_) {
    // Lanes of this warp that the block has: the last warp may be short.
    line("and.b32 %%x0, %%me, -32; sub.u32 %%x0, %%threads, %%x0; min.u32 %%x0, %%x0, 32; mov.u32 %%x1, -1; sub.u32 %%x0, 32, %%x0; shr.u32 %%m0, %%x1, %%x0;");
    masks_ = 1;
    mask_ = "%m0";
  }
  if (barriers_) {
    line("mov.u32 %%slot, slots; shl.b32 %%x0, %%me, 4; add.u32 %%slot, %%slot, %%x0; st.shared.v4.b32 [%%slot], {%%r7, %%me, %%r4, %%r6};");
    line("mov.u32 %%x0, board; setp.lt.u32 %%xp, %%me, 1; @%%xp st.shared.v4.b32 [%%x0], {%%u0, %%u1, %%u2, %%u0}; @%%xp st.shared.v4.b32 [%%x0+16], {%%u0, %%u1, %%u2, %%u0}; bar.sync 0;");
  }
}

// f0, f2: a 32-bit result, f1, f3: eight bytes.
void Generator::function(unsigned index) {
  inFunction_ = true;
  bool exits = std::exchange(exits_, false), warp = std::exchange(warp_, false);
  std::string saved = std::move(body_);
  body_.clear();
  line("ld.param.b32 %%r0, [a0]; ld.param.b64 %%q0, [a1]; ld.param.b32 %%r1, [a2]; ld.param.b64 %%q1, [a2+8];");
  line("mov.b64 {%%r2, %%r3}, %%q0; mov.b64 {%%r4, %%r5}, %%q1; mov.b32 {%%h0, %%h1}, %%r0; mov.b32 {%%h2, %%h3}, %%r1; mov.u32 %%r6, %u; mov.u32 %%r7, 7;", pick(1000));
  line("mov.u32 %%me, %%tid.x; mov.u32 %%u0, 3; mov.u32 %%u1, %%ctaid.x; mov.u32 %%u2, 9; add.u64 %%q2, %%q0, %%q1; sub.u64 %%q3, %%q0, %%q1;");
  line("setp.lt.s32 %%p0, %%r0, 0; setp.lt.u32 %%p1, %%r0, 9; setp.eq.u32 %%p2, %%r0, %%r1; setp.ne.u32 %%p3, %%r4, %%r5;");
  if (index % 2) line("st.param.b64 [ret1], %%q1;");
  else line("st.param.b32 [ret0], %%r1;");
  budget_ = 3 + pick(10);
  statements(8, 1);
  if (index % 2) line("st.param.b64 [ret1], %s;", wide().c_str());
  else line("xor.b32 %%r0, %s, %s; st.param.b32 [ret0], %%r0;", reg().c_str(), reg().c_str());
  line("ret;");
  char head[256];
  std::snprintf(head, sizeof head, ".func (%s) f%u(.param .b32 a0, .param .b64 a1, .param .align 8 .b8 a2[16])\n{\n", index % 2 ? ".param .align 8 .b8 ret1[8]" : ".param .b32 ret0", index);
  program_.text += head + declarations(false) + body_ + "}\n";
  body_ = std::move(saved);
  for (unsigned &count : temps_) count = 0;
  counters_ = masks_ = 0;
  inFunction_ = false;
  exits_ = exits, warp_ = warp;
}

Program Generator::program() {
  constexpr std::array<uint32_t, 3> shapes[] = {{32, 1, 1}, {1, 1, 1}, {7, 1, 1}, {64, 1, 1}, {33, 1, 1}, {40, 1, 1}, {96, 1, 1}, {16, 2, 1}, {8, 4, 1}, {5, 3, 2}, {4, 4, 4}, {3, 11, 1}, {16, 16, 1}, {2, 1, 17}};
  program_.block = shapes[pick(std::size(shapes))];
  program_.grid = {1 + pick(3), 1, 1};
  barriers_ = chance(2);
  warp_ = chance(3);
  exits_ = !warp_ && chance(2);
  waits_ = barriers_ && chance(3);
  program_.text = ".version 8.8\n.target sm_90\n.address_size 64\n.const .align 16 .b32 table[16] = {";
  for (unsigned i = 0; i < 16; ++i) program_.text += (i ? ", " : "") + immediate();
  program_.text += "};\n";
  unsigned functions = chance(2) ? 1 + pick(3) : 0;
  for (unsigned i = 0; i < functions; ++i) function(i);
  functions_ = functions;
  prologue();
  budget_ = 10 + pick(50);
  if (barriers_) {
    while (budget_ > 4) together(0);
  } else {
    statements(60, 0);
  }
  for (unsigned i = 0; i < Words; ++i) line("st.global.b32 [%%own+%u], %%r%u;", 128 + 4 * i, i);
  for (unsigned i = 0; i < Wides; ++i) line("st.global.b64 [%%own+%u], %%q%u;", 160 + 8 * i, i);
  for (unsigned i = 0; i < Halves; ++i) line("st.global.b16 [%%own+%u], %%h%u;", 192 + 2 * i, i);
  for (unsigned i = 0; i < Predicates; ++i) line("selp.u32 %%x0, 1, 0, %%p%u; st.global.u8 [%%own+%u], %%x0;", i, 200 + i);
  for (unsigned i = 0; i < Uniforms; ++i) line("st.global.b32 [%%own+%u], %%u%u;", 204 + 4 * i, i);
  line("ret;");
  uint32_t threads = program_.block[0] * program_.block[1] * program_.block[2];
  program_.text += ".visible .entry entry(.param .u64 in, .param .u64 out, .param .u64 sums, .param .u32 n)\n{\n" + declarations(true);
  if (barriers_ && chance(2)) {
    program_.dynamicShared = 16 * threads;
    program_.text = ".extern .shared .align 16 .b8 slots[];\n" + program_.text;
    size_t at = program_.text.find(".version");  // directives of the module come first
    std::string first = program_.text.substr(0, at);
    program_.text = program_.text.substr(at);
    program_.text.insert(program_.text.find(".const"), first);
  } else if (barriers_) {
    program_.text += "  .shared .align 16 .b8 slots[" + std::to_string(16 * threads) + "];\n";
  }
  if (barriers_) program_.text += "  .shared .align 16 .b8 board[32];\n";
  program_.text += "  .local .align 16 .b8 scratch[64];\n" + body_ + "}\n";
  return program_;
}

Program generate(uint64_t seed, bool apart) { return Generator(seed * 0x9e3779b97f4a7c15u + 1, apart).program(); }

}  // namespace cutrans::random
