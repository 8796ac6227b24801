// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/cache/disk_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace cutrans::cache {
namespace {

constexpr char kMagic[8] = {'C', 'T', 'K', 'E', 'R', 'N', 'E', 'L'};
constexpr uint64_t kMaxFileBytes = uint64_t{1} << 32;
constexpr time_t kTouchAfterSeconds = 60;

// The last bytes of a file. An ELF file may have anything behind it.
struct Trailer {
  char magic[8];
  uint64_t size;      // of the artifact before it
  uint64_t checksum;  // xxh3 of the artifact
  uint64_t key_high, key_low;
};

struct Descriptor {
  int fd;
  explicit Descriptor(int f) : fd(f) {}
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
};

uint64_t checksumOf(const void *bytes, size_t size) { return XXH3_64bits(bytes, size); }

bool verify(int fd, uint64_t file_size, const Key &key, uint64_t &artifact_size) {
  if (file_size < sizeof(Trailer) || file_size > kMaxFileBytes) return false;
  void *bytes = ::mmap(nullptr, file_size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (bytes == MAP_FAILED) return false;
  artifact_size = file_size - sizeof(Trailer);
  Trailer trailer;
  std::memcpy(&trailer, static_cast<const char *>(bytes) + artifact_size, sizeof trailer);
  bool whole = !std::memcmp(trailer.magic, kMagic, sizeof kMagic) && trailer.size == artifact_size &&
               trailer.key_high == key.high && trailer.key_low == key.low &&
               trailer.checksum == checksumOf(bytes, artifact_size);
  ::munmap(bytes, file_size);
  return whole;
}

bool writeAll(int fd, const char *bytes, size_t size) {
  while (size) {
    ssize_t done = ::write(fd, bytes, size);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    bytes += done;
    size -= static_cast<size_t>(done);
  }
  return true;
}

}  // namespace

std::string DiskCache::pathOf(const Key &key) const { return folder_ + "/" + toHex(key) + ".so"; }

// The files are code that this process will run: only this user, or root, may be able to put them there.
bool DiskCache::trusted(std::string &why, bool &not_private) {
  struct stat info;
  if (::stat(folder_.c_str(), &info) != 0) {
    why = folder_ + ": " + std::strerror(errno);
    return false;
  }
  uid_t me = ::geteuid();
  bool owner_ok = info.st_uid == me || info.st_uid == 0 || me == 0;
  if (owner_ok && !(info.st_mode & S_IWOTH) && (!(info.st_mode & S_IWGRP) || info.st_gid == ::getegid())) return true;
  not_private = true;
  why = folder_;
  return false;
}

bool DiskCache::prepareFolder(std::string &why, bool &not_private) {
  struct stat info;
  if (::stat(folder_.c_str(), &info) != 0) {
    std::error_code error;
    std::filesystem::path path(folder_);
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
    if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) {
      why = folder_ + ": " + std::strerror(errno);
      return false;
    }
  }
  return trusted(why, not_private);
}

bool DiskCache::find(const Key &key, Hit &out) {
  std::string path = pathOf(key);
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.fd < 0) return false;
  std::string why;
  bool not_private = false;
  if (!trusted(why, not_private)) return false;
  struct stat info;
  if (::fstat(file.fd, &info) != 0 || !S_ISREG(info.st_mode)) return false;
  uint64_t size = 0;
  if (!verify(file.fd, static_cast<uint64_t>(info.st_size), key, size)) {
    ::unlink(path.c_str());
    return false;
  }
  // The time of last use, for sweep(); not on every run, so that a warm start writes nothing.
  if (::time(nullptr) - info.st_mtime > kTouchAfterSeconds) ::futimens(file.fd, nullptr);
  out = {std::move(path), size};
  return true;
}

bool DiskCache::store(const Key &key, std::string_view artifact, Hit &out, std::string &warning, bool &not_private) {
  warning.clear();
  not_private = false;
  auto fail = [&](std::string why) {
    if (!warned_.exchange(true)) warning = std::move(why);
    return false;
  };
  std::string why;
  if (!prepareFolder(why, not_private)) return fail(why);
  std::string path = pathOf(key);
  std::string temporary = path + ".XXXXXX.tmp";
  Descriptor file(::mkostemps(temporary.data(), 4, O_CLOEXEC));
  if (file.fd < 0) return fail(folder_ + ": " + std::strerror(errno));
  Trailer trailer{};
  std::memcpy(trailer.magic, kMagic, sizeof kMagic);
  trailer.size = artifact.size();
  trailer.checksum = checksumOf(artifact.data(), artifact.size());
  trailer.key_high = key.high;
  trailer.key_low = key.low;
  bool written = writeAll(file.fd, artifact.data(), artifact.size()) &&
                 writeAll(file.fd, reinterpret_cast<const char *>(&trailer), sizeof trailer) &&
                 ::fchmod(file.fd, 0600) == 0 && ::rename(temporary.c_str(), path.c_str()) == 0;
  if (!written) {
    why = path + ": " + std::strerror(errno);
    ::unlink(temporary.c_str());
    return fail(why);
  }
  out = {std::move(path), artifact.size()};
  uint64_t step = max_bytes_ / 16;
  if (max_bytes_ && written_since_sweep_.fetch_add(artifact.size()) + artifact.size() > step) {
    written_since_sweep_ = 0;
    sweep(folder_, max_bytes_);
  }
  return true;
}

}  // namespace cutrans::cache
