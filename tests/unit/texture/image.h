// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An image as plain numbers, and the ct_texture record with memory that says the same: what the sampler's tests compare.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include <cutrans/texture.h>

namespace cutrans::test {

struct Image {
  struct Level {
    uint32_t width, height, depth;  // depth: of 3-D
    std::vector<uint32_t> raw;      // elements' bits, channel fastest, then x, y, slice
  };
  ct_texture description{};  // without addresses
  std::vector<Level> levels;

  uint32_t slices(const Level &level) const;
  // An element's bits as they are stored (not extended).
  uint32_t at(size_t level, uint32_t x, uint32_t y, uint32_t slice, uint32_t channel) const;
};

// The record, aligned, with rows and slices further apart than they need be; the gaps hold other bytes.
class Stored {
 public:
  explicit Stored(const Image &image);
  uint64_t handle() const { return reinterpret_cast<uint64_t>(record_); }
  ct_texture &record() { return *record_; }
  uint32_t element(const Image &image, size_t level, uint32_t x, uint32_t y, uint32_t slice, uint32_t channel) const;

 private:
  std::vector<unsigned char> memory_, recordMemory_;
  ct_texture *record_ = nullptr;
};

using Random = std::mt19937;

struct Shape {
  ct_texture_shape shape;
  bool layered;
};

// Random sizes, format, modes and texels. `integers`: no reads as floats. Sizes are small, so that every texel is met.
Image randomImage(Random &random, Shape shape, bool mipmapped);

}  // namespace cutrans::test
