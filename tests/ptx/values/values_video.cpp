// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Video instructions (manual section 9.7.19), with selectors, saturation, second operations and merges.
#include "tests/ptx/values/form.h"

namespace cutrans::test {

std::vector<Form> videoForms() {
  std::vector<Form> forms;
  auto add = [&](std::string opcode, std::vector<std::string> sources, std::string operands) {
    forms.push_back({opcode + " " + operands, "b32", sources, false, opcode + " " + operands + ";"});
  };
  const std::vector<std::string> word = {"b32", "b32", "b32"};
  unsigned turn = 0;
  auto selector = [&] {
    static const char *const All[] = {"", ".b0", ".h1", ".b3", "", ".h0", ".b1", ".b2"};
    return std::string(All[turn++ % 8]);
  };
  for (std::string op : {"vadd", "vsub", "vabsdiff", "vmin", "vmax"})
    for (std::string d : {"u32", "s32"})
      for (std::string a : {"u32", "s32"})
        for (std::string b : {"u32", "s32"}) {
          std::string name = op + "." + d + "." + a + "." + b;
          add(name, {"b32", "b32"}, "$d, $1, $2");
          add(name + ".sat", {"b32", "b32"}, "$d, $1" + selector() + ", $2" + selector());
          std::string second = turn % 3 == 0 ? ".add" : turn % 3 == 1 ? ".min" : ".max";
          add(name + ".sat" + second, word, "$d, $1" + selector() + ", $2" + selector() + ", $3");
          add(name + (turn % 2 ? "" : ".sat"), word, "$d" + std::string(turn % 4 ? ".b2" : ".h1") + ", $1" + selector() + ", $2, $3");
        }
  for (std::string op : {"vshl", "vshr"})
    for (std::string d : {"u32", "s32"})
      for (std::string a : {"u32", "s32"})
        for (std::string mode : {".clamp", ".wrap"}) {
          std::string name = op + "." + d + "." + a + ".u32";
          add(name + mode, {"b32", "n32"}, "$d, $1, $2");
          add(name + ".sat" + mode, {"b32", "n32"}, "$d, $1" + selector() + ", $2.b0");
          add(name + mode + ".add", {"b32", "n32", "b32"}, "$d, $1" + selector() + ", $2, $3");
        }
  for (std::string a : {"u32", "s32"})
    for (std::string b : {"u32", "s32"})
      for (std::string test : {"eq", "ne", "lt", "le", "gt", "ge"}) {
        std::string name = "vset." + a + "." + b + "." + test;
        add(name, {"b32", "b32"}, "$d, $1" + selector() + ", $2" + selector());
        add(name + ".add", word, "$d, $1, $2, $3");
        add(name, word, "$d.b1, $1, $2, $3");
        std::string lanes = a + "." + b + "." + test;
        add("vset2." + lanes, word, "$d, $1, $2, $3"), add("vset4." + lanes + ".add", word, "$d, $1, $2, $3");
      }
  for (std::string n : {"2", "4"})
    for (std::string op : {"vadd", "vsub", "vavrg", "vabsdiff", "vmin", "vmax"})
      for (std::string d : {"u32", "s32"})
        for (std::string a : {"u32", "s32"}) {
          std::string b = turn % 2 ? a : a == "u32" ? "s32" : "u32", name = op + n + "." + d + "." + a + "." + b;
          bool two = n == "2";
          add(name, word, "$d, $1, $2, $3"), add(name + ".sat", word, "$d, $1, $2, $3");
          add(name + ".add", word, two ? "$d.h0, $1.h31, $2.h02, $3" : "$d.b310, $1.b7102, $2.b3333, $3");
          add(name + ".sat", word, two ? "$d.h1, $1.h20, $2.h13, $3" : "$d.b21, $1.b0246, $2.b7531, $3");
          ++turn;
        }
  for (std::string types : {"u32.u32.u32", "s32.u32.s32", "s32.s32.u32", "s32.s32.s32"})
    for (std::string scale : {"", ".shr7", ".shr15"})
      for (std::string sat : {"", ".sat"}) {
        add("vmad." + types + sat + scale, word, "$d, $1, $2, $3");
        add("vmad." + types + ".po" + sat + scale, word, "$d, $1" + selector() + ", $2" + selector() + ", $3");
        add("vmad." + types + sat + scale, word, "$d, $1.h1, $2.b2, $3");
        if (types != "u32.u32.u32") add("vmad." + types + sat + scale, word, "$d, -$1, $2, $3"), add("vmad." + types + sat + scale, word, "$d, $1, $2, -$3");
      }
  return forms;
}

}  // namespace cutrans::test
