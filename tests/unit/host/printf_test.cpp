// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Formatting of one printf call of a kernel.
#include <cutrans/targets/printf_format.h>

#include <gtest/gtest.h>

#include <cstring>

namespace cutrans::targets {
namespace {

// Packs arguments as generated code does: each aligned to its size.
class Pack {
 public:
  template <class T>
  Pack &operator<<(T value) {
    size_ = (size_ + sizeof(T) - 1) / sizeof(T) * sizeof(T);
    std::memcpy(bytes_ + size_, &value, sizeof(T));
    size_ += sizeof(T);
    return *this;
  }
  const void *data() const { return bytes_; }

 private:
  alignas(16) char bytes_[256] = {};
  size_t size_ = 0;
};

std::string format(const char *text, const Pack &pack, int32_t count) {
  std::string out;
  EXPECT_EQ(formatPrintf(out, text, pack.data()), count) << text;
  return out;
}

TEST(HostPrintf, IntegersOfAllSizes) {
  EXPECT_EQ(format("%d %5d|%-5d|%05d|%+d|% d", Pack() << 1 << 2 << 3 << 4 << 5 << 6, 6), "1     2|3    |00004|+5| 6");
  EXPECT_EQ(format("%u %x %X %#x %o", Pack() << -1 << 255 << 255 << 255 << 8, 5), "4294967295 ff FF 0xff 10");
  EXPECT_EQ(format("%d %lld %d", Pack() << 1 << -5'000'000'000ll << 3, 3), "1 -5000000000 3");
  EXPECT_EQ(format("%ld %lu %zu %jd %td", Pack() << -1ll << ~0ull << 7ull << -8ll << 9ll, 5), "-1 18446744073709551615 7 -8 9");
  EXPECT_EQ(format("%hd %hhd %hu %hhu", Pack() << 0x18000 << 0x180 << 0x18000 << 0x1ff, 4), "-32768 -128 32768 255");
  EXPECT_EQ(format("%.3d|%*d|%-*d|", Pack() << 5 << 4 << 7 << 4 << 8, 5), "005|   7|8   |");
}

TEST(HostPrintf, FloatsStringsPointers) {
  EXPECT_EQ(format("%f %5.2f %e %g %.0f", Pack() << 1.5 << 3.14159 << 1e10 << 0.0001 << 2.5, 5), "1.500000  3.14 1.000000e+10 0.0001 2");
  EXPECT_EQ(format("%d %f", Pack() << 1 << 2.0, 2), "1 2.000000");
  EXPECT_EQ(format("%s|%6s|%-6s|%.2s", Pack() << "ab" << "cd" << "ef" << "ghi", 4), "ab|    cd|ef    |gh");
  EXPECT_EQ(format("%s %c%c", Pack() << static_cast<const char *>(nullptr) << int{'x'} << int{'y'}, 3), "(null) xy");
  EXPECT_EQ(format("%p", Pack() << reinterpret_cast<void *>(0x1234), 1), "0x1234");
  EXPECT_EQ(format("%a", Pack() << 1.0, 1), "0x1p+0");
}

TEST(HostPrintf, LongResults) {
  const std::string text(5000, 'z');
  EXPECT_EQ(format("<%s>", Pack() << text.c_str(), 1), "<" + text + ">");
  EXPECT_EQ(format("%300d", Pack() << 1, 1), std::string(299, ' ') + "1");
}

TEST(HostPrintf, WhatIsNoSpecifierStays) {
  EXPECT_EQ(format("100%% %d%%", Pack() << 5, 1), "100% 5%");
  EXPECT_EQ(format("%y %! %", Pack(), 0), "%y %! %");
  EXPECT_EQ(format("%n%d", Pack() << 5, 1), "%n5");
  EXPECT_EQ(format("", Pack(), 0), "");
  std::string out;
  EXPECT_EQ(formatPrintf(out, nullptr, nullptr), -1);
}

}  // namespace
}  // namespace cutrans::targets
