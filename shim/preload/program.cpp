// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ELF of this machine's class and order only; anything else is no program to redirect.
#include "shim/preload/program.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cutrans::preload {

template <class T>
const T *Program::at(uint64_t offset, uint64_t count) const {
  if (offset > size_ || count > (size_ - offset) / sizeof(T) || offset % alignof(T)) return nullptr;
  return reinterpret_cast<const T *>(file_ + offset);
}

const char *Program::string(const char *table, size_t size, uint64_t offset) {
  if (!table || offset >= size || !memchr(table + offset, 0, size - offset)) return nullptr;
  return table + offset;
}

bool Program::open(const char *path, uintptr_t base) {
  base_ = base;
  const bool link = strncmp(path, "/proc/", 6) == 0;
  const ssize_t length = link ? readlink(path, path_, sizeof path_ - 1) : 0;
  if (!link) strncpy(path_, path, sizeof path_ - 1);
  if (length > 0) path_[length] = 0;
  int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  struct stat st;
  if (fstat(fd, &st) == 0 && st.st_size > 0) {
    void *map = mmap(nullptr, static_cast<size_t>(st.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
    if (map != MAP_FAILED) {
      file_ = static_cast<const unsigned char *>(map);
      size_ = static_cast<size_t>(st.st_size);
    }
  }
  close(fd);
  header_ = file_ ? at<Elf64_Ehdr>(0) : nullptr;
  if (!header_ || memcmp(header_->e_ident, ELFMAG, SELFMAG) != 0 || header_->e_ident[EI_CLASS] != ELFCLASS64 ||
      header_->e_ident[EI_DATA] != ELFDATA2LSB || header_->e_shentsize != sizeof(Elf64_Shdr) ||
      header_->e_phentsize != sizeof(Elf64_Phdr))
    return false;
  sections_ = at<Elf64_Shdr>(header_->e_shoff, header_->e_shnum);
  section_count_ = sections_ ? header_->e_shnum : 0;
  segments_ = at<Elf64_Phdr>(header_->e_phoff, header_->e_phnum);
  segment_count_ = segments_ ? header_->e_phnum : 0;
  if (header_->e_shstrndx < section_count_) {
    const Elf64_Shdr &s = sections_[header_->e_shstrndx];
    section_names_ = at<char>(s.sh_offset, s.sh_size);
    section_names_size_ = section_names_ ? s.sh_size : 0;
  }
  locate();
  findSymbols();
  return true;
}

Program::~Program() {
  if (file_) munmap(const_cast<unsigned char *>(file_), size_);
}

bool Program::hasSection(const char *name) const {
  for (size_t i = 0; i < section_count_; ++i) {
    const char *found = string(section_names_, section_names_size_, sections_[i].sh_name);
    if (found && strcmp(found, name) == 0) return true;
  }
  return false;
}

bool Program::hasDeviceCode() const {
  return hasSection(".nvFatBinSegment") || hasSection(".nv_fatbin");
}

bool Program::needsSharedRuntime() const {
  for (size_t i = 0; i < section_count_; ++i) {
    const Elf64_Shdr &s = sections_[i];
    if (s.sh_type != SHT_DYNAMIC || s.sh_link >= section_count_) continue;
    const size_t count = s.sh_size / sizeof(Elf64_Dyn);
    const Elf64_Dyn *dynamic = at<Elf64_Dyn>(s.sh_offset, count);
    const Elf64_Shdr &strings = sections_[s.sh_link];
    const char *names = at<char>(strings.sh_offset, strings.sh_size);
    for (size_t d = 0; dynamic && names && d < count; ++d) {
      if (dynamic[d].d_tag != DT_NEEDED) continue;
      const char *library = string(names, strings.sh_size, dynamic[d].d_un.d_val);
      if (library && (strncmp(library, "libcudart.so", 12) == 0 || strncmp(library, "libcuda.so", 10) == 0))
        return true;
    }
  }
  return false;
}

bool Program::inCode(uint64_t address, uint64_t size) const {
  for (size_t i = 0; i < segment_count_; ++i) {
    const Elf64_Phdr &p = segments_[i];
    if (p.p_type == PT_LOAD && (p.p_flags & PF_X) && address >= p.p_vaddr && address - p.p_vaddr <= p.p_filesz &&
        size <= p.p_filesz - (address - p.p_vaddr))
      return true;
  }
  return false;
}

int Program::protection(uintptr_t address) const {
  for (size_t i = 0; i < segment_count_; ++i) {
    const Elf64_Phdr &p = segments_[i];
    const uintptr_t from = base_ + p.p_vaddr;
    if (p.p_type == PT_LOAD && address >= from && address - from < p.p_memsz)
      return (p.p_flags & PF_R ? PROT_READ : 0) | (p.p_flags & PF_W ? PROT_WRITE : 0) |
             (p.p_flags & PF_X ? PROT_EXEC : 0);
  }
  return PROT_NONE;
}

void Program::locate() {
  begin_ = UINTPTR_MAX;
  for (size_t i = 0; i < segment_count_; ++i) {
    const Elf64_Phdr &p = segments_[i];
    if (p.p_type != PT_LOAD) continue;
    const uintptr_t from = base_ + p.p_vaddr;
    if (from < begin_) begin_ = from;
    if (from + p.p_memsz > end_) end_ = from + p.p_memsz;
  }
}

void Program::findSymbols() {
  for (size_t i = 0; i < section_count_; ++i) {
    const Elf64_Shdr &s = sections_[i];
    if (s.sh_type != SHT_SYMTAB || s.sh_link >= section_count_ || s.sh_entsize != sizeof(Elf64_Sym)) continue;
    const Elf64_Shdr &strings = sections_[s.sh_link];
    symbols_ = at<Elf64_Sym>(s.sh_offset, s.sh_size / sizeof(Elf64_Sym));
    names_ = at<char>(strings.sh_offset, strings.sh_size);
    if (!symbols_ || !names_) symbols_ = nullptr;
    symbol_count_ = symbols_ ? s.sh_size / sizeof(Elf64_Sym) : 0;
    names_size_ = names_ ? strings.sh_size : 0;
    return;
  }
}

}  // namespace cutrans::preload
