// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Finding a section of an ELF file by name, in bytes that nobody has checked. Also used by the test double.
#pragma once

#include <elf.h>

#include <cstring>
#include <string_view>

namespace cutrans::hip {

constexpr Elf64_Half kMachineAmdgpu = 224;

template <class T>
bool readAt(std::string_view file, uint64_t at, T &out) {
  if (at > file.size() || file.size() - at < sizeof out) return false;
  std::memcpy(&out, file.data() + at, sizeof out);
  return true;
}

// The header of an AMDGPU code object; false: it is none.
inline bool readHeader(std::string_view file, Elf64_Ehdr &out) {
  return readAt(file, 0, out) && std::memcmp(out.e_ident, ELFMAG, SELFMAG) == 0 && out.e_ident[EI_CLASS] == ELFCLASS64 &&
         out.e_ident[EI_DATA] == ELFDATA2LSB && out.e_machine == kMachineAmdgpu && out.e_shentsize == sizeof(Elf64_Shdr);
}

// Empty where there is no such section.
inline std::string_view findSection(std::string_view file, std::string_view name) {
  Elf64_Ehdr header;
  Elf64_Shdr names, section;
  if (!readHeader(file, header) || header.e_shnum == 0) return {};
  auto place = [&](unsigned i) { return header.e_shoff + uint64_t{i} * sizeof(Elf64_Shdr); };
  auto bytes = [&](const Elf64_Shdr &of) -> std::string_view {
    if (of.sh_type == SHT_NOBITS || of.sh_offset > file.size() || of.sh_size > file.size() - of.sh_offset) return {};
    return file.substr(of.sh_offset, of.sh_size);
  };
  if (!readAt(file, place(header.e_shstrndx), names)) return {};
  const std::string_view texts = bytes(names);
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    if (!readAt(file, place(i), section)) return {};
    if (section.sh_name >= texts.size()) continue;
    const std::string_view rest = texts.substr(section.sh_name);
    if (rest.size() > name.size() && rest.substr(0, name.size()) == name && rest[name.size()] == '\0') return bytes(section);
  }
  return {};
}

}  // namespace cutrans::hip
