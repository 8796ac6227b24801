// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs "native-so" artifacts in this process, one block after the other: the least that a target must do
// (native_kernel.h), so that tests of the compiler need neither a target nor the runtime.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cutrans/native_kernel.h"

namespace cutrans::test {

struct Launch {
  std::array<uint32_t, 3> grid{1, 1, 1}, block{1, 1, 1};
  uint32_t dynamicShared = 0;
  std::vector<uint8_t> params;
  const void *globals = nullptr;
  uint32_t stackBytes = 16 << 10;  // per thread, where the kernel keeps a stack
};

struct Outcome {
  bool ok = true;
  std::string problem;  // of a trap, an assertion or a hang
  std::string printed;  // by vprintf: the format strings, as they are
};

class Artifact {
 public:
  explicit Artifact(std::span<const char> bytes);
  ~Artifact();
  Artifact(const Artifact &) = delete;
  const ct_native_kernel *kernel() const { return kernel_; }
  const std::string &error() const { return error_; }
  // Blocks of a form-GANG kernel all run together where `together` says so, each gang on a fiber.
  Outcome run(const Launch &launch, bool together = false) const;

 private:
  void *handle_ = nullptr;
  const ct_native_kernel *kernel_ = nullptr;
  std::string error_;
};

}  // namespace cutrans::test
