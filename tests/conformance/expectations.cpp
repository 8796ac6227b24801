// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A target's list of what it does not do.
#include "expectations.h"

#include <fnmatch.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace cutrans::conformance {
namespace {

bool matches(const std::string &pattern, const std::string &name) { return fnmatch(pattern.c_str(), name.c_str(), 0) == 0; }

bool namesACase(const std::string &pattern) {
  const std::vector<CaseInfo> cases = caseList();
  return std::ranges::any_of(cases, [&](const CaseInfo &one) { return matches(pattern, one.name); });
}

}  // namespace

std::optional<std::vector<Expectation>> readExpectations(const std::string &path, std::string &error) {
  std::ifstream file(path);
  if (!file) {
    error = path + " cannot be read";
    return std::nullopt;
  }
  std::vector<Expectation> list;
  std::string line, device;
  for (int number = 1; std::getline(file, line); ++number) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string verb;
    Expectation e;
    if (!(words >> verb)) continue;
    if (verb == "device" && words >> std::ws && std::getline(words, device)) {
      device.erase(device.find_last_not_of(" \t\r") + 1);
      continue;
    }
    words >> e.pattern >> std::ws;
    std::getline(words, e.reason);
    e.device = device == "*" ? "" : device;
    e.outcome = verb == "unsupported" ? Outcome::unsupported : verb == "untested" ? Outcome::untested : Outcome::fail;
    const std::string where = path + ":" + std::to_string(number) + ": ";
    if ((verb != "unsupported" && verb != "fails" && verb != "untested") || e.pattern.empty() || e.reason.empty()) {
      error = where + "expected `unsupported PATTERN reason`, `fails PATTERN reason`, `untested PATTERN reason` or `device PATTERN`";
      return std::nullopt;
    }
    if (!namesACase(e.pattern)) {
      error = where + "no case is called " + e.pattern + "; cutrans conformance --cases lists them";
      return std::nullopt;
    }
    list.push_back(e);
  }
  return list;
}

const Expectation *expectationOf(const std::vector<Expectation> &list, const std::string &name, const std::string &device) {
  const Expectation *last = nullptr;
  for (const Expectation &e : list)
    if (matches(e.pattern, name) && (e.device.empty() || matches(e.device, device))) last = &e;
  return last;
}

std::vector<Report> expected(const std::string &title, const std::vector<Expectation> &expectations) {
  std::vector<std::string> devices;
  for (const Expectation &e : expectations)
    if (!e.device.empty() && std::ranges::find(devices, e.device) == devices.end()) devices.push_back(e.device);
  if (devices.empty()) devices.push_back("");
  std::vector<Report> reports;
  for (const std::string &device : devices) {
    Report &report = reports.emplace_back();
    report.title = device.empty() ? title : title + ", " + device;
    report.device = device;
    for (const CaseInfo &one : caseList()) {
      CaseResult result{one.name, one.what, Outcome::pass, "", "", true};
      // The part for a device is named by its pattern, which stands for itself here.
      const Expectation *found = nullptr;
      for (const Expectation &e : expectations)
        if (matches(e.pattern, one.name) && (e.device.empty() || e.device == device)) found = &e;
      if (found) {
        result.outcome = found->outcome;
        result.expected_reason = found->reason;
      }
      report.results.push_back(result);
    }
  }
  return reports;
}

}  // namespace cutrans::conformance
