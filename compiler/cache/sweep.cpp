// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <vector>

#include "compiler/cache/disk_cache.h"

namespace cutrans::cache {
namespace {

constexpr time_t kFreshSeconds = 60;
constexpr time_t kAbandonedSeconds = 3600;

struct Entry {
  std::string name;
  uint64_t size;
  timespec used;
};

bool isArtifact(std::string_view name) {
  return name.size() == 35 && name.ends_with(".so") && name.find_first_not_of("0123456789abcdef") == 32;
}
bool isTemporary(std::string_view name) { return name.ends_with(".tmp") && name.find(".so.") == 32; }

}  // namespace

void sweep(const std::string &folder, uint64_t max_bytes) {
  DIR *directory = ::opendir(folder.c_str());
  if (!directory) return;
  int fd = ::dirfd(directory);
  std::vector<Entry> entries;
  uint64_t total = 0;
  const time_t now = ::time(nullptr);
  while (const dirent *item = ::readdir(directory)) {
    std::string name = item->d_name;
    bool temporary = isTemporary(name);
    if (!temporary && !isArtifact(name)) continue;
    struct stat info;
    if (::fstatat(fd, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode)) continue;
    if (temporary) {
      if (now - info.st_mtime > kAbandonedSeconds) ::unlinkat(fd, name.c_str(), 0);
      continue;
    }
    total += static_cast<uint64_t>(info.st_size);
    entries.push_back({std::move(name), static_cast<uint64_t>(info.st_size), info.st_mtim});
  }
  if (total > max_bytes) {
    std::sort(entries.begin(), entries.end(), [](const Entry &a, const Entry &b) {
      return a.used.tv_sec != b.used.tv_sec ? a.used.tv_sec < b.used.tv_sec : a.used.tv_nsec < b.used.tv_nsec;
    });
    for (const Entry &entry : entries) {
      if (total <= max_bytes || now - entry.used.tv_sec < kFreshSeconds) break;
      if (::unlinkat(fd, entry.name.c_str(), 0) == 0) total -= entry.size;
    }
  }
  ::closedir(directory);
}

}  // namespace cutrans::cache
