// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The suite's results as text for people and as JSON for machines. The matrix is in matrix.cpp.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cutrans/conformance.h"

namespace cutrans::conformance {
namespace {

size_t count(const Report &report, Outcome outcome) { return static_cast<size_t>(std::ranges::count(report.results, outcome, &CaseResult::outcome)); }
size_t surprises(const Report &report) { return static_cast<size_t>(std::ranges::count(report.results, false, &CaseResult::as_expected)); }

}  // namespace

const char *name(Outcome outcome) {
  switch (outcome) {
    case Outcome::pass: return "pass";
    case Outcome::fail: return "fail";
    case Outcome::unsupported: return "unsupported";
    case Outcome::untested: return "untested";
  }
  return "";
}

void writeCase(std::ostream &out, const CaseResult &r) {
  out << (r.as_expected ? "  " : "! ") << name(r.outcome) << std::string(12 - std::string(name(r.outcome)).size(), ' ') << r.name;
  if (!r.detail.empty()) out << ": " << r.detail;
  if (!r.as_expected) {
    if (r.outcome == Outcome::pass) out << " (the list expects otherwise: " << r.expected_reason << "; take it off the list)";
    if (r.outcome != Outcome::pass) out << "\n    asked for: " << r.what;
  }
  out << "\n";
}

void writeSummary(std::ostream &out, const Report &report) {
  out << report.title << " (" << report.device << "): " << count(report, Outcome::pass) << " pass, " << count(report, Outcome::unsupported) << " unsupported, "
      << count(report, Outcome::untested) << " untested, " << count(report, Outcome::fail) << " fail; " << surprises(report) << " unexpected\n";
  const bool refusals = std::ranges::any_of(report.results, [](const CaseResult &r) { return !r.as_expected && r.outcome == Outcome::unsupported; });
  if (refusals) out << "What is refused on purpose belongs into the list, a line for each: unsupported CASE why\n";
}

void writeJson(std::ostream &out, const std::vector<Report> &reports) {
  nlohmann::json targets = nlohmann::json::array();
  for (const Report &report : reports) {
    nlohmann::json cases = nlohmann::json::array();
    for (const CaseResult &r : report.results)
      cases.push_back({{"name", r.name}, {"asks", r.what}, {"outcome", name(r.outcome)}, {"detail", r.detail},
                       {"as_expected", r.as_expected}, {"expected_reason", r.expected_reason}});
    targets.push_back({{"target", report.title},
                       {"plugin", report.plugin},
                       {"device", report.device},
                       {"build", report.build},
                       {"formats", report.formats},
                       {"pass", count(report, Outcome::pass)},
                       {"unsupported", count(report, Outcome::unsupported)},
                       {"untested", count(report, Outcome::untested)},
                       {"fail", count(report, Outcome::fail)},
                       {"unexpected", surprises(report)},
                       {"cases", cases}});
  }
  const nlohmann::json all = {{"targets", targets}};
  out << all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

int exitCode(const std::vector<Report> &reports) {
  size_t all = 0, unexpected = 0;
  for (const Report &report : reports) {
    all += report.results.size();
    unexpected += surprises(report);
  }
  return unexpected ? 1 : all ? 0 : 2;
}

}  // namespace cutrans::conformance
