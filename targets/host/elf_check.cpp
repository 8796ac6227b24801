// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The dynamic linker believes what the headers say and crashes where they lie. This looks at everything by which it
// would leave the file: headers, segments, the dynamic section and the tables that it names.
#include "elf_check.h"

#include <elf.h>

#include <cstring>

namespace cutrans::host {
namespace {

constexpr uint64_t kMostImage = uint64_t{1} << 31;

#if defined(__x86_64__)
constexpr uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t kMachine = EM_AARCH64;
#else
constexpr uint16_t kMachine = EM_NONE;
#endif

bool inside(uint64_t offset, uint64_t length, uint64_t size) { return offset <= size && length <= size - offset; }

struct Image {
  const uint8_t *bytes;
  uint64_t size;
  const Elf64_Phdr *segments;
  unsigned count;

  // File bytes behind [address, address + length) of the loaded image; null: there are none.
  const uint8_t *at(uint64_t address, uint64_t length) const {
    for (unsigned i = 0; i < count; ++i) {
      const Elf64_Phdr &s = segments[i];
      if (s.p_type == PT_LOAD && address >= s.p_vaddr && inside(address - s.p_vaddr, length, s.p_filesz))
        return bytes + s.p_offset + (address - s.p_vaddr);
    }
    return nullptr;
  }
  // Whether [address, address + length) is loaded, zero-filled bytes included.
  bool loaded(uint64_t address, uint64_t length) const {
    for (unsigned i = 0; i < count; ++i) {
      const Elf64_Phdr &s = segments[i];
      if (s.p_type == PT_LOAD && address >= s.p_vaddr && inside(address - s.p_vaddr, length, s.p_memsz)) return true;
    }
    return false;
  }
};

const char *dynamicProblem(const Image &image, const Elf64_Phdr &segment) {
  const uint64_t entries = segment.p_filesz / sizeof(Elf64_Dyn);
  if (!image.at(segment.p_vaddr, segment.p_filesz)) return "its dynamic section is not loaded";
  uint64_t strings = 0, strings_size = 0, symbols = 0, rela = 0, rela_size = 0;
  bool ends = false, hash = false;
  for (uint64_t i = 0; i < entries && !ends; ++i) {
    Elf64_Dyn entry;
    std::memcpy(&entry, image.bytes + segment.p_offset + i * sizeof entry, sizeof entry);
    switch (entry.d_tag) {
      case DT_NULL: ends = true; break;
      case DT_STRTAB: strings = entry.d_un.d_ptr; break;
      case DT_STRSZ: strings_size = entry.d_un.d_val; break;
      case DT_SYMTAB: symbols = entry.d_un.d_ptr; break;
      case DT_RELA: rela = entry.d_un.d_ptr; break;
      case DT_RELASZ: rela_size = entry.d_un.d_val; break;
      case DT_HASH:
      case DT_GNU_HASH:
        hash = true;
        if (!image.at(entry.d_un.d_ptr, 16)) return "its hash table lies outside";
        break;
      case DT_RELR:
      case DT_JMPREL:
      case DT_INIT:
      case DT_FINI:
      case DT_INIT_ARRAY:
      case DT_FINI_ARRAY:
      case DT_VERSYM:
      case DT_VERNEED:
      case DT_VERDEF:
        if (!image.loaded(entry.d_un.d_ptr, 1)) return "its dynamic section points outside";
        break;
      default: break;
    }
  }
  if (!ends || !hash) return "its dynamic section is incomplete";
  const uint8_t *text = image.at(strings, strings_size);
  if (!strings_size || !text || text[strings_size - 1] != 0) return "its names lie outside";
  if (!image.at(symbols, sizeof(Elf64_Sym))) return "its symbols lie outside";
  if (rela_size && !image.at(rela, rela_size)) return "its relocations lie outside";
  for (uint64_t i = 0; i < rela_size / sizeof(Elf64_Rela); ++i) {
    Elf64_Rela row;
    std::memcpy(&row, image.at(rela, rela_size) + i * sizeof row, sizeof row);
    if (!image.loaded(row.r_offset, 8)) return "a relocation points outside";
    if (ELF64_R_SYM(row.r_info) && !image.at(symbols + ELF64_R_SYM(row.r_info) * sizeof(Elf64_Sym), sizeof(Elf64_Sym)))
      return "a relocation's symbol lies outside";
  }
  return nullptr;
}

}  // namespace

const char *elfProblem(const void *data, uint64_t size) {
  const uint8_t *bytes = static_cast<const uint8_t *>(data);
  Elf64_Ehdr header;
  if (!bytes || size < sizeof header) return "it is too short";
  std::memcpy(&header, bytes, sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return "it is no ELF file";
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != kMachine)
    return "it is for another machine";
  if (header.e_type != ET_DYN) return "it is no shared library";
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 || header.e_phoff % alignof(Elf64_Phdr) ||
      !inside(header.e_phoff, uint64_t{header.e_phnum} * sizeof(Elf64_Phdr), size))
    return "its program headers lie outside";
  const Image image{bytes, size, reinterpret_cast<const Elf64_Phdr *>(bytes + header.e_phoff), header.e_phnum};
  const Elf64_Phdr *dynamic = nullptr;
  uint64_t last_end = 0;
  bool any = false;
  for (unsigned i = 0; i < image.count; ++i) {
    const Elf64_Phdr &s = image.segments[i];
    if (s.p_type == PT_DYNAMIC) dynamic = &s;
    if (s.p_type == PT_INTERP) return "it is a program";
    if (s.p_type != PT_LOAD && s.p_type != PT_DYNAMIC && s.p_type != PT_TLS && s.p_type != PT_NOTE && s.p_type != PT_GNU_RELRO) continue;
    if (!inside(s.p_offset, s.p_filesz, size)) return "a segment lies outside";
    if (s.p_type == PT_TLS) return "it has thread-local variables";
    if (s.p_type != PT_LOAD) continue;
    if (s.p_filesz > s.p_memsz || s.p_memsz > kMostImage || s.p_vaddr > kMostImage) return "a segment has an impossible size";
    if (s.p_align == 0 || (s.p_align & (s.p_align - 1)) || s.p_align > kMostImage || s.p_vaddr % 4096 != s.p_offset % 4096)
      return "a segment is misaligned";
    if (any && s.p_vaddr < last_end) return "segments overlap";
    last_end = s.p_vaddr + s.p_memsz;
    any = true;
  }
  if (!any || !dynamic) return "it has nothing to load";
  return dynamicProblem(image, *dynamic);
}

}  // namespace cutrans::host
