// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// PTX for tests: text in, module and problems out.
#pragma once

#include <memory>
#include <string>

#include "compiler/ptx/module.h"

namespace cutrans::ptx::test {

inline constexpr char kHeader[] = ".version 9.0\n.target sm_90\n.address_size 64\n";

struct Loaded {
  std::unique_ptr<Module> module;
  Problems problems;

  // Code and text of the first problem: "1102: ..."; empty: none.
  std::string first() const {
    return problems.empty() ? "" : std::to_string(static_cast<int>(problems[0].code)) + ": " + problems[0].text;
  }
  const Function &kernel(size_t index = 0) const { return *module->kernels()[index]; }
  const Body &body(size_t index = 0) const { return *module->body(kernel(index), const_cast<Problems &>(problems)); }
};

// All bodies are parsed. Texts are complete units.
inline Loaded load(const std::vector<std::string> &texts, uint32_t compute_capability = 90) {
  std::vector<std::string> names;
  for (size_t i = 0; i < texts.size(); ++i) names.push_back("unit " + std::to_string(i));
  std::vector<UnitText> units;
  for (size_t i = 0; i < texts.size(); ++i) units.push_back({names[i], texts[i]});
  Loaded loaded;
  loaded.module = Module::create(units, compute_capability, loaded.problems);
  if (loaded.module) loaded.module->check(loaded.problems);
  return loaded;
}

// Items of module scope, after the header.
inline Loaded loadItems(const std::string &items) { return load({kHeader + items}); }

// Statements of one kernel `k` with a parameter `p` and some registers. The statements start on line 6.
inline Loaded loadBody(const std::string &statements, const std::string &items = "") {
  return load({std::string(kHeader) + items +
               ".entry k(.param .u64 p) {\n"
               ".reg .pred %p<4>; .reg .b32 %r<9>; .reg .b64 %rd<9>; .reg .f32 %f<9>; .reg .v4 .f32 v;\n" +
               statements + "\nret;\n}\n"});
}

}  // namespace cutrans::ptx::test
