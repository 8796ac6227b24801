// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The disk cache of compiled kernels: a folder of files <key>.so, each an artifact with a trailer that proves it whole.
// Any number of processes may share a folder: files appear by rename, and are never changed. Nothing here can make a
// compile fail: what cannot be read is a miss, what cannot be written is one warning. See docs/cache.md.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace cutrans::cache {

struct Key {
  uint64_t high = 0, low = 0;
  friend bool operator==(const Key &, const Key &) = default;
};
std::string toHex(const Key &key);  // 32 digits

// Everything that an artifact depends on, in order; lengths go in as well, so that no two lists give one key by
// chance of concatenation.
class KeyBuilder {
 public:
  KeyBuilder();
  ~KeyBuilder();
  KeyBuilder(const KeyBuilder &) = delete;
  KeyBuilder &operator=(const KeyBuilder &) = delete;
  KeyBuilder &add(std::string_view text);
  KeyBuilder &add(uint64_t number);
  Key finish() const;

 private:
  void *state_;
};

class DiskCache {
 public:
  // max_bytes 0: no bound. The folder is made when the first file is written.
  DiskCache(std::string folder, uint64_t max_bytes) : folder_(std::move(folder)), max_bytes_(max_bytes) {}

  struct Hit {
    std::string path;
    uint64_t size = 0;  // of the artifact, without the trailer
  };
  // A verified file, marked as just used. A damaged one is removed and counts as a miss.
  bool find(const Key &key, Hit &out);

  // False: not written. `warning` is set for the first failure in this object, "" afterwards; `not_private` says why.
  bool store(const Key &key, std::string_view artifact, Hit &out, std::string &warning, bool &not_private);

 private:
  bool prepareFolder(std::string &why, bool &not_private);
  bool trusted(std::string &why, bool &not_private);
  std::string pathOf(const Key &key) const;

  const std::string folder_;
  const uint64_t max_bytes_;
  std::atomic<bool> warned_{false};
  std::atomic<uint64_t> written_since_sweep_{UINT64_MAX / 2};  // sweep after the first file
};

// Removes what was used longest ago until the folder holds at most `max_bytes`, and abandoned temporary files. Files
// used in the last minute stay: another process may be about to open one.
void sweep(const std::string &folder, uint64_t max_bytes);

// What tells one build of a library from another: its linker's build id, else size and time. "" where there is no file.
std::string libraryIdentity(const std::string &path);

}  // namespace cutrans::cache
