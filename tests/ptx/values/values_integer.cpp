// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Integer arithmetic, extended precision, bits, logic (manual sections 9.7.1, 9.7.2, 9.7.8, 9.7.9.7, 9.7.19).
#include "tests/ptx/values/form.h"

namespace cutrans::test {
namespace {

std::string doubled(const std::string &type) { return type[0] + std::to_string(2 * std::stoi(type.substr(1))); }

}  // namespace

std::vector<Form> integerForms() {
  std::vector<Form> forms;
  auto add = [&](std::string opcode, std::string result, std::vector<std::string> sources) {
    forms.push_back({opcode, result, sources, false, ""});
  };
  for (std::string t : {"u16", "u32", "u64", "s16", "s32", "s64"}) {
    for (std::string op : {"add", "sub", "mul.lo", "mul.hi", "div", "rem", "min", "max"}) add(op + "." + t, t, {t, t});
    for (std::string op : {"mad.lo", "mad.hi", "sad"}) add(op + "." + t, t, {t, t, t});
    if (t[0] == 's') add("abs." + t, t, {t}), add("neg." + t, t, {t});
    if (t.find("64") == t.npos) {
      add("mul.wide." + t, doubled(t), {t, t});
      add("mad.wide." + t, doubled(t), {t, t, doubled(t)});
    }
  }
  for (std::string t : {"u16x2", "s16x2"})
    for (std::string op : {"add", "min", "max"}) add(op + "." + t, "b32", {t, t});
  for (std::string op : {"min", "max"}) add(op + ".relu.s16x2", "b32", {"s16x2", "s16x2"}), add(op + ".relu.s32", "s32", {"s32", "s32"});
  add("add.sat.s32", "s32", {"s32", "s32"}), add("sub.sat.s32", "s32", {"s32", "s32"});
  add("mad.hi.sat.s32", "s32", {"s32", "s32", "s32"});
  for (std::string t : {"u32", "s32"}) {
    for (std::string half : {"lo", "hi"}) {
      add("mul24." + half + "." + t, t, {t, t}), add("mad24." + half + "." + t, t, {t, t, t});
      for (std::string other : {"u32", "s32"}) add("dp2a." + half + "." + t + "." + other, t, {t, other, t});
    }
    for (std::string other : {"u32", "s32"}) add("dp4a." + t + "." + other, t, {t, other, t});
  }
  add("mad24.hi.sat.s32", "s32", {"s32", "s32", "s32"});
  // The flag from one instruction to the next.
  for (std::string t : {"u32", "s32", "u64", "s64"}) {
    auto pair = [&](std::string first, std::string second, std::vector<std::string> sources) {
      forms.push_back({first + "+" + second, t, sources, false, first + "." + t + " $d, $1, $2; " + second + "." + t + " $d, $3, $4;"});
    };
    pair("add.cc", "addc", {t, t, t, t}), pair("sub.cc", "subc", {t, t, t, t});
    forms.push_back({"addc.cc " + t, t, {t, t, t, t}, false,
                     "add.cc." + t + " $d, $1, $2; addc.cc." + t + " $d, $3, $4; addc." + t + " $d, $d, 0;"});
    forms.push_back({"subc.cc " + t, t, {t, t, t, t}, false,
                     "sub.cc." + t + " $d, $1, $2; subc.cc." + t + " $d, $3, $4; subc." + t + " $d, $d, 0;"});
    for (std::string half : {"lo", "hi"}) {
      forms.push_back({"mad." + half + ".cc " + t, t, {t, t, t}, false,
                       "mad." + half + ".cc." + t + " $d, $1, $2, $3; madc." + half + "." + t + " $d, $1, $3, $d;"});
      forms.push_back({"madc." + half + ".cc " + t, t, {t, t, t}, false,
                       "add.cc." + t + " $d, $1, $2; madc." + half + ".cc." + t + " $d, $1, $3, $d; addc." + t + " $d, $d, 0;"});
    }
  }
  return forms;
}

std::vector<Form> bitForms() {
  std::vector<Form> forms;
  auto add = [&](std::string opcode, std::string result, std::vector<std::string> sources) {
    forms.push_back({opcode, result, sources, false, ""});
  };
  for (std::string op : {"and", "or", "xor"}) {
    add(op + ".pred", "pred", {"pred", "pred"});
    for (std::string t : {"b16", "b32", "b64"}) add(op + "." + t, t, {t, t});
  }
  add("not.pred", "pred", {"pred"});
  for (std::string t : {"b16", "b32", "b64"}) {
    add("not." + t, t, {t}), add("cnot." + t, t, {t}), add("shl." + t, t, {t, "n32"}), add("shr." + t, t, {t, "n32"});
    add("mov." + t, t, {t}), add("selp." + t, t, {t, t, "pred"});
  }
  for (std::string t : {"u16", "u32", "u64", "s16", "s32", "s64"}) {
    add("shr." + t, t, {t, "n32"}), add("selp." + t, t, {t, t, "pred"});
    for (std::string c : {"s32", "f32"}) add("slct." + t + "." + c, t, {t, t, c});
  }
  for (std::string t : {"f32", "f64"}) {
    add("selp." + t, t, {t, t, "pred"});
    for (std::string c : {"s32", "f32"}) add("slct." + t + "." + c, t, {t, t, c});
  }
  for (std::string t : {"b16", "b32", "b64"}) add("slct." + t + ".s32", t, {t, t, "s32"});
  add("slct.ftz.u32.f32", "u32", {"u32", "u32", "f32"});
  for (std::string t : {"b32", "b64"}) {
    add("popc." + t, "u32", {t}), add("clz." + t, "u32", {t}), add("brev." + t, t, {t});
    add("bfi." + t, t, {t, t, "n32", "n32"});
  }
  for (std::string t : {"u32", "s32", "u64", "s64"}) {
    add("bfind." + t, "u32", {t}), add("bfind.shiftamt." + t, "u32", {t});
    add("bfe." + t, t, {t, "n32", "n32"});
  }
  for (std::string mode : {"clamp", "wrap"}) {
    add("bmsk." + mode + ".b32", "b32", {"n32", "n32"});
    add("szext." + mode + ".u32", "u32", {"u32", "n32"}), add("szext." + mode + ".s32", "s32", {"s32", "n32"});
    add("shf.l." + mode + ".b32", "b32", {"b32", "b32", "n32"}), add("shf.r." + mode + ".b32", "b32", {"b32", "b32", "n32"});
  }
  for (std::string table : {"0x00", "0x96", "0xe8", "0xca", "0x1b", "0xff", "0x7f", "0x40"})
    add("lop3.b32", "b32", {"b32", "b32", "b32", "=" + table});
  add("lop3.and.b32", "b32|pred", {"b32", "b32", "b32", "=0x80", "pred"});
  add("lop3.or.b32", "b32|pred", {"b32", "b32", "b32", "=0x80", "pred"});
  add("prmt.b32", "b32", {"b32", "b32", "b32"});
  for (std::string mode : {"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"}) add("prmt.b32." + mode, "b32", {"b32", "b32", "n32"});
  forms.push_back({"fns.b32", "b32", {"b32", "b32", "s32"}, false, "and.b32 $d, $2, 31; fns.b32 $d, $1, $d, $3;"});
  forms.push_back({"mov.b64 of a pair", "b64", {"b32", "b32"}, false, "mov.b64 $d, {$1, $2};"});
  forms.push_back({"mov.b32 of a pair", "b32", {"b16", "b16"}, false, "mov.b32 $d, {$1, $2};"});
  forms.push_back({"mov.b64 of four", "b64", {"b16", "b16", "b16", "b16"}, false, "mov.b64 $d, {$1, $2, $3, $4};"});
  forms.push_back({"mov.b64 to a pair", "b32", {"b64"}, false, "{ .reg .b32 x; mov.b64 {x, $d}, $1; add.u32 $d, $d, x; }"});
  return forms;
}

}  // namespace cutrans::test
