// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs OpenCL artifacts (opencl_kernel.h) on a device of this machine, through whatever ICD loader there is: the least that a target must
// do, so that tests of the compiler need neither a target nor the runtime.
#pragma once

#include <span>
#include <string>

#include "cutrans/opencl_kernel.h"
#include "tests/ptx/run/runner.h"

namespace cutrans::test {

// Why there is no device that takes "-x spir", or "".
const std::string &openclMissing();
// As a target would describe that device.
std::string openclCodegen();

class OpenclArtifact {
 public:
  explicit OpenclArtifact(std::span<const char> bytes, bool bitcode);
  ~OpenclArtifact();
  OpenclArtifact(const OpenclArtifact &) = delete;
  const ct_opencl_header &header() const { return header_; }
  const std::string &error() const { return error_; }
  double buildMilliseconds() const { return build_ms_; }
  Outcome run(const Launch &launch);

 private:
  ct_opencl_header header_{};
  void *program_ = nullptr, *kernel_ = nullptr;
  std::string error_;
  double build_ms_ = 0;
};

}  // namespace cutrans::test
