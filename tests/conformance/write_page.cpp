// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes docs/conformance.md: SOURCE-FOLDER. With --promises: prints what target.h promises, one line each.
#include <cstring>
#include <fstream>
#include <iostream>

#include "page.h"
#include "promises.h"

int main(int argc, char **argv) {
  using namespace cutrans::conformance;
  if (argc == 3 && std::strcmp(argv[2], "--promises") == 0) {
    for (const std::string &promise : promisesOf(fileText(std::string(argv[1]) + "/" + kHeaderFile))) std::cout << " | " << promise << "\n";
    return 0;
  }
  if (argc != 2) return 2;
  std::string error;
  const std::string text = page(argv[1], error);
  if (!error.empty()) {
    std::cerr << error << "\n";
    return 1;
  }
  std::ofstream file(std::string(argv[1]) + "/docs/conformance.md", std::ios::binary);
  file << text << std::flush;
  return file ? 0 : 1;
}
