// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Floating-point arithmetic, comparison, conversion (manual sections 9.7.3 to 9.7.7, 9.7.9.21).
#include "tests/ptx/values/form.h"

namespace cutrans::test {

std::vector<Form> floatForms() {
  std::vector<Form> forms;
  auto add = [&](std::string opcode, std::string result, std::vector<std::string> sources, bool anyNan = true) {
    forms.push_back({opcode, result, sources, anyNan, ""});
  };
  for (std::string r : {"", ".rn", ".rz", ".rm", ".rp"}) {
    for (std::string flags : {"", ".ftz", ".sat", ".ftz.sat"}) {
      for (std::string op : {"add", "sub", "mul"}) add(op + r + flags + ".f32", "f32", {"f32", "f32"});
      if (r != "") add("fma" + r + flags + ".f32", "f32", {"f32", "f32", "f32"});
    }
    for (std::string op : {"add", "sub", "mul"}) add(op + r + ".f64", "f64", {"f64", "f64"});
    if (r == "") continue;
    add("fma" + r + ".f64", "f64", {"f64", "f64", "f64"}), add("mad" + r + ".f32", "f32", {"f32", "f32", "f32"});
    add("mad" + r + ".f64", "f64", {"f64", "f64", "f64"});
    for (std::string ftz : {"", ".ftz"}) {
      add("div" + r + ftz + ".f32", "f32", {"f32", "f32"});
      add("rcp" + r + ftz + ".f32", "f32", {"f32"}), add("sqrt" + r + ftz + ".f32", "f32", {"f32"});
    }
    add("div" + r + ".f64", "f64", {"f64", "f64"}), add("rcp" + r + ".f64", "f64", {"f64"}), add("sqrt" + r + ".f64", "f64", {"f64"});
  }
  for (std::string t : {"f32", "f64"}) {
    add("neg." + t, t, {t}), add("abs." + t, t, {t}), add("copysign." + t, t, {t, t}, false);
    for (std::string p : {"finite", "infinite", "number", "notanumber", "normal", "subnormal"}) add("testp." + p + "." + t, "pred", {t});
    for (std::string op : {"min", "max"}) add(op + "." + t, t, {t, t});
  }
  add("neg.ftz.f32", "f32", {"f32"}), add("abs.ftz.f32", "f32", {"f32"});
  for (std::string op : {"min", "max"})
    for (std::string ftz : {"", ".ftz"}) {
      add(op + ftz + ".NaN.f32", "f32", {"f32", "f32"}, false);
      add(op + ftz + ".xorsign.abs.f32", "f32", {"f32", "f32"});
      add(op + ftz + ".NaN.xorsign.abs.f32", "f32", {"f32", "f32"});
      add(op + ftz + ".f32", "f32", {"f32", "f32"});
      add(op + ftz + ".f32", "f32", {"f32", "f32", "f32"}), add(op + ftz + ".NaN.f32", "f32", {"f32", "f32", "f32"}, false);
    }
  for (std::string t : {"f16", "f16x2", "bf16", "bf16x2"}) {
    bool half = t[0] == 'f';
    for (std::string op : {"add", "sub", "mul"}) {
      for (std::string f : {"", ".rn"}) add(op + f + "." + t, t, {t, t});
      if (half)
        for (std::string f : {".ftz", ".sat", ".rn.ftz.sat"}) add(op + f + "." + t, t, {t, t});
    }
    add("fma.rn." + t, t, {t, t, t}), add("fma.rn.relu." + t, t, {t, t, t}, false);
    if (half)
      for (std::string f : {".ftz", ".sat", ".ftz.sat", ".ftz.relu"}) add("fma.rn" + f + "." + t, t, {t, t, t});
    add("neg." + t, t, {t}), add("abs." + t, t, {t});
    if (half) add("neg.ftz." + t, t, {t}), add("abs.ftz." + t, t, {t});
    for (std::string op : {"min", "max"}) {
      add(op + "." + t, t, {t, t}), add(op + ".NaN." + t, t, {t, t}, false);
      add(op + ".xorsign.abs." + t, t, {t, t}), add(op + ".NaN.xorsign.abs." + t, t, {t, t});
      if (half) add(op + ".ftz." + t, t, {t, t}), add(op + ".ftz.NaN." + t, t, {t, t}, false);
    }
  }
  for (std::string op : {"add", "sub", "mul"}) add(op + ".rn.f32x2", "f32x2", {"f32x2", "f32x2"});
  add("fma.rn.f32x2", "f32x2", {"f32x2", "f32x2", "f32x2"});
  return forms;
}

std::vector<Form> compareForms() {
  std::vector<Form> forms;
  auto add = [&](std::string opcode, std::string result, std::vector<std::string> sources) {
    forms.push_back({opcode, result, sources, false, ""});
  };
  const std::vector<std::string> equal = {"eq", "ne"}, ordered = {"eq", "ne", "lt", "le", "gt", "ge"}, loose = {"lo", "ls", "hi", "hs"},
                                 real = {"eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"};
  unsigned turn = 0;
  auto comparisons = [&](const std::string &t, const std::vector<std::string> &tests, const std::string &ftz) {
    bool packed = t.find("x2") != t.npos;
    for (const std::string &test : tests) {
      std::string name = test + ftz + "." + t;
      add("setp." + name, packed ? "pred|pred" : "pred", {t, t});
      std::string combine = turn % 3 == 0 ? ".and" : turn % 3 == 1 ? ".or" : ".xor";
      ++turn;
      add("setp." + test + combine + ftz + "." + t, "pred|pred", {t, t, "pred"});
      if (packed) {
        add("set." + test + ftz + "." + t + "." + t, t, {t, t}), add("set." + test + ftz + ".u32." + t, "b32", {t, t});
        continue;
      }
      bool half = t == "f16" || t == "bf16";
      for (std::string d : {"u32", "s32", "f32"})
        if (!half || d != "f32") add("set." + test + ftz + "." + d + "." + t, d, {t, t});
      if (half) add("set." + test + ftz + "." + t + "." + t, t, {t, t}), add("set." + test + ftz + ".u16." + t, "u16", {t, t});
      add("set." + test + combine + ftz + ".u32." + t, "u32", {t, t, "pred"});
    }
  };
  for (std::string t : {"b16", "b32", "b64"}) comparisons(t, equal, "");
  for (std::string t : {"u16", "u32", "u64"}) comparisons(t, ordered, ""), comparisons(t, loose, "");
  for (std::string t : {"s16", "s32", "s64"}) comparisons(t, ordered, "");
  for (std::string t : {"f32", "f64", "f16", "f16x2", "bf16", "bf16x2"}) comparisons(t, real, "");
  for (std::string t : {"f32", "f16"}) comparisons(t, {"eq", "lt", "geu"}, ".ftz");
  return forms;
}

std::vector<Form> convertForms() {
  std::vector<Form> forms;
  auto add = [&](std::string opcode, std::string result, std::vector<std::string> sources, bool anyNan = true) {
    forms.push_back({opcode, result, sources, anyNan, ""});
  };
  const std::vector<std::string> integers = {"u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64"};
  for (const std::string &to : integers)
    for (const std::string &from : integers) {
      if (to == from) continue;
      add("cvt." + to + "." + from, to, {from}, false), add("cvt.sat." + to + "." + from, to, {from}, false);
    }
  for (const std::string &i : integers)
    for (std::string f : {"f16", "f32", "f64"}) {
      for (std::string r : {"rni", "rzi", "rmi", "rpi"}) {
        add("cvt." + r + "." + i + "." + f, i, {f}, false);
        if (f == "f32") add("cvt." + r + ".ftz." + i + "." + f, i, {f}, false);
      }
      for (std::string r : {"rn", "rz", "rm", "rp"}) add("cvt." + r + "." + f + "." + i, f, {i}, false);
    }
  for (std::string f : {"f16", "f32", "f64"})
    for (std::string r : {"rni", "rzi", "rmi", "rpi"}) add("cvt." + r + "." + f + "." + f, f, {f}), add("cvt." + r + ".sat." + f + "." + f, f, {f});
  for (std::string r : {"rn", "rz", "rm", "rp"}) {
    for (std::string flags : {"", ".ftz", ".sat", ".ftz.sat"}) add("cvt." + r + flags + ".f32.f64", "f32", {"f64"});
    add("cvt." + r + ".f16.f32", "f16", {"f32"}), add("cvt." + r + ".f16.f64", "f16", {"f64"}), add("cvt." + r + ".sat.f16.f32", "f16", {"f32"});
    add("cvt." + r + ".ftz.f16.f32", "f16", {"f32"});
    add("cvt." + r + ".bf16.f64", "bf16", {"f64"});
  }
  for (std::string flags : {"", ".sat", ".ftz", ".ftz.sat"}) add("cvt" + flags + ".f64.f32", "f64", {"f32"}), add("cvt" + flags + ".f32.f16", "f32", {"f16"});
  add("cvt.f64.f16", "f64", {"f16"}), add("cvt.f32.bf16", "f32", {"bf16"}), add("cvt.f64.bf16", "f64", {"bf16"});
  add("cvt.sat.f32.f32", "f32", {"f32"}), add("cvt.ftz.sat.f32.f32", "f32", {"f32"}), add("cvt.sat.f64.f64", "f64", {"f64"});
  for (std::string r : {"rn", "rz"})
    for (std::string flags : {"", ".relu", ".satfinite", ".relu.satfinite"}) {
      for (std::string t : {"f16", "bf16"}) {
        add("cvt." + r + flags + "." + t + ".f32", t, {"f32"});
        add("cvt." + r + flags + "." + t + "x2.f32", t + "x2", {"f32", "f32"});
      }
      std::string order = flags == ".relu.satfinite" ? ".satfinite.relu" : flags;
      add("cvt." + r + order + ".tf32.f32", "b32", {"f32"});
    }
  add("cvt.rna.tf32.f32", "b32", {"f32"}), add("cvt.rna.satfinite.tf32.f32", "b32", {"f32"});
  for (std::string t : {"e4m3x2", "e5m2x2"})
    for (std::string relu : {"", ".relu"}) {
      add("cvt.rn.satfinite" + relu + "." + t + ".f32", "b16", {"f32", "f32"}, false);
      add("cvt.rn.satfinite" + relu + "." + t + ".f16x2", "b16", {"f16x2"}, false);
      add("cvt.rn" + relu + ".f16x2." + t, "f16x2", {"b16"});
    }
  add("cvt.pack.sat.u16.s32", "b32", {"s32", "s32"}, false), add("cvt.pack.sat.s16.s32", "b32", {"s32", "s32"}, false);
  for (std::string t : {"u8", "s8", "u4", "s4", "u2", "s2"}) add("cvt.pack.sat." + t + ".s32.b32", "b32", {"s32", "s32", "b32"}, false);
  return forms;
}

}  // namespace cutrans::test
