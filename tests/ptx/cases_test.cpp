// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The files in cases/: PTX that must be read without a complaint. Together they use every instruction of the table.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "compiler/ptx/tables.h"
#include "front_end.h"

namespace cutrans::ptx::test {
namespace {

std::string read(const std::filesystem::path &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(Cases, AreReadAndCoverEveryInstruction) {
  std::set<Opcode> seen;
  size_t files = 0;
  for (const auto &entry : std::filesystem::directory_iterator(CUTRANS_PTX_CASES)) {
    if (entry.path().extension() != ".ptx") continue;
    ++files;
    Loaded loaded = load({read(entry.path())}, 200);
    EXPECT_EQ(loaded.first(), "") << entry.path();
    if (!loaded.module) continue;
    for (const Function *kernel : loaded.module->kernels()) {
      Program program;
      ASSERT_TRUE(loaded.module->program(*kernel, program, loaded.problems)) << loaded.first();
      for (const Function *f : program.functions)
        if (const Body *body = f->body())
          for (const Instruction &i : body->instructions) seen.insert(i.opcode);
    }
  }
  EXPECT_GE(files, 10u);
  constexpr Opcode kAll[] = {
#define CT_PTX_INSTRUCTION(name, ...) Opcode::name,
#include "compiler/ptx/instructions.def"
  };
  for (Opcode opcode : kAll) EXPECT_TRUE(seen.contains(opcode)) << to_string(opcode) << " is in no case";
}

// Cutting a file anywhere gives an error or a smaller module, never anything worse.
TEST(Cases, TruncatedAnywhereAreRefusedOrSmaller) {
  std::string text = read(std::filesystem::path(CUTRANS_PTX_CASES) / "control.ptx");
  ASSERT_GT(text.size(), 1000u);
  for (size_t size = 0; size < text.size(); ++size) {
    Loaded loaded = load({text.substr(0, size)}, 200);
    EXPECT_TRUE(loaded.module != nullptr || !loaded.problems.empty()) << size;
  }
}

TEST(Cases, ATruncatedBodySaysSo) {
  std::string text = read(std::filesystem::path(CUTRANS_PTX_CASES) / "integer.ptx");
  Loaded loaded = load({text.substr(0, text.size() / 2)}, 200);
  EXPECT_EQ(loaded.module, nullptr);
  EXPECT_TRUE(loaded.first().starts_with("1108: ")) << loaded.first();
  EXPECT_NE(loaded.first().find("the body of `integer` is never closed"), std::string::npos) << loaded.first();
}

}  // namespace
}  // namespace cutrans::ptx::test
