// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Unpacking: every form, and payloads that are not what their header says.
#include "cutrans/fatbin/payload.h"

#include <gtest/gtest.h>

#include "build_container.h"

namespace cutrans::fatbin {
namespace {

constexpr size_t kFirstEntry = sizeof(ContainerHeader);

std::string longText() {
  std::string text = "//\n.version 9.0\n.target sm_75\n.address_size 64\n";
  for (int i = 0; i < 2000; i++) text += "  add.s32 %r" + std::to_string(i) + ", %r1, %r2;\n";
  return text;
}

class Packings : public testing::TestWithParam<Packing> {};

TEST_P(Packings, GiveTheTextBackWithoutItsNul) {
  std::string bytes = buildContainer({{.packing = GetParam(), .payload = longText()}});
  Expected<Container> container = readContainer(bytesOf(bytes));
  ASSERT_TRUE(container.ok());
  Expected<std::string> text = unpack(container->entries[0]);
  ASSERT_TRUE(text.ok()) << text.error().text;
  EXPECT_EQ(*text, longText());
}

INSTANTIATE_TEST_SUITE_P(All, Packings, testing::Values(Packing::plain, Packing::zstd, Packing::lz4));

class PackedPayload : public testing::TestWithParam<Packing> {};

TEST_P(PackedPayload, CutAnywhereIsAnError) {
  const std::string bytes = buildContainer({{.packing = GetParam(), .payload = longText()}});
  Expected<Container> container = readContainer(bytesOf(bytes));
  ASSERT_TRUE(container.ok());
  for (size_t size = 1; size < container->entries[0].payload.size(); size += 7) {
    Entry entry = container->entries[0];
    entry.payload = entry.payload.first(size);
    Expected<std::string> text = unpack(entry);
    ASSERT_FALSE(text.ok()) << size;
    EXPECT_EQ(text.error().diag, Diag::fatbin_decompression);
  }
}

TEST_P(PackedPayload, ClaimingAnotherSizeIsAnError) {
  const std::string original = buildContainer({{.packing = GetParam(), .payload = longText()}});
  uint64_t real = longText().size() + 1;
  for (uint64_t claim : {uint64_t{0}, uint64_t{1}, real - 1, real + 1, real * 2, kMaxUnpackedBytes}) {
    std::string bytes = original;
    poke(bytes, kFirstEntry + offsetof(EntryHeader, unpacked_bytes), claim);
    Expected<Container> container = readContainer(bytesOf(bytes));
    ASSERT_TRUE(container.ok());
    Expected<std::string> text = unpack(container->entries[0]);
    ASSERT_FALSE(text.ok()) << claim;
    EXPECT_EQ(text.error().diag, Diag::fatbin_decompression) << claim;
  }
}

INSTANTIATE_TEST_SUITE_P(Compressed, PackedPayload, testing::Values(Packing::zstd, Packing::lz4));

TEST(Payload, ClaimsBeyondTheBoundAreRefusedBeforeMemoryIsTaken) {
  std::string bytes = buildContainer({{.packing = Packing::zstd, .payload = longText()}});
  poke(bytes, kFirstEntry + offsetof(EntryHeader, unpacked_bytes), uint64_t{1} << 50);
  Expected<Container> container = readContainer(bytesOf(bytes));
  ASSERT_TRUE(container.ok());
  Expected<std::string> text = unpack(container->entries[0]);
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error().diag, Diag::fatbin_too_large);
}

TEST(Payload, AFrameThatExpandsBeyondItsClaimStops) {
  std::string bytes = buildContainer({{.packing = Packing::zstd, .payload = std::string(64 << 20, 'a')}});
  ASSERT_LT(bytes.size(), 100000u);
  poke(bytes, kFirstEntry + offsetof(EntryHeader, unpacked_bytes), uint64_t{5000});
  Expected<Container> container = readContainer(bytesOf(bytes));
  ASSERT_TRUE(container.ok());
  EXPECT_FALSE(unpack(container->entries[0]).ok());
}

TEST(Payload, DamagedBytesNeverCrash) {
  for (Packing packing : {Packing::zstd, Packing::lz4}) {
    const std::string original = buildContainer({{.packing = packing, .payload = longText()}});
    for (size_t at = kFirstEntry + sizeof(EntryHeader); at < original.size(); at++) {
      std::string bytes = original;
      bytes[at] = static_cast<char>(bytes[at] ^ 0x5a);
      Expected<Container> container = readContainer(bytesOf(bytes));
      ASSERT_TRUE(container.ok());
      Expected<std::string> text = unpack(container->entries[0]);  // may even succeed; it must come back
      if (text.ok()) EXPECT_LE(text->size(), longText().size() + 1);
    }
  }
}

TEST(Payload, UnknownCompressionAndLtoIrAreRefusedByName) {
  std::string bytes = buildContainer({{.packing = Packing::zstd}, {.kind = Kind::lto_ir, .flags = kFlagLtoIr}});
  poke(bytes, kFirstEntry + offsetof(EntryHeader, flags), uint64_t{0x11});
  Expected<Container> container = readContainer(bytesOf(bytes));
  ASSERT_TRUE(container.ok());
  for (const Entry &entry : container->entries) {
    Expected<std::string> text = unpack(entry);
    ASSERT_FALSE(text.ok());
    EXPECT_EQ(text.error().diag, Diag::fatbin_packing);
  }
}

}  // namespace
}  // namespace cutrans::fatbin
