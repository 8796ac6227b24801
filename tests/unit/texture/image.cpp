// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/unit/texture/image.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace cutrans::test {

uint32_t Image::slices(const Level &level) const {
  if (description.shape == CT_SHAPE_3D) return level.depth;
  return description.layers * (description.shape == CT_SHAPE_CUBE ? 6 : 1);
}

uint32_t Image::at(size_t level, uint32_t x, uint32_t y, uint32_t slice, uint32_t channel) const {
  const Level &of = levels[level];
  return of.raw[((size_t(slice) * of.height + y) * of.width + x) * description.channels + channel];
}

Stored::Stored(const Image &image) {
  recordMemory_.resize(sizeof(ct_texture) + CT_TEXTURE_ALIGN);
  auto aligned = (reinterpret_cast<uintptr_t>(recordMemory_.data()) + CT_TEXTURE_ALIGN - 1) & ~uintptr_t(CT_TEXTURE_ALIGN - 1);
  record_ = new (reinterpret_cast<void *>(aligned)) ct_texture(image.description);
  record_->levels = uint32_t(image.levels.size());
  uint32_t texel = image.description.channels * image.description.bits / 8;
  size_t total = 16;
  std::vector<size_t> offsets;
  for (size_t i = 0; i < image.levels.size(); ++i) {
    const Image::Level &from = image.levels[i];
    ct_texture_level &to = record_->level[i];
    to.width = from.width, to.height = from.height, to.depth = from.depth;
    to.row_pitch = (from.width + 1 + i % 2) * texel;
    to.slice_pitch = to.row_pitch * from.height + 2 * texel;
    total = (total + 15) / 16 * 16;
    offsets.push_back(total);
    total += to.slice_pitch * image.slices(from);
  }
  memory_.assign(total + 32, 0xa5);
  auto base = (reinterpret_cast<uintptr_t>(memory_.data()) + 15) & ~uintptr_t(15);
  for (size_t i = 0; i < image.levels.size(); ++i) {
    ct_texture_level &to = record_->level[i];
    to.address = base + offsets[i];
    for (uint32_t z = 0; z < image.slices(image.levels[i]); ++z)
      for (uint32_t y = 0; y < to.height; ++y)
        for (uint32_t x = 0; x < to.width; ++x)
          for (uint32_t c = 0; c < image.description.channels; ++c) {
            uint32_t raw = image.at(i, x, y, z, c), bytes = image.description.bits / 8;
            std::memcpy(reinterpret_cast<char *>(to.address + z * to.slice_pitch + y * to.row_pitch) + x * texel + c * bytes, &raw, bytes);
          }
  }
}

uint32_t Stored::element(const Image &image, size_t level, uint32_t x, uint32_t y, uint32_t slice, uint32_t channel) const {
  const ct_texture_level &of = record_->level[level];
  uint32_t bytes = image.description.bits / 8, raw = 0;
  std::memcpy(&raw, reinterpret_cast<char *>(of.address + slice * of.slice_pitch + y * of.row_pitch) + (x * image.description.channels + channel) * bytes, bytes);
  return raw;
}

namespace {

uint32_t randomElement(Random &random, const ct_texture &t) {
  if (t.format != CT_TEXEL_FLOAT) return random() >> (32 - t.bits);
  // Ordinary numbers: sums of huge and tiny ones are not what is tested here.
  float value = float(int(random() % 20001) - 10000) / float(1u << random() % 14);
  if (t.bits == 32) return std::bit_cast<uint32_t>(value);
  _Float16 half = _Float16(value);
  return std::bit_cast<uint16_t>(half);
}

}  // namespace

Image randomImage(Random &random, Shape shape, bool mipmapped) {
  Image image;
  ct_texture &t = image.description;
  auto chance = [&](unsigned one) { return random() % one == 0; };
  t.magic = CT_TEXTURE_MAGIC;
  t.struct_size = sizeof(ct_texture);
  t.kind = CT_TEXTURE_SAMPLED;
  t.shape = uint8_t(shape.shape);
  t.format = uint8_t(random() % 3);
  t.channels = uint8_t(1u << random() % 3);
  t.bits = uint8_t(8u << random() % 3);
  if (t.format == CT_TEXEL_FLOAT && t.bits == 8) t.bits = 32;
  t.samples = 1;
  t.layers = shape.layered ? 1 + random() % 4 : 1;
  if (shape.layered) t.flags |= CT_TEXTURE_LAYERED;
  if (!chance(4)) t.flags |= CT_TEXTURE_NORMALIZED;
  if (mipmapped) t.flags |= CT_TEXTURE_NORMALIZED;
  if (!chance(4)) t.flags |= CT_TEXTURE_READ_FLOAT;
  if (chance(4)) t.flags |= CT_TEXTURE_SRGB;
  if (chance(2)) t.flags |= CT_TEXTURE_SEAMLESS;
  bool floats = t.format == CT_TEXEL_FLOAT || (t.bits < 32 && (t.flags & CT_TEXTURE_READ_FLOAT));
  if (floats && !chance(3)) t.filter = CT_FILTER_LINEAR;
  if (floats && !chance(3)) t.mip_filter = CT_FILTER_LINEAR;
  for (uint8_t &mode : t.address) mode = uint8_t(random() % 4);
  for (uint32_t &border : t.border) border = floats ? std::bit_cast<uint32_t>(float(random() % 64) / 16 - 2) : random();
  t.max_level = 100;
  uint32_t edge = 1 + random() % 9;
  Image::Level level{edge, 1, 1, {}};
  if (shape.shape != CT_SHAPE_1D && shape.shape != CT_SHAPE_LINEAR) level.height = shape.shape == CT_SHAPE_CUBE ? edge : 1 + random() % 9;
  if (shape.shape == CT_SHAPE_3D) level.depth = 1 + random() % 6;
  for (;;) {
    level.raw.resize(size_t(level.width) * level.height * image.slices(level) * t.channels);
    for (uint32_t &raw : level.raw) raw = randomElement(random, t);
    image.levels.push_back(level);
    if (!mipmapped || (level.width == 1 && level.height == 1 && level.depth == 1)) break;
    for (uint32_t *size : {&level.width, &level.height, &level.depth}) *size = std::max(1u, *size / 2);
  }
  t.levels = uint32_t(image.levels.size());
  return image;
}

}  // namespace cutrans::test
