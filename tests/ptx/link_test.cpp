// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Several units: which definition a name means.
#include <gtest/gtest.h>

#include <cstring>

#include "front_end.h"

namespace cutrans::ptx::test {
namespace {

Loaded link(const std::string &a, const std::string &b) { return load({kHeader + a, kHeader + b}); }

TEST(Link, ResolvesExternFunctionsAndVariables) {
  Loaded loaded = link(
      ".extern .func f();\n.extern .global .align 4 .u32 g;\n"
      ".visible .entry k() { .reg .b64 %rd<3>; call f; mov.u64 %rd1, g; ret; }",
      ".visible .func f() { ret; }\n.visible .global .align 4 .u32 g = 9;");
  ASSERT_EQ(loaded.first(), "");
  const Body &body = loaded.body();
  EXPECT_EQ(body.functions[0]->location.unit, 1u);
  EXPECT_TRUE(body.functions[0]->has_body);
  EXPECT_TRUE(body.module_variables[0]->in_image);
  ASSERT_EQ(loaded.module->variables().size(), 1u);
  EXPECT_EQ(loaded.module->image().initial[0], 9);
}

TEST(Link, PrivateNamesStayInTheirUnit) {
  Loaded loaded = link(".global .u32 g = 1;\n.func f() { ret; }\n.visible .entry a() { .reg .b64 r; mov.u64 r, g; call f; ret; }",
                       ".global .u32 g = 2;\n.func f() { ret; }\n.visible .entry b() { .reg .b64 r; mov.u64 r, g; call f; ret; }");
  ASSERT_EQ(loaded.first(), "");
  ASSERT_EQ(loaded.module->variables().size(), 2u);
  EXPECT_EQ(loaded.module->variables()[0]->name, "g");
  EXPECT_EQ(loaded.module->variables()[1]->name, "g$u1");
  EXPECT_NE(loaded.body(0).module_variables[0], loaded.body(1).module_variables[0]);
  EXPECT_NE(loaded.body(0).functions[0], loaded.body(1).functions[0]);
}

TEST(Link, WeakKernelsAreKeptOnce) {
  std::string weak = ".weak .entry k() { ret; }\n.weak .func f() { ret; }";
  Loaded loaded = link(weak, weak);
  ASSERT_EQ(loaded.first(), "");
  EXPECT_EQ(loaded.module->kernels().size(), 1u);
}

TEST(Link, StrongBeatsWeak) {
  Loaded loaded = link(".weak .global .u32 g = 1;\n.entry k() { .reg .b64 r; mov.u64 r, g; ret; }", ".visible .global .u32 g = 2;");
  ASSERT_EQ(loaded.first(), "");
  EXPECT_EQ(loaded.body().module_variables[0]->location.unit, 1u);
  EXPECT_EQ(loaded.module->variables().size(), 1u);
}

TEST(Link, CommonVariablesTakeTheLargest) {
  Loaded loaded = link(".common .global .b8 c[4];", ".common .global .b8 c[64];");
  ASSERT_EQ(loaded.first(), "");
  ASSERT_EQ(loaded.module->variables().size(), 1u);
  EXPECT_EQ(loaded.module->variables()[0]->size, 64u);
}

TEST(Link, DuplicatesNameBothUnits) {
  Loaded loaded = link(".visible .global .u32 g;", ".visible .global .u32 g;");
  EXPECT_TRUE(loaded.first().starts_with("1300: unit 1 line 4: ")) << loaded.first();
  EXPECT_NE(loaded.first().find("`g` is defined in unit 0 too"), std::string::npos);
  EXPECT_EQ(loaded.module, nullptr);
}

TEST(Link, DifferentSizesClash) {
  Loaded loaded = link(".extern .global .b8 g[8];\n.entry k() { .reg .b64 r; mov.u64 r, g; ret; }", ".visible .global .b8 g[4];");
  EXPECT_TRUE(loaded.first().starts_with("1302: ")) << loaded.first();
}

TEST(Link, MissingSymbolsNameTheirUser) {
  Loaded loaded = link(".extern .func far();\n.visible .entry k() { call far; ret; }", "");
  EXPECT_TRUE(loaded.first().starts_with("1301: unit 0 line 5: function k uses the function `far`")) << loaded.first();
}

TEST(Link, DeviceRuntimeStaysOpen) {
  Loaded loaded = loadItems(
      ".extern .func (.param .b32 r) vprintf(.param .b64 a, .param .b64 b);\n"
      ".entry k() { { .param .b64 a; .param .b64 b; .param .b32 r; call (r), vprintf, (a, b); } ret; }");
  ASSERT_EQ(loaded.first(), "");
  Program program;
  ASSERT_TRUE(loaded.module->program(loaded.kernel(), program, loaded.problems));
  ASSERT_EQ(program.functions.size(), 2u);
  EXPECT_FALSE(program.functions[1]->has_body);
}

TEST(Link, DynamicSharedMemoryNeedsNoDefinition) {
  std::string unit = ".extern .shared .align 16 .b8 s[];\n";
  Loaded loaded = link(unit + ".entry a() { .reg .b64 r; mov.u64 r, s; ret; }", unit + ".entry b() { .reg .b64 r; mov.u64 r, s; ret; }");
  ASSERT_EQ(loaded.first(), "");
  EXPECT_EQ(loaded.body(0).module_variables[0], loaded.body(1).module_variables[0]);
  EXPECT_TRUE(loaded.body(0).module_variables[0]->dynamic);
}

TEST(Link, AliasesMeanTheirFunction) {
  Loaded loaded = loadItems(".visible .func f() { ret; }\n.visible .func g();\n.alias g, f;\n.entry k() { call g; ret; }");
  ASSERT_EQ(loaded.first(), "");
  EXPECT_EQ(loaded.body().functions[0]->name, "f");
}

TEST(Link, ReachFollowsCallsAndVariables) {
  Loaded loaded = loadItems(
      ".global .u32 unused;\n.global .u32 used;\n.func h() { ret; }\n"
      ".func f() { .reg .b64 r; mov.u64 r, used; ret; }\n.func g() { call f; ret; }\n.entry k() { call g; ret; }");
  ASSERT_EQ(loaded.first(), "");
  Program program;
  ASSERT_TRUE(loaded.module->program(loaded.kernel(), program, loaded.problems));
  ASSERT_EQ(program.functions.size(), 3u);
  EXPECT_EQ(program.functions[0]->name, "k");
  ASSERT_EQ(program.variables.size(), 1u);
  EXPECT_EQ(program.variables[0]->name, "used");
}

TEST(Link, CallsThroughPointersReachWhatFitsOnly) {
  Loaded loaded = loadItems(
      ".func f(.param .b32 x) { ret; }\n.func g(.param .b32 x) { ret; }\n.func never(.param .b32 x) { ret; }\n"
      ".func other(.param .b64 x) { ret; }\n.func (.param .b32 r) gives(.param .b32 x) { ret; }\n"
      ".global .u64 table[3] = {g, other, gives};\n"
      ".entry k(.param .u64 p) { .reg .b64 r; .param .b32 a; ld.param.u64 r, [p]; P: .callprototype _ (.param .b32 _);\n"
      "call r, (a), P; ret; }\n"
      ".entry takes() { .reg .b64 r; mov.u64 r, f; ret; }\n"
      ".entry calls() { .param .b32 a; call never, (a); ret; }");
  ASSERT_EQ(loaded.first(), "");
  Program program;
  ASSERT_TRUE(loaded.module->program(loaded.kernel(0), program, loaded.problems));
  ASSERT_EQ(program.targets.size(), 2u);
  EXPECT_EQ(program.targets[0]->name, "f");
  EXPECT_EQ(program.targets[1]->name, "g");
  EXPECT_EQ(program.functions.size(), 3u);
  // Taking an address reaches nothing.
  ASSERT_TRUE(loaded.module->program(loaded.kernel(1), program, loaded.problems));
  EXPECT_EQ(program.functions.size(), 1u);
  EXPECT_TRUE(program.targets.empty());
}

TEST(Link, CallTargetsAreWhatACallMayReach) {
  Loaded loaded = loadItems(
      ".func f() { ret; }\n.func g() { ret; }\n.global .u64 table[2] = {f, g};\n"
      ".entry k(.param .u64 p) { .reg .b64 r; ld.param.u64 r, [p]; T: .calltargets g; call r, T; ret; }");
  ASSERT_EQ(loaded.first(), "");
  Program program;
  ASSERT_TRUE(loaded.module->program(loaded.kernel(), program, loaded.problems));
  ASSERT_EQ(program.functions.size(), 2u);
  EXPECT_EQ(program.functions[1]->name, "g");
}

TEST(Link, AddressesOfFunctionsAreNumbersOfTheModule) {
  std::string items =
      ".func f() { ret; }\n.func g() { ret; }\n.alias h, g;\n.func h();\n.global .align 8 .u64 table[3] = {f, g, h};\n"
      ".global .align 1 .b8 packed[9] = {1, 0xFF(g), 0xFF00(g), 0xFF0000(g), 0xFF000000(g), 0xFF00000000(g), 0xFF0000000000(g),\n"
      "0xFF000000000000(g), 0xFF00000000000000(g)};\n.entry k() { ret; }";
  Loaded loaded = loadItems(items), again = loadItems(items), changed = loadItems(items + "\n// another module");
  ASSERT_EQ(loaded.first(), "");
  auto at = [](const Loaded &module, size_t offset) {
    uint64_t value;
    std::memcpy(&value, module.module->image().initial.data() + offset, 8);
    return value;
  };
  uint64_t f = at(loaded, 0), g = at(loaded, 8);
  EXPECT_NE(f, g);
  EXPECT_EQ(g, at(loaded, 16));
  EXPECT_EQ(g, at(loaded, 25));
  EXPECT_GE(f, kFunctionSpace);
  EXPECT_EQ(f % 16, 0u);
  EXPECT_TRUE(loaded.module->image().relocations.empty());
  EXPECT_EQ(f, at(again, 0));
  EXPECT_NE(f, at(changed, 0));
}

TEST(Link, BytesOfFunctionAddressesStandAnywhere) {
  Loaded loaded = loadItems(
      ".func f() { ret; }\n.global .align 8 .u64 whole = f;\n.global .b8 parts[3] = {0xFF0000(f), 7, 0xFF00(f)};\n.entry k() { ret; }");
  ASSERT_EQ(loaded.first(), "");
  const auto &bytes = loaded.module->image().initial;
  EXPECT_EQ(bytes[8], bytes[2]);
  EXPECT_EQ(bytes[9], 7);
  EXPECT_EQ(bytes[10], bytes[1]);
  EXPECT_TRUE(loadItems(".func f() { ret; }\n.global .u64 a = f+4;").first().starts_with("1112: "));
  EXPECT_TRUE(loadItems(".func f() { ret; }\n.global .u64 a = generic(f);").first().starts_with("1112: "));
  EXPECT_TRUE(loadItems(".func f() { ret; }\n.global .b8 a = 0xFFFF(f);").first().starts_with("1112: "));
}

TEST(Link, DeclarationsThatContradictThemselvesAreErrors) {
  EXPECT_TRUE(loadItems(".common .shared .u32 x;").first().starts_with("1113: "));
  EXPECT_TRUE(loadItems(".extern .func f() { ret; }").first().starts_with("1100: "));
  EXPECT_TRUE(loadItems(".func (.param .b32 r) f() .noreturn { exit; }").first().starts_with("1100: "));
  EXPECT_TRUE(loadItems(".global .attribute(.foo) .u32 x;").first().starts_with("1100: "));
  EXPECT_EQ(loadItems(".global .attribute(.managed, .unified(19, 95)) .u32 x;").first(), "");
}

TEST(Link, SamplersAreRefusedWhereUsed) {
  Loaded loaded = loadItems(
      ".global .texref t;\n.global .samplerref s;\n.entry a() { .reg .b64 r; mov.u64 r, t; ret; }\n.entry b() { .reg .b64 r; mov.u64 r, s; ret; }");
  ASSERT_EQ(loaded.first(), "");
  Program program;
  EXPECT_TRUE(loaded.module->program(loaded.kernel(0), program, loaded.problems));
  EXPECT_FALSE(loaded.module->program(loaded.kernel(1), program, loaded.problems));
  EXPECT_TRUE(loaded.first().starts_with("1202: ")) << loaded.first();
}

TEST(Link, RangesOfBranchTargets) {
  Loaded loaded = loadItems(
      ".entry k(.param .u32 p) { .reg .b32 r; ld.param.u32 r, [p]; T: .branchtargets N<2>, M; brx.idx r, T; N0: ret; N1: ret; M: ret; }");
  ASSERT_EQ(loaded.first(), "");
  ASSERT_EQ(loaded.body().branch_tables.size(), 1u);
  ASSERT_EQ(loaded.body().branch_tables[0].size(), 3u);
  EXPECT_EQ(loaded.body().labels[loaded.body().branch_tables[0][1]].name, "N1");
  EXPECT_TRUE(loadItems(".entry k() { .reg .b32 r; T: .branchtargets N<2>; brx.idx r, T; N0: ret; }").first().starts_with("1105: "));
}

TEST(Link, AddressesOfMissingFunctionsAreErrors) {
  Loaded loaded = loadItems(".extern .func f();\n.global .u64 table[1] = {f};\n.entry k() { ret; }");
  EXPECT_TRUE(loaded.first().starts_with("1301: ")) << loaded.first();
}

}  // namespace
}  // namespace cutrans::ptx::test
