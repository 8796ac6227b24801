// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Textures and surfaces: that kernels read the records of cutrans/texture.h. What a sampler computes is tests/unit/texture's subject.
#include <cutrans/texture.h>

#include "session.h"

namespace cutrans::conformance {
namespace {

constexpr uint32_t kWidth = 8, kHeight = 4;

ct_texture record(uint64_t texels, ct_texture_kind kind, ct_texel_format format, ct_texture_filter filter) {
  ct_texture t{};
  t.magic = CT_TEXTURE_MAGIC;
  t.struct_size = sizeof t;
  t.kind = static_cast<uint8_t>(kind);
  t.shape = CT_SHAPE_2D;
  t.format = static_cast<uint8_t>(format);
  t.channels = 1;
  t.bits = 32;
  t.filter = static_cast<uint8_t>(filter);
  t.address[0] = t.address[1] = t.address[2] = CT_ADDRESS_CLAMP;
  t.samples = 1;
  t.levels = t.layers = 1;
  t.level[0] = {texels, kWidth * 4, 0, kWidth, kHeight, 1, 0};
  return t;
}

void needTextures(Session &s) {
  if (s.has(CT_DEVICE_RUNS_KERNELS) && !s.has(CT_DEVICE_TEXTURES)) throw Unsupported{"the device has no textures"};
}

struct TextureParams {
  uint64_t handle, out;
  float shift;
  uint32_t padding;
};

std::vector<float> fetch(Session &s, const Kernel &kernel, const ct_texture &texture, float shift) {
  const uint64_t handle = s.alloc(CT_MEMORY_DEVICE, sizeof texture), out = s.alloc(CT_MEMORY_DEVICE, kWidth * kHeight * 4);
  s.write(handle, &texture, sizeof texture);
  const TextureParams params{handle, out, shift, 0};
  const ct_launch launch = describe(kernel, {1, 1, 1}, {kWidth, kHeight, 1}, &params, 20);
  ct_queue *queue = s.queue();
  s.ok(s.queues().launch(queue, &launch), "launch");
  s.wait(queue);
  return s.read<float>(out, kWidth * kHeight);
}

void sampled(Session &s) {
  needTextures(s);
  const Kernel kernel = s.kernel("texture");
  std::vector<float> texels(kWidth * kHeight);
  for (uint32_t i = 0; i < texels.size(); ++i) texels[i] = static_cast<float>(i * i);
  const uint64_t at = s.alloc(CT_MEMORY_DEVICE, texels.size() * 4, 512);
  s.write(at, texels.data(), texels.size() * 4);
  s.check(fetch(s, kernel, record(at, CT_TEXTURE_SAMPLED, CT_TEXEL_FLOAT, CT_FILTER_POINT), 0.5f) == texels, "the texel at its centre");
  // Half way between four texels, of which those outside are the last inside.
  auto mixed = fetch(s, kernel, record(at, CT_TEXTURE_SAMPLED, CT_TEXEL_FLOAT, CT_FILTER_LINEAR), 1.0f);
  for (uint32_t y = 0; y < kHeight; ++y)
    for (uint32_t x = 0; x < kWidth; ++x) {
      auto texel = [&](uint32_t i, uint32_t j) { return texels[std::min(j, kHeight - 1) * kWidth + std::min(i, kWidth - 1)]; };
      const float expected = (texel(x, y) + texel(x + 1, y) + texel(x, y + 1) + texel(x + 1, y + 1)) / 4;
      s.check(mixed[y * kWidth + x] == expected, "the mean of four texels");
    }
}

void surface(Session &s) {
  needTextures(s);
  const Kernel kernel = s.kernel("surface");
  std::vector<uint32_t> texels(kWidth * kHeight);
  for (uint32_t i = 0; i < texels.size(); ++i) texels[i] = i * 3;
  const uint64_t at = s.alloc(CT_MEMORY_DEVICE, texels.size() * 4, 512), handle = s.alloc(CT_MEMORY_DEVICE, sizeof(ct_texture));
  s.write(at, texels.data(), texels.size() * 4);
  const ct_texture description = record(at, CT_TEXTURE_SURFACE, CT_TEXEL_UNSIGNED, CT_FILTER_POINT);
  s.write(handle, &description, sizeof description);
  const ct_launch launch = describe(kernel, {1, 1, 1}, {kWidth, kHeight, 1}, &handle, 8);
  ct_queue *queue = s.queue();
  s.ok(s.queues().launch(queue, &launch), "launch");
  s.wait(queue);
  auto out = s.read<uint32_t>(at, texels.size());
  for (uint32_t i = 0; i < texels.size(); ++i) s.check(out[i] == i * 3 + 100, "texels are loaded and stored");
}

void noHandle(Session &s) {
  needTextures(s);
  const Kernel kernel = s.kernel("texture");
  const uint64_t nothing = s.alloc(CT_MEMORY_DEVICE, sizeof(ct_texture)), out = s.alloc(CT_MEMORY_DEVICE, kWidth * kHeight * 4);
  const std::vector<unsigned char> zero(sizeof(ct_texture));
  s.write(nothing, zero.data(), zero.size());
  const TextureParams params{nothing, out, 0.5f, 0};
  const ct_launch launch = describe(kernel, {1, 1, 1}, {kWidth, kHeight, 1}, &params, 20);
  ct_queue *queue = s.queue();
  s.ok(s.queues().launch(queue, &launch), "launch");
  const ct_status status = s.queues().synchronize(queue);
  s.check(status == CT_ERR_LAUNCH || status == CT_ERR_ILLEGAL_ADDRESS, "a handle that is none is a fault");
}

constexpr Case kCases[] = {
    {"texture.sampled", "Kernels sample a texture, point and linear.", sampled},
    {"texture.surface", "Kernels load and store through a surface.", surface},
    {"texture.no-handle", "A handle that is none is a fault.", noHandle},
};

}  // namespace
std::span<const Case> textureCases() { return kCases; }
}  // namespace cutrans::conformance
