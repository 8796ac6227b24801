// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Lists the device code in a file without loading it, for `cutrans doctor`: programs, shared libraries, object files
// and bare .fatbin files.
#pragma once

#include <string>
#include <vector>

#include "cutrans/fatbin/container.h"

namespace cutrans::fatbin {

struct FoundContainer {
  std::string section;  // ".nv_fatbin", "__nv_relfatbin"; empty where the file has no section headers
  uint64_t offset = 0;  // in the file
  Container container;  // views into the bytes that were scanned
};

struct Scan {
  bool elf = false;
  uint64_t wrappers = 0;  // in .nvFatBinSegment
  std::vector<FoundContainer> containers;
  std::vector<Error> damage;  // what could not be read; the rest is still listed
};

// `file`: the whole file; must outlive the result.
Scan scan(Bytes file);

// Reads a file for scan(). Regular files only.
Expected<std::string> readFile(const std::string &path);

}  // namespace cutrans::fatbin
