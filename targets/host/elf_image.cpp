// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// System V ABI, chapter 5, as far as kernels use it. All reads of the file's tables go through at(), which knows the bounds.
#include "elf_image.h"

#include <elf.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "host.h"

namespace cutrans::host {
namespace {

constexpr uint64_t kMostImage = uint64_t{1} << 30;

#if defined(__x86_64__)
constexpr uint16_t kMachine = EM_X86_64;
constexpr uint32_t kRelative = R_X86_64_RELATIVE, kAbsolute = R_X86_64_64, kData = R_X86_64_GLOB_DAT, kJump = R_X86_64_JUMP_SLOT;
#elif defined(__aarch64__)
constexpr uint16_t kMachine = EM_AARCH64;
constexpr uint32_t kRelative = R_AARCH64_RELATIVE, kAbsolute = R_AARCH64_ABS64, kData = R_AARCH64_GLOB_DAT, kJump = R_AARCH64_JUMP_SLOT;
#endif

bool inside(uint64_t offset, uint64_t length, uint64_t size) { return offset <= size && length <= size - offset; }

// The mapped image while it is put together; addresses are the file's.
struct Image {
  uint8_t *data;
  uint64_t low, size;
  template <class T>
  bool read(uint64_t address, T &out) const {
    if (address < low || !inside(address - low, sizeof(T), size)) return false;
    std::memcpy(&out, data + (address - low), sizeof(T));
    return true;
  }
  bool write(uint64_t address, uint64_t value) const {
    if (address < low || !inside(address - low, sizeof value, size)) return false;
    std::memcpy(data + (address - low), &value, sizeof value);
    return true;
  }
};

struct Dynamic {
  uint64_t symbols = 0, names = 0, names_size = 0, hash = 0, gnu_hash = 0;
  uint64_t relocations[2] = {}, relocation_bytes[2] = {};  // DT_RELA, DT_JMPREL
};

const char *readDynamic(const Image &image, uint64_t address, uint64_t bytes, Dynamic &out) {
  for (uint64_t i = 0; i < bytes / sizeof(Elf64_Dyn); ++i) {
    Elf64_Dyn entry;
    if (!image.read(address + i * sizeof entry, entry)) return "its dynamic section lies outside";
    const uint64_t value = entry.d_un.d_val;
    switch (entry.d_tag) {
      case DT_NULL: return out.symbols && out.names && (out.hash || out.gnu_hash) ? nullptr : "its dynamic section is incomplete";
      case DT_SYMTAB: out.symbols = value; break;
      case DT_STRTAB: out.names = value; break;
      case DT_STRSZ: out.names_size = value; break;
      case DT_HASH: out.hash = value; break;
      case DT_GNU_HASH: out.gnu_hash = value; break;
      case DT_RELA: out.relocations[0] = value; break;
      case DT_RELASZ: out.relocation_bytes[0] = value; break;
      case DT_JMPREL: out.relocations[1] = value; break;
      case DT_PLTRELSZ: out.relocation_bytes[1] = value; break;
      case DT_INIT:
      case DT_FINI:
      case DT_INIT_ARRAY:
      case DT_FINI_ARRAY: return "it has constructors or destructors";
      case DT_REL:
      case DT_RELR:
      case DT_TEXTREL: return "it has relocations of a kind that kernels do not need";
      default: break;
    }
  }
  return "its dynamic section has no end";
}

// The number of symbols, which only the hash tables tell. 0: they lie.
uint64_t countSymbols(const Image &image, const Dynamic &dynamic) {
  if (dynamic.hash) {
    Elf64_Word counts[2];
    return image.read(dynamic.hash, counts) ? counts[1] : 0;
  }
  struct { Elf64_Word buckets, first, filters, shift; } head;
  if (!image.read(dynamic.gnu_hash, head)) return 0;
  const uint64_t buckets = dynamic.gnu_hash + sizeof head + uint64_t{head.filters} * 8, chains = buckets + uint64_t{head.buckets} * 4;
  uint64_t last = 0;
  for (uint64_t i = 0; i < head.buckets; ++i) {
    Elf64_Word start;
    if (!image.read(buckets + i * 4, start)) return 0;
    last = std::max<uint64_t>(last, start);
  }
  if (last < head.first) return head.first;
  for (Elf64_Word link = 0;; ++last) {
    if (!image.read(chains + (last - head.first) * 4, link)) return 0;
    if (link & 1) return last + 1;
  }
}

std::string nameOf(const Image &image, const Dynamic &dynamic, const Elf64_Sym &symbol) {
  std::string name;
  for (uint64_t i = symbol.st_name; i < dynamic.names_size && name.size() < 200; ++i) {
    char letter;
    if (!image.read(dynamic.names + i, letter) || !letter) break;
    name += letter;
  }
  return name;
}

std::string relocate(const Image &image, const Dynamic &dynamic, uint64_t symbol_count, uint64_t base) {
  for (int table = 0; table < 2; ++table) {
    for (uint64_t i = 0; i < dynamic.relocation_bytes[table] / sizeof(Elf64_Rela); ++i) {
      Elf64_Rela row;
      if (!image.read(dynamic.relocations[table] + i * sizeof row, row)) return "its relocations lie outside";
      const uint64_t type = ELF64_R_TYPE(row.r_info), index = ELF64_R_SYM(row.r_info), addend = static_cast<uint64_t>(row.r_addend);
      uint64_t value = base + addend;
      if (type == kAbsolute || type == kData || type == kJump) {
        Elf64_Sym symbol;
        if (index >= symbol_count || !image.read(dynamic.symbols + index * sizeof symbol, symbol)) return "a relocation's symbol lies outside";
        if (symbol.st_shndx == SHN_UNDEF) return "it imports " + nameOf(image, dynamic, symbol);
        value = base + symbol.st_value + (type == kAbsolute ? addend : 0);
      } else if (type != kRelative) {
        return "it has a relocation that kernels do not need";
      }
      if (!image.write(row.r_offset, value)) return "a relocation points outside";
    }
  }
  return "";
}

}  // namespace

std::string ElfImage::load(const uint8_t *bytes, uint64_t size) {
  Elf64_Ehdr header;
  if (!bytes || size < sizeof header) return "it is too short";
  std::memcpy(&header, bytes, sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return "it is no ELF file";
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != kMachine ||
      header.e_type != ET_DYN)
    return "it is no shared library of this machine";
  if (header.e_phentsize != sizeof(Elf64_Phdr) || !inside(header.e_phoff, uint64_t{header.e_phnum} * sizeof(Elf64_Phdr), size))
    return "its program headers lie outside";
  const auto segment = [&](unsigned i) {
    Elf64_Phdr s;
    std::memcpy(&s, bytes + header.e_phoff + i * sizeof s, sizeof s);
    return s;
  };

  uint64_t low = UINT64_MAX, high = 0, dynamic_at = 0, dynamic_size = 0;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    const Elf64_Phdr s = segment(i);
    if (s.p_type == PT_DYNAMIC) dynamic_at = s.p_vaddr, dynamic_size = s.p_memsz;
    if (s.p_type == PT_TLS) return "it has thread-local variables";
    if (s.p_type != PT_LOAD) continue;
    if (!inside(s.p_offset, s.p_filesz, size) || s.p_filesz > s.p_memsz || s.p_memsz > kMostImage || s.p_vaddr > kMostImage)
      return "a segment lies outside";
    low = std::min(low, s.p_vaddr / kPage * kPage);
    high = std::max(high, roundUp(s.p_vaddr + s.p_memsz, kPage));
  }
  if (low >= high || !dynamic_size || dynamic_size > high - low) return "it has nothing to load";

  pages_ = mapPages(high - low, kPage, false);
  if (!pages_.data) return "no memory for it";
  const Image image{pages_.data, low, high - low};
  for (unsigned i = 0; i < header.e_phnum; ++i)
    if (const Elf64_Phdr s = segment(i); s.p_type == PT_LOAD) std::memcpy(image.data + (s.p_vaddr - low), bytes + s.p_offset, s.p_filesz);

  Dynamic dynamic;
  if (const char *problem = readDynamic(image, dynamic_at, dynamic_size, dynamic)) return problem;
  symbol_count_ = countSymbols(image, dynamic);
  if (!symbol_count_ || dynamic.symbols < low || !inside(dynamic.symbols - low, symbol_count_ * sizeof(Elf64_Sym), image.size))
    return "its symbols lie outside";
  if (dynamic.names < low || !inside(dynamic.names - low, dynamic.names_size, image.size)) return "its names lie outside";
  low_ = low;
  symbols_ = dynamic.symbols - low;
  names_ = dynamic.names - low;
  names_size_ = dynamic.names_size;
  if (std::string problem = relocate(image, dynamic, symbol_count_, reinterpret_cast<uint64_t>(image.data) - low); !problem.empty())
    return problem;

  code_begin_ = UINT64_MAX;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    const Elf64_Phdr s = segment(i);
    if (s.p_type != PT_LOAD && s.p_type != PT_GNU_RELRO) continue;
    if (s.p_type == PT_GNU_RELRO && (s.p_vaddr < low || !inside(s.p_vaddr - low, s.p_memsz, image.size))) return "a segment lies outside";
    const uint64_t begin = (s.p_vaddr - low) / kPage * kPage;
    // What is read-only after relocation ends at a page by the linker's layout; a page that is shared stays writable.
    const uint64_t end = s.p_type == PT_LOAD ? roundUp(s.p_vaddr - low + s.p_memsz, kPage) : (s.p_vaddr - low + s.p_memsz) / kPage * kPage;
    int access = PROT_READ;
    if (s.p_type == PT_LOAD) access = (s.p_flags & PF_W ? PROT_READ | PROT_WRITE : PROT_READ) | (s.p_flags & PF_X ? PROT_EXEC : 0);
    if ((access & PROT_WRITE) && (access & PROT_EXEC)) return "a segment is both code and data";
    if (end > begin && mprotect(image.data + begin, end - begin, access) != 0) return "its memory cannot be protected";
    if (access & PROT_EXEC) {
      code_begin_ = std::min(code_begin_, begin);
      code_end_ = std::max(code_end_, end);
    }
  }
  __builtin___clear_cache(reinterpret_cast<char *>(image.data), reinterpret_cast<char *>(image.data + image.size));
  return "";
}

const void *ElfImage::object(const char *name, uint64_t size) const {
  const uint64_t length = std::strlen(name) + 1;
  for (uint64_t i = 1; i < symbol_count_; ++i) {
    Elf64_Sym symbol;
    std::memcpy(&symbol, pages_.data + symbols_ + i * sizeof symbol, sizeof symbol);
    if (symbol.st_shndx == SHN_UNDEF || !inside(symbol.st_name, length, names_size_) ||
        std::memcmp(pages_.data + names_ + symbol.st_name, name, length) != 0)
      continue;
    if (symbol.st_value < low_ || !inside(symbol.st_value - low_, size, pages_.size) || symbol.st_value % 8) return nullptr;
    return pages_.data + (symbol.st_value - low_);
  }
  return nullptr;
}

bool ElfImage::isCode(const void *address) const {
  const uint64_t offset = reinterpret_cast<uint64_t>(address) - reinterpret_cast<uint64_t>(pages_.data);
  return offset >= code_begin_ && offset < code_end_;
}

}  // namespace cutrans::host
