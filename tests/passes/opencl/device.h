// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An OpenCL device for tests: the ICD loader by dlopen, the first CPU device of a platform, programs from text, kernels
// with one argument.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace cutrans::test {

class OpenclDevice {
 public:
  // Of all CPU devices, or of those whose platform name holds CUTRANS_TEST_OPENCL. Null: none, `reason` says why.
  static OpenclDevice *get(std::string &reason);

  // 0, or `log` says what is wrong.
  void *build(const std::string &text, const std::string &options, std::string &log);
  // One work-item of kernel `name` with the address of `arguments` as its only argument; waits for the end.
  bool run(void *program, const std::string &name, void **arguments, size_t count, std::string &problem);
  void release(void *program);
  const std::string &name() const { return name_; }

 private:
  struct Functions;
  std::string load();
  std::shared_ptr<Functions> call_;
  void *device_ = nullptr, *context_ = nullptr, *queue_ = nullptr;
  std::string name_;
};

}  // namespace cutrans::test
