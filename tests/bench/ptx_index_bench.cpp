// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loading a module: the index of a large unit, and the body of one kernel in it. The text is made here, in the style of
// nvcc: `range(0)` kernels of about 4 KB.
#include <benchmark/benchmark.h>

#include "compiler/ptx/module.h"

namespace {

using namespace cutrans;

std::string makeUnit(int64_t kernels) {
  std::string text = ".version 9.0\n.target sm_80\n.address_size 64\n";
  for (int64_t k = 0; k < kernels; ++k) {
    text += ".visible .entry _Z6kernel" + std::to_string(k) + "PfS_i(\n\t.param .u64 p0,\n\t.param .u64 p1,\n\t.param .u32 p2\n)\n{\n";
    text += "\t.reg .pred \t%p<2>;\n\t.reg .f32 \t%f<200>;\n\t.reg .b32 \t%r<10>;\n\t.reg .b64 \t%rd<10>;\n\n";
    text += "\tld.param.u64 \t%rd1, [p0];\n\tcvta.to.global.u64 \t%rd2, %rd1;\n\tmov.u32 \t%r1, %tid.x;\n";
    for (int i = 0; i < 50; ++i) {
      std::string n = std::to_string(i);
      text += "\tld.global.v2.f32 \t{%f" + n + ", %f1" + n + "}, [%rd2+" + std::to_string(8 * i) + "];\n";
      text += "\tfma.rn.f32 \t%f" + n + ", %f" + n + ", %f1" + n + ", 0f3F800000;\n";
    }
    text += "\tst.global.f32 \t[%rd2], %f1;\n\tret;\n\n}\n";
  }
  return text;
}

std::unique_ptr<ptx::Module> load(const std::string &text) {
  ptx::Problems problems;
  ptx::UnitText unit{"bench", text};
  return ptx::Module::create({&unit, 1}, 90, problems);
}

void Index(benchmark::State &state) {
  std::string text = makeUnit(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(load(text));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}
BENCHMARK(Index)->Arg(1)->Arg(100)->Arg(5000)->Unit(benchmark::kMicrosecond);

void AllBodies(benchmark::State &state) {
  std::string text = makeUnit(100);
  for (auto _ : state) {
    ptx::Problems problems;
    load(text)->check(problems);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}
BENCHMARK(AllBodies)->Unit(benchmark::kMicrosecond);

}  // namespace
