// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A move: pages are made read-only, copied, and the new file is mapped over them, which the kernel does in one step for each range.
// A thread that writes to them meanwhile gets a signal, and the handler makes it wait (awaitMove).
#include "memory_file.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <mutex>

#include "pages.h"

namespace cutrans::process {
namespace {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
constexpr uint64_t kBlock = 32u << 20;
constexpr char kPrefix[] = "/memfd:cutrans-";
constexpr char kSuffix[] = " (deleted)";

// Odd while a move is under way. Read in a signal handler.
constinit std::atomic<uint64_t> moves{0};
std::mutex move_lock;

class Mapped {
 public:
  Mapped(int file, uint64_t offset, uint64_t size, int protection)
      : size_(size), at_(mmap(nullptr, size, protection, MAP_SHARED, file, static_cast<off_t>(offset))) {}
  ~Mapped() {
    if (at_ != MAP_FAILED) munmap(at_, size_);
  }
  Mapped(const Mapped &) = delete;
  uint8_t *at() const { return at_ == MAP_FAILED ? nullptr : static_cast<uint8_t *>(at_); }

 private:
  uint64_t size_;
  void *at_;
};

// Pages of zeros stay holes.
void copyPages(uint8_t *to, const uint8_t *from, uint64_t size) {
  static const uint8_t zeros[kPage] = {};
  for (uint64_t at = 0; at < size; at += kPage)
    if (std::memcmp(from + at, zeros, kPage) != 0) std::memcpy(to + at, from + at, kPage);
}

// The same for a part of a file, which is read only where it has data.
void copyData(uint8_t *to, const uint8_t *from, int file, uint64_t offset, uint64_t size) {
  for (uint64_t at = 0; at < size;) {
    const off_t data = lseek(file, static_cast<off_t>(offset + at), SEEK_DATA);
    if (data < 0 || static_cast<uint64_t>(data) >= offset + size) return;
    const off_t hole = lseek(file, data, SEEK_HOLE);
    const uint64_t begin = static_cast<uint64_t>(data) - offset;
    const uint64_t end = std::min(size, hole < 0 ? size : static_cast<uint64_t>(hole) - offset);
    copyPages(to + begin, from + begin, end - begin);
    at = end;
  }
}

}  // namespace

int createMemoryFile(const std::string &name, uint64_t size) {
  const int file = memfd_create(("cutrans-" + name).c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file < 0) return -1;
  if (ftruncate(file, static_cast<off_t>(size)) == 0 && fcntl(file, F_ADD_SEALS, kSeals) == 0) return file;
  close(file);
  return -1;
}

bool describeMemoryFile(int file, std::string &out_name, uint64_t &out_size) {
  struct stat about {};
  char link[32], name[256];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  if (file < 0 || fstat(file, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size <= 0) return false;
  const ssize_t length = readlink(link, name, sizeof name);
  if (length <= 0 || static_cast<size_t>(length) == sizeof name) return false;
  std::string text(name, static_cast<size_t>(length));
  if (!text.starts_with(kPrefix) || !text.ends_with(kSuffix)) return false;
  out_name = text.substr(sizeof kPrefix - 1, text.size() - (sizeof kPrefix - 1) - (sizeof kSuffix - 1));
  out_size = static_cast<uint64_t>(about.st_size);
  return true;
}

namespace {

// One move: private memory (from < 0, one range) or a part of a file, to `to_offset`. Under the lock.
bool move(const FileRange *ranges, size_t count, int from, uint64_t from_offset, int to, uint64_t to_offset, uint64_t size) {
  const Mapped target(to, to_offset, size, PROT_READ | PROT_WRITE);
  const Mapped source(from < 0 ? to : from, from < 0 ? to_offset : from_offset, size, PROT_READ);
  if (!target.at() || !source.at()) return false;
  moves.fetch_add(1);
  for (size_t i = 0; i < count; ++i)
    if (ranges[i].protection & PROT_WRITE) mprotect(ranges[i].at, ranges[i].size, PROT_READ);
  if (from < 0)
    copyPages(target.at(), ranges[0].at, size);
  else
    copyData(target.at(), source.at(), from, from_offset, size);
  bool all = true;
  size_t done = 0;
  for (; done < count && all; ++done)
    all = mmap(ranges[done].at, ranges[done].size, ranges[done].protection, MAP_SHARED | MAP_FIXED, to, static_cast<off_t>(ranges[done].offset)) != MAP_FAILED;
  if (!all) {
    // The system has no room for the map entry: what was replaced goes back to the old file. Private memory is one range only.
    for (size_t i = 0; i < count; ++i) {
      if (i + 1 < done && from >= 0)
        mmap(ranges[i].at, ranges[i].size, ranges[i].protection, MAP_SHARED | MAP_FIXED, from, static_cast<off_t>(from_offset + ranges[i].offset));
      else
        mprotect(ranges[i].at, ranges[i].size, ranges[i].protection);
    }
  }
  moves.fetch_add(1);
  return all;
}

}  // namespace

bool moveIntoFile(const FileRange *ranges, size_t count, int from, uint64_t from_offset, int to, uint64_t size) {
  std::lock_guard hold(move_lock);
  if (from >= 0) return move(ranges, count, from, from_offset, to, 0, size);
  // Private memory goes block by block: each is there twice for a moment only, and writers wait for one block.
  for (uint64_t at = 0; at < size; at += kBlock) {
    const FileRange block{ranges[0].at + at, std::min(kBlock, size - at), at, ranges[0].protection};
    if (!move(&block, 1, -1, 0, to, at, block.size)) return false;
  }
  return true;
}

bool awaitMove() {
  // What this thread saw at its last fault: where nothing has moved since, this fault is none of ours.
  [[gnu::tls_model("initial-exec")]] static thread_local uint64_t seen = 0;
  uint64_t now = moves.load();
  if (now == seen) return false;
  for (; now & 1; now = moves.load()) sched_yield();
  seen = now;
  return true;
}

}  // namespace cutrans::process
