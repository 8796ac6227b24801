// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Walking containers: what is there, and what happens when headers lie.
#include <gtest/gtest.h>

#include "build_container.h"

namespace cutrans::fatbin {
namespace {

constexpr size_t kFirstEntry = sizeof(ContainerHeader);

TEST(Container, ListsEntriesWithTheirArchitectures) {
  std::string bytes = buildContainer({{.kind = Kind::cubin, .sm = 90, .flags = kFlagArchSpecific, .payload = "code"},
                                      {.sm = 100, .flags = kFlagFamily},
                                      {.kind = Kind::lto_ir, .sm = 80, .flags = kFlagLtoIr}});
  Expected<Container> container = readContainer(bytesOf(bytes));
  ASSERT_TRUE(container.ok()) << container.error().text;
  ASSERT_EQ(container->entries.size(), 3u);
  EXPECT_EQ(container->entries[0].arch.text(), "sm_90a");
  EXPECT_EQ(container->entries[1].arch.text(), "sm_100f");
  EXPECT_EQ(container->entries[2].arch.text(), "sm_80");
  EXPECT_EQ(container->entries[2].kind, Kind::lto_ir);
  EXPECT_EQ(container->total_bytes, bytes.size());
}

TEST(Container, FindsNameAndOptionsInLongHeaders) {
  std::string bytes = buildContainer({{.name = "dir/file.cu", .options = " -g --dont-merge-basicblocks"}});
  Expected<Container> container = readContainer(bytesOf(bytes));
  ASSERT_TRUE(container.ok());
  EXPECT_EQ(container->entries[0].name, "dir/file.cu");
  EXPECT_EQ(container->entries[0].options, " -g --dont-merge-basicblocks");
}

TEST(Container, IgnoresBinaryOptionLists) {
  std::string bytes = buildContainer({{.options = std::string("\x01\x02\x03\x7f", 4)}});
  Expected<Container> container = readContainer(bytesOf(bytes));
  ASSERT_TRUE(container.ok());
  EXPECT_EQ(container->entries[0].options, "");
}

TEST(Container, StopsAtItsOwnEnd) {
  std::string bytes = buildContainer({{}});
  size_t size = bytes.size();
  bytes += std::string(4096, '\xff');
  Expected<Container> container = readContainer(bytesOf(bytes));
  ASSERT_TRUE(container.ok());
  EXPECT_EQ(container->total_bytes, size);
}

TEST(Container, FollowEachOther) {
  std::string bytes = buildContainer({{.kind = Kind::cubin}}) + std::string(16, '\0') + buildContainer({{}, {.sm = 80}});
  Expected<std::vector<Container>> containers = readContainers(bytesOf(bytes));
  ASSERT_TRUE(containers.ok()) << containers.error().text;
  ASSERT_EQ(containers->size(), 2u);
  EXPECT_EQ((*containers)[1].entries.size(), 2u);
}

TEST(Container, EmptyOneIsLegal) {
  std::string bytes = wrapEntries("");
  Expected<Container> container = readContainer(bytesOf(bytes));
  ASSERT_TRUE(container.ok());
  EXPECT_TRUE(container->entries.empty());
}

TEST(Container, EveryTruncationIsAnError) {
  const std::string bytes = buildContainer({{.packing = Packing::zstd, .name = "a.cu"}, {.sm = 80}});
  for (size_t size = 0; size < bytes.size(); size++) {
    Expected<Container> container = readContainer(bytesOf(bytes).first(size));
    ASSERT_FALSE(container.ok()) << size;
    EXPECT_EQ(container.error().diag, Diag::fatbin_truncated) << size;
  }
}

TEST(Container, WrongMagicIsNamed) {
  std::string bytes = buildContainer({{}});
  bytes[0] = 'x';
  Expected<Container> container = readContainer(bytesOf(bytes));
  ASSERT_FALSE(container.ok());
  EXPECT_EQ(container.error().diag, Diag::fatbin_bad_magic);
}

struct Lie {
  const char *what;
  size_t offset;
  uint64_t value;
  size_t width;
  Diag expected;
};

class LyingHeader : public testing::TestWithParam<Lie> {};

TEST_P(LyingHeader, IsAnError) {
  std::string bytes = buildContainer({{.packing = Packing::zstd, .payload = std::string(100, 'x')}});
  std::memcpy(bytes.data() + GetParam().offset, &GetParam().value, GetParam().width);
  Expected<Container> container = readContainer(bytesOf(bytes));
  ASSERT_FALSE(container.ok());
  EXPECT_EQ(container.error().diag, GetParam().expected) << container.error().text;
}

INSTANTIATE_TEST_SUITE_P(
    Fields, LyingHeader,
    testing::Values(
        Lie{"container_size_wraps", offsetof(ContainerHeader, entry_bytes), ~uint64_t{0}, 8, Diag::fatbin_truncated},
        Lie{"container_size_cuts_entry", offsetof(ContainerHeader, entry_bytes), 40, 8, Diag::fatbin_truncated},
        Lie{"container_version", offsetof(ContainerHeader, version), 7, 2, Diag::fatbin_bad_header},
        Lie{"container_header_short", offsetof(ContainerHeader, header_bytes), 3, 2, Diag::fatbin_bad_header},
        Lie{"entry_header_short", kFirstEntry + offsetof(EntryHeader, header_bytes), 0, 4, Diag::fatbin_bad_header},
        Lie{"entry_header_huge", kFirstEntry + offsetof(EntryHeader, header_bytes), ~0u, 4, Diag::fatbin_bad_header},
        Lie{"entry_header_long", kFirstEntry + offsetof(EntryHeader, header_bytes), 4096, 4, Diag::fatbin_truncated},
        Lie{"entry_version", kFirstEntry + offsetof(EntryHeader, version), 0x0201, 2, Diag::fatbin_bad_header},
        Lie{"payload_wraps", kFirstEntry + offsetof(EntryHeader, payload_bytes), ~uint64_t{0} - 8, 8,
            Diag::fatbin_truncated},
        Lie{"compressed_too_long", kFirstEntry + offsetof(EntryHeader, compressed_bytes), 1u << 30, 4,
            Diag::fatbin_bad_header}),
    [](const auto &info) { return info.param.what; });

TEST(Container, NamesOutsideTheHeaderAreDropped) {
  std::string bytes = buildContainer({{.name = "a.cu"}});
  poke(bytes, kFirstEntry + offsetof(EntryHeader, name_offset), uint32_t{0xfffffff0});
  poke(bytes, kFirstEntry + offsetof(EntryHeader, options_offset), uint32_t{0xfffffff0});
  Expected<Container> container = readContainer(bytesOf(bytes));
  ASSERT_TRUE(container.ok());
  EXPECT_EQ(container->entries[0].name, "");
  EXPECT_EQ(container->entries[0].options, "");
}

}  // namespace
}  // namespace cutrans::fatbin
