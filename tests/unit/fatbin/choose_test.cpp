// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which PTX a device gets, and the words where it gets none.
#include "cutrans/fatbin/choose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "build_container.h"

namespace cutrans::fatbin {
namespace {

using testing::HasSubstr;

// The variant is in the flags, the text says which entry was taken.
EntrySpec ptx(uint32_t sm, uint64_t flags = 0) {
  std::string suffix = flags == kFlagArchSpecific ? "a" : flags == kFlagFamily ? "f" : "";
  return {.sm = sm, .flags = flags, .packing = Packing::zstd, .payload = std::to_string(sm) + suffix};
}
EntrySpec cubin(uint32_t sm) { return {.kind = Kind::cubin, .sm = sm, .payload = "machine code"}; }

Image imageOf(const std::vector<std::string> &containers) {
  Image image;
  for (const std::string &container : containers) image.containers.push_back(bytesOf(container));
  image.separate_units = containers.size() > 1;
  return image;
}

std::string chosen(const std::vector<EntrySpec> &specs, uint32_t capability) {
  std::string container = buildContainer(specs);
  Expected<PtxChoice> choice = choosePtx(imageOf({container}), capability, "");
  return choice.ok() ? choice->units.at(0).text : diagnosticCode(choice.error().diag);
}

TEST(Choose, TakesTheHighestThatRuns) {
  std::vector<EntrySpec> specs{ptx(52), cubin(90), ptx(80), ptx(75), ptx(100)};
  EXPECT_EQ(chosen(specs, 90), "80");
  EXPECT_EQ(chosen(specs, 100), "100");
  EXPECT_EQ(chosen(specs, 75), "75");
  EXPECT_EQ(chosen(specs, 70), "52");
}

TEST(Choose, ArchSpecificOnlyOnItsOwnNumber) {
  std::vector<EntrySpec> specs{ptx(90), ptx(90, kFlagArchSpecific)};
  EXPECT_EQ(chosen(specs, 90), "90a");
  EXPECT_EQ(chosen(specs, 100), "90");
  EXPECT_EQ(chosen({ptx(90, kFlagArchSpecific)}, 100), "CT1011");
}

TEST(Choose, FamilyOnlyInItsFamily) {
  std::vector<EntrySpec> specs{ptx(80), ptx(100, kFlagFamily)};
  EXPECT_EQ(chosen(specs, 100), "100f");
  EXPECT_EQ(chosen(specs, 103), "100f");
  EXPECT_EQ(chosen(specs, 110), "80");
  EXPECT_EQ(chosen(specs, 90), "80");
}

TEST(Choose, MachineCodeAloneIsRefusedWithTheArchitecturesAndTheKernel) {
  std::string container = buildContainer({cubin(86), cubin(80)});
  Expected<PtxChoice> choice = choosePtx(imageOf({container}), 90, "saxpy");
  ASSERT_FALSE(choice.ok());
  EXPECT_EQ(choice.error().diag, Diag::fatbin_no_ptx);
  EXPECT_THAT(choice.error().text, HasSubstr("saxpy"));
  EXPECT_THAT(choice.error().text, HasSubstr("cubin for sm_80, sm_86"));
  EXPECT_THAT(findDiagnostic(choice.error().diag)->way_round, HasSubstr("-gencode arch=compute_XX,code=compute_XX"));
}

TEST(Choose, OnlyNewerPtxIsAnotherRefusal) {
  std::string container = buildContainer({cubin(80), ptx(120)});
  Expected<PtxChoice> choice = choosePtx(imageOf({container}), 90, "k");
  ASSERT_FALSE(choice.ok());
  EXPECT_EQ(choice.error().diag, Diag::fatbin_ptx_too_new);
  EXPECT_THAT(choice.error().text, HasSubstr("capability 9.0"));
  EXPECT_THAT(choice.error().text, HasSubstr("PTX for sm_120"));
  EXPECT_THAT(choice.error().text, HasSubstr("CUTRANS_COMPUTE_CAPABILITY=120"));
}

TEST(Choose, TellsTheCapabilityThatServesAll) {
  std::string old = buildContainer({ptx(75)}), newer = buildContainer({cubin(90), ptx(100), ptx(120)}), newest = buildContainer({ptx(121)});
  std::string special = buildContainer({ptx(90, kFlagArchSpecific)}), none = buildContainer({cubin(90)});
  auto needed = [](std::initializer_list<std::string> bytes) {
    std::vector<Container> containers;
    for (const std::string &b : bytes) containers.push_back(*readContainer(std::as_bytes(std::span(b))));
    return neededCapability(containers, 90);
  };
  EXPECT_EQ(needed({}), 90u);
  EXPECT_EQ(needed({old, none}), 90u);
  EXPECT_EQ(needed({newer}), 100u);
  EXPECT_EQ(needed({newer, newest}), 121u);
  EXPECT_EQ(needed({old, newer}), 90u) << "nvcc links a device runtime of its own, for newer devices, to programs for older ones";
  EXPECT_EQ(needed({special, old}), 90u);
  EXPECT_EQ(needed({buildContainer({ptx(100, kFlagArchSpecific)}), newest}), std::nullopt) << "no device runs both";
}

TEST(Choose, EachUnitOfAnRdcProgramGivesItsOwn) {
  std::string a = buildContainer({cubin(75), ptx(75)}), b = buildContainer({ptx(80)}), lib = buildContainer({cubin(75)});
  Expected<PtxChoice> choice = choosePtx(imageOf({a, b, lib}), 90, "");
  ASSERT_TRUE(choice.ok()) << choice.error().text;
  ASSERT_EQ(choice->units.size(), 2u);
  EXPECT_EQ(choice->units[1].text, "80");
  ASSERT_EQ(choice->left_out.size(), 1u);
  EXPECT_EQ(choice->left_out[0], "unit 2 (cubin for sm_75)");
}

TEST(Choose, ADamagedUnitIsAnErrorNotALeftOutOne) {
  std::string a = buildContainer({ptx(75)}), b = buildContainer({ptx(75)});
  b.resize(b.size() - 8);
  Expected<PtxChoice> choice = choosePtx(imageOf({a, b}), 90, "");
  ASSERT_FALSE(choice.ok());
  EXPECT_EQ(choice.error().diag, Diag::fatbin_truncated);
}

TEST(Choose, EmptyContainerHasNoPtx) { EXPECT_EQ(chosen({}, 90), "CT1010"); }

}  // namespace
}  // namespace cutrans::fatbin
