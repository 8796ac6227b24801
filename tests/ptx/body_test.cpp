// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a body looks like to the lowering.
#include <gtest/gtest.h>

#include "front_end.h"

namespace cutrans::ptx::test {
namespace {

const Operand &operand(const Body &body, size_t instruction, size_t index) {
  return body.instructions[instruction].operands[index];
}

TEST(Body, WordsOfAnInstruction) {
  Loaded loaded = loadBody("@!%p1 ld.acquire.gpu.global.v4.f32 {%f1, %f2, _, %f3}, [%rd1+-16];");
  ASSERT_EQ(loaded.first(), "");
  const Instruction &i = loaded.body().instructions[0];
  EXPECT_EQ(i.opcode, Opcode::Ld);
  EXPECT_TRUE(i.guarded && i.guard_negated);
  EXPECT_EQ(loaded.body().registers[i.guard].name, "%p1");
  EXPECT_EQ(i.vector, 4);
  EXPECT_EQ(i.space, Space::Global);
  EXPECT_EQ(i.find(ModGroup::Order), Mod::Acquire);
  EXPECT_EQ(i.find(ModGroup::Scope), Mod::Gpu);
  EXPECT_EQ(i.type(), Type::F32);
  EXPECT_EQ(i.location.line, 6u);
  EXPECT_EQ(i.location.column, 1u);
  EXPECT_EQ(i.text, "@!%p1 ld.acquire.gpu.global.v4.f32 {%f1, %f2, _, %f3}, [%rd1+-16]");
  ASSERT_EQ(i.operands.size(), 2u);
  EXPECT_EQ(i.operands[0].kind, OperandKind::Vector);
  ASSERT_EQ(i.operands[0].elements.size(), 4u);
  EXPECT_EQ(i.operands[0].elements[2].kind, OperandKind::Sink);
  EXPECT_EQ(i.operands[1].kind, OperandKind::Address);
  EXPECT_TRUE(i.operands[1].base_is_register);
  EXPECT_EQ(i.operands[1].offset, -16);
}

TEST(Body, RegistersAreDenseAndScoped) {
  Loaded loaded = loadBody(
      "mov.u32 %r1, %r2;\n"
      "{ .reg .b64 %r<3>; .reg .b32 x; mov.b64 %r1, %r2; mov.u32 x, 1; }\n"
      "mov.u32 %r1, %r3;");
  ASSERT_EQ(loaded.first(), "");
  const Body &body = loaded.body();
  uint32_t outer = operand(body, 0, 0).reg, inner = operand(body, 1, 0).reg;
  EXPECT_NE(outer, inner);
  EXPECT_EQ(body.registers[outer].type, Type::B32);
  EXPECT_EQ(body.registers[inner].type, Type::B64);
  EXPECT_EQ(operand(body, 3, 0).reg, outer);
  EXPECT_LT(body.registers.size(), 12u) << "only registers that are used, and vectors";
}

TEST(Body, OverlappingFamilies) {
  Loaded loaded = loadBody(".reg .b32 a<13>; .reg .b64 a1<4>; mov.u32 a12, 1; mov.u32 a1, 2; mov.u64 a13, 3;");
  ASSERT_EQ(loaded.first(), "");
  const Body &body = loaded.body();
  EXPECT_EQ(body.registers[operand(body, 0, 0).reg].type, Type::B32);
  EXPECT_EQ(body.registers[operand(body, 2, 0).reg].type, Type::B64);
}

TEST(Body, VectorRegistersAreScalars) {
  Loaded loaded = loadBody("mov.v4.f32 v, {%f1, %f2, %f3, %f4};\nmov.f32 %f1, v.z;\nst.v4.f32 [%rd1], v;");
  ASSERT_EQ(loaded.first(), "");
  const Body &body = loaded.body();
  ASSERT_EQ(operand(body, 0, 0).kind, OperandKind::Vector);
  EXPECT_EQ(operand(body, 1, 1).reg, operand(body, 0, 0).elements[2].reg);
  EXPECT_EQ(operand(body, 2, 1).elements[3].reg, operand(body, 0, 0).elements[3].reg);
}

TEST(Body, LabelsAreInstructionIndices) {
  Loaded loaded = loadBody(
      "bra over;\n{ over: bra over; }\nover: bra.uni over;\nt: .branchtargets over, last;\nbrx.idx %r1, t;\nlast:");
  ASSERT_EQ(loaded.first(), "");
  const Body &body = loaded.body();
  EXPECT_EQ(body.labels[operand(body, 0, 0).reg].instruction, 2u) << "an outer label, declared later";
  EXPECT_EQ(body.labels[operand(body, 1, 0).reg].instruction, 1u) << "the inner one of that name";
  EXPECT_EQ(operand(body, 3, 1).kind, OperandKind::Table);
  auto table = body.branch_tables[operand(body, 3, 1).reg];
  ASSERT_EQ(table.size(), 2u);
  EXPECT_EQ(body.labels[table[0]].instruction, 2u);
  EXPECT_EQ(body.labels[table[1]].instruction, 4u);
}

TEST(Body, Constants) {
  Loaded loaded = loadBody(
      "mov.u64 %rd1, -1;\nmov.u32 %r1, 017 + 0x10 * 0b11;\nmov.f32 %f1, 0f40490FDB;\nmov.f32 %f1, -2.5;\n"
      "mov.u64 %rd1, 18446744073709551615;\nmov.u32 %r1, 7U >> 1 == 3 && 1 ? 5 : 6;\nmov.u32 %r1, -7 / 2;");
  ASSERT_EQ(loaded.first(), "");
  const Body &body = loaded.body();
  EXPECT_EQ(operand(body, 0, 1).bits, ~uint64_t{0});
  EXPECT_FALSE(operand(body, 0, 1).is_unsigned);
  EXPECT_EQ(operand(body, 1, 1).bits, 15u + 48u);
  EXPECT_EQ(operand(body, 2, 1).kind, OperandKind::Float32);
  EXPECT_EQ(operand(body, 2, 1).bits, 0x40490FDBu);
  EXPECT_EQ(operand(body, 3, 1).kind, OperandKind::Float64);
  EXPECT_EQ(operand(body, 3, 1).bits, 0xC004000000000000u);
  EXPECT_TRUE(operand(body, 4, 1).is_unsigned);
  EXPECT_EQ(operand(body, 5, 1).bits, 5u);
  EXPECT_EQ(static_cast<int64_t>(operand(body, 6, 1).bits), -3);
}

TEST(Body, SpecialRegisters) {
  Loaded loaded = loadBody("mov.u32 %r1, %ctaid.y;\nmov.u32 %r1, %envreg31;\nmov.u32 %r1, %lanemask_lt;\nmov.u64 %rd1, %pm3_64;");
  ASSERT_EQ(loaded.first(), "");
  const Body &body = loaded.body();
  EXPECT_EQ(operand(body, 0, 1).special, Special::Ctaid);
  EXPECT_EQ(operand(body, 0, 1).component, 1);
  EXPECT_EQ(operand(body, 1, 1).special, Special::Envreg);
  EXPECT_EQ(operand(body, 1, 1).component, 31);
  EXPECT_EQ(operand(body, 2, 1).special, Special::LanemaskLt);
  EXPECT_EQ(operand(body, 3, 1).special, Special::Pm64);
}

TEST(Body, SymbolsAreResolved) {
  Loaded loaded = loadBody(
      ".shared .b8 s[64]; .local .b8 l[8];\n"
      "ld.param.u64 %rd1, [p];\nst.shared.u32 [s+4], %r1;\nmov.u64 %rd2, g+8;\nld.local.u32 %r2, [l];",
      ".global .u32 g[4]; ");
  ASSERT_EQ(loaded.first(), "");
  const Body &body = loaded.body();
  EXPECT_EQ(operand(body, 0, 1).symbol.kind, SymbolKind::Param);
  EXPECT_EQ(operand(body, 1, 0).symbol.kind, SymbolKind::Local);
  EXPECT_EQ(body.variables[operand(body, 1, 0).symbol.index].size, 64u);
  EXPECT_EQ(operand(body, 1, 0).offset, 4);
  EXPECT_EQ(operand(body, 2, 1).symbol.variable->name, "g");
  EXPECT_EQ(operand(body, 2, 1).offset, 8);
  ASSERT_EQ(body.module_variables.size(), 1u);
}

TEST(Body, CallsHaveThreeOperands) {
  Loaded loaded = loadBody(
      "{ .param .b32 a; .param .b32 r; call.uni (r), f, (a); }\ncall g;\ncall (%r1), h, (%r2, 3);\n"
      "proto: .callprototype (.param .b32 _) _ (.param .b64 _, .param .b64 _);\n"
      "{ .param .b64 a; .param .b64 b; .param .b32 r; call (r), %rd1, (a, b), proto; }",
      ".func (.param .b32 r) f(.param .b32 a) { ret; }\n.func g() { ret; }\n"
      ".func (.reg .b32 r) h(.reg .b32 a, .reg .b32 b) { mov.u32 r, a; ret; } ");
  ASSERT_EQ(loaded.first(), "");
  const Body &body = loaded.body();
  for (size_t i = 0; i < 3; ++i) ASSERT_EQ(body.instructions[i].operands.size(), 3u) << i;
  EXPECT_EQ(operand(body, 0, 1).symbol.function->name, "f");
  EXPECT_EQ(operand(body, 0, 2).elements[0].symbol.kind, SymbolKind::Local);
  EXPECT_TRUE(operand(body, 1, 0).elements.empty());
  EXPECT_EQ(operand(body, 2, 2).elements[1].kind, OperandKind::Integer);
  EXPECT_EQ(operand(body, 3, 3).kind, OperandKind::Prototype);
  EXPECT_EQ(body.prototypes[operand(body, 3, 3).reg].params.size(), 2u);
  EXPECT_EQ(body.functions.size(), 3u);
}

TEST(Body, FormalsInRegisters) {
  Loaded loaded = loadBody("call (%r1), h, (%r2);", ".func (.reg .b32 r) h(.reg .b32 a) { mov.u32 r, a; ret; } ");
  ASSERT_EQ(loaded.first(), "");
  const Function *h = loaded.body().functions[0];
  const Body &body = *h->body();
  EXPECT_EQ(operand(body, 0, 0).reg, body.result_registers[0]);
  EXPECT_EQ(operand(body, 0, 1).reg, body.param_registers[0]);
}

TEST(Body, SourceLines) {
  Loaded loaded = loadBody("mov.u32 %r1, 1;\n.loc 1 42 7\nmov.u32 %r1, 2;");
  ASSERT_EQ(loaded.first(), "");
  const Body &body = loaded.body();
  EXPECT_EQ(body.instructions[0].line_info, 0u);
  EXPECT_EQ(body.line_infos[body.instructions[1].line_info].line, 42u);
}

TEST(Body, CompareAndHalfShareSpellings) {
  Loaded loaded = loadBody("setp.lo.u32 %p1, %r1, %r2;\nmul.lo.u32 %r1, %r2, %r3;\nvote.sync.uni.pred %p1, %p2, -1;");
  ASSERT_EQ(loaded.first(), "");
  const Body &body = loaded.body();
  EXPECT_EQ(body.instructions[0].find(ModGroup::Compare), Mod::LoCompare);
  EXPECT_EQ(body.instructions[1].find(ModGroup::Half), Mod::Lo);
  EXPECT_EQ(body.instructions[2].find(ModGroup::Vote), Mod::UniVote);
}

TEST(Header, ParametersAndDirectives) {
  Loaded loaded = loadItems(
      ".visible .entry k(.param .b8 a, .param .align 8 .b8 b[48], .param .u16 c, .param .u64 .ptr .global .align 16 d)\n"
      ".reqntid 8, 4\n.maxnreg 40\n.minnctapersm 2\n{ ret; }");
  ASSERT_EQ(loaded.first(), "");
  const Function &k = loaded.kernel();
  ASSERT_EQ(k.params.size(), 4u);
  EXPECT_EQ(k.params[0].offset, 0u);
  EXPECT_EQ(k.params[1].offset, 8u);
  EXPECT_EQ(k.params[2].offset, 56u);
  EXPECT_EQ(k.params[3].offset, 64u);
  EXPECT_EQ(k.params_size, 72u);
  EXPECT_TRUE(k.params[3].is_pointer);
  EXPECT_EQ(k.params[3].pointer_space, Space::Global);
  EXPECT_EQ(k.params[3].pointer_align, 16u);
  EXPECT_EQ(k.performance.reqntid[0], 8u);
  EXPECT_EQ(k.performance.reqntid[1], 4u);
  EXPECT_EQ(k.performance.reqntid[2], 1u);
  EXPECT_EQ(k.performance.maxnreg, 40u);
  EXPECT_EQ(k.performance.minnctapersm, 2u);
}

}  // namespace
}  // namespace cutrans::ptx::test
