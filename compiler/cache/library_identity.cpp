// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which build of a library a file is, read from the file: the code generator must be known for the cache key without
// being opened, because opening it maps LLVM.
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "compiler/cache/disk_cache.h"

namespace cutrans::cache {
namespace {

constexpr uint64_t kMaxNoteBytes = 4096;
constexpr unsigned kMaxHeaders = 128;

bool readAt(int fd, void *out, size_t size, uint64_t offset) {
  return ::pread(fd, out, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
}

// The NT_GNU_BUILD_ID note of a 64-bit ELF file; "" where there is none.
std::string buildId(int fd) {
  Elf64_Ehdr header;
  if (!readAt(fd, &header, sizeof header, 0) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(Elf64_Phdr))
    return "";
  for (unsigned i = 0; i < header.e_phnum && i < kMaxHeaders; ++i) {
    Elf64_Phdr segment;
    if (!readAt(fd, &segment, sizeof segment, header.e_phoff + i * sizeof segment)) return "";
    if (segment.p_type != PT_NOTE || segment.p_filesz > kMaxNoteBytes) continue;
    char notes[kMaxNoteBytes];
    if (!readAt(fd, notes, segment.p_filesz, segment.p_offset)) continue;
    size_t at = 0, size = segment.p_filesz;
    while (at + sizeof(Elf64_Nhdr) <= size) {
      Elf64_Nhdr note;
      std::memcpy(&note, notes + at, sizeof note);
      size_t name = at + sizeof note;
      size_t data = name + ((size_t{note.n_namesz} + 3) & ~size_t{3});
      if (data > size || note.n_descsz > size - data) break;
      if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && !std::memcmp(notes + name, "GNU", 4))
        return "id:" + std::string(notes + data, note.n_descsz);
      at = data + ((size_t{note.n_descsz} + 3) & ~size_t{3});
    }
  }
  return "";
}

}  // namespace

std::string libraryIdentity(const std::string &path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  std::string identity = buildId(fd);
  struct stat info;
  if (identity.empty() && ::fstat(fd, &info) == 0)
    identity = "file:" + std::to_string(info.st_size) + ":" + std::to_string(info.st_mtim.tv_sec) + "." +
               std::to_string(info.st_mtim.tv_nsec);
  ::close(fd);
  return identity;
}

}  // namespace cutrans::cache
