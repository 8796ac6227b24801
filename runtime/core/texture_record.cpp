// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The checks of cudaCreateTextureObject and cuTexObjectCreate, and the layout of what they describe (cutrans/texture.h).
#include "texture_record.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "cutrans/runtime/memory.h"
#include "cutrans/runtime/texture_limits.h"
#include "cutrans/support/diagnostics.h"

namespace cutrans::runtime {
namespace {

constexpr uint32_t kCubeFaces = 6;

void setFormat(ct_texture &record, const TexelFormat &format) {
  record.format = static_cast<uint8_t>(format.kind);
  record.bits = format.bits;
  record.channels = format.channels;
}

ct_texture emptyRecord(ct_texture_kind kind) {
  ct_texture record{};
  record.magic = CT_TEXTURE_MAGIC;
  record.struct_size = sizeof record;
  record.kind = static_cast<uint8_t>(kind);
  record.samples = 1;
  record.levels = record.layers = 1;
  return record;
}

ct_texture_level levelOf(const Array &array) {
  const ArrayShape &shape = array.shape();
  const bool slices_are_layers = shape.layered() || shape.cube();
  ct_texture_level level{};
  level.address = array.address();
  level.row_pitch = array.rowPitch();
  level.slice_pitch = shape.slices() > 1 ? array.slicePitch() : 0;
  level.width = static_cast<uint32_t>(shape.width);
  level.height = static_cast<uint32_t>(shape.rows());
  level.depth = slices_are_layers ? 1 : static_cast<uint32_t>(shape.slices());
  return level;
}

void setShape(ct_texture &record, const ArrayShape &shape) {
  record.shape = shape.cube()                          ? CT_SHAPE_CUBE
                 : shape.height == 0                   ? CT_SHAPE_1D
                 : shape.depth == 0 || shape.layered() ? CT_SHAPE_2D
                                                       : CT_SHAPE_3D;
  if (!shape.layered()) return;
  record.flags |= CT_TEXTURE_LAYERED;
  record.layers = static_cast<uint32_t>(shape.cube() ? shape.depth / kCubeFaces : shape.depth);
}

// Levels and layers that the view leaves; sizes have to be the array's own.
Status narrow(ct_texture &record, const ArrayShape &shape, const TextureView &view) {
  if (view.width != shape.width || view.height != shape.height || view.depth != shape.depth) return Code::invalid_value;
  if (view.first_level > view.last_level || view.last_level >= record.levels) return Code::invalid_value;
  std::copy(record.level + view.first_level, record.level + view.last_level + 1, record.level);
  record.levels = view.last_level - view.first_level + 1;
  if (view.first_layer > view.last_layer) return Code::invalid_value;
  if (!shape.layered()) return view.last_layer == 0 ? Code::ok : Code::invalid_value;
  // The manual leaves open whether layers of cubes are cubes or faces: a range that means the same in both, or none.
  if (shape.cube()) {
    const bool all = view.first_layer == 0 && (view.last_layer == record.layers - 1 || view.last_layer == shape.depth - 1);
    if (all) return {};
    report(Diag::api_argument, "a resource view of some layers of a layered cube");
    return Code::unsupported;
  }
  if (view.last_layer >= record.layers) return Code::invalid_value;
  record.layers = view.last_layer - view.first_layer + 1;
  for (uint32_t i = 0; i < record.levels; ++i) record.level[i].address += view.first_layer * record.level[i].slice_pitch;
  return {};
}

Status describeArrays(ct_texture &record, std::span<Array *const> levels, const TextureView &view, TexelFormat *format) {
  const ArrayShape &shape = levels.front()->shape();
  if (levels.size() > CT_TEXTURE_MAX_LEVELS) return Code::internal;
  setShape(record, shape);
  record.levels = static_cast<uint32_t>(levels.size());
  for (uint32_t i = 0; i < record.levels; ++i) record.level[i] = levelOf(*levels[i]);
  *format = shape.format;
  if (!view.given) return {};
  if (view.reinterprets) {
    if (view.format.bytes() != shape.format.bytes()) return Code::invalid_value;
    *format = view.format;
  }
  return narrow(record, shape, view);
}

// Memory that the layer gave out, or that the program registered: a kernel could not read other memory on every target.
bool isKnownMemory(Address address) {
  std::optional<Allocation> known = findAllocation(address);
  return known && known->kind != MemoryKind::array;
}

Status describeMemory(ct_texture &record, const Device &device, const TextureSource &source) {
  const TextureLimits &most = textureLimits(device);
  const uint32_t texel = source.format.bytes();
  if (source.address == 0 || source.address % kTextureAlign != 0 || !isKnownMemory(source.address)) return Code::invalid_value;
  ct_texture_level &level = record.level[0];
  level.address = source.address;
  level.height = level.depth = 1;
  record.flags |= CT_TEXTURE_FROM_MEMORY;
  if (source.sort == TextureSource::Sort::linear) {
    const uint64_t texels = source.bytes / texel;
    if (texels == 0 || texels > most.texture_1d_linear) return Code::invalid_value;
    record.shape = CT_SHAPE_LINEAR;
    level.width = static_cast<uint32_t>(texels);
    level.row_pitch = texels * texel;
    return {};
  }
  if (source.width == 0 || source.height == 0 || source.width > most.texture_2d_linear[0] ||
      source.height > most.texture_2d_linear[1] || source.pitch > most.texture_2d_linear[2])
    return Code::invalid_value;
  if (source.pitch % kTexturePitchAlign != 0 || source.pitch < source.width * texel) return Code::invalid_value;
  record.shape = CT_SHAPE_2D;
  level.width = static_cast<uint32_t>(source.width);
  level.height = static_cast<uint32_t>(source.height);
  level.row_pitch = source.pitch;
  return {};
}

bool validSampling(const TextureSampling &s) {
  for (uint32_t address : s.address)
    if (address > CT_ADDRESS_BORDER) return false;
  for (uint32_t filter : {s.filter, s.mip_filter})
    if (filter != CT_FILTER_POINT && filter != CT_FILTER_LINEAR) return false;
  return true;
}

// How texels are read. 32-bit integers are never turned into floats, whatever the program asks for, says the manual.
Status describeSampling(ct_texture &record, const TextureSampling &sampling, const TexelFormat &format, const TextureSource &source) {
  using Sort = TextureSource::Sort;
  if (!validSampling(sampling)) return Code::invalid_value;
  const bool integers = format.kind != CT_TEXEL_FLOAT;
  const bool as_float = integers && format.bits <= 16 && (format.normalized || (sampling.flags & CT_TEXTURE_READ_FLOAT));
  uint32_t kept = sampling.flags & (CT_TEXTURE_NORMALIZED | CT_TEXTURE_NO_TRILINEAR_OPTIMIZATION);
  if (as_float) kept |= CT_TEXTURE_READ_FLOAT;
  if (as_float && format.bits == 8 && format.kind == CT_TEXEL_UNSIGNED) kept |= sampling.flags & CT_TEXTURE_SRGB;
  if (source.sort == Sort::mipmapped && !(sampling.flags & CT_TEXTURE_NORMALIZED)) return Code::invalid_value;
  if (sampling.flags & CT_TEXTURE_SEAMLESS) {
    if (record.shape != CT_SHAPE_CUBE) return Code::invalid_value;
    kept |= CT_TEXTURE_SEAMLESS;
  }
  record.flags |= kept;
  std::memcpy(record.border, sampling.border, sizeof record.border);
  static_assert(sizeof record.border == sizeof sampling.border);
  for (int i = 0; i < 3; ++i) record.address[i] = static_cast<uint8_t>(sampling.address[i]);
  if (source.sort == Sort::linear) {  // read by integer coordinate: neither modes nor filters have a meaning
    record.flags &= ~uint32_t{CT_TEXTURE_NORMALIZED};
    return {};
  }
  const bool mipmapped = source.sort == Sort::mipmapped;
  const bool smooth = sampling.filter == CT_FILTER_LINEAR || (mipmapped && sampling.mip_filter == CT_FILTER_LINEAR);
  if (smooth && integers && !as_float) return Code::invalid_filter;
  record.filter = static_cast<uint8_t>(sampling.filter);
  record.mip_filter = static_cast<uint8_t>(mipmapped ? sampling.mip_filter : uint32_t{CT_FILTER_POINT});
  record.max_anisotropy = std::clamp(sampling.max_anisotropy, 1u, 16u);
  record.mip_bias = sampling.mip_bias;
  record.min_level = sampling.min_level;
  record.max_level = sampling.max_level;
  return {};
}

}  // namespace

Result<ct_texture> textureRecord(const Device &device, const TextureSource &source, const TextureSampling &sampling,
                                 const TextureView &view) {
  using Sort = TextureSource::Sort;
  ct_texture record = emptyRecord(CT_TEXTURE_SAMPLED);
  TexelFormat format = source.format;
  Status described = source.sort == Sort::array       ? describeArrays(record, {&source.array, 1}, view, &format)
                     : source.sort == Sort::mipmapped ? describeArrays(record, source.mipmapped->levels(), view, &format)
                     : view.given                     ? Status(Code::invalid_value)
                                                      : describeMemory(record, device, source);
  if (described.ok()) described = describeSampling(record, sampling, format, source);
  if (!described.ok()) return described;
  setFormat(record, format);
  return record;
}

Result<ct_texture> surfaceRecord(const Array &array) {
  if (!(array.shape().flags & kArraySurface)) return Code::invalid_value;
  ct_texture record = emptyRecord(CT_TEXTURE_SURFACE);
  setFormat(record, array.shape().format);
  setShape(record, array.shape());
  record.level[0] = levelOf(array);
  return record;
}

}  // namespace cutrans::runtime
