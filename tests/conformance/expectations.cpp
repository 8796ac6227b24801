// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads a target's list of what it does not do.
#include <fstream>
#include <sstream>

#include "cutrans/conformance.h"

namespace cutrans::conformance {

std::optional<std::vector<Expectation>> readExpectations(const std::string &path, std::string &error) {
  std::ifstream file(path);
  if (!file) {
    error = path + " cannot be read";
    return std::nullopt;
  }
  std::vector<Expectation> list;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string verb;
    Expectation e;
    if (!(words >> verb)) continue;
    words >> e.pattern >> std::ws;
    std::getline(words, e.reason);
    e.outcome = verb == "unsupported" ? Outcome::unsupported : Outcome::fail;
    if ((verb != "unsupported" && verb != "fails") || e.pattern.empty() || e.reason.empty()) {
      error = path + ":" + std::to_string(number) + ": expected `unsupported PATTERN reason` or `fails PATTERN reason`";
      return std::nullopt;
    }
    list.push_back(e);
  }
  return list;
}

}  // namespace cutrans::conformance
