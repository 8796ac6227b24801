// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// PTX text to an artifact through the front end and the door of libcutrans_codegen.so, without the cache and the runtime.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "compiler/ptx/module.h"
#include "cutrans/codegen.h"

namespace cutrans::test {

struct PtxArtifact {
  std::string bytes;        // empty on failure
  std::string diagnostics;  // a line each
};

struct CompileOptions {
  std::array<uint32_t, 3> block{0, 0, 0};
  uint32_t gangWidth = 0;
  bool cooperative = false, anyGrid = false;
  std::string machine;  // machines.h; empty: hostCodegen()
  std::string format = {}, codegen = {};  // another format than "native-so", and what its device says of itself
};

class PtxModule {
 public:
  explicit PtxModule(const std::string &text);
  static std::string readFile(const std::string &path);
  // Maps the code generator now: children that a test forks have it then.
  static bool load();
  PtxArtifact compile(const std::string &kernel, const CompileOptions &options) const;
  const std::string &problems() const { return problems_; }
  std::vector<std::string> kernels() const;
  // The image of the module's variables, placed and relocated. Lives as long as the result.
  std::shared_ptr<void> image() const;
  size_t imageBytes() const;

 private:
  std::unique_ptr<ptx::Module> module_;
  std::string problems_;
};

}  // namespace cutrans::test
