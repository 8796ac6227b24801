// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Mapping memory, and asking the system how much of it there is.
#include "pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>


namespace cutrans::process {
namespace {

constexpr size_t kLowGuard = 64u << 10;
constexpr uintptr_t kLowBegin = 0x1000'0000, kLowEnd = 0xf000'0000;  // where hints are tried
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

void *reserve(void *hint, size_t size, int flags) {
  return mmap(hint, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
}

// Reserves `size` bytes below 4 GiB. Each search goes on where the last one ended.
void *reserveLow(size_t size) {
#ifdef MAP_32BIT
  if (void *at = reserve(nullptr, size, MAP_32BIT); at != MAP_FAILED) return at;
#endif
  static std::atomic<uintptr_t> next{kLowBegin};
  for (uintptr_t tried = 0; tried < kLowEnd - kLowBegin; tried += size) {
    uintptr_t hint = next.fetch_add(size, std::memory_order_relaxed);
    if (hint + size > kLowEnd) {
      next.store(kLowBegin, std::memory_order_relaxed);
      continue;
    }
    void *at = reserve(reinterpret_cast<void *>(hint), size, MAP_FIXED_NOREPLACE);
    if (at == MAP_FAILED) continue;
    if (reinterpret_cast<uintptr_t>(at) + size <= kLowEnd) return at;
    munmap(at, size);  // a system that takes the address as a mere hint
  }
  return MAP_FAILED;
}

uint64_t readNumber(const char *path, const char *key) {
  FILE *file = std::fopen(path, "re");
  if (!file) return UINT64_MAX;
  char line[256];
  uint64_t value = UINT64_MAX;
  const size_t length = std::strlen(key);
  while (std::fgets(line, sizeof line, file)) {
    if (std::strncmp(line, key, length) != 0) continue;
    unsigned long long read = 0;
    if (std::sscanf(line + length, "%llu", &read) == 1) value = read;
    break;
  }
  std::fclose(file);
  return value;
}

// What the control group still allows; its limit with `used` false.
uint64_t groupMemory(bool used) {
  const uint64_t limit = readNumber("/sys/fs/cgroup/memory.max", "");
  if (limit == UINT64_MAX || !used) return limit;
  const uint64_t current = readNumber("/sys/fs/cgroup/memory.current", "");
  const uint64_t cache = readNumber("/sys/fs/cgroup/memory.stat", "inactive_file ");
  if (current == UINT64_MAX) return limit;
  const uint64_t taken = current - (cache == UINT64_MAX ? 0 : std::min(cache, current));
  return limit > taken ? limit - taken : 0;
}

}  // namespace

Pages mapPages(size_t size, size_t align, bool huge) {
  huge = huge && size >= kHugePage;
  align = std::max(align, huge ? kHugePage : kPage);
  const size_t usable = roundUp(size, kPage);
  Pages pages;
  if (usable < size || usable + align + 2 * kPage < usable) return pages;
  const size_t total = usable + align + kPage;  // the space before the aligned start is at least a page
  void *at = reserve(nullptr, total, 0);
  if (at == MAP_FAILED) return pages;
  const uintptr_t start = roundUp(reinterpret_cast<uintptr_t>(at) + 1, align);
  if (mprotect(reinterpret_cast<void *>(start), usable, PROT_READ | PROT_WRITE) != 0) {
    munmap(at, total);
    return pages;
  }
  if (huge) madvise(reinterpret_cast<void *>(start), usable, MADV_HUGEPAGE);
  pages.data = reinterpret_cast<uint8_t *>(start);
  pages.size = usable;
  pages.mapped = static_cast<uint8_t *>(at);
  pages.mapped_size = total;
  return pages;
}

Pages mapLowPages(size_t size) {
  Pages pages;
  const size_t usable = roundUp(std::max<size_t>(size, 1), kPage), total = usable + 2 * kLowGuard;
  void *at = reserveLow(total);
  if (at == MAP_FAILED) return pages;
  uint8_t *start = static_cast<uint8_t *>(at) + kLowGuard;
  if (mprotect(start, usable, PROT_READ | PROT_WRITE) != 0) {
    munmap(at, total);
    return pages;
  }
  pages.data = start;
  pages.size = usable;
  pages.mapped = static_cast<uint8_t *>(at);
  pages.mapped_size = total;
  return pages;
}

void unmapPages(const Pages &pages) {
  if (pages.mapped) munmap(pages.mapped, pages.mapped_size);
}

void poisonPages(const Pages &pages) {
  mmap(pages.data, pages.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

uint64_t machineMemory() {
  const uint64_t bytes = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return std::min(bytes, groupMemory(false));
}

uint64_t availableMemory() {
  const uint64_t kib = readNumber("/proc/meminfo", "MemAvailable:");
  const uint64_t bytes = kib == UINT64_MAX ? machineMemory() : kib * 1024;
  return std::min(bytes, groupMemory(true));
}

uint8_t *Buffer::atLeast(size_t size) {
  if (pages_.size < size) {
    unmapPages(pages_);
    pages_ = mapPages(std::max(size, pages_.size * 2), 64, false);
    if (!pages_.data) pages_ = {};
  }
  return pages_.data;
}

}  // namespace cutrans::process
