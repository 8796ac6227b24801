// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads PTX files as the layer does at load and parses every body: `check_ptx [-l] FILE...`; with -l all files are the
// units of one module. Prints what is wrong, or a line of counts and times. For corpora that are too large for a test.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include "compiler/ptx/module.h"

using namespace cutrans;

namespace {

bool check(std::span<const ptx::UnitText> units) {
  ptx::Problems problems;
  size_t bytes = 0;
  for (const ptx::UnitText &unit : units) bytes += unit.text.size();
  auto start = std::chrono::steady_clock::now();
  auto ms = [&] { return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count(); };
  auto module = ptx::Module::create(units, 999, problems);
  double index_ms = ms();
  if (module) module->check(problems);
  double all_ms = ms();
  for (const ptx::Problem &problem : problems)
    std::printf("%s: %s\n", diagnosticCode(problem.code).c_str(), problem.text.c_str());
  if (!problems.empty()) return false;
  std::printf("%.*s: %zu kernels, %zu variables, image %llu, %.2f MB: index %.2f ms (%.0f MB/s), bodies %.2f ms (%.0f MB/s)\n",
              static_cast<int>(units[0].name.size()), units[0].name.data(), module->kernels().size(),
              module->variables().size(), static_cast<unsigned long long>(module->image().size), bytes / 1e6, index_ms,
              bytes / 1e3 / index_ms, all_ms - index_ms, bytes / 1e3 / (all_ms - index_ms));
  return true;
}

}  // namespace

int main(int argc, char **argv) {
  bool together = argc > 1 && !std::strcmp(argv[1], "-l");
  std::deque<std::string> texts;
  std::vector<ptx::UnitText> units;
  bool ok = true;
  for (int i = together ? 2 : 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    texts.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    units.push_back({argv[i], texts.back()});
    if (!together) ok &= check({&units.back(), 1});
  }
  if (together) ok = check(units);
  return ok ? 0 : 1;
}
