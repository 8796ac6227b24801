// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The suite's results as text for people and as JSON for machines.
#include <nlohmann/json.hpp>
#include <ostream>

#include "cutrans/conformance.h"

namespace cutrans::conformance {
namespace {

const char *name(Outcome outcome) {
  switch (outcome) {
    case Outcome::pass: return "pass";
    case Outcome::fail: return "fail";
    case Outcome::unsupported: return "unsupported";
    case Outcome::untested: return "untested";
  }
  return "";
}

size_t count(const std::vector<CaseResult> &results, Outcome outcome) {
  size_t n = 0;
  for (const CaseResult &result : results) n += result.outcome == outcome;
  return n;
}

size_t surprises(const std::vector<CaseResult> &results) {
  size_t n = 0;
  for (const CaseResult &result : results) n += !result.as_expected;
  return n;
}

}  // namespace

void writeText(std::ostream &out, const Options &options, const std::vector<CaseResult> &results) {
  for (const CaseResult &r : results) {
    out << (r.as_expected ? "  " : "! ") << name(r.outcome) << std::string(12 - std::string(name(r.outcome)).size(), ' ') << r.name;
    if (!r.detail.empty()) out << ": " << r.detail;
    if (!r.as_expected) {
      if (r.outcome == Outcome::pass) out << " (the list expects otherwise: " << r.expected_reason << ")";
      if (r.outcome != Outcome::pass) out << "\n    asked for: " << r.what;
    }
    out << "\n";
  }
  out << options.plugin << ": " << count(results, Outcome::pass) << " pass, " << count(results, Outcome::unsupported) << " unsupported, "
      << count(results, Outcome::untested) << " untested, " << count(results, Outcome::fail) << " fail; " << surprises(results) << " unexpected\n";
}

void writeJson(std::ostream &out, const Options &options, const std::vector<CaseResult> &results) {
  nlohmann::json cases = nlohmann::json::array();
  for (const CaseResult &r : results)
    cases.push_back({{"name", r.name}, {"asks", r.what}, {"outcome", name(r.outcome)}, {"detail", r.detail},
                     {"as_expected", r.as_expected}, {"expected_reason", r.expected_reason}});
  nlohmann::json all = {{"plugin", options.plugin},
                        {"pass", count(results, Outcome::pass)},
                        {"unsupported", count(results, Outcome::unsupported)},
                        {"untested", count(results, Outcome::untested)},
                        {"fail", count(results, Outcome::fail)},
                        {"unexpected", surprises(results)},
                        {"cases", cases}};
  out << all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

}  // namespace cutrans::conformance
