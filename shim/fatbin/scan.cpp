// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The scanner. It needs four fields of each section header and nothing that libelf would add; a file whose section
// headers are gone or wrong is searched for the magic number of containers instead.
#include "cutrans/fatbin/scan.h"

#include <elf.h>
#include <fmt/format.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace cutrans::fatbin {
namespace {

struct Section {
  std::string_view name;
  uint64_t offset = 0;
  Bytes bytes;
};

template <class T>
bool load(Bytes bytes, uint64_t offset, T *out) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return false;
  std::memcpy(out, bytes.data() + offset, sizeof(T));
  return true;
}

Bytes part(Bytes bytes, uint64_t offset, uint64_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) return {};
  return bytes.subspan(offset, size);
}

std::vector<Section> sections(Bytes file) {
  Elf64_Ehdr elf;
  Elf64_Shdr names;
  if (!load(file, 0, &elf) || elf.e_ident[EI_CLASS] != ELFCLASS64 || elf.e_shentsize != sizeof(Elf64_Shdr)) return {};
  auto header_at = [&](uint64_t index, Elf64_Shdr *out) {
    return elf.e_shoff <= file.size() && load(file, elf.e_shoff + index * sizeof(Elf64_Shdr), out);
  };
  if (elf.e_shoff == 0 || !header_at(elf.e_shstrndx, &names)) return {};
  Bytes strings = part(file, names.sh_offset, names.sh_size);

  std::vector<Section> found;
  Elf64_Shdr h;
  for (uint64_t i = 0; i < elf.e_shnum && header_at(i, &h); i++) {
    if (h.sh_type == SHT_NOBITS || h.sh_name >= strings.size()) continue;
    const char *name = reinterpret_cast<const char *>(strings.data()) + h.sh_name;
    found.push_back({{name, strnlen(name, strings.size() - h.sh_name)}, h.sh_offset,
                     part(file, h.sh_offset, h.sh_size)});
  }
  return found;
}

// Containers follow each other; behind a damaged one the next magic number, 8-aligned, is where the list goes on.
void scanContainers(const Section &section, bool search, Scan *scan) {
  Bytes bytes = section.bytes;
  for (uint64_t at = 0; at + sizeof(ContainerHeader) <= bytes.size();) {
    uint32_t magic = 0;
    load(bytes, at, &magic);
    if (magic != kContainerMagic) {
      at += 8;
      continue;
    }
    Expected<Container> container = readContainer(bytes.subspan(at));
    if (!container.ok()) {
      // The magic number may be there by chance where all of a file is searched.
      if (!search)
        scan->damage.push_back({container.error().diag, fmt::format("{} at {:#x}: {}", section.name,
                                                                    section.offset + at, container.error().text)});
      at += 8;
      continue;
    }
    uint64_t next = at + ((container->total_bytes + 7) & ~uint64_t{7});
    scan->containers.push_back({std::string(section.name), section.offset + at, std::move(*container)});
    at = next;
  }
}

}  // namespace

Scan scan(Bytes file) {
  Scan result;
  result.elf = file.size() >= SELFMAG && std::memcmp(file.data(), ELFMAG, SELFMAG) == 0;
  bool has_sections = false;
  if (result.elf) {
    for (const Section &section : sections(file)) {
      has_sections = true;
      if (section.name == ".nvFatBinSegment") result.wrappers += section.bytes.size() / sizeof(WrapperHeader);
      if (section.name == ".nv_fatbin" || section.name == "__nv_relfatbin")
        scanContainers(section, false, &result);
    }
  }
  uint32_t magic = 0;
  bool bare = load(file, 0, &magic) && magic == kContainerMagic;
  if (!has_sections && (result.elf || bare)) scanContainers({"", 0, file}, !bare, &result);
  return result;
}

Expected<std::string> readFile(const std::string &path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error))
    return Error{Diag::fatbin_file, fmt::format("{} is not a regular file", path)};
  std::ifstream in(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in) return Error{Diag::fatbin_file, fmt::format("{} cannot be read", path)};
  return bytes;
}

}  // namespace cutrans::fatbin
