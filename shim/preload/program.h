// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The program of this process or a library that it has loaded, as its file says: has it device code, where did its own CUDA runtime go, where
// is that now in memory. The file is untrusted: every offset is checked against its size before use.
#pragma once
#include <elf.h>
#include <stddef.h>
#include <stdint.h>

namespace cutrans::preload {

class Program {
 public:
  // Maps the file (/proc/self/exe for the program) of what the loader has put at `base`. False, and no more to do, where that is no ELF file for this machine.
  bool open(const char *path, uintptr_t base);
  ~Program();

  const char *path() const { return path_; }
  bool hasDeviceCode() const;  // nvcc's sections are there
  bool hasSection(const char *name) const;
  bool needsSharedRuntime() const;  // libcudart.so or libcuda.so among its libraries
  bool hasSymbols() const { return symbols_ != nullptr; }

  // Calls visit(name, address in memory, size) for each function that the program defines in executable memory.
  template <class Visit>
  void functions(Visit &&visit) const {
    for (size_t i = 0; i < symbol_count_; ++i) {
      const Elf64_Sym &s = symbols_[i];
      if (ELF64_ST_TYPE(s.st_info) != STT_FUNC || s.st_shndx == SHN_UNDEF) continue;
      const char *name = string(names_, names_size_, s.st_name);
      if (name && inCode(s.st_value, s.st_size)) visit(name, base_ + s.st_value, static_cast<size_t>(s.st_size));
    }
  }

  // The memory from the first to the last byte of the program.
  uintptr_t begin() const { return begin_; }
  uintptr_t end() const { return end_; }
  // Protection bits of the segment that holds the address.
  int protection(uintptr_t address) const;

 private:
  template <class T>
  const T *at(uint64_t offset, uint64_t count = 1) const;
  static const char *string(const char *table, size_t size, uint64_t offset);
  bool inCode(uint64_t address, uint64_t size) const;
  void locate();
  void findSymbols();

  char path_[4096] = "";
  const unsigned char *file_ = nullptr;
  size_t size_ = 0;
  const Elf64_Ehdr *header_ = nullptr;
  const Elf64_Shdr *sections_ = nullptr;
  size_t section_count_ = 0;
  const char *section_names_ = nullptr;
  size_t section_names_size_ = 0;
  const Elf64_Phdr *segments_ = nullptr;
  size_t segment_count_ = 0;
  const Elf64_Sym *symbols_ = nullptr;
  size_t symbol_count_ = 0;
  const char *names_ = nullptr;
  size_t names_size_ = 0;
  uintptr_t base_ = 0, begin_ = 0, end_ = 0;
};

}  // namespace cutrans::preload
