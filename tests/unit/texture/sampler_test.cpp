// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The sampler of targets/common against the reference, over random images and coordinates: bits for everything but linear filtering of
// 32-bit floats, where sums may differ in the last bit. The seed is in the message; CUTRANS_TEST_SEED repeats it.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>

#include "cutrans/targets/textures.h"
#include "tests/unit/texture/reference_sampler.h"

namespace cutrans::test {
namespace {

unsigned seedOf(unsigned fallback) {
  const char *text = std::getenv("CUTRANS_TEST_SEED");
  return text ? unsigned(std::strtoul(text, nullptr, 10)) : fallback;
}

struct Given {
  Shape shape;
  uint32_t geometry;
};
constexpr Given Shapes[] = {
    {{CT_SHAPE_1D, false}, CT_TEX_1D},  {{CT_SHAPE_2D, false}, CT_TEX_2D}, {{CT_SHAPE_3D, false}, CT_TEX_3D},    {{CT_SHAPE_1D, true}, CT_TEX_A1D},
    {{CT_SHAPE_2D, true}, CT_TEX_A2D}, {{CT_SHAPE_CUBE, false}, CT_TEX_CUBE}, {{CT_SHAPE_CUBE, true}, CT_TEX_ACUBE},
};

// Coordinates inside, on and between texels, outside, and none at all.
float randomCoordinate(Random &random, const Image &image) {
  float size = float(image.levels[0].width), scale = image.description.flags & CT_TEXTURE_NORMALIZED ? 1 / size : 1;
  switch (random() % 8) {
    case 0: return float(int(random() % 40) - 14) * scale;
    case 1: return (float(int(random() % 40) - 14) + 0.5f) * scale;
    case 2: return float(int(random() % 40000) - 15000) / 512 * scale;
    case 3: {
      constexpr float Odd[] = {0.f, -0.f, INFINITY, -INFINITY, NAN, 1e30f, -1e30f, 8388607.5f, 16777215.f, -3e-39f};
      return Odd[random() % std::size(Odd)];
    }
    default: return (float(random()) / 4294967296.f * 3 - 1) * size * scale;
  }
}

struct Instruction {
  uint32_t words[CT_TEX_MAX_INPUTS] = {}, out[4] = {}, lane = 0;
  ct_texture_fault go(uint32_t form, uint64_t handle) { return ct_texture_run(form, 1, 1, &handle, words, out, &lane); }
};

Fetch randomFetch(Random &random, const Image &image, uint32_t &form, Instruction &run) {
  bool cube = image.description.shape == CT_SHAPE_CUBE;
  Fetch fetch;
  for (unsigned i = 0; i < 3; ++i) {
    // Quotients of random directions are nowhere near a texel's edge, where the last bit would decide.
    fetch.at[i] = cube ? (float(random()) / 4294967296.f - 0.5f) * 8 : randomCoordinate(random, image);
    run.words[i] = std::bit_cast<uint32_t>(fetch.at[i]);
  }
  run.words[3] = fetch.layer = random() % 6 == 0 ? random() : random() % 5;
  if (!cube && random() % 3 == 0) {
    form |= CT_TEX_OFFSET;
    for (unsigned i = 0; i < 3; ++i) {
      fetch.offset[i] = int(random() % 16) - 8;
      run.words[4] |= (uint32_t(fetch.offset[i]) & 0xff) << 8 * i;
    }
  }
  return fetch;
}

int distance(uint32_t a, uint32_t b) {
  if (a == b) return 0;
  float x = std::bit_cast<float>(a), y = std::bit_cast<float>(b);
  if (x == y || (std::isnan(x) && std::isnan(y))) return 0;
  if (std::fabs(x - y) < 1e-12f) return 0;  // what cancels does so exactly in one of them only
  if (std::signbit(x) != std::signbit(y)) return 1000;
  return int(std::min<uint32_t>(a > b ? a - b : b - a, 1000));
}

// Filtered sums of floats may round once more than the exact value.
int allowed(const Image &image) {
  const ct_texture &t = image.description;
  bool linear = t.filter == CT_FILTER_LINEAR || t.mip_filter == CT_FILTER_LINEAR;
  return linear && (t.bits == 32 || t.shape == CT_SHAPE_CUBE || (t.flags & CT_TEXTURE_SRGB)) ? 1 : 0;
}

class Sampler : public testing::TestWithParam<Given> {};

TEST_P(Sampler, AgreesWithTheReference) {
  unsigned seed = seedOf(GetParam().geometry * 1000 + 7);
  Random random(seed);
  for (int n = 0; n < 400; ++n) {
    bool mipmapped = n % 3 == 0;
    Image image = randomImage(random, GetParam().shape, mipmapped);
    image.description.mip_bias = float(int(random() % 9) - 4) / 8;
    if (random() % 2) image.description.min_level = 0.5f, image.description.max_level = 1.75f;
    Stored stored(image);
    for (int k = 0; k < 40; ++k) {
      uint32_t form = GetParam().geometry;
      Instruction run;
      Fetch fetch = randomFetch(random, image, form, run);
      if (k % 2) {
        form |= CT_TEX_LEVEL;
        fetch.lod = random() % 16 == 0 ? NAN : float(int(random() % 1200) - 200) / 256;
        run.words[6] = std::bit_cast<uint32_t>(*fetch.lod);
      }
      ASSERT_EQ(run.go(form, stored.handle()), CT_TEXTURE_OK);
      Texel expected = referenceSample(image, fetch);
      for (unsigned c = 0; c < 4; ++c)
        ASSERT_LE(distance(run.out[c], expected.bits[c]), allowed(image))
            << "seed " << seed << ", image " << n << ", fetch " << k << ", channel " << c << ": " << std::bit_cast<float>(run.out[c]) << " for "
            << std::bit_cast<float>(expected.bits[c]) << " at " << fetch.at[0] << " " << fetch.at[1] << " " << fetch.at[2];
    }
  }
}

TEST_P(Sampler, ChoosesLevelsByDerivatives) {
  unsigned seed = seedOf(GetParam().geometry * 1000 + 8);
  Random random(seed);
  int compared = 0;
  for (int n = 0; n < 200; ++n) {
    Image image = randomImage(random, GetParam().shape, true);
    Stored stored(image);
    for (int k = 0; k < 20; ++k) {
      uint32_t form = GetParam().geometry | CT_TEX_GRAD;
      Instruction run;
      Fetch fetch = randomFetch(random, image, form, run);
      fetch.derivatives.emplace();
      for (unsigned i = 0; i < 6; ++i) {
        float d = (float(random()) / 4294967296.f - 0.5f) * (1 << random() % 3);
        (*fetch.derivatives)[i / 3][i % 3] = d;
        run.words[6 + i] = std::bit_cast<uint32_t>(d);
      }
      ASSERT_EQ(run.go(form, stored.handle()), CT_TEXTURE_OK);
      // A logarithm may fall on either side of a 256th: both neighbours count.
      bool found = false;
      for (float nudge : {0.f, -1e-6f, 1e-6f}) {
        Image moved = image;
        moved.description.mip_bias += nudge;
        Texel expected = referenceSample(moved, fetch);
        bool same = true;
        for (unsigned c = 0; c < 4; ++c) same &= distance(run.out[c], expected.bits[c]) <= allowed(image);
        found |= same;
      }
      ASSERT_TRUE(found) << "seed " << seed << ", image " << n << ", fetch " << k;
      ++compared;
    }
  }
  EXPECT_EQ(compared, 4000);
}

TEST_P(Sampler, ComparesDepth) {
  if (GetParam().shape.shape == CT_SHAPE_3D) GTEST_SKIP() << "PTX has no depth textures in three dimensions";
  unsigned seed = seedOf(GetParam().geometry * 1000 + 9);
  Random random(seed);
  for (int n = 0; n < 200; ++n) {
    Image image = randomImage(random, GetParam().shape, n % 2);
    ct_texture &t = image.description;
    if (t.format != CT_TEXEL_FLOAT && !(t.bits == 16 && (t.flags & CT_TEXTURE_READ_FLOAT))) continue;
    t.channels = 1;
    t.compare = uint8_t(1 + random() % 4);
    Stored stored(image);
    for (int k = 0; k < 20; ++k) {
      uint32_t form = GetParam().geometry | CT_TEX_COMPARE;
      Instruction run;
      Fetch fetch = randomFetch(random, image, form, run);
      fetch.reference = float(int(random() % 64) - 32) / 16;
      run.words[5] = std::bit_cast<uint32_t>(*fetch.reference);
      ASSERT_EQ(run.go(form, stored.handle()), CT_TEXTURE_OK);
      Texel expected = referenceSample(image, fetch);
      ASSERT_LE(distance(run.out[0], expected.bits[0]), t.shape == CT_SHAPE_CUBE ? 1 : 0) << "seed " << seed << ", image " << n << ", fetch " << k;
    }
  }
}

TEST_P(Sampler, GathersFourTexels) {
  ct_texture_shape shape = GetParam().shape.shape;
  if (shape != CT_SHAPE_2D && shape != CT_SHAPE_CUBE) GTEST_SKIP() << "tld4 is for planes";
  unsigned seed = seedOf(GetParam().geometry * 1000 + 10);
  Random random(seed);
  for (int n = 0; n < 200; ++n) {
    Image image = randomImage(random, GetParam().shape, false);
    Stored stored(image);
    for (int k = 0; k < 20; ++k) {
      unsigned component = random() % 4;
      uint32_t form = GetParam().geometry | CT_TEX_GATHER | component << CT_TEX_COMPONENT_SHIFT;
      Instruction run;
      Fetch fetch = randomFetch(random, image, form, run);
      ASSERT_EQ(run.go(form, stored.handle()), CT_TEXTURE_OK);
      std::array<uint32_t, 4> expected = referenceGather(image, fetch, component);
      bool floats = image.description.format == CT_TEXEL_FLOAT || ((image.description.flags & CT_TEXTURE_READ_FLOAT) && image.description.bits < 32);
      if (shape == CT_SHAPE_CUBE && !floats && (image.description.flags & CT_TEXTURE_SEAMLESS)) continue;  // a mean of integers: no filtering
      for (unsigned c = 0; c < 4; ++c)
        ASSERT_LE(distance(run.out[c], expected[c]), shape == CT_SHAPE_CUBE ? 1 : 0) << "seed " << seed << ", image " << n << ", fetch " << k;
    }
  }
}

TEST_P(Sampler, FetchesTexelsByInteger) {
  if (GetParam().shape.shape == CT_SHAPE_CUBE) GTEST_SKIP() << "cubes have no integer coordinates";
  unsigned seed = seedOf(GetParam().geometry * 1000 + 11);
  Random random(seed);
  for (int n = 0; n < 200; ++n) {
    Image image = randomImage(random, GetParam().shape, n % 2);
    Stored stored(image);
    for (int k = 0; k < 20; ++k) {
      Instruction run;
      std::array<int, 3> at{};
      for (unsigned i = 0; i < 3; ++i) run.words[i] = uint32_t(at[i] = int(random() % 16) - 3);
      uint32_t layer = run.words[3] = random() % 5;
      int level = int(random() % 5) - 1;
      run.words[6] = uint32_t(level);
      ASSERT_EQ(run.go(GetParam().geometry | CT_TEX_INTEGER | CT_TEX_LEVEL, stored.handle()), CT_TEXTURE_OK);
      ASSERT_EQ(std::to_array(run.out), referenceFetch(image, at, layer, level)) << "seed " << seed << ", image " << n << ", fetch " << k;
    }
  }
}

std::string nameOf(const testing::TestParamInfo<Given> &info) {
  constexpr const char *Names[] = {"", "1d", "2d", "3d", "a1d", "a2d", "cube", "acube"};
  return Names[info.param.geometry];
}
INSTANTIATE_TEST_SUITE_P(Geometries, Sampler, testing::ValuesIn(Shapes), nameOf);

// ---- the guide's own statements, with numbers ----

Image row(std::vector<float> texels, uint32_t flags, ct_texture_address mode, ct_texture_filter filter) {
  Random random(1);
  Image image = randomImage(random, {CT_SHAPE_1D, false}, false);
  ct_texture &t = image.description;
  t.format = CT_TEXEL_FLOAT, t.bits = 32, t.channels = 1, t.flags = flags, t.filter = uint8_t(filter);
  t.address[0] = uint8_t(mode);
  for (uint32_t &border : t.border) border = 0;
  image.levels = {{uint32_t(texels.size()), 1, 1, {}}};
  for (float texel : texels) image.levels[0].raw.push_back(std::bit_cast<uint32_t>(texel));
  return image;
}

float sampleRow(const Image &image, float x) {
  Stored stored(image);
  Instruction run;
  run.words[0] = std::bit_cast<uint32_t>(x);
  EXPECT_EQ(run.go(CT_TEX_1D, stored.handle()), CT_TEXTURE_OK);
  return std::bit_cast<float>(run.out[0]);
}

TEST(SamplerGuide, PointIsTheFloor) {
  Image image = row({10, 20, 30, 40}, 0, CT_ADDRESS_CLAMP, CT_FILTER_POINT);
  EXPECT_EQ(sampleRow(image, 0.f), 10);
  EXPECT_EQ(sampleRow(image, 0.999f), 10);
  EXPECT_EQ(sampleRow(image, 1.f), 20);
  EXPECT_EQ(sampleRow(image, 3.999f), 40);
  EXPECT_EQ(sampleRow(image, 4.f), 40);
  EXPECT_EQ(sampleRow(image, -1.f), 10);
}

TEST(SamplerGuide, LinearWeightsHaveEightBits) {
  Image image = row({0, 256, 512, 1024}, 0, CT_ADDRESS_CLAMP, CT_FILTER_LINEAR);
  EXPECT_EQ(sampleRow(image, 0.5f), 0);
  EXPECT_EQ(sampleRow(image, 1.f), 128);
  EXPECT_EQ(sampleRow(image, 0.5f + 1 / 256.f), 1);
  EXPECT_EQ(sampleRow(image, 0.5f + 1.4f / 256), 1);  // no finer steps
  EXPECT_EQ(sampleRow(image, 0.5f + 1.6f / 256), 2);
  EXPECT_EQ(sampleRow(image, 1.5f - 0.4f / 256), 256);  // a weight of 1.0 exists
  EXPECT_EQ(sampleRow(image, 0.f), 0);
  EXPECT_EQ(sampleRow(image, 4.f), 1024);
}

TEST(SamplerGuide, NeighboursWithoutWeightDoNotCount) {
  Image image = row({1, INFINITY, 3, NAN}, 0, CT_ADDRESS_CLAMP, CT_FILTER_LINEAR);
  EXPECT_EQ(sampleRow(image, 0.5f), 1);
  EXPECT_EQ(sampleRow(image, 2.5f), 3);
}

TEST(SamplerGuide, Addressing) {
  auto with = [](ct_texture_address mode, float x) { return sampleRow(row({10, 20, 30, 40}, CT_TEXTURE_NORMALIZED, mode, CT_FILTER_POINT), x); };
  EXPECT_EQ(with(CT_ADDRESS_WRAP, 1.3f), 20);
  EXPECT_EQ(with(CT_ADDRESS_WRAP, -0.1f), 40);
  EXPECT_EQ(with(CT_ADDRESS_MIRROR, 1.1f), 40);
  EXPECT_EQ(with(CT_ADDRESS_MIRROR, -0.1f), 10);
  EXPECT_EQ(with(CT_ADDRESS_MIRROR, 2.1f), 10);
  EXPECT_EQ(with(CT_ADDRESS_CLAMP, 7.f), 40);
  EXPECT_EQ(with(CT_ADDRESS_BORDER, 7.f), 0);
  EXPECT_EQ(with(CT_ADDRESS_BORDER, -0.01f), 0);
}

TEST(SamplerGuide, WrapNeedsNormalizedCoordinates) {
  EXPECT_EQ(sampleRow(row({10, 20, 30, 40}, 0, CT_ADDRESS_WRAP, CT_FILTER_POINT), 5.5f), 40);
  EXPECT_EQ(sampleRow(row({10, 20, 30, 40}, 0, CT_ADDRESS_MIRROR, CT_FILTER_POINT), -2.f), 10);
}

// ---- refusals ----

TEST(SamplerFaults, AreNamed) {
  Random random(3);
  Image image = randomImage(random, {CT_SHAPE_2D, false}, false);
  Stored stored(image);
  Instruction run;
  EXPECT_EQ(run.go(CT_TEX_2D, 0), CT_TEXTURE_BAD_HANDLE);
  EXPECT_EQ(run.go(CT_TEX_2D, stored.handle() + 8), CT_TEXTURE_BAD_HANDLE);
  EXPECT_EQ(run.go(CT_TEX_1D, stored.handle()), CT_TEXTURE_BAD_SHAPE);
  EXPECT_EQ(run.go(CT_TEX_A2D, stored.handle()), CT_TEXTURE_BAD_SHAPE);
  EXPECT_EQ(run.go(CT_TEX_2D | CT_TEX_COMPARE, stored.handle()), CT_TEXTURE_UNSUPPORTED);
  EXPECT_EQ(run.go(uint32_t(CT_TEX_LOAD) << CT_TEX_OP_SHIFT | CT_TEX_2D | 4 << CT_SURF_BYTES_SHIFT, stored.handle()), CT_TEXTURE_BAD_HANDLE);
  stored.record().max_anisotropy = 4;
  EXPECT_EQ(run.go(CT_TEX_2D | CT_TEX_GRAD, stored.handle()), CT_TEXTURE_UNSUPPORTED);
  EXPECT_EQ(run.go(CT_TEX_2D, stored.handle()), CT_TEXTURE_OK);
  stored.record().magic = 0;
  EXPECT_EQ(run.go(CT_TEX_2D, stored.handle()), CT_TEXTURE_BAD_HANDLE);
}

TEST(SamplerGangs, DoTheLanesOfTheMask) {
  Random random(5);
  Image one = randomImage(random, {CT_SHAPE_1D, false}, false), two = randomImage(random, {CT_SHAPE_1D, false}, false);
  Stored a(one), b(two);
  uint64_t handles[8];
  uint32_t words[CT_TEX_MAX_INPUTS * 8] = {}, out[32], lane = 99;
  std::fill(std::begin(out), std::end(out), 77u);
  for (unsigned i = 0; i < 8; ++i) {
    handles[i] = i % 2 ? a.handle() : b.handle();
    words[i] = i;
  }
  handles[3] = 1;  // dead
  ASSERT_EQ(ct_texture_run(CT_TEX_1D | CT_TEX_INTEGER, 8, 0xf7, handles, words, out, &lane), CT_TEXTURE_OK);
  for (unsigned i = 0; i < 8; ++i)
    for (unsigned c = 0; c < 4; ++c)
      EXPECT_EQ(out[c * 8 + i], i == 3 ? 77u : referenceFetch(i % 2 ? one : two, {int(i), 0, 0}, 0, 0)[c]);
  EXPECT_EQ(ct_texture_run(CT_TEX_1D | CT_TEX_INTEGER, 8, 0xff, handles, words, out, &lane), CT_TEXTURE_BAD_HANDLE);
  EXPECT_EQ(lane, 3u);
}

}  // namespace
}  // namespace cutrans::test
