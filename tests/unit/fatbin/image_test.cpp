// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Images that are only a pointer: what they are, and headers that point beyond the mapping.
#include "cutrans/fatbin/image.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>

#include "build_container.h"
#include "cutrans/fatbin/choose.h"
#include "cutrans/fatbin/mapping.h"

namespace cutrans::fatbin {
namespace {

// Two pages of which the second cannot be read; `bytes` ends where the first does.
class GuardedMemory {
 public:
  explicit GuardedMemory(const std::string &bytes) {
    pages_ = static_cast<char *>(mmap(nullptr, kPages * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(pages_ + 4096, (kPages - 2) * 4096, PROT_READ | PROT_WRITE);
    start_ = pages_ + (kPages - 1) * 4096 - bytes.size();
    std::memcpy(start_, bytes.data(), bytes.size());
  }
  ~GuardedMemory() { munmap(pages_, kPages * 4096); }
  void *start() const { return start_; }

 private:
  static constexpr size_t kPages = 6;
  char *pages_, *start_;
};

TEST(Mapping, EndsWhereTheNextPageCannotBeRead) {
  GuardedMemory memory("12345678");
  EXPECT_EQ(readableBytes(memory.start()), 8u);
  EXPECT_EQ(readableBytes(static_cast<char *>(memory.start()) + 8), 0u);
  EXPECT_EQ(readableBytes(nullptr), 0u);
  EXPECT_EQ(readableBytes(reinterpret_cast<void *>(uintptr_t{0xdead000000000000})), 0u);
}

TEST(Mapping, KnowsTheSegmentsOfThisProgram) {
  static const char in_rodata[] = "text";
  static char in_bss[64];
  EXPECT_GE(readableBytes(in_rodata), sizeof(in_rodata));
  EXPECT_GE(readableBytes(in_bss), sizeof(in_bss));
}

TEST(Image, WrapperOfVersionOne) {
  std::string container = buildContainer({{.payload = "one"}});
  WrapperHeader wrapper{kWrapperMagic, 1, container.data(), nullptr};
  Expected<Image> image = openWrapper(&wrapper);
  ASSERT_TRUE(image.ok()) << image.error().text;
  EXPECT_FALSE(image->separate_units);
  Expected<PtxChoice> choice = choosePtx(*image, 90, "");
  ASSERT_TRUE(choice.ok());
  EXPECT_EQ(choice->units[0].text, "one");
}

TEST(Image, WrapperOfVersionTwoTakesTheUnits) {
  std::string linked = buildContainer({{.kind = Kind::cubin}});
  std::string a = buildContainer({{.payload = "a"}}), b = buildContainer({{.payload = "b"}});
  const void *units[] = {a.data(), b.data(), nullptr};
  WrapperHeader wrapper{kWrapperMagic, 2, linked.data(), units};
  Expected<Image> image = openWrapper(&wrapper);
  ASSERT_TRUE(image.ok()) << image.error().text;
  EXPECT_TRUE(image->separate_units);
  Expected<PtxChoice> choice = choosePtx(*image, 90, "");
  ASSERT_TRUE(choice.ok());
  ASSERT_EQ(choice->units.size(), 2u);
  EXPECT_EQ(choice->units[1].text, "b");
}

TEST(Image, WrapperOfVersionTwoWithoutUnitsFallsBackToItsContainer) {
  std::string linked = buildContainer({{.payload = "whole"}});
  const void *units[] = {nullptr};
  WrapperHeader wrapper{kWrapperMagic, 2, linked.data(), units};
  Expected<Image> image = openWrapper(&wrapper);
  ASSERT_TRUE(image.ok());
  EXPECT_FALSE(image->separate_units);
  EXPECT_EQ(image->containers.size(), 1u);
}

TEST(Image, WrappersThatPointNowhereAreErrors) {
  std::string container = buildContainer({{}});
  const void *wild = reinterpret_cast<void *>(uintptr_t{0x10});
  const void *units[] = {container.data(), wild, nullptr};
  for (WrapperHeader wrapper : {WrapperHeader{kWrapperMagic, 1, nullptr, nullptr},
                                WrapperHeader{kWrapperMagic, 1, wild, nullptr},
                                WrapperHeader{kWrapperMagic, 2, container.data(), units},
                                WrapperHeader{kWrapperMagic, 2, container.data(), wild}}) {
    Expected<Image> image = openWrapper(&wrapper);
    ASSERT_FALSE(image.ok());
    EXPECT_EQ(image.error().diag, Diag::fatbin_truncated);
  }
  WrapperHeader other_version{kWrapperMagic, 9, container.data(), nullptr};
  EXPECT_FALSE(openWrapper(&other_version).ok());
  EXPECT_FALSE(openWrapper(nullptr).ok());
  EXPECT_FALSE(openWrapper(wild).ok());
}

TEST(Image, AListOfUnitsWithoutAnEndStopsAtItsMapping) {
  std::string container = buildContainer({{}});
  std::string list;
  for (int i = 0; i < 4; i++) append(list, static_cast<const void *>(container.data()));
  GuardedMemory memory(list);
  WrapperHeader wrapper{kWrapperMagic, 2, container.data(), memory.start()};
  Expected<Image> image = openWrapper(&wrapper);
  ASSERT_FALSE(image.ok());
  EXPECT_EQ(image.error().diag, Diag::fatbin_truncated);
}

TEST(Image, AContainerThatClaimsMoreThanItsMappingIsTruncated) {
  std::string container = buildContainer({{.payload = "text"}});
  poke(container, offsetof(ContainerHeader, entry_bytes), uint64_t{1} << 20);
  GuardedMemory memory(container);
  WrapperHeader wrapper{kWrapperMagic, 1, memory.start(), nullptr};
  Expected<Image> image = openWrapper(&wrapper);
  ASSERT_TRUE(image.ok());
  Expected<PtxChoice> choice = choosePtx(*image, 90, "");
  ASSERT_FALSE(choice.ok());
  EXPECT_EQ(choice.error().diag, Diag::fatbin_truncated);
}

TEST(Image, FormsAreToldApart) {
  std::string container = buildContainer({{}});
  WrapperHeader wrapper{kWrapperMagic, 1, container.data(), nullptr};
  EXPECT_EQ(openImage(&wrapper)->form, Image::Form::containers);
  EXPECT_EQ(openImage(container.data())->form, Image::Form::containers);
  EXPECT_EQ(openImage("\x7f" "ELF...")->form, Image::Form::cubin);
  Expected<Image> text = openImage(".version 9.0\n");
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(text->form, Image::Form::text);
  EXPECT_EQ(text->text, ".version 9.0\n");
}

TEST(Image, TextWithoutAnEndIsTruncated) {
  GuardedMemory memory(".version 9.0 .target sm_75");
  Expected<Image> image = openImage(memory.start());
  ASSERT_FALSE(image.ok());
  EXPECT_EQ(image.error().diag, Diag::fatbin_truncated);
}

TEST(Image, ACubinHasNoPtx) {
  Expected<Image> image = openImage("\x7f" "ELF...");
  ASSERT_TRUE(image.ok());
  Expected<PtxChoice> choice = choosePtx(*image, 90, "");
  ASSERT_FALSE(choice.ok());
  EXPECT_EQ(choice.error().diag, Diag::fatbin_no_ptx);
}

}  // namespace
}  // namespace cutrans::fatbin
