// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The options of cuModuleLoadDataEx, cuLibraryLoadData and cudaLibraryLoadData (whose numbers are the same): log buffers in, log sizes and times out. Options that tune a
// GPU's machine code have nothing to tune here and are legal hints; those that would change meaning are refused.
#pragma once
#include <cuda.h>

#include <chrono>
#include <string>
#include <string_view>

#include "cutrans/runtime/reports.h"
#include "cutrans/support/diagnostics.h"
#include "cutrans/support/status.h"

namespace cutrans::shim {

class JitOptions {
 public:
  JitOptions(unsigned count, CUjit_option *options, void **values) : count_(count), options_(options), values_(values) {}

  // invalid_value, or unsupported (reported). Call before the load.
  Status check(const char *entry) const;
  // Fills the program's log buffers with what this thread reported since construction. Call after the load. `before`:
  // what earlier steps of the same work reported.
  void finish(const std::string &before = {}) const;
  std::string text() const { return reports_.text() + reports_below_.text(); }

 private:
  void writeLog(CUjit_option buffer, CUjit_option size, std::string_view text) const;
  void **value(CUjit_option option) const;

  unsigned count_;
  CUjit_option *options_;
  void **values_;
  ReportCapture reports_;              // of this library: the fat binary reader's
  runtime::RuntimeReports reports_below_;  // of the runtime and the compiler
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace cutrans::shim
