// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Two sources: the program headers of loaded files, where nearly all fat binaries lie, and /proc/self/maps for the
// rest (heap, JIT-made code).
#include "cutrans/fatbin/mapping.h"

#include <link.h>

#include <charconv>
#include <cstdint>
#include <fstream>
#include <string>

namespace cutrans::fatbin {
namespace {

struct Query {
  uintptr_t address;
  size_t bytes;
};

int findSegment(dl_phdr_info *info, size_t, void *user) {
  auto *query = static_cast<Query *>(user);
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) &segment = info->dlpi_phdr[i];
    uintptr_t start = info->dlpi_addr + segment.p_vaddr;
    if (segment.p_type != PT_LOAD || !(segment.p_flags & PF_R)) continue;
    if (query->address < start || query->address - start >= segment.p_memsz) continue;
    query->bytes = segment.p_memsz - (query->address - start);
    return 1;
  }
  return 0;
}

// A line is "start-end rwxp ..." with the numbers in hexadecimal. Neighbouring readable mappings count as one.
size_t scanMaps(uintptr_t address) {
  std::ifstream maps("/proc/self/maps");
  std::string line;
  uintptr_t end = 0;
  while (std::getline(maps, line)) {
    uintptr_t from = 0, to = 0;
    const char *last = line.data() + line.size();
    auto dash = std::from_chars(line.data(), last, from, 16);
    if (dash.ptr == last || *dash.ptr != '-') continue;
    auto space = std::from_chars(dash.ptr + 1, last, to, 16);
    bool readable = last - space.ptr > 1 && space.ptr[1] == 'r';
    if (end != 0 && (from != end || !readable)) break;
    if (end != 0 || (readable && from <= address && address < to)) end = to;
  }
  return end == 0 ? 0 : end - address;
}

}  // namespace

size_t readableBytes(const void *address) {
  Query query{reinterpret_cast<uintptr_t>(address), 0};
  if (dl_iterate_phdr(findSegment, &query)) return query.bytes;
  return scanMaps(query.address);
}

}  // namespace cutrans::fatbin
