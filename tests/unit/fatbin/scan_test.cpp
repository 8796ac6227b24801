// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The file scanner on hand-made files: bare containers, ELF files without or with wrong section headers.
#include "cutrans/fatbin/scan.h"

#include <elf.h>
#include <gtest/gtest.h>

#include "build_container.h"

namespace cutrans::fatbin {
namespace {

Elf64_Shdr sectionHeader(uint32_t name, uint64_t offset, uint64_t size) {
  Elf64_Shdr h{};
  h.sh_name = name;
  h.sh_type = SHT_PROGBITS;
  h.sh_offset = offset;
  h.sh_size = size;
  return h;
}

// An ELF file with one section ".nv_fatbin" (and the string table) around `content`.
std::string elfWith(const std::string &content) {
  std::string strings("\0.nv_fatbin\0.shstrtab\0", 22);
  std::string file(sizeof(Elf64_Ehdr), '\0');
  uint64_t content_at = file.size(), strings_at = content_at + content.size();
  file += content + strings;
  padTo8(file);
  uint64_t headers_at = file.size();
  append(file, Elf64_Shdr{});
  append(file, sectionHeader(1, content_at, content.size()));
  append(file, sectionHeader(12, strings_at, strings.size()));
  Elf64_Ehdr elf{};
  std::memcpy(elf.e_ident, ELFMAG, SELFMAG);
  elf.e_ident[EI_CLASS] = ELFCLASS64;
  elf.e_shoff = headers_at;
  elf.e_shentsize = sizeof(Elf64_Shdr);
  elf.e_shnum = 3;
  elf.e_shstrndx = 2;
  poke(file, 0, elf);
  return file;
}

TEST(Scan, FindsContainersInTheSection) {
  std::string file = elfWith(buildContainer({{.kind = Kind::cubin}}) + buildContainer({{.sm = 80}}));
  Scan found = scan(bytesOf(file));
  EXPECT_TRUE(found.elf);
  EXPECT_TRUE(found.damage.empty());
  ASSERT_EQ(found.containers.size(), 2u);
  EXPECT_EQ(found.containers[0].section, ".nv_fatbin");
  EXPECT_EQ(found.containers[1].container.entries[0].arch.sm, 80u);
}

TEST(Scan, SearchesFilesWithoutSectionHeaders) {
  std::string file = elfWith(buildContainer({{.sm = 80}}));
  poke(file, offsetof(Elf64_Ehdr, e_shoff), uint64_t{0});
  Scan found = scan(bytesOf(file));
  ASSERT_EQ(found.containers.size(), 1u);
  EXPECT_EQ(found.containers[0].section, "");
}

TEST(Scan, ListsTheRestBehindADamagedContainer) {
  std::string bad = buildContainer({{}});
  poke(bad, sizeof(ContainerHeader) + offsetof(EntryHeader, header_bytes), uint32_t{1});
  std::string file = elfWith(bad + buildContainer({{.sm = 80}}));
  Scan found = scan(bytesOf(file));
  EXPECT_EQ(found.damage.size(), 1u);
  EXPECT_EQ(found.containers.size(), 1u);
}

TEST(Scan, EveryTruncatedFileIsRead) {
  const std::string file = elfWith(buildContainer({{.packing = Packing::zstd}}));
  for (size_t size = 0; size < file.size(); size++) scan(bytesOf(file).first(size));
}

TEST(Scan, BareContainersAndOtherFiles) {
  std::string bare = buildContainer({{}});
  EXPECT_EQ(scan(bytesOf(bare)).containers.size(), 1u);
  std::string other = "#!/bin/sh\n";
  Scan found = scan(bytesOf(other));
  EXPECT_FALSE(found.elf);
  EXPECT_TRUE(found.containers.empty());
}

TEST(Scan, FoldersAndMissingFilesAreErrors) {
  EXPECT_FALSE(readFile("/").ok());
  EXPECT_FALSE(readFile("/no/such/file").ok());
  EXPECT_TRUE(readFile("/proc/self/exe").ok());
}

}  // namespace
}  // namespace cutrans::fatbin
