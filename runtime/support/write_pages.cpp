// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes docs/settings.md and docs/diagnostics.md (ninja docs-pages). A build tool, never installed.
#include <fstream>

#include "cutrans/support/config.h"

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  const std::string docs = argv[1];
  return (std::ofstream(docs + "/settings.md") << cutrans::settingsPage()) &&
                 (std::ofstream(docs + "/diagnostics.md") << cutrans::diagnosticsPage())
             ? 0
             : 1;
}
