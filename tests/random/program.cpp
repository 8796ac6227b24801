// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/random/program.h"

#include <cinttypes>
#include <cstdio>
#include <sstream>

namespace cutrans::random {

std::string toFile(const Program &program, const std::string &comment, std::optional<uint64_t> digest) {
  std::string result;
  std::istringstream lines(comment);
  for (std::string line; std::getline(lines, line);) result += "// " + line + "\n";
  char head[256];
  std::snprintf(head, sizeof head, "// launch grid=%u,%u,%u block=%u,%u,%u shared=%u\n", program.grid[0], program.grid[1], program.grid[2],
                program.block[0], program.block[1], program.block[2], program.dynamicShared);
  result += head;
  if (digest) {
    std::snprintf(head, sizeof head, "// memory %016" PRIx64 "\n", *digest);
    result += head;
  }
  return result + program.text;
}

bool fromFile(const std::string &file, Program &program, std::optional<uint64_t> &digest) {
  std::istringstream lines(file);
  bool launch = false;
  for (std::string line; std::getline(lines, line);) {
    uint64_t value;
    if (std::sscanf(line.c_str(), "// launch grid=%u,%u,%u block=%u,%u,%u shared=%u", &program.grid[0], &program.grid[1], &program.grid[2],
                    &program.block[0], &program.block[1], &program.block[2], &program.dynamicShared) == 7)
      launch = true;
    else if (std::sscanf(line.c_str(), "// memory %" SCNx64, &value) == 1)
      digest = value;
    else if (!line.starts_with("//"))
      program.text += line + "\n";
  }
  return launch;
}

}  // namespace cutrans::random
