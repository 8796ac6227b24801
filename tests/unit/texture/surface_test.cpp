// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Surfaces: where bytes go, what happens outside, conversions of formatted stores, reductions, queries.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "cutrans/targets/textures.h"
#include "tests/unit/texture/image.h"

namespace cutrans::test {
namespace {

constexpr uint32_t Load = uint32_t(CT_TEX_LOAD) << CT_TEX_OP_SHIFT, Store = uint32_t(CT_TEX_STORE) << CT_TEX_OP_SHIFT;

struct Access {
  uint32_t words[CT_TEX_MAX_INPUTS] = {}, out[4] = {}, lane = 0;
  ct_texture_fault go(uint32_t form, uint64_t handle, std::array<uint32_t, 4> at, std::array<uint32_t, 4> data = {}) {
    std::copy(at.begin(), at.end(), words);
    std::copy(data.begin(), data.end(), words + 4);
    return ct_texture_run(form, 1, 1, &handle, words, out, &lane);
  }
};

uint32_t form(uint32_t geometry, uint32_t bytes, uint32_t outside) {
  return geometry | bytes << CT_SURF_BYTES_SHIFT | outside << CT_SURF_OUTSIDE_SHIFT;
}

Image surface(Shape shape, ct_texel_format format, unsigned channels, unsigned bits, uint32_t width, uint32_t height, uint32_t depth, uint32_t layers) {
  Random random(1);
  Image image = randomImage(random, shape, false);
  ct_texture &t = image.description;
  t.kind = CT_TEXTURE_SURFACE;
  t.format = uint8_t(format), t.channels = uint8_t(channels), t.bits = uint8_t(bits), t.layers = layers;
  image.levels = {{width, height, depth, {}}};
  image.levels[0].raw.resize(size_t(width) * height * image.slices(image.levels[0]) * channels);
  for (uint32_t &raw : image.levels[0].raw) raw = bits == 32 ? random() : random() >> (32 - bits);
  return image;
}

TEST(Surface, LoadsAndStoresBytesOfEveryShape) {
  struct {
    Shape shape;
    uint32_t geometry, height, depth, layers;
  } rows[] = {{{CT_SHAPE_1D, false}, CT_TEX_1D, 1, 1, 1},  {{CT_SHAPE_2D, false}, CT_TEX_2D, 4, 1, 1}, {{CT_SHAPE_3D, false}, CT_TEX_3D, 4, 3, 1},
              {{CT_SHAPE_1D, true}, CT_TEX_A1D, 1, 1, 3},  {{CT_SHAPE_2D, true}, CT_TEX_A2D, 4, 1, 3}, {{CT_SHAPE_CUBE, false}, CT_TEX_A2D, 5, 1, 1},
              {{CT_SHAPE_CUBE, true}, CT_TEX_A2D, 5, 1, 2}};
  for (auto &row : rows) {
    Image image = surface(row.shape, CT_TEXEL_UNSIGNED, 4, 8, 5, row.height, row.depth, row.layers);
    Stored stored(image);
    for (uint32_t slice = 0; slice < image.slices(image.levels[0]); ++slice)
      for (uint32_t y = 0; y < row.height; ++y)
        for (uint32_t x = 0; x < 5; ++x) {
          Access access;
          std::array<uint32_t, 4> at{4 * x, y, row.geometry == CT_TEX_3D ? slice : 0, row.geometry == CT_TEX_3D ? 0 : slice};
          ASSERT_EQ(access.go(Load | form(row.geometry, 4, CT_SURF_TRAP), stored.handle(), at), CT_TEXTURE_OK);
          for (uint32_t c = 0; c < 4; ++c) EXPECT_EQ(access.out[0] >> 8 * c & 0xff, image.at(0, x, y, slice, c));
          ASSERT_EQ(access.go(Store | form(row.geometry, 2, CT_SURF_TRAP), stored.handle(), {at[0] + 2, at[1], at[2], at[3]}, {0xdddd4321}), CT_TEXTURE_OK);
          EXPECT_EQ(stored.element(image, 0, x, y, slice, 1), image.at(0, x, y, slice, 1));
          EXPECT_EQ(stored.element(image, 0, x, y, slice, 2), 0x21u);
          EXPECT_EQ(stored.element(image, 0, x, y, slice, 3), 0x43u);
        }
  }
}

TEST(Surface, SixteenBytesAtOnce) {
  Image image = surface({CT_SHAPE_2D, false}, CT_TEXEL_FLOAT, 4, 32, 3, 2, 1, 1);
  Stored stored(image);
  Access access;
  ASSERT_EQ(access.go(Store | form(CT_TEX_2D, 16, CT_SURF_TRAP), stored.handle(), {32, 1}, {1, 2, 3, 4}), CT_TEXTURE_OK);
  ASSERT_EQ(access.go(Load | form(CT_TEX_2D, 16, CT_SURF_TRAP), stored.handle(), {32, 1}), CT_TEXTURE_OK);
  EXPECT_EQ(std::to_array(access.out), (std::array<uint32_t, 4>{1, 2, 3, 4}));
  EXPECT_EQ(access.go(Load | form(CT_TEX_2D, 16, CT_SURF_TRAP), stored.handle(), {20, 1}), CT_TEXTURE_MISALIGNED);
}

TEST(Surface, Outside) {
  Image image = surface({CT_SHAPE_2D, false}, CT_TEXEL_UNSIGNED, 1, 32, 4, 3, 1, 1);
  Stored stored(image);
  Access access;
  struct {
    uint32_t x, y, nearX, nearY;
  } rows[] = {{16, 0, 3, 0}, {uint32_t(-4), 1, 0, 1}, {uint32_t(-3), 1, 0, 1}, {4, 3, 1, 2}, {8, uint32_t(-7), 2, 0}, {400, 400, 3, 2}};
  for (auto &row : rows) {
    EXPECT_EQ(access.go(Load | form(CT_TEX_2D, 4, CT_SURF_TRAP), stored.handle(), {row.x, row.y}), CT_TEXTURE_OUTSIDE);
    EXPECT_EQ(access.go(Store | form(CT_TEX_2D, 4, CT_SURF_TRAP), stored.handle(), {row.x, row.y}, {5}), CT_TEXTURE_OUTSIDE);
    ASSERT_EQ(access.go(Load | form(CT_TEX_2D, 4, CT_SURF_CLAMP), stored.handle(), {row.x, row.y}), CT_TEXTURE_OK);
    EXPECT_EQ(access.out[0], image.at(0, row.nearX, row.nearY, 0, 0));
    ASSERT_EQ(access.go(Load | form(CT_TEX_2D, 4, CT_SURF_ZERO), stored.handle(), {row.x, row.y}), CT_TEXTURE_OK);
    EXPECT_EQ(access.out[0], 0u);
    ASSERT_EQ(access.go(Store | form(CT_TEX_2D, 4, CT_SURF_ZERO), stored.handle(), {row.x, row.y}, {5}), CT_TEXTURE_OK);
  }
  for (uint32_t y = 0; y < 3; ++y)
    for (uint32_t x = 0; x < 4; ++x) EXPECT_EQ(stored.element(image, 0, x, y, 0, 0), image.at(0, x, y, 0, 0));  // all dropped
  ASSERT_EQ(access.go(Store | form(CT_TEX_2D, 4, CT_SURF_CLAMP), stored.handle(), {400, 1}, {5}), CT_TEXTURE_OK);
  EXPECT_EQ(stored.element(image, 0, 3, 1, 0, 0), 5u);
  // Eight bytes begin inside and end outside: the nearest place is before.
  EXPECT_EQ(access.go(Load | form(CT_TEX_2D, 8, CT_SURF_TRAP), stored.handle(), {16, 0}), CT_TEXTURE_OUTSIDE);
  ASSERT_EQ(access.go(Load | form(CT_TEX_2D, 8, CT_SURF_CLAMP), stored.handle(), {16, 0}), CT_TEXTURE_OK);
  EXPECT_EQ(access.out[1], image.at(0, 3, 0, 0, 0));
}

TEST(Surface, FormattedStoresConvert) {
  struct {
    ct_texel_format format;
    unsigned bits;
    uint32_t word, stored;
  } rows[] = {{CT_TEXEL_UNSIGNED, 8, 200, 200},
              {CT_TEXEL_UNSIGNED, 8, 300, 255},
              {CT_TEXEL_SIGNED, 8, uint32_t(-5), 0xfb},
              {CT_TEXEL_SIGNED, 8, uint32_t(-500), 0x80},
              {CT_TEXEL_UNSIGNED, 16, 70000, 65535},
              {CT_TEXEL_SIGNED, 16, 40000, 32767},
              {CT_TEXEL_UNSIGNED, 32, 0xdeadbeef, 0xdeadbeef},
              {CT_TEXEL_FLOAT, 32, 0x7fc00001, 0x7fc00001},
              {CT_TEXEL_FLOAT, 16, std::bit_cast<uint32_t>(1.5f), 0x3e00},
              {CT_TEXEL_FLOAT, 16, std::bit_cast<uint32_t>(-65520.f), 0xfc00},
              {CT_TEXEL_FLOAT, 16, std::bit_cast<uint32_t>(65519.f), 0x7bff},
              {CT_TEXEL_FLOAT, 16, std::bit_cast<uint32_t>(0x1.8p-25f), 1},
              {CT_TEXEL_FLOAT, 16, std::bit_cast<uint32_t>(0x1p-25f), 0}};
  for (auto &row : rows) {
    Image image = surface({CT_SHAPE_1D, false}, row.format, 4, row.bits, 3, 1, 1, 1);
    Stored stored(image);
    Access access;
    ASSERT_EQ(access.go(Store | form(CT_TEX_1D, 16, CT_SURF_TRAP) | CT_SURF_FORMATTED, stored.handle(), {2}, {row.word, 0, 1, row.word}), CT_TEXTURE_OK);
    EXPECT_EQ(stored.element(image, 0, 2, 0, 0, 0), row.stored) << row.word;
    EXPECT_EQ(stored.element(image, 0, 2, 0, 0, 3), row.stored) << row.word;
    EXPECT_EQ(stored.element(image, 0, 1, 0, 0, 3), image.at(0, 1, 0, 0, 3));
    EXPECT_EQ(access.go(Store | form(CT_TEX_1D, 16, CT_SURF_TRAP) | CT_SURF_FORMATTED, stored.handle(), {3}), CT_TEXTURE_OUTSIDE);
  }
}

TEST(Surface, EveryHalfRoundTrips) {
  Image image = surface({CT_SHAPE_1D, false}, CT_TEXEL_FLOAT, 1, 16, 1, 1, 1, 1);
  Stored stored(image);
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    float value = float(std::bit_cast<_Float16>(uint16_t(bits)));
    Access access;
    ASSERT_EQ(access.go(Store | form(CT_TEX_1D, 4, CT_SURF_TRAP) | CT_SURF_FORMATTED, stored.handle(), {0}, {std::bit_cast<uint32_t>(value)}), CT_TEXTURE_OK);
    uint32_t now = stored.element(image, 0, 0, 0, 0, 0);
    if (std::isnan(value)) ASSERT_TRUE(std::isnan(float(std::bit_cast<_Float16>(uint16_t(now)))));
    else ASSERT_EQ(now, bits);
    // And what lies between two halves goes to the nearest.
    float between = value * 1.0004f;
    access.go(Store | form(CT_TEX_1D, 4, CT_SURF_TRAP) | CT_SURF_FORMATTED, stored.handle(), {0}, {std::bit_cast<uint32_t>(between)});
    if (!std::isnan(value)) ASSERT_EQ(stored.element(image, 0, 0, 0, 0, 0), std::bit_cast<uint16_t>(_Float16(between))) << between;
  }
}

TEST(Surface, Reductions) {
  struct {
    uint32_t operation;
    bool isSigned;
    uint64_t before, value, after32, after64;
  } rows[] = {
      {CT_SURF_ADD, false, 0xffffffff, 2, 1, 0x100000001},
      {CT_SURF_MIN, false, 5, ~0ull, 5, 5},
      {CT_SURF_MIN, true, 5, ~0ull, 0xffffffff, ~0ull},
      {CT_SURF_MAX, false, 5, ~0ull, 0xffffffff, ~0ull},
      {CT_SURF_MAX, true, 5, ~0ull, 5, 5},
      {CT_SURF_AND, false, 12, 10, 8, 8},
      {CT_SURF_OR, false, 12, 10, 14, 14},
  };
  for (auto &row : rows)
    for (uint32_t bytes : {4u, 8u}) {
      Image image = surface({CT_SHAPE_1D, false}, CT_TEXEL_UNSIGNED, 2, 32, 2, 1, 1, 1);
      image.levels[0].raw = {1, 2, uint32_t(row.before), uint32_t(row.before >> 32)};
      Stored stored(image);
      Access access;
      uint32_t how = form(CT_TEX_1D, bytes, CT_SURF_TRAP) | row.operation << CT_SURF_REDUCE_SHIFT | (row.isSigned ? CT_SURF_SIGNED : 0);
      ASSERT_EQ(access.go(Store | how, stored.handle(), {8}, {uint32_t(row.value), uint32_t(row.value >> 32)}), CT_TEXTURE_OK);
      uint64_t now = stored.element(image, 0, 1, 0, 0, 0) | uint64_t(stored.element(image, 0, 1, 0, 0, 1)) << 32;
      EXPECT_EQ(now, bytes == 8 ? row.after64 : row.after32) << row.operation;
    }
  Image image = surface({CT_SHAPE_1D, false}, CT_TEXEL_FLOAT, 1, 32, 2, 1, 1, 1);
  Stored stored(image);
  Access access;
  EXPECT_EQ(access.go(Store | form(CT_TEX_1D, 4, CT_SURF_TRAP) | CT_SURF_FORMATTED | CT_SURF_ADD << CT_SURF_REDUCE_SHIFT, stored.handle(), {0}), CT_TEXTURE_UNSUPPORTED);
}

TEST(Texture, Queries) {
  Random random(2);
  Image image = randomImage(random, {CT_SHAPE_2D, true}, true);
  ct_texture &t = image.description;
  image.levels = {{8, 6, 1, {}}, {4, 3, 1, {}}};
  t.layers = 3, t.format = CT_TEXEL_SIGNED, t.bits = 16, t.channels = 2, t.flags |= CT_TEXTURE_READ_FLOAT | CT_TEXTURE_NORMALIZED;
  t.filter = CT_FILTER_LINEAR, t.address[0] = CT_ADDRESS_MIRROR, t.address[1] = CT_ADDRESS_CLAMP, t.address[2] = CT_ADDRESS_BORDER;
  for (Image::Level &level : image.levels) level.raw.resize(level.width * level.height * 6);
  Stored stored(image);
  auto ask = [&](uint32_t query, uint32_t level) {
    Access access;
    EXPECT_EQ(access.go(uint32_t(CT_TEX_QUERY) << CT_TEX_OP_SHIFT | query, stored.handle(), {level}), CT_TEXTURE_OK);
    return access.out[0];
  };
  EXPECT_EQ(ask(CT_QUERY_WIDTH, 0), 8u);
  EXPECT_EQ(ask(CT_QUERY_HEIGHT, 1), 3u);
  EXPECT_EQ(ask(CT_QUERY_LAYERS, 0), 3u);
  EXPECT_EQ(ask(CT_QUERY_LEVELS, 0), 2u);
  EXPECT_EQ(ask(CT_QUERY_SAMPLES, 0), 1u);
  EXPECT_EQ(ask(CT_QUERY_CHANNEL_TYPE, 0), 0x10D1u);   // CL_SNORM_INT16
  EXPECT_EQ(ask(CT_QUERY_CHANNEL_ORDER, 0), 0x10B2u);  // CL_RG
  EXPECT_EQ(ask(CT_QUERY_NORMALIZED, 0), 1u);
  EXPECT_EQ(ask(CT_QUERY_FILTER, 0), 1u);
  EXPECT_EQ(ask(CT_QUERY_ADDRESS_0, 0), 1u);
  EXPECT_EQ(ask(CT_QUERY_ADDRESS_1, 0), 3u);
  EXPECT_EQ(ask(CT_QUERY_ADDRESS_2, 0), 4u);
  EXPECT_EQ(ask(CT_QUERY_KIND, 0), uint32_t(CT_TEXTURE_SAMPLED));
}

}  // namespace
}  // namespace cutrans::test
