// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The image of a module's variables: places, bytes, pointers.
#include <gtest/gtest.h>

#include <cstring>

#include "front_end.h"

namespace cutrans::ptx::test {
namespace {

const Variable &find(const Loaded &loaded, std::string_view name) {
  for (const Variable *v : loaded.module->variables())
    if (v->name == name) return *v;
  static const Variable none;
  ADD_FAILURE() << "no variable " << name;
  return none;
}

template <class T>
std::vector<T> values(const Loaded &loaded, std::string_view name) {
  const Variable &v = find(loaded, name);
  std::vector<unsigned char> bytes = loaded.module->image().initial;
  bytes.resize(loaded.module->image().size);
  std::vector<T> out(v.size / sizeof(T));
  std::memcpy(out.data(), bytes.data() + v.offset, v.size);
  return out;
}

TEST(Layout, InitialValues) {
  Loaded loaded = loadItems(
      ".global .u8 a[6] = {1, 0xff, -1};\n.global .f32 f[3] = {1.5, 0f40000000, 0d4008000000000000};\n"
      ".global .u16 s[2][3] = {{1, 2}, {3}};\n.global .v2 .f64 d[2] = {{1.0, 2.0}, {3.0, -4.0}};\n"
      ".global .s64 n = -(1 << 40);\n.const .b32 open[][2] = {{1, 2}, {3, 4}, {5}};\n.global .u64 zero[2];");
  ASSERT_EQ(loaded.first(), "");
  EXPECT_EQ(values<uint8_t>(loaded, "a"), (std::vector<uint8_t>{1, 255, 255, 0, 0, 0}));
  EXPECT_EQ(values<float>(loaded, "f"), (std::vector<float>{1.5f, 2.0f, 3.0f}));
  EXPECT_EQ(values<uint16_t>(loaded, "s"), (std::vector<uint16_t>{1, 2, 0, 3, 0, 0}));
  EXPECT_EQ(values<double>(loaded, "d"), (std::vector<double>{1, 2, 3, -4}));
  EXPECT_EQ(values<int64_t>(loaded, "n"), (std::vector<int64_t>{-(int64_t{1} << 40)}));
  EXPECT_EQ(values<uint32_t>(loaded, "open"), (std::vector<uint32_t>{1, 2, 3, 4, 5, 0}));
  EXPECT_EQ(values<uint64_t>(loaded, "zero"), (std::vector<uint64_t>{0, 0}));
}

TEST(Layout, VariablesAreAlignedAndApart) {
  Loaded loaded = loadItems(
      ".global .u8 a;\n.global .align 256 .b8 b[3];\n.global .u64 c = 1;\n.global .v4 .u32 d;\n.global .u8 e = 7;");
  ASSERT_EQ(loaded.first(), "");
  const Image &image = loaded.module->image();
  EXPECT_EQ(image.align, 256u);
  std::vector<std::pair<uint64_t, uint64_t>> places;
  for (const Variable *v : loaded.module->variables()) {
    EXPECT_EQ(v->offset % v->align, 0u) << v->name;
    places.emplace_back(v->offset, v->offset + v->size);
  }
  std::sort(places.begin(), places.end());
  for (size_t i = 1; i < places.size(); ++i) EXPECT_LE(places[i - 1].second, places[i].first);
  EXPECT_LE(places.back().second, image.size);
  EXPECT_LT(image.initial.size(), 32u) << "only what has a value";
}

TEST(Layout, Pointers) {
  Loaded loaded = loadItems(
      ".global .u32 pad = 1;\n.global .u32 target = 2;\n.global .u64 p[4] = {0, target, generic(target)+8, target+4};");
  ASSERT_EQ(loaded.first(), "");
  const Variable &p = find(loaded, "p");
  uint64_t target = find(loaded, "target").offset;
  ASSERT_EQ(loaded.module->image().relocations.size(), 3u);
  for (uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(loaded.module->image().relocations[i].offset, p.offset + 8 * (i + 1));
    EXPECT_EQ(loaded.module->image().relocations[i].bytes, 8u);
  }
  EXPECT_EQ(values<uint64_t>(loaded, "p"), (std::vector<uint64_t>{0, target, target + 8, target + 4}));
}

// What LLVM writes for a pointer in a packed structure.
TEST(Layout, PointersInBytes) {
  Loaded loaded = loadItems(
      ".global .u32 t = 2;\n.global .u8 q[10] = {1, 0xFF(t), 0xFF00(t), 0xFF0000(t), 0xFF000000(t), 0xFF00000000(t), "
      "0xFF0000000000(t), 0xFF000000000000(t), 0xFF00000000000000(t), 2};");
  ASSERT_EQ(loaded.first(), "");
  const Variable &q = find(loaded, "q");
  ASSERT_EQ(loaded.module->image().relocations.size(), 1u);
  EXPECT_EQ(loaded.module->image().relocations[0].offset, q.offset + 1);
  EXPECT_EQ(values<uint8_t>(loaded, "q")[9], 2);
}

TEST(Layout, ForwardReferencesAndManaged) {
  Loaded loaded = loadItems(".global .u64 p = later;\n.visible .global .attribute(.managed) .align 4 .u32 later;");
  ASSERT_EQ(loaded.first(), "");
  EXPECT_TRUE(find(loaded, "later").managed);
  EXPECT_EQ(values<uint64_t>(loaded, "p")[0], find(loaded, "later").offset);
}

}  // namespace
}  // namespace cutrans::ptx::test
