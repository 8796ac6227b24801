// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loads the shared libraries that hold kernels. They import nothing, have no constructors and no thread-local variables, so
// little is left to do; and unlike the dynamic linker this believes no number of the file without a look: a damaged cache
// entry is an error, not a crash.
#pragma once

#include <cstdint>
#include <string>

#include "process_memory.h"

namespace cutrans::host {

class ElfImage {
 public:
  ElfImage() = default;
  ~ElfImage() { unmapPages(pages_); }
  ElfImage(const ElfImage &) = delete;

  // Maps a copy of the file. Returns "" or what is wrong with it.
  std::string load(const uint8_t *bytes, uint64_t size);
  // An exported object of at least `size` bytes; null: there is none.
  const void *object(const char *name, uint64_t size) const;
  bool isCode(const void *address) const;

 private:
  Pages pages_;
  uint64_t low_ = 0;                             // the file's address of the first mapped byte
  uint64_t symbols_ = 0, symbol_count_ = 0;      // offsets into the mapping
  uint64_t names_ = 0, names_size_ = 0;
  uint64_t code_begin_ = 0, code_end_ = 0;       // offsets of the executable segments
};

}  // namespace cutrans::host
