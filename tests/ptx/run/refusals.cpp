// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/ptx/run/refusals.h"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace cutrans::test {

bool Refusal::names(const std::string &other) const {
  if (!row.ends_with('*')) return row == other;
  return other.starts_with(row.substr(0, row.size() - 1));
}

std::string nameOf(const Row &row) { return std::string(row.kernel) + row.variant; }

std::vector<Refusal> readRefusals(const std::string &path) {
  std::vector<Refusal> result;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    Refusal refusal;
    if (words >> refusal.row >> refusal.code && refusal.row[0] != '#') result.push_back(refusal);
  }
  return result;
}

Refusal *findRefusal(std::vector<Refusal> &list, const std::string &row) {
  auto found = std::find_if(list.begin(), list.end(), [&](const Refusal &refusal) { return refusal.names(row); });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace cutrans::test
