// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// For the tests of the reference: a kernel around a body, run on a few numbers.
#pragma once

#include <string>
#include <vector>

#include "tests/reference/reference.h"

namespace cutrans::reference {

struct Program {
  // `body` may use %in and %out, 64-bit addresses of the arrays, %t, the thread's number, %r<20> %d<20> %f<20> %g<20> %h<20>
  // (32- and 64-bit, f32, f64, 16-bit registers) and %p<9>.
  explicit Program(const std::string &body, const std::string &module = "") {
    text = ".version 9.0\n.target sm_90\n.address_size 64\n" + module +
           ".visible .entry k(.param .u64 a, .param .u64 b)\n{\n.reg .b32 %r<20>, %t; .reg .b64 %d<20>, %in, %out; .reg .f32 %f<20>; "
           ".reg .f64 %g<20>; .reg .b16 %h<20>; .reg .pred %p<9>;\n"
           "ld.param.u64 %in, [a]; ld.param.u64 %out, [b]; mov.u32 %t, %tid.x;\n" + body + "\nret;\n}\n";
  }
  Result run(std::vector<uint64_t> input, size_t results = 64, std::array<uint32_t, 3> block = {1, 1, 1}, std::array<uint32_t, 3> grid = {1, 1, 1}) {
    std::string problem;
    auto module = parse(text, problem);
    if (!module) return {End::Refused, problem, 0, 0, ""};
    in = std::move(input);
    in.resize(std::max<size_t>(in.size(), 1));
    out.assign(results, 0);
    Memory memory(*module);
    memory.add(in.data(), in.size() * 8), memory.add(out.data(), out.size() * 8);
    uint64_t addresses[2] = {reinterpret_cast<uint64_t>(in.data()), reinterpret_cast<uint64_t>(out.data())};
    Launch launch;
    launch.grid = grid, launch.block = block, launch.stepLimit = 1'000'000;
    launch.params = {reinterpret_cast<const uint8_t *>(addresses), 16};
    return reference::run(*module, "k", launch, memory);
  }
  std::string text;
  std::vector<uint64_t> in, out;
};

}  // namespace cutrans::reference
