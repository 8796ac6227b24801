// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory straight from the system: big blocks on huge pages, and blocks in the low 4 GiB for shared memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cutrans::process {

constexpr size_t kPage = 4096;
constexpr size_t kHugePage = 2u << 20;

constexpr uint64_t roundUp(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }

// Readable and writable pages between two that fault. `data` is null when there is no memory.
struct Pages {
  uint8_t *data = nullptr;
  size_t size = 0;         // usable bytes, whole pages
  uint8_t *mapped = nullptr;
  size_t mapped_size = 0;
};

// align: a power of two. Blocks of 2 MiB and more are aligned to huge pages and ask for them.
Pages mapPages(size_t size, size_t align, bool huge);
// The same with every byte below 4 GiB, aligned to a page, with wide guards.
Pages mapLowPages(size_t size);
void unmapPages(const Pages &pages);
// Makes every access fault and gives the memory back, but keeps the addresses until unmapPages.
void poisonPages(const Pages &pages);

// Bytes that the machine (and this container) has, and what could still be had.
uint64_t machineMemory();
uint64_t availableMemory();

// A buffer of one owner that only grows.
class Buffer {
 public:
  ~Buffer() { unmapPages(pages_); }
  // 64-aligned memory of at least `size` bytes; earlier contents are lost. Null: no memory.
  uint8_t *atLeast(size_t size);

 private:
  Pages pages_;
};

}  // namespace cutrans::process
