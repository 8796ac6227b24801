// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Copies and fills on a device whose memory the host cannot reach.
#include <numeric>
#include <vector>

#include "cutrans/runtime/memory.h"
#include "environment.h"

namespace cutrans::runtime {
namespace {

class Copies : public RuntimeTest {
 protected:
  static Address address(const void *pointer) { return reinterpret_cast<Address>(pointer); }
  Copy linear(Address dst, Address src, uint64_t bytes, bool synchronous = true) {
    Copy copy;
    copy.dst = dst;
    copy.src = src;
    copy.width = bytes;
    copy.synchronous = synchronous;
    return copy;
  }
  std::vector<unsigned char> read(Address device, size_t bytes) {
    std::vector<unsigned char> out(bytes);
    EXPECT_OK(context().legacyQueue().copy(linear(address(out.data()), device, bytes)));
    return out;
  }
  Address allocate(uint64_t bytes) { return *allocateMemory(context(), MemoryKind::device, bytes); }
  std::vector<unsigned char> numbers(size_t count) {
    std::vector<unsigned char> out(count);
    std::iota(out.begin(), out.end(), 1);
    return out;
  }
};

TEST_F(Copies, GoRoundByAllDirections) {
  auto source = numbers(5000);
  Address a = allocate(5000), b = allocate(5000);
  Queue &queue = context().legacyQueue();
  ASSERT_OK(queue.copy(linear(a, address(source.data()), 5000)));
  ASSERT_OK(queue.copy(linear(b, a, 5000)));
  EXPECT_EQ(read(b, 5000), source);
  std::vector<unsigned char> out(5000);
  ASSERT_OK(queue.copy(linear(address(out.data()), address(source.data()), 5000)));
  EXPECT_EQ(out, source);
  Address pinned = *allocateMemory(context(), MemoryKind::pinned, 5000);
  ASSERT_OK(queue.copy(linear(pinned, b, 5000)));
  EXPECT_EQ(0, memcmp(reinterpret_cast<void *>(pinned), source.data(), 5000));
}

TEST_F(Copies, InteriorAddressesWork) {
  auto source = numbers(100);
  Address a = allocate(1000);
  ASSERT_OK(context().legacyQueue().copy(linear(a + 900, address(source.data()), 100)));
  EXPECT_EQ(read(a + 950, 50), std::vector<unsigned char>(source.begin() + 50, source.end()));
}

TEST_F(Copies, BoxesOfRowsAndSlicesKeepTheirPitches) {
  // 3 slices of 4 rows of 10 bytes, out of 16-byte rows and 100-byte slices, into 32-byte rows and 200-byte slices.
  auto source = numbers(400);
  Address a = allocate(1000);
  ASSERT_OK(context().legacyQueue().fill({.dst = a, .element = 1, .value = 0xee, .width = 1000}));
  Copy copy;
  copy.dst = a;
  copy.src = address(source.data());
  copy.width = 10;
  copy.height = 4;
  copy.depth = 3;
  copy.src_pitch = 16;
  copy.src_slice = 100;
  copy.dst_pitch = 32;
  copy.dst_slice = 200;
  copy.synchronous = true;
  ASSERT_OK(context().legacyQueue().copy(copy));
  auto result = read(a, 1000);
  std::vector<unsigned char> expected(1000, 0xee);
  for (int z = 0; z < 3; ++z)
    for (int y = 0; y < 4; ++y)
      for (int x = 0; x < 10; ++x) expected[z * 200 + y * 32 + x] = source[z * 100 + y * 16 + x];
  EXPECT_EQ(result, expected);
}

TEST_F(Copies, WhatDoesNotFitIsRefused) {
  Address a = allocate(1000);
  std::vector<unsigned char> host(5000);
  Queue &queue = context().legacyQueue();
  testing::internal::CaptureStderr();
  EXPECT_CODE(invalid_value, queue.copy(linear(a, address(host.data()), 1001)));
  EXPECT_CODE(invalid_value, queue.copy(linear(address(host.data()), a + 1, 1000)));
  EXPECT_CODE(invalid_value, queue.copy(linear(a, address(host.data()), ~uint64_t{0})));
  EXPECT_CODE(invalid_value, queue.copy(linear(0, a, 10)));
  EXPECT_CODE(invalid_value, queue.copy(linear(a, 0, 10)));
  EXPECT_CODE(invalid_value, queue.fill({.dst = a + 990, .element = 4, .value = 1, .width = 3}));
  EXPECT_CODE(invalid_value, queue.fill({.dst = address(host.data()), .element = 1, .value = 1, .width = 3}));
  EXPECT_CODE(invalid_value, queue.fill({.dst = a + 1, .element = 4, .value = 1, .width = 3})) << "not aligned";
  EXPECT_CODE(invalid_value, queue.fill({.dst = a, .element = 3, .value = 1, .width = 3}));
  EXPECT_CODE(invalid_pitch, queue.fill({.dst = a, .element = 1, .value = 1, .width = 20, .height = 2, .pitch = 19}));
  Copy rows = linear(a, address(host.data()), 20);
  rows.height = 2;
  rows.dst_pitch = 19;
  rows.src_pitch = 20;
  EXPECT_CODE(invalid_pitch, queue.copy(rows));
  rows.dst_pitch = ~uint64_t{0} / 2;
  rows.height = 5;
  EXPECT_CODE(invalid_value, queue.copy(rows)) << "overflow";
  EXPECT_NE(testing::internal::GetCapturedStderr().find("CT2010"), std::string::npos);
  EXPECT_OK(queue.copy(linear(0, 0, 0))) << "nothing to do";
}

TEST_F(Copies, ADirectionNeedsDeviceMemoryWhereItSaysSo) {
  Address a = allocate(100);
  std::vector<unsigned char> host(100), other(100);
  Queue &queue = context().legacyQueue();
  auto go = [&](Direction direction, Address dst, Address src) {
    Copy copy = linear(dst, src, 100);
    copy.direction = direction;
    return queue.copy(copy);
  };
  testing::internal::CaptureStderr();
  Address h = address(host.data()), o = address(other.data());
  EXPECT_CODE(invalid_value, go(Direction::host_to_device, h, a));
  EXPECT_CODE(invalid_value, go(Direction::device_to_host, a, h));
  EXPECT_CODE(invalid_value, go(Direction::device_to_device, a, h));
  testing::internal::GetCapturedStderr();
  EXPECT_OK(go(Direction::host_to_device, a, h));
  EXPECT_OK(go(Direction::device_to_host, h, a));
  EXPECT_OK(go(Direction::host_to_host, h, o));
  EXPECT_OK(go(Direction::infer, h, o));
}

TEST_F(Copies, APageableSourceMayChangeAfterAnAsynchronousCopy) {
  Queue &queue = *newQueue();
  Address a = allocate(3 << 20);
  for (size_t bytes : {size_t{100}, size_t{200000}}) {
    std::vector<unsigned char> source(bytes, 7);
    Gate gate;
    ASSERT_OK(gate.close(queue));
    ASSERT_OK(queue.copy(linear(a, address(source.data()), bytes, false)));
    std::fill(source.begin(), source.end(), 9);
    gate.open();
    ASSERT_OK(queue.synchronize());
    EXPECT_EQ(read(a, bytes), std::vector<unsigned char>(bytes, 7));
  }
  std::vector<unsigned char> large(3 << 20, 5);
  ASSERT_OK(queue.copy(linear(a, address(large.data()), large.size(), false)));
  std::fill(large.begin(), large.end(), 9);
  ASSERT_OK(queue.synchronize());
  EXPECT_EQ(read(a, large.size()), std::vector<unsigned char>(large.size(), 5));
}

TEST_F(Copies, APageableDestinationIsWrittenAtReturn) {
  Queue &queue = *newQueue();
  Address a = allocate(1000);
  ASSERT_OK(queue.fill({.dst = a, .element = 4, .value = 0x01020304, .width = 250}));
  std::vector<unsigned char> out(1000);
  ASSERT_OK(queue.copy(linear(address(out.data()), a, 1000, false)));
  EXPECT_EQ(out[0], 4);
  EXPECT_EQ(out[999], 1);
}

TEST_F(Copies, APinnedCopyDoesNotWait) {
  Queue &queue = *newQueue();
  Address a = allocate(1000), pinned = *allocateMemory(context(), MemoryKind::pinned, 1000);
  memset(reinterpret_cast<void *>(pinned), 3, 1000);
  ASSERT_OK(gate_.close(queue));
  ASSERT_OK(queue.copy(linear(a, pinned, 1000, false)));
  ASSERT_OK(queue.copy(linear(pinned, a, 1000, false)));
  EXPECT_CODE(not_ready, queue.query());
  gate_.open();
  ASSERT_OK(queue.synchronize());
}

TEST_F(Copies, FillsTakeElementsRowsAndTheirPitch) {
  Address a = allocate(400);
  Queue &queue = context().legacyQueue();
  ASSERT_OK(queue.fill({.dst = a, .element = 1, .value = 0, .width = 400}));
  ASSERT_OK(queue.fill({.dst = a + 2, .element = 2, .value = 0xabcd, .width = 3, .height = 2, .pitch = 100}));
  auto result = read(a, 200);
  std::vector<unsigned char> expected(200, 0);
  for (int y = 0; y < 2; ++y)
    for (int x = 0; x < 3; ++x) {
      expected[y * 100 + 2 + x * 2] = 0xcd;
      expected[y * 100 + 3 + x * 2] = 0xab;
    }
  EXPECT_EQ(result, expected);
}

}  // namespace
}  // namespace cutrans::runtime
