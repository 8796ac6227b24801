// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Wrong PTX: the code, and words of the message with the place.
#include <gtest/gtest.h>

#include "front_end.h"

namespace cutrans::ptx::test {
namespace {

struct Bad {
  const char *name;
  const char *text;     // statements of a kernel, or items
  const char *problem;  // how the problem starts; then what it contains
  const char *contains;
};

void PrintTo(const Bad &bad, std::ostream *out) { *out << bad.name; }
std::string nameOf(const testing::TestParamInfo<Bad> &info) { return info.param.name; }

class BadBody : public testing::TestWithParam<Bad> {};
TEST_P(BadBody, IsRefused) {
  Loaded loaded = loadBody(GetParam().text);
  EXPECT_TRUE(loaded.first().starts_with(GetParam().problem)) << loaded.first();
  EXPECT_NE(loaded.first().find(GetParam().contains), std::string::npos) << loaded.first();
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, BadBody,
    testing::Values(
        Bad{"UnknownInstruction", "mov.u32 %r1, 1;\n  frobnicate.u32 %r1, %r2;",
            "1101: function k, unit 0 line 7:3: `frobnicate.u32 %r1, %r2;`: ", "unknown instruction `frobnicate`"},
        Bad{"PrefixOfInstruction", "cp.shared [%r1], [%r2];", "1101: ", "unknown instruction `cp`"},
        Bad{"UnknownModifier", "add.fast.u32 %r1, %r2, %r3;", "1102: function k, unit 0 line 6:4: ",
            "add has the unknown modifier `.fast`"},
        Bad{"ForeignModifier", "add.global.u32 %r1, %r2, %r3;", "1102: ", "add does not take the modifier `.global`"},
        Bad{"TwoRoundings", "add.rn.rz.f32 %f1, %f2, %f3;", "1102: ", "too many: `.rz`"},
        Bad{"WrongType", "add.pred %p1, %p2, %p3;", "1104: ", "add cannot have the type `.pred`"},
        Bad{"NoType", "add %r1, %r2, %r3;", "1104: ", "add needs a type"},
        Bad{"TypeTooMany", "popc.b32.b32 %r1, %r2;", "1104: ", "popc has no place for the type `.b32`"},
        Bad{"TooFewOperands", "add.u32 %r1, %r2;", "1103: function k, unit 0 line 6:9: ", "add takes 3 operands"},
        Bad{"TooManyOperands", "ret %r1;", "1103: ", "ret takes 0 operands"},
        Bad{"ConstantAsDestination", "mov.u32 3, %r1;", "1103: ", "mov takes 2 operands"},
        Bad{"AddressForValue", "add.u32 %r1, [%rd1], 3;", "1103: ", "add takes 3 operands"},
        Bad{"ValueForAddress", "ld.global.u32 %r1, %rd1;", "1103: ", "ld takes 2 to 3 operands"},
        Bad{"NegatedValue", "add.u32 %r1, %r2, !%p1;", "1103: ", "add takes"},
        Bad{"UndeclaredRegister", "mov.u32 %r1, %q7;", "1105: function k, unit 0 line 6:14: ", "nothing declares `%q7`"},
        Bad{"RegisterBeyondFamily", "mov.u32 %r1, %r9;", "1105: ", "nothing declares `%r9`"},
        Bad{"UnknownLabel", "bra nowhere;", "1105: ", "no label `nowhere`"},
        Bad{"LabelInsideScope", "{ inner: }\nbra inner;", "1105: ", "no label `inner`"},
        Bad{"DuplicateLabel", "a: mov.u32 %r1, 1;\na: mov.u32 %r1, 1;", "1106: function k, unit 0 line 7:1: ",
            "the label `a` is declared twice"},
        Bad{"DuplicateRegister", ".reg .b32 x; .reg .b64 x;", "1106: ", "`x` is declared twice"},
        Bad{"GuardIsNoPredicate", "@%r1 mov.u32 %r1, 1;", "1103: ", "the guard `%r1` is no predicate register"},
        Bad{"GuardWithoutInstruction", "@%p1 { mov.u32 %r1, 1; }", "1100: ", "expected an instruction"},
        Bad{"MissingSemicolon", "mov.u32 %r1, 1", "1100: ", "expected `;` after an instruction, found `ret`"},
        Bad{"NumberTooLarge", "mov.u64 %rd1, 99999999999999999999;", "1107: ", "does not fit 64 bits"},
        Bad{"HalfFloat", "mov.f32 %f1, 0f3F80;", "1107: ", "needs 8 hexadecimal digits"},
        Bad{"DivisionByZero", "mov.u32 %r1, 1 / 0;", "1107: ", "division by zero"},
        Bad{"ClosedTwice", "} }", "1100: ", "expected a directive"},
        Bad{"GlobalInBody", ".global .u32 g;", "1201: ", "a .global variable in a function"},
        Bad{"UnknownDirective", ".frob 3;", "1101: ", "unknown directive `.frob`"},
        Bad{"CallOfVariable", "call p, ();", "1103: ", "what is called is no function"},
        Bad{"UnknownSpecialRegister", "mov.u32 %r1, %tidy.x;", "1105: ", "nothing declares `%tidy`"},
        Bad{"BadComponent", "mov.u32 %r1, %tid.q;", "1103: ", "a special register has no part `.q`"},
        Bad{"BadVectorComponent", "mov.f32 %f1, v.q;", "1103: ", "a vector register has no part `.q`"},
        Bad{"ZeroRegisters", ".reg .b32 %z<0>;", "1113: ", "a family of no registers"},
        Bad{"LabelIsTable", "t: .branchtargets e;\ne: bra t;", "1103: ", "the label is of another kind"},
        Bad{"SharedInitialValue", ".shared .u32 s = 3;", "1112: ", "only .global and .const"}),
    nameOf);

class BadItems : public testing::TestWithParam<Bad> {};
TEST_P(BadItems, AreRefused) {
  Loaded loaded = loadItems(GetParam().text);
  EXPECT_TRUE(loaded.first().starts_with(GetParam().problem)) << loaded.first();
  EXPECT_NE(loaded.first().find(GetParam().contains), std::string::npos) << loaded.first();
}

INSTANTIATE_TEST_SUITE_P(
    Items, BadItems,
    testing::Values(
        Bad{"Words", "hello world", "1100: unit 0 line 4:1: `hello world`: ", "expected a directive, found `hello`"},
        Bad{"Directive", ".frob 1;", "1101: unit 0 line 4:1", "unknown directive"},
        Bad{"OpenBody", ".entry k() { ret;", "1108: ", "the body of `k` is never closed"},
        Bad{"OpenParameters", ".entry k(.param .u32 a", "1108: ", "expected `)` after parameters"},
        Bad{"TwoDefinitions", ".entry k() { ret; }\n.entry k() { ret; }", "1106: unit 0 line 5:8", "`k` is defined twice"},
        Bad{"VariableTwice", ".global .u32 a;\n.global .u32 a;", "1106: unit 0 line 5:14", "`a` is defined twice"},
        Bad{"FunctionAndVariable", ".global .u32 a;\n.func a() { ret; }", "1106: ", "`a` is defined twice"},
        Bad{"PredicateVariable", ".global .pred a;", "1104: ", "cannot have type .pred"},
        Bad{"Alignment", ".global .align 3 .u32 a;", "1113: ", "no power of two"},
        Bad{"NoSize", ".global .u32 a[];", "1113: ", "`a` has no size"},
        Bad{"TooLarge", ".global .u32 a[99999999999999];", "1109: ", "is above"},
        Bad{"TooLargeProduct", ".global .u32 a[4294967295][4294967295];", "1109: ", "larger than 2^36 bytes"},
        Bad{"ManyValues", ".global .u32 a[2] = {1, 2, 3};", "1112: ", "more values than elements"},
        Bad{"FlatValues", ".global .u32 a[2][2] = {1, 2};", "1100: ", "before the values of an array"},
        Bad{"IntegerForFloat", ".global .f32 a = 1;", "1112: ", "an integer for a floating-point variable"},
        Bad{"FloatForInteger", ".global .u32 a = 1.5;", "1112: ", "a floating-point number for a variable"},
        Bad{"UnknownSymbol", ".global .u64 a = b;", "1105: ", "nothing declares `b`"},
        Bad{"AddressOfShared", ".shared .u32 s;\n.global .u64 a = s;", "1112: ", "no .global or .const"},
        Bad{"PartOfAddress", ".global .u32 s;\n.global .u8 a[3] = {0xFF(s), 0, 1};", "1205: ", "a part of an address is missing"},
        Bad{"ModuleRegister", ".reg .b32 r;", "1113: ", ".reg variables cannot stand at module scope"},
        Bad{"Parameters", ".entry k(.param .align 8 .b8 a[40000]) { ret; }", "1109: ", "more than 32764 bytes"},
        Bad{"BothShapes", ".entry k() .maxntid 32 .reqntid 32 { ret; }", "1100: ", ".maxntid and .reqntid"},
        Bad{"OpenComment", "/* ", "1108: ", "a comment is never closed"},
        Bad{"OpenString", ".file 1 \"abc", "1108: ", "a string is never closed"},
        Bad{"MissingFunction", ".extern .func f();\n.entry k() { call f; ret; }", "1301: ", "the function `f`, which no unit defines"},
        Bad{"MissingVariable", ".extern .global .u32 e;\n.entry k() { .reg .b64 a; mov.u64 a, e; ret; }", "1301: ",
            "the variable `e`, which no unit defines"},
        Bad{"CallArguments", ".func f(.param .b32 a) { ret; }\n.entry k() { call f; ret; }", "1103: ",
            "`f` has 1 parameters, the call 0"},
        Bad{"Alias", ".alias a, b;", "1304: ", ".alias `a`, `b`"}),
    nameOf);

TEST(BadHeader, IsRefused) {
  EXPECT_EQ(load({""}).first(), "1100: unit 0 line 1:1: PTX starts with .version, this with the end of the text");
  EXPECT_TRUE(load({"\x7f\x45LF\x02"}).first().starts_with("1100: ")) << load({"\x7f\x45LF\x02"}).first();
  EXPECT_TRUE(load({".version 9.9\n.target sm_75"}).first().starts_with("1110: unit 0 line 1:10: "));
  EXPECT_TRUE(load({".version x"}).first().starts_with("1100: "));
  EXPECT_TRUE(load({".version 9.0"}).first().starts_with("1108: "));
  EXPECT_TRUE(load({".version 9.0 .target sm_120"}).first().starts_with("1111: "));
  EXPECT_TRUE(load({".version 9.0 .target nonsense_1 .address_size 32"}).first().starts_with("1200: "));
  EXPECT_TRUE(load({".version 9.0 .target sm_9z"}).first().starts_with("1100: "));
}

// Hostile shapes: each is refused, or read in linear time and memory.
TEST(Hostile, DeepNesting) {
  std::string open(100000, '{'), close(100000, '}');
  EXPECT_TRUE(loadBody(open + close).first().starts_with("1109: ")) << loadBody(open + close).first();
  std::string parentheses = "mov.u32 %r1, " + std::string(100000, '(') + "1" + std::string(100000, ')') + ";";
  EXPECT_TRUE(loadBody(parentheses).first().starts_with("1109: "));
  std::string minus = "mov.u32 %r1, " + std::string(100000, '-') + "1;";
  EXPECT_TRUE(loadBody(minus).first().starts_with("1109: "));
  std::string vectors = "mov.u32 %r1, " + open + close + ";";
  EXPECT_TRUE(loadBody(vectors).first().starts_with("1109: "));
  std::string brackets = "ld.u32 %r1, ";
  for (int i = 0; i < 100000; ++i) brackets += "[0,";
  EXPECT_TRUE(loadBody(brackets).first().starts_with("1109: "));
  std::string values = ".global .u32 a = " + std::string(100000, '{') + std::string(100000, '}') + ";";
  EXPECT_FALSE(loadItems(values).problems.empty());
  std::string dimensions = ".global .u32 a";
  for (int i = 0; i < 1000; ++i) dimensions += "[1]";
  EXPECT_TRUE(loadItems(dimensions + ";").first().starts_with("1109: "));
}

TEST(Hostile, ManyNamesAndHugeFamilies) {
  std::string text = ".reg .b32 %huge<4294967295>;\nmov.u32 %huge4294967294, %huge7;\n";
  EXPECT_EQ(loadBody(text).first(), "");
  std::string many;
  for (int i = 0; i < 20000; ++i) many += "l" + std::to_string(i) + ": { .reg .b32 x; mov.u32 x, 1; bra end; }\n";
  EXPECT_EQ(loadBody(many + "end:").first(), "");
}

TEST(Hostile, PartialInitialValueOfAHugeVariable) {
  Loaded loaded = loadItems(".global .b8 big[68719476736] = {1};\n.global .u32 next = 3;");
  EXPECT_TRUE(loaded.first().starts_with("1303: ")) << loaded.first();
}

}  // namespace
}  // namespace cutrans::ptx::test
