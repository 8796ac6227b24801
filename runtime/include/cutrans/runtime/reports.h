// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the runtime, the target and the compiler report while a call runs, for APIs that hand logs to the program.
// cutrans::ReportCapture sees only reports of the library that it is linked into; this one sees libcutrans.so's.
#pragma once
#include <memory>
#include <string>

#include "cutrans/runtime/export.h"

namespace cutrans {
class ReportCapture;
}

namespace cutrans::runtime {

class CUTRANS_API RuntimeReports {
 public:
  RuntimeReports();
  ~RuntimeReports();
  const std::string &text() const;  // lines as printed, from this thread, since the constructor

 private:
  std::unique_ptr<cutrans::ReportCapture> capture_;
};

}  // namespace cutrans::runtime
