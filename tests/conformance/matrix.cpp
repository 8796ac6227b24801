// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The matrix: cases by targets, with the reasons of all that is not a plain pass below it.
#include <algorithm>
#include <ostream>
#include <set>

#include "cutrans/conformance.h"

namespace cutrans::conformance {
namespace {

// Numbers the reasons in the order of their first use.
class Notes {
 public:
  std::string mark(const std::string &reason) {
    auto at = std::ranges::find(reasons_, reason);
    if (at == reasons_.end()) at = reasons_.insert(at, reason);
    return " " + std::to_string(at - reasons_.begin() + 1);
  }
  void write(std::ostream &out) const {
    if (reasons_.empty()) return;
    out << "\n";
    for (size_t i = 0; i < reasons_.size(); ++i) out << i + 1 << ". " << reasons_[i] << "\n";
  }

 private:
  std::vector<std::string> reasons_;
};

std::string cell(const CaseResult &result, Notes &notes) {
  const std::string &why = result.expected_reason.empty() ? result.detail : result.expected_reason;
  std::string text;
  switch (result.outcome) {
    case Outcome::pass: text = "yes"; break;
    case Outcome::unsupported: text = "no"; break;
    case Outcome::untested: text = "untested"; break;
    case Outcome::fail: text = "fails"; break;
  }
  if (!result.as_expected) text = "**" + text + "**";
  if (result.outcome != Outcome::pass || !result.as_expected) text += notes.mark(why);
  return text;
}

}  // namespace

void writeMarkdown(std::ostream &out, const std::vector<Report> &reports) {
  Notes notes;
  out << "| case |";
  for (const Report &report : reports) out << " " << report.title << " |";
  out << " asks |\n|---|";
  for (size_t i = 0; i < reports.size(); ++i) out << "---|";
  out << "---|\n";
  for (const CaseInfo &one : caseList()) {
    std::string row;
    bool any = false;
    for (const Report &report : reports) {
      auto found = std::ranges::find(report.results, one.name, &CaseResult::name);
      any |= found != report.results.end();
      row += " " + (found == report.results.end() ? "" : cell(*found, notes)) + " |";
    }
    if (any) out << "| " << one.name << " |" << row << " " << one.what << " |\n";
  }
  for (Outcome outcome : {Outcome::pass, Outcome::unsupported, Outcome::untested, Outcome::fail}) {
    std::string row;
    size_t all = 0;
    for (const Report &report : reports) {
      const size_t n = static_cast<size_t>(std::ranges::count(report.results, outcome, &CaseResult::outcome));
      all += n;
      row += " " + std::to_string(n) + " |";
    }
    if (all) out << "| *" << name(outcome) << "* |" << row << " |\n";
  }
  notes.write(out);
}

}  // namespace cutrans::conformance
