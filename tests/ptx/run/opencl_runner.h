// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs OpenCL artifacts (opencl_kernel.h) on a device of this machine, through whatever ICD loader there is: the least that a target must
// do, so that tests of the compiler need neither a target nor the runtime.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "cutrans/opencl_kernel.h"
#include "tests/ptx/run/runner.h"

namespace cutrans::test {

// Why there is no device that takes "-x spir", or "". CUTRANS_TEST_OPENCL: a part of the name of the platform to take.
const std::string &openclMissing();
// As a target would describe that device.
std::string openclCodegen();
// Why that device does not take thread form (sub-groups of 32, SPIR-V), or "".
const std::string &openclThreadsMissing();

class OpenclArtifact {
 public:
  OpenclArtifact(std::span<const char> bytes, const std::string &format);
  ~OpenclArtifact();
  OpenclArtifact(const OpenclArtifact &) = delete;
  const ct_opencl_header &header() const { return header_; }
  const std::string &error() const { return error_; }
  double buildMilliseconds() const { return build_ms_; }
  Outcome run(const Launch &launch);
  // The same launch again and again: milliseconds from enqueue to finish of each. Lives no longer than the artifact.
  std::function<double()> timed(const Launch &launch);

 private:
  struct Prepared;
  std::shared_ptr<Prepared> prepare(const Launch &launch);
  int enqueue(const Launch &launch, const Prepared &prepared);

  ct_opencl_header header_{};
  void *program_ = nullptr, *kernel_ = nullptr;
  std::string error_;
  double build_ms_ = 0;
};

// A kernel of OpenCL C as it stands, to compare with: pointers and values in order, as bytes; the last argument is local memory where
// localBytes is not 0. Milliseconds from enqueue to finish. Empty: it cannot be built, `error` says why.
std::function<double()> openclSource(const char *text, const char *kernel, const Launch &launch, const std::vector<std::string> &arguments, size_t localBytes,
                                     std::string &error);

}  // namespace cutrans::test
