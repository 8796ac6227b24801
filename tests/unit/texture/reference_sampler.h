// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A second sampler, written from the CUDA guide's appendix "Texture Fetching" in the plainest way: it asks an Image for texels by number and
// computes in long double. Slow, and shares nothing with targets/common/texture.
#pragma once

#include <array>
#include <optional>

#include "tests/unit/texture/image.h"

namespace cutrans::test {

struct Fetch {
  std::array<float, 3> at{};
  std::array<int, 3> offset{};
  uint32_t layer = 0;
  std::optional<float> lod;                                           // tex.level
  std::optional<std::array<std::array<float, 3>, 2>> derivatives;     // tex.grad
  std::optional<float> reference;                                     // of depth textures
};

// A texel's or a filtered value: numbers where the texture is read as floats, else the integers.
struct Texel {
  std::array<long double, 4> number{};
  std::array<uint32_t, 4> bits{};  // as the instruction returns it, where nothing was filtered or floats are rounded
};

Texel referenceSample(const Image &image, const Fetch &fetch);
std::array<uint32_t, 4> referenceGather(const Image &image, const Fetch &fetch, unsigned component);
// Integer coordinates: one texel of a level.
std::array<uint32_t, 4> referenceFetch(const Image &image, std::array<int, 3> at, uint32_t layer, int level);

}  // namespace cutrans::test
