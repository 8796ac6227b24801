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

namespace cutrans::host {
namespace {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
constexpr char kPrefix[] = "/memfd:cutrans-";
constexpr char kSuffix[] = " (deleted)";

// The ranges of the last move. Written under the lock; odd `number`: the move is under way. Read in a signal handler.
constexpr size_t kMostRanges = 64;
struct Move {
  std::atomic<uint64_t> number{0};
  std::atomic<size_t> count{0};
  std::atomic<uintptr_t> begin[kMostRanges], end[kMostRanges];
};
Move last;
std::mutex move_lock;

bool concerns(uintptr_t address) {
  const size_t count = last.count.load(std::memory_order_acquire);
  for (size_t i = 0; i < count; ++i)
    if (address >= last.begin[i].load(std::memory_order_relaxed) && address < last.end[i].load(std::memory_order_relaxed)) return true;
  return false;
}

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

bool moveIntoFile(const FileRange *ranges, size_t count, int from, uint64_t from_offset, int to, uint64_t size) {
  std::lock_guard hold(move_lock);
  if (count > kMostRanges) return false;
  const Mapped target(to, 0, size, PROT_READ | PROT_WRITE);
  const Mapped source(from < 0 ? to : from, from_offset, size, PROT_READ);
  if (!target.at() || !source.at()) return false;
  for (size_t i = 0; i < count; ++i) {
    last.begin[i].store(reinterpret_cast<uintptr_t>(ranges[i].at), std::memory_order_relaxed);
    last.end[i].store(reinterpret_cast<uintptr_t>(ranges[i].at) + ranges[i].size, std::memory_order_relaxed);
  }
  last.count.store(count, std::memory_order_release);
  last.number.fetch_add(1);
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
  last.number.fetch_add(1);
  return all;
}

bool awaitMove(uintptr_t address) {
  // A page that is still read-only when the write is tried again was never meant to be written.
  [[gnu::tls_model("initial-exec")]] static thread_local uintptr_t tried = 0;
  [[gnu::tls_model("initial-exec")]] static thread_local uint64_t tried_number = 0;
  const uint64_t number = last.number.load();
  if (number == 0 || !concerns(address)) return false;
  if ((number & 1) == 0 && tried == address && tried_number == number) return false;
  while (last.number.load() & 1) sched_yield();
  tried = address;
  tried_number = last.number.load();
  return true;
}

}  // namespace cutrans::host
