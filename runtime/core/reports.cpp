// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reports of this library, captured for a shim.
#include "cutrans/runtime/reports.h"

#include "cutrans/support/diagnostics.h"

namespace cutrans::runtime {

RuntimeReports::RuntimeReports() : capture_(std::make_unique<cutrans::ReportCapture>()) {}
RuntimeReports::~RuntimeReports() = default;
const std::string &RuntimeReports::text() const { return capture_->text(); }

}  // namespace cutrans::runtime
