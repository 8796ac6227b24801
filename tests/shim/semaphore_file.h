// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The other side of an external semaphore: a memory file, made here from what the header says of it.
#pragma once
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include "cutrans/runtime/semaphore_file.h"

namespace shim_test {

struct SemaphoreFile {
  explicit SemaphoreFile(uint32_t kind, int seals = F_SEAL_SHRINK | F_SEAL_GROW, off_t size = CUTRANS_SEMAPHORE_BYTES)
      : file(memfd_create("semaphore", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
    EXPECT_EQ(ftruncate(file, size), 0);
    page = static_cast<cutrans_semaphore_file *>(mmap(nullptr, CUTRANS_SEMAPHORE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
    page->magic = CUTRANS_SEMAPHORE_MAGIC;
    page->version = CUTRANS_SEMAPHORE_VERSION;
    page->kind = kind;
    EXPECT_EQ(fcntl(file, F_ADD_SEALS, seals), 0);
  }
  SemaphoreFile(const SemaphoreFile &) = delete;
  ~SemaphoreFile() {
    munmap(page, CUTRANS_SEMAPHORE_BYTES);
    close(file);
  }
  uint64_t value() const { return __atomic_load_n(&page->value, __ATOMIC_ACQUIRE); }
  void set(uint64_t value) { __atomic_store_n(&page->value, value, __ATOMIC_RELEASE); }
  // For an import, which keeps what it gets.
  int duplicate() const { return fcntl(file, F_DUPFD_CLOEXEC, 0); }

  int file;
  cutrans_semaphore_file *page;
};

}  // namespace shim_test
