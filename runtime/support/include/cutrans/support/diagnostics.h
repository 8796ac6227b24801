// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Refusals and faults, as people see them: one line on stderr, `cutrans: CT1203: place and reason; way round`.
// Each code is a row of diagnostics.def, from which docs/diagnostics.md is generated too.
// Thread safe. The same line is printed once per process and library.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace cutrans {

enum class Diag : uint16_t {
#define CT_DIAGNOSTIC(name, number, meaning, way_round) name = number,
#include "../../../diagnostics.def"
};

struct DiagnosticRow {
  Diag diag;
  const char *name;
  const char *meaning;
  const char *way_round;  // "" where there is none
};

std::span<const DiagnosticRow> diagnosticRows();
const DiagnosticRow *findDiagnostic(Diag diag);
const DiagnosticRow *findDiagnostic(std::string_view code);  // "CT1203"
std::string diagnosticCode(Diag diag);

// `text`: the place and the reason, one line. The row's way round is appended unless the text has it.
void report(Diag diag, std::string_view text);

// For codes that came as text over a C line (targets, the compiler). An unknown code is printed as it is.
void reportCode(std::string_view code, std::string_view text);

void captureReport(std::string_view line);  // for report() only

// Is told of each report of this library, also of one whose line was printed before: "CT1203: place and reason; way round".
using ReportListener = void (*)(std::string_view line);
void listenToReports(ReportListener listener);

// While one lives on a thread, what this thread reports is appended to `text()` as well (link and load logs).
// Nests; the innermost one receives.
class ReportCapture {
 public:
  ReportCapture();
  ~ReportCapture();
  ReportCapture(const ReportCapture &) = delete;
  ReportCapture &operator=(const ReportCapture &) = delete;
  const std::string &text() const { return text_; }

 private:
  friend void captureReport(std::string_view line);
  std::string text_;
  ReportCapture *outer_;
};

}  // namespace cutrans
