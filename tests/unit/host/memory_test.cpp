// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The device memory allocator, and device memory through the table.
#include <cstring>
#include <random>
#include <unordered_map>

#include "host.h"
#include "host_fixture.h"
#include "suballocator.h"

namespace cutrans::host::test {
namespace {

TEST(HostSuballocator, RandomUseNeverOverlapsAndCountsBack) {
  Suballocator memory(uint64_t{1} << 30, 256, true);
  std::mt19937 random(7);
  std::unordered_map<uint64_t, std::pair<uint64_t, uint8_t>> live;
  for (int step = 0; step < 20'000; ++step) {
    if (live.size() < 200 && random() % 2) {
      const uint64_t size = 1 + random() % (1u << (random() % 20));
      const uint64_t address = memory.allocate(size, 256);
      ASSERT_NE(address, 0u);
      ASSERT_EQ(address % 256, 0u);
      ASSERT_FALSE(live.count(address));
      const uint8_t mark = static_cast<uint8_t>(random());
      std::memset(reinterpret_cast<void *>(address), mark, size);
      live[address] = {size, mark};
    } else if (!live.empty()) {
      const auto it = live.begin();
      const uint8_t *at = reinterpret_cast<uint8_t *>(it->first);
      ASSERT_EQ(at[0], it->second.second);
      ASSERT_EQ(at[it->second.first - 1], it->second.second);
      ASSERT_TRUE(memory.free(it->first));
      ASSERT_FALSE(memory.free(it->first));
      live.erase(it);
    }
  }
  for (const auto &[address, what] : live) ASSERT_TRUE(memory.free(address));
  EXPECT_EQ(memory.used(), 0u);
  EXPECT_FALSE(memory.free(0));
  EXPECT_FALSE(memory.free(12345));
}

TEST(HostSuballocator, AnySizeFitsItsClass) {
  for (uint64_t smallest : {16u, 256u}) {
    Suballocator memory(uint64_t{1} << 30, smallest, false);
    for (uint64_t size = 1; size <= 300'000; size += 1 + size / 7) {
      const uint64_t before = memory.used(), address = memory.allocate(size, smallest), took = memory.used() - before;
      ASSERT_NE(address, 0u);
      EXPECT_EQ(address % smallest, 0u);
      EXPECT_GE(took, size);
      EXPECT_LE(took, std::max(size + size / 4 + smallest, uint64_t{4096})) << size;
    }
  }
}

TEST(HostSuballocator, RespectsAlignmentAndLimit) {
  Suballocator memory(64u << 20, 256, true);
  for (uint64_t align : {512u, 4096u, 65536u, 2u << 20, 8u << 20}) {
    const uint64_t address = memory.allocate(1000, align);
    EXPECT_NE(address, 0u);
    EXPECT_EQ(address % align, 0u);
    EXPECT_TRUE(memory.free(address));
  }
  EXPECT_EQ(memory.allocate(65u << 20, 256), 0u);
  EXPECT_EQ(memory.allocate(UINT64_MAX - 100, 256), 0u);
  const uint64_t most = memory.allocate(64u << 20, 256);
  EXPECT_NE(most, 0u);
  EXPECT_EQ(memory.allocate(1, 256), 0u);
  EXPECT_TRUE(memory.free(most));
  EXPECT_NE(memory.allocate(1, 256), 0u);
}

TEST(HostMemory, TellsTheTruth) {
  Host host({{"HOST_MEMORY", "256M"}});
  uint64_t free = 0, total = 0, later = 0;
  ASSERT_EQ(host.target->memory->info(host.device, &free, &total), CT_OK);
  EXPECT_EQ(total, 256u << 20);
  EXPECT_EQ(free, total);
  uint64_t address = 0;
  ASSERT_EQ(host.target->memory->alloc(host.device, CT_MEMORY_DEVICE, 100u << 20, 256, &address), CT_OK);
  host.target->memory->info(host.device, &later, &total);
  EXPECT_EQ(free - later, 100u << 20);
  uint64_t too_much = 0;
  EXPECT_EQ(host.target->memory->alloc(host.device, CT_MEMORY_DEVICE, 200u << 20, 256, &too_much), CT_ERR_OUT_OF_MEMORY);
  // Pinned memory is the host's.
  uint64_t pinned = 0;
  ASSERT_EQ(host.target->memory->alloc(host.device, CT_MEMORY_HOST, 200u << 20, 256, &pinned), CT_OK);
  host.target->memory->info(host.device, &later, &total);
  EXPECT_EQ(free - later, 100u << 20);
  EXPECT_EQ(host.target->memory->free(host.device, CT_MEMORY_HOST, pinned), CT_OK);
  EXPECT_EQ(host.target->memory->free(host.device, CT_MEMORY_DEVICE, address), CT_OK);
  host.target->memory->info(host.device, &later, &total);
  EXPECT_EQ(free, later);
  ct_device_info info{};
  info.struct_size = sizeof info;
  ASSERT_EQ(host.target->device->info(0, &info), CT_OK);
  EXPECT_EQ(info.memory_bytes, total);
}

TEST(HostMemory, SettingsWithUnits) {
  uint64_t value = 0;
  EXPECT_TRUE(parseBytes("17", value) && value == 17);
  EXPECT_TRUE(parseBytes("3k", value) && value == 3072);
  EXPECT_TRUE(parseBytes("2G", value) && value == uint64_t{2} << 30);
  for (const char *bad : {"", "x", "-1", "5X", "5KB", "99999999999T", "99999999999999999999"}) EXPECT_FALSE(parseBytes(bad, value)) << bad;
  Host host({{"HOST_MEMORY", "lots"}});
  ASSERT_EQ(host.reports().size(), 1u);
  EXPECT_EQ(host.reports()[0], "CT3113 HOST_MEMORY=lots is not a number");
}

}  // namespace
}  // namespace cutrans::host::test
