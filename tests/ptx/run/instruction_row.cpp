// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/ptx/run/instruction_row.h"

#include <algorithm>

namespace cutrans::test {

Row instructionRow(const char *name, const Inputs &inputs, const std::vector<Instruction> &instructions) {
  std::string params, setup, code;
  for (const char *in : {"A", "B", "C"}) {
    params += std::string(".param .u64 in") + in + ", ";
    setup += std::string("ld.param.u64 %at, [in") + in + "]; mad.wide.u32 %at, %i, 8, %at; ld.global.b64 %" + in + ", [%at];\n";
  }
  for (const char *split : {"a A", "b B", "c C"}) {
    std::string low(1, split[0]), wide(1, split[2]), half(1, char('x' + split[0] - 'a'));
    setup += "cvt.u32.u64 %" + low + ", %" + wide + "; cvt.u16.u64 %" + half + ", %" + wide + "; mov.b32 %f" + low + ", %" + low + ";\n";
  }
  for (size_t i = 0; i < instructions.size(); ++i) {
    std::string number = std::to_string(i), type = std::to_string(instructions[i].width);
    params += ".param .u64 out" + number + ", ";
    code += instructions[i].code + "\nld.param.u64 %at, [out" + number + "]; mad.wide.u32 %at, %i, " + std::to_string(instructions[i].width / 8) +
            ", %at; st.global.b" + type + " [%at], %" + (instructions[i].width == 64 ? "R" : "r") + ";\n";
  }
  Row row{"instructions", name, {uint32_t(inputs.size() + 63) / 64, 1, 1}, {64, 1, 1}, {}};
  row.text = ".version 9.0\n.target sm_100a\n.address_size 64\n.visible .entry " + std::string(name) + "(" + params +
             ".param .u32 count)\n{\n.reg .u32 %i, %n, %count, %a, %b, %c, %r, %t<8>; .reg .u64 %at, %A, %B, %C, %R, %T<8>; .reg .b16 %x, %y, %z, %h<8>;\n"
             ".reg .f32 %fa, %fb, %fc, %f<8>; .reg .pred %p<4>, %done;\n"
             "mov.u32 %i, %ctaid.x; mov.u32 %n, %tid.x; mad.lo.u32 %i, %i, 64, %n; ld.param.u32 %count, [count];\n"
             "setp.ge.u32 %done, %i, %count; @%done ret;\n" + setup + code + "ret;\n}\n";
  row.arguments = [inputs, instructions](Case &c) {
    for (int k = 0; k < 3; ++k) {
      std::vector<uint64_t> values;
      for (const auto &triple : inputs) values.push_back(triple[size_t(k)]);
      c.input(values);
    }
    for (const Instruction &instruction : instructions) {
      std::vector<uint64_t> wide;
      for (const auto &[x, y, z] : inputs) wide.push_back(instruction.expected(x, y, z));
      if (instruction.width == 64)
        c.output(wide);
      else
        c.output(std::vector<uint32_t>(wide.begin(), wide.end()));
    }
    c.scalar(uint32_t(inputs.size()));
  };
  return row;
}

Inputs triples(const std::vector<uint64_t> &a, const std::vector<uint64_t> &b, const std::vector<uint64_t> &c, size_t limit) {
  size_t all = a.size() * b.size() * c.size(), step = std::max<size_t>(1, all / limit) | 1;
  Inputs result;
  for (size_t i = 0; i < all; i += step) result.push_back({a[i % a.size()], b[i / a.size() % b.size()], c[i / a.size() / b.size()]});
  return result;
}

}  // namespace cutrans::test
