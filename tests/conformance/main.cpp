// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The suite for CTest: PLUGIN KERNELS LIST. People use `cutrans conformance`.
#include <iostream>

#include "cutrans/conformance.h"

int main(int argc, char **argv) {
  using namespace cutrans::conformance;
  if (argc != 4) return 2;
  Options options;
  options.plugin = argv[1];
  options.kernels = argv[2];
  std::string error;
  auto list = readExpectations(argv[3], error);
  if (list) options.expectations = *list;
  auto results = list ? run(options, error) : std::nullopt;
  if (!results) {
    std::cerr << error << "\n";
    return 2;
  }
  writeText(std::cout, options, *results);
  return exitCode(*results);
}
