// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Device memory in pieces: small ones from chunks of one size class each, big ones straight from the system.
// A kernel never meets the book-keeping, which lies outside of the memory that is handed out.
#pragma once

#include <cutrans/target.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "pages.h"

namespace cutrans::process {

class Suballocator {
 public:
  // limit: bytes that may be out at one time. smallest: the smallest class, a power of two. others: bytes of the same limit
  // that are taken elsewhere, or null.
  Suballocator(uint64_t limit, uint64_t smallest, bool huge_pages, const std::atomic<uint64_t> *others = nullptr);
  ~Suballocator();
  Suballocator(const Suballocator &) = delete;

  // 0: the limit or the machine's memory is reached.
  uint64_t allocate(uint64_t size, uint64_t align);
  // false: not an address that allocate() gave.
  bool free(uint64_t address);
  uint64_t used() const;
  uint64_t limit() const { return limit_; }
  // The file that holds the piece at `address`: of its chunk, or of the whole big piece. Pages that were private are moved into a
  // file in place. CT_ERR_INVALID: not an address that allocate() gave.
  ct_status share(uint64_t address, const std::string &name, ct_file_piece *out, uint64_t *out_offset);

 private:
  static constexpr uint64_t kChunk = kHugePage;
  static constexpr uint64_t kLargestSmall = 256u << 10;
  static constexpr unsigned kSteps = 4;  // classes for each doubling
  static constexpr size_t kQuarantine = 256;

  struct Chunk {
    Pages pages;
    uint32_t size_class = 0;
    uint32_t fresh = 0;             // pieces that were never handed out start here
    uint32_t live = 0;
    std::vector<uint32_t> freed;
    std::vector<bool> out;          // by piece
    bool listed = false;            // has room and is in with_room_
  };

  uint32_t classOf(uint64_t size) const;
  uint64_t sizeOf(uint32_t size_class) const;
  uint64_t allocateSmall(uint64_t size);
  uint64_t allocateBig(uint64_t size, uint64_t align);
  void freeBig(std::unordered_map<uint64_t, Pages>::iterator it);
  uint64_t room() const { return limit_ - std::min(limit_, used_ + (others_ ? others_->load(std::memory_order_relaxed) : 0)); }
  void closeFile(const Pages &pages);

  const uint64_t limit_, smallest_;
  const bool huge_pages_;
  const std::atomic<uint64_t> *const others_;
  mutable std::mutex lock_;
  uint64_t used_ = 0;
  std::unordered_map<uint64_t, Chunk> chunks_;       // by address / kChunk
  std::vector<std::vector<Chunk *>> with_room_;      // by class
  std::unordered_map<uint64_t, Pages> big_;          // by address
  std::unordered_map<const void *, int> files_;      // of what was shared, by the start of its pages
  std::deque<Pages> quarantine_;                     // freed, inaccessible, addresses not yet used again
};

}  // namespace cutrans::process
