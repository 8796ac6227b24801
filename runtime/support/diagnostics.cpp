// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Prints refusals and faults: one write(2) for each line, so that lines of several threads never mix, and every line
// once. The set of printed lines is bounded: a program that fails in ever new ways fills memory no more than stderr.
#include "cutrans/support/diagnostics.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <functional>
#include <mutex>
#include <unordered_set>

#include "cutrans/support/config.h"

namespace cutrans {
namespace {

constexpr DiagnosticRow kRows[] = {
#define CT_DIAGNOSTIC(name, number, meaning, way_round) {static_cast<Diag>(number), #name, meaning, way_round},
#include "diagnostics.def"
};

constexpr size_t kRemembered = 4096;
constexpr std::string_view kPrefix = "cutrans: ";

thread_local ReportCapture *innermost = nullptr;
std::atomic<ReportListener> told{nullptr};

// Never destroyed: reports come from other libraries' destructors too.
struct Printed {
  std::mutex lock;
  std::unordered_set<size_t> hashes;
};
Printed &printed() {
  static Printed *const instance = new Printed;
  return *instance;
}

bool firstTime(std::string_view line) {
  Printed &seen = printed();
  std::lock_guard hold(seen.lock);
  if (seen.hashes.size() >= kRemembered) seen.hashes.clear();
  return seen.hashes.insert(std::hash<std::string_view>{}(line)).second;
}

void print(std::string_view code, std::string_view text, std::string_view way_round) {
  std::string line(kPrefix);
  line.append(code).append(": ").append(text);
  while (!line.empty() && (line.back() == '\n' || line.back() == '.')) line.pop_back();
  if (!way_round.empty() && text.find(way_round) == std::string_view::npos) line.append("; ").append(way_round);
  std::replace_if(line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  line += '\n';
  captureReport(line);
  if (ReportListener listener = told.load(std::memory_order_acquire)) {
    std::string_view bare = line;
    listener(bare.substr(kPrefix.size(), bare.size() - kPrefix.size() - 1));
  }
  if (!firstTime(line)) return;
  std::string_view rest = line;
  while (!rest.empty()) {
    ssize_t done = ::write(STDERR_FILENO, rest.data(), rest.size());
    if (done <= 0) return;
    rest.remove_prefix(static_cast<size_t>(done));
  }
}

}  // namespace

void captureReport(std::string_view line) {
  if (innermost) innermost->text_.append(line);
}

void listenToReports(ReportListener listener) { told.store(listener, std::memory_order_release); }

ReportCapture::ReportCapture() : outer_(innermost) { innermost = this; }
ReportCapture::~ReportCapture() { innermost = outer_; }

std::span<const DiagnosticRow> diagnosticRows() { return kRows; }

const DiagnosticRow *findDiagnostic(Diag diag) {
  auto row = std::find_if(std::begin(kRows), std::end(kRows), [&](const DiagnosticRow &r) { return r.diag == diag; });
  return row == std::end(kRows) ? nullptr : row;
}

const DiagnosticRow *findDiagnostic(std::string_view code) {
  unsigned number = 0;
  if (!code.starts_with("CT")) return nullptr;
  auto [end, error] = std::from_chars(code.data() + 2, code.data() + code.size(), number);
  if (error != std::errc() || end != code.data() + code.size()) return nullptr;
  return findDiagnostic(static_cast<Diag>(number));
}

std::string diagnosticCode(Diag diag) { return "CT" + std::to_string(static_cast<unsigned>(diag)); }

void report(Diag diag, std::string_view text) {
  const DiagnosticRow *row = findDiagnostic(diag);
  print(diagnosticCode(diag), text, row ? row->way_round : "");
}

void reportCode(std::string_view code, std::string_view text) {
  const DiagnosticRow *row = findDiagnostic(code);
  print(code, text, row ? row->way_round : "");
}

}  // namespace cutrans
