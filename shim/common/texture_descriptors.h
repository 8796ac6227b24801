// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the descriptors of textures have alike in both APIs: the same fields by the same names, enums with the same numbers.
#pragma once
#include <cuda.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "cutrans/runtime/texture.h"
#include "shim/common/refusal.h"

namespace cutrans::shim {

// Everything but the flags, which the APIs write differently.
template <class Descriptor>
runtime::TextureSampling samplingOf(const Descriptor &d) {
  runtime::TextureSampling s;
  for (int i = 0; i < 3; ++i) s.address[i] = static_cast<uint32_t>(d.addressMode[i]);
  s.filter = static_cast<uint32_t>(d.filterMode);
  s.mip_filter = static_cast<uint32_t>(d.mipmapFilterMode);
  s.max_anisotropy = d.maxAnisotropy;
  s.mip_bias = d.mipmapLevelBias;
  s.min_level = d.minMipmapLevelClamp;
  s.max_level = d.maxMipmapLevelClamp;
  std::copy(std::begin(d.borderColor), std::end(d.borderColor), s.border);
  return s;
}

template <class Descriptor>
void describe(const runtime::TextureSampling &s, Descriptor &d) {
  for (int i = 0; i < 3; ++i) d.addressMode[i] = static_cast<std::decay_t<decltype(d.addressMode[0])>>(s.address[i]);
  d.filterMode = static_cast<decltype(d.filterMode)>(s.filter);
  d.mipmapFilterMode = static_cast<decltype(d.mipmapFilterMode)>(s.mip_filter);
  d.maxAnisotropy = s.max_anisotropy;
  d.mipmapLevelBias = s.mip_bias;
  d.minMipmapLevelClamp = s.min_level;
  d.maxMipmapLevelClamp = s.max_level;
  std::copy(std::begin(s.border), std::end(s.border), d.borderColor);
}

// The numbers of view formats: eight element types, each for 1, 2 and 4 channels; behind them the block-compressed ones.
inline Result<runtime::TexelFormat> viewFormat(unsigned number, const char *entry) {
  constexpr struct {
    ct_texel_format kind;
    uint8_t bits;
  } kElements[] = {{CT_TEXEL_UNSIGNED, 8},  {CT_TEXEL_SIGNED, 8},  {CT_TEXEL_UNSIGNED, 16}, {CT_TEXEL_SIGNED, 16},
                   {CT_TEXEL_UNSIGNED, 32}, {CT_TEXEL_SIGNED, 32}, {CT_TEXEL_FLOAT, 16},    {CT_TEXEL_FLOAT, 32}};
  constexpr uint8_t kChannels[] = {1, 2, 4};
  static_assert(CU_RES_VIEW_FORMAT_SINT_1X16 == 10 && CU_RES_VIEW_FORMAT_FLOAT_4X32 == 24 && CU_RES_VIEW_FORMAT_UNSIGNED_BC7 == 34);
  if (number < CU_RES_VIEW_FORMAT_UINT_1X8 || number > CU_RES_VIEW_FORMAT_UNSIGNED_BC7) return Code::invalid_value;
  if (number >= CU_RES_VIEW_FORMAT_UNSIGNED_BC1) {
    refuseArgument(entry, Diag::api_arrays, "a view of an array as a block-compressed format");
    return Code::unsupported;
  }
  const auto &element = kElements[(number - 1) / 3];
  return runtime::TexelFormat{element.kind, element.bits, kChannels[(number - 1) % 3], false};
}

// Null: no view.
template <class Descriptor>
Result<runtime::TextureView> viewOf(const Descriptor *d, const char *entry) {
  runtime::TextureView view;
  if (!d) return view;
  view.given = true;
  view.number = static_cast<uint32_t>(d->format);
  if (view.number != CU_RES_VIEW_FORMAT_NONE) {
    Result<runtime::TexelFormat> format = viewFormat(view.number, entry);
    if (!format.ok()) return format.status();
    view.reinterprets = true;
    view.format = *format;
  }
  view.width = d->width;
  view.height = d->height;
  view.depth = d->depth;
  view.first_level = d->firstMipmapLevel;
  view.last_level = d->lastMipmapLevel;
  view.first_layer = d->firstLayer;
  view.last_layer = d->lastLayer;
  return view;
}

template <class Descriptor>
void describe(const runtime::TextureView &view, Descriptor &d) {
  d = {};
  d.format = static_cast<decltype(d.format)>(view.number);
  d.width = view.width;
  d.height = view.height;
  d.depth = view.depth;
  d.firstMipmapLevel = view.first_level;
  d.lastMipmapLevel = view.last_level;
  d.firstLayer = view.first_layer;
  d.lastLayer = view.last_layer;
}

// A handle that a program gave, as the object. A null is a missing argument, anything else a wrong handle.
template <class T>
Result<T *> findObject(const void *handle) {
  if (!handle) return Code::invalid_value;
  T *found = T::find(handle);
  if (!found) return Code::invalid_handle;
  return found;
}

}  // namespace cutrans::shim
