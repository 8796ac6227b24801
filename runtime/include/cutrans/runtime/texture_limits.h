// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How large arrays, textures and surfaces may be. The numbers are those of the compute capability that the layer claims
// (CUDA C++ Programming Guide, "Technical Specifications per Compute Capability", 9.0): software that samples would take
// more, programs expect these. The device attributes are generated from the same fields.
#pragma once
#include <cstdint>

#include "cutrans/runtime/device.h"

namespace cutrans::runtime {

struct TextureLimits {
  // Texels; the last number of a layered row is layers. {width}, {width, height}, {width, height, depth}.
  uint32_t texture_1d = 0;
  uint32_t texture_1d_mipmapped = 0;
  uint32_t texture_1d_linear = 0;
  uint32_t texture_1d_layered[2] = {};
  uint32_t texture_2d[2] = {};
  uint32_t texture_2d_mipmapped[2] = {};
  uint32_t texture_2d_linear[3] = {};  // width, height, pitch in bytes
  uint32_t texture_2d_gather[2] = {};
  uint32_t texture_2d_layered[3] = {};
  uint32_t texture_3d[3] = {};
  uint32_t texture_3d_alternative[3] = {};
  uint32_t texture_cube = 0;
  uint32_t texture_cube_layered[2] = {};  // layers are faces
  uint32_t surface_1d = 0;
  uint32_t surface_1d_layered[2] = {};
  uint32_t surface_2d[2] = {};
  uint32_t surface_2d_layered[3] = {};
  uint32_t surface_3d[3] = {};
  uint32_t surface_cube = 0;
  uint32_t surface_cube_layered[2] = {};
};

inline constexpr TextureLimits kTextureLimits = {
    .texture_1d = 131072,
    .texture_1d_mipmapped = 32768,
    .texture_1d_linear = 1u << 28,
    .texture_1d_layered = {32768, 2048},
    .texture_2d = {131072, 65536},
    .texture_2d_mipmapped = {32768, 32768},
    .texture_2d_linear = {131072, 65000, 2097120},
    .texture_2d_gather = {32768, 32768},
    .texture_2d_layered = {32768, 32768, 2048},
    .texture_3d = {16384, 16384, 16384},
    .texture_3d_alternative = {8192, 8192, 32768},
    .texture_cube = 32768,
    .texture_cube_layered = {32768, 2046},
    .surface_1d = 32768,
    .surface_1d_layered = {32768, 2048},
    .surface_2d = {131072, 65536},
    .surface_2d_layered = {32768, 32768, 2048},
    .surface_3d = {16384, 16384, 16384},
    .surface_cube = 32768,
    .surface_cube_layered = {32768, 2046},
};

inline constexpr uint32_t kTextureAlign = 512;      // of linear and pitched memory that is sampled
inline constexpr uint32_t kTexturePitchAlign = 32;  // of its rows

// All zero where the device's kernels cannot sample.
inline const TextureLimits &textureLimits(const Device &device) {
  static constexpr TextureLimits kNone{};
  return device.textures() ? kTextureLimits : kNone;
}

}  // namespace cutrans::runtime
