// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Size classes over chunks of 2 MiB. A chunk serves one class and goes back to the system when it is empty and its class
// has another one with room, so that a loop of one allocation and one free stays cheap.
#include "suballocator.h"

#include <sys/mman.h>
#include <unistd.h>

#include <bit>

#include "memory_file.h"

namespace cutrans::process {

Suballocator::Suballocator(uint64_t limit, uint64_t smallest, bool huge_pages, const std::atomic<uint64_t> *others)
    : limit_(limit), smallest_(smallest), huge_pages_(huge_pages), others_(others) {
  with_room_.resize(classOf(kLargestSmall) + 1);
}

Suballocator::~Suballocator() {
  for (auto &[key, chunk] : chunks_) unmapPages(chunk.pages);
  for (auto &[address, pages] : big_) unmapPages(pages);
  for (const Pages &pages : quarantine_) unmapPages(pages);
  for (auto &[start, file] : files_) close(file);
}

// Classes: smallest * 2^k * (1, 1.25, 1.5, 1.75), each a multiple of `smallest` (so every piece is aligned to it).
uint32_t Suballocator::classOf(uint64_t size) const {
  const uint64_t units = roundUp(size, smallest_) / smallest_;
  if (units <= kSteps) return static_cast<uint32_t>(units - 1);
  const unsigned doubling = static_cast<unsigned>(std::bit_width(units - 1)) - 3;  // units in (4 << d, 8 << d]
  const uint64_t step = uint64_t{1} << doubling;
  return kSteps + doubling * kSteps + static_cast<uint32_t>((units - (uint64_t{kSteps} << doubling) + step - 1) / step - 1);
}

uint64_t Suballocator::sizeOf(uint32_t size_class) const {
  if (size_class < kSteps) return (size_class + 1) * smallest_;
  const uint32_t doubling = (size_class - kSteps) / kSteps, step = (size_class - kSteps) % kSteps + 1;
  return ((uint64_t{kSteps} << doubling) + (uint64_t{step} << doubling)) * smallest_;
}

uint64_t Suballocator::allocate(uint64_t size, uint64_t align) {
  std::lock_guard hold(lock_);
  if (size <= kLargestSmall && align <= smallest_) return allocateSmall(size);
  return allocateBig(size, align);
}

uint64_t Suballocator::allocateSmall(uint64_t size) {
  const uint32_t size_class = classOf(size);
  const uint64_t piece = sizeOf(size_class);
  if (piece > room()) return 0;
  auto &room = with_room_[size_class];
  if (room.empty()) {
    const Pages pages = mapPages(kChunk, kChunk, huge_pages_);
    if (!pages.data) return 0;
    Chunk &chunk = chunks_[reinterpret_cast<uint64_t>(pages.data) / kChunk];
    chunk.pages = pages;
    chunk.size_class = size_class;
    chunk.out.resize(kChunk / piece);
    chunk.listed = true;
    room.push_back(&chunk);
  }
  Chunk &chunk = *room.back();
  uint32_t index;
  if (!chunk.freed.empty()) {
    index = chunk.freed.back();
    chunk.freed.pop_back();
  } else {
    index = chunk.fresh++;
  }
  chunk.out[index] = true;
  ++chunk.live;
  if (chunk.freed.empty() && chunk.fresh == chunk.out.size()) {
    chunk.listed = false;
    room.pop_back();
  }
  used_ += piece;
  return reinterpret_cast<uint64_t>(chunk.pages.data) + index * piece;
}

uint64_t Suballocator::allocateBig(uint64_t size, uint64_t align) {
  if (size > room()) return 0;
  // The system would promise more than it has and kill the process later.
  if (size >= (64u << 20) && size > availableMemory()) return 0;
  const Pages pages = mapPages(size, align, huge_pages_);
  if (!pages.data) return 0;
  if (pages.size > room()) {
    unmapPages(pages);
    return 0;
  }
  used_ += pages.size;
  const uint64_t address = reinterpret_cast<uint64_t>(pages.data);
  big_.emplace(address, pages);
  return address;
}

bool Suballocator::free(uint64_t address) {
  std::lock_guard hold(lock_);
  if (auto big = big_.find(address); big != big_.end()) {
    freeBig(big);
    return true;
  }
  auto found = chunks_.find(address / kChunk);
  if (found == chunks_.end()) return false;
  Chunk &chunk = found->second;
  const uint64_t piece = sizeOf(chunk.size_class), offset = address - reinterpret_cast<uint64_t>(chunk.pages.data);
  const uint64_t index = offset / piece;
  if (offset % piece != 0 || index >= chunk.out.size() || !chunk.out[index]) return false;
  chunk.out[index] = false;
  chunk.freed.push_back(static_cast<uint32_t>(index));
  --chunk.live;
  used_ -= piece;
  auto &room = with_room_[chunk.size_class];
  if (!chunk.listed) {
    chunk.listed = true;
    room.push_back(&chunk);
  }
  if (chunk.live == 0 && room.size() > 1) {
    std::erase(room, &chunk);
    closeFile(chunk.pages);
    unmapPages(chunk.pages);
    chunks_.erase(found);
  }
  return true;
}

// The addresses stay out of use for a while, so that a kernel that still uses them faults.
void Suballocator::freeBig(std::unordered_map<uint64_t, Pages>::iterator it) {
  const Pages pages = it->second;
  used_ -= pages.size;
  big_.erase(it);
  closeFile(pages);
  poisonPages(pages);
  quarantine_.push_back(pages);
  if (quarantine_.size() > kQuarantine) {
    unmapPages(quarantine_.front());
    quarantine_.pop_front();
  }
}

void Suballocator::closeFile(const Pages &pages) {
  if (files_.empty()) return;
  auto found = files_.find(pages.data);
  if (found == files_.end()) return;
  close(found->second);
  files_.erase(found);
}

ct_status Suballocator::share(uint64_t address, const std::string &name, ct_file_piece *out, uint64_t *out_offset) {
  std::lock_guard hold(lock_);
  const Pages *pages = nullptr;
  if (auto big = big_.find(address); big != big_.end()) {
    pages = &big->second;
  } else if (auto chunk = chunks_.find(address / kChunk); chunk != chunks_.end()) {
    pages = &chunk->second.pages;
  } else {
    return CT_ERR_INVALID;
  }
  auto known = files_.find(pages->data);
  if (known == files_.end()) {
    const int file = createMemoryFile(name, pages->size);
    if (file < 0) return CT_ERR_OUT_OF_MEMORY;
    const FileRange range{pages->data, pages->size, 0, PROT_READ | PROT_WRITE};
    if (!moveIntoFile(&range, 1, -1, 0, file, pages->size)) {
      close(file);
      return CT_ERR_OUT_OF_MEMORY;
    }
    if (huge_pages_) madvise(pages->data, pages->size, MADV_HUGEPAGE);
    known = files_.emplace(pages->data, file).first;
  }
  out->file = known->second;
  out->offset = 0;
  out->size = pages->size;
  *out_offset = address - reinterpret_cast<uint64_t>(pages->data);
  return CT_OK;
}

uint64_t Suballocator::used() const {
  std::lock_guard hold(lock_);
  return used_;
}

}  // namespace cutrans::process
