// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loads, stores and atomics on memory of the thread's own, and what lanes of a warp exchange (manual sections 9.7.9, 9.7.13).
#include "tests/ptx/values/form.h"

namespace cutrans::test {
namespace {

std::string digits(const std::string &type) { return type.substr(type.find_first_of("0123456789")); }

struct Cell {
  const char *space, *address;
};

}  // namespace

std::vector<Form> memoryForms() {
  std::vector<Form> forms;
  for (Cell cell : {Cell{".global", "gc"}, Cell{".shared", "sc"}, Cell{".local", "lc"}, Cell{"", "gc"}}) {
    std::string space = cell.space, at = cell.address, name = space.empty() ? "generic" : space;
    auto add = [&](std::string what, std::string result, std::vector<std::string> sources, std::string text) {
      forms.push_back({what + " " + name, result, sources, false, text});
    };
    // What is shorter than the register is extended by its sign.
    for (std::string t : {"u8", "s8", "b8"})
      for (std::string wide : {"b16", "b32", "b64"})
        add("ld." + t, wide, {"b64"}, "st" + space + ".b64 [" + at + "], a0; ld" + space + "." + t + " d0, [" + at + "+5];");
    for (std::string t : {"u16", "s16", "b16"})
      for (std::string wide : {"b16", "b32", "b64"})
        add("ld." + t, wide, {"b64"}, "st" + space + ".b64 [" + at + "], a0; ld" + space + "." + t + " d0, [" + at + "+6];");
    for (std::string t : {"u32", "s32", "b32", "f32"})
      for (std::string wide : {"b32", "b64"})
        if (t != "f32" || wide == "b32") add("ld." + t, wide, {"b64"}, "st" + space + ".b64 [" + at + "], a0; ld" + space + "." + t + " d0, [" + at + "+4];");
    for (std::string t : {"b8", "b16", "b32"})
      add("st." + t, "b64", {"b64", "b32"},
          "st" + space + ".b64 [" + at + "], a0; st" + space + "." + t + " [" + at + "+4], " + (t == "b16" ? "x16; " : "a1; ") + "ld" + space + ".b64 d0, [" + at + "];");
    add("v2.b64", "b64|b64", {"b64", "b64"}, "st" + space + ".v2.b64 [" + at + "], {a0, a1}; ld" + space + ".v2.b64 {d0, d1}, [" + at + "];");
    add("v4.b32", "b32|b32", {"b32", "b32", "b32", "b32"},
        "st" + space + ".v4.b32 [" + at + "], {a0, a1, a2, a3}; ld" + space + ".v4.b32 {d0, t, d1, t}, [" + at + "]; sub.u32 d0, d0, t;");
    add("v4.u8", "b32|b32", {"b32"}, "st" + space + ".b32 [" + at + "], a0; ld" + space + ".v4.u8 {d0, d1, u, t}, [" + at + "]; mad.lo.u32 d0, t, 3, d0;");
    add("v2.s16", "b32|b32", {"b32"}, "st" + space + ".b32 [" + at + "], a0; ld" + space + ".v2.s16 {d0, d1}, [" + at + "];");
    if (space == ".local") continue;
    add("volatile", "b32", {"b32"}, "st.volatile" + space + ".b32 [" + at + "], a0; ld.volatile" + space + ".b32 d0, [" + at + "];");
    add("release acquire", "b64", {"b64"}, "st.release.gpu" + space + ".b64 [" + at + "], a0; ld.acquire.gpu" + space + ".b64 d0, [" + at + "];");
    add("relaxed", "b16", {"b16"}, "st.relaxed.cta" + space + ".b16 [" + at + "], a0; ld.relaxed.sys" + space + ".b16 d0, [" + at + "];");
  }
  for (Form &form : forms)  // a 16-bit source of a narrow store
    if (size_t at = form.text.find("x16"); at != form.text.npos) {
      form.text.replace(at, 3, "h");
      form.text = "{ .reg .b16 h; cvt.u16.u32 h, a1; " + form.text + " }";
    }
  return forms;
}

std::vector<Form> atomicForms() {
  std::vector<Form> forms;
  for (Cell cell : {Cell{".global", "gc"}, Cell{".shared", "sc"}, Cell{"", "gc"}}) {
    std::string space = cell.space, at = cell.address;
    auto add = [&](const std::string &op, const std::string &t, unsigned sources, bool anyNan = false) {
      std::string bits = "b" + digits(t);
      bool packed = t.find('x') != t.npos;
      std::string width = packed ? "b32" : bits;
      std::string setUp = "st" + space + "." + width + " [" + at + "], a0; ", operands = "[" + at + "], a1" + (sources == 3 ? ", a2" : "") + "; ",
                  after = "ld" + space + "." + width + " d1, [" + at + "];";
      forms.push_back({"atom" + space + "." + op + "." + t, t + "|" + t, std::vector<std::string>(sources, t), anyNan,
                       setUp + "atom" + space + "." + op + "." + t + " d0, " + operands + after});
      if (op != "cas" && op != "exch")
        forms.push_back({"red" + space + "." + op + "." + t, t + "|" + t, std::vector<std::string>(sources, t), anyNan,
                         setUp + "red" + space + "." + op + "." + t + " " + operands + after});
    };
    for (std::string t : {"u32", "s32", "u64"}) add("add", t, 2);
    for (std::string t : {"u32", "s32", "u64", "s64"}) add("min", t, 2), add("max", t, 2);
    for (std::string op : {"and", "or", "xor", "exch"}) add(op, "b32", 2), add(op, "b64", 2);
    add("inc", "u32", 2), add("dec", "u32", 2);
    for (std::string t : {"b16", "b32", "b64"}) add("cas", t, 3);
    add("add", "f32", 2, true), add("add", "f64", 2, true);
    for (std::string t : {"f16", "f16x2", "bf16", "bf16x2"}) add("add.noftz", t, 2, true);
  }
  return forms;
}

// m: the lanes that are here.
std::vector<Form> warpForms() {
  std::vector<Form> forms;
  auto add = [&](std::string name, std::string result, std::vector<std::string> sources, std::string text, bool allLanes = false) {
    forms.push_back({name, result, sources, false, "{ .reg .b32 m, lane; .reg .pred p, q; activemask.b32 m;\n" + text + " }", allLanes});
  };
  for (std::string mode : {"up", "down", "bfly", "idx"})
    for (std::string control : {"31", "0", "0x1c03", "0x100f", "0x1801", "7"})
      add("shfl " + mode + " " + control, "b32|pred", {"b32", "n32"}, "shfl.sync." + mode + ".b32 d0|d1, a0, a1, " + control + ", m;", true);
  add("shfl from the first lane", "b32|pred", {"b32"}, "neg.s32 lane, m; and.b32 lane, lane, m; bfind.u32 lane, lane; shfl.sync.idx.b32 d0|d1, a0, lane, 31, m;");
  for (std::string mode : {"all", "any", "uni"}) {
    add("vote " + mode, "pred", {"pred"}, "vote.sync." + mode + ".pred d0, a0, m;");
    add("vote " + mode + " negated", "pred", {"u32"}, "setp.lt.u32 p, a0, 3; vote.sync." + mode + ".pred d0, !p, m;");
  }
  add("vote ballot", "b32", {"pred"}, "vote.sync.ballot.b32 d0, a0, m;");
  for (std::string t : {"b32", "b64"}) {
    std::string part = t == "b32" ? "and.b32 a0, a0, 3;" : "and.b64 a0, a0, 0x100000001;";
    add("match any " + t, "b32", {t}, part + " match.any.sync." + t + " d0, a0, m;");
    add("match all " + t, "b32|pred", {t}, part + " match.all.sync." + t + " d0|d1, a0, m;");
    add("match all " + t + ", all equal", "b32|pred", {t}, "mov." + t + " a0, 17; match.all.sync." + t + " d0|d1, a0, m;");
  }
  for (std::string t : {"u32", "s32"})
    for (std::string op : {"add", "min", "max"}) add("redux " + op + " " + t, "b32", {t}, "redux.sync." + op + "." + t + " d0, a0, m;");
  for (std::string op : {"and", "or", "xor"}) add("redux " + op, "b32", {"b32"}, "redux.sync." + op + ".b32 d0, a0, m;");
  for (std::string op : {"min", "max"})
    for (std::string how : {"", ".abs", ".NaN", ".abs.NaN"}) add("redux " + op + how, "f32", {"f32"}, "redux.sync." + op + how + ".f32 d0, a0, m;");
  add("activemask", "b32", {}, "mov.b32 d0, m;");
  for (std::string mask : {"eq", "le", "lt", "ge", "gt"}) add("lanemask " + mask, "b32", {}, "mov.u32 d0, %lanemask_" + mask + ";");
  add("elect", "b32|pred", {}, "elect.sync d0|d1, m;");
  add("a warp's sum in order", "b32", {"u32"}, "bar.warp.sync m; mov.u32 d0, a0;");
  return forms;
}

}  // namespace cutrans::test
