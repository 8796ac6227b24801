// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "shim/common/array_descriptors.h"

#include <driver_types.h>

#include "shim/common/refusal.h"

namespace cutrans::shim {
namespace {

struct PlainRow {
  CUarray_format number;
  ct_texel_format kind;
  uint8_t bits;
};
constexpr PlainRow kPlain[] = {
    {CU_AD_FORMAT_UNSIGNED_INT8, CT_TEXEL_UNSIGNED, 8}, {CU_AD_FORMAT_UNSIGNED_INT16, CT_TEXEL_UNSIGNED, 16},
    {CU_AD_FORMAT_UNSIGNED_INT32, CT_TEXEL_UNSIGNED, 32}, {CU_AD_FORMAT_SIGNED_INT8, CT_TEXEL_SIGNED, 8},
    {CU_AD_FORMAT_SIGNED_INT16, CT_TEXEL_SIGNED, 16}, {CU_AD_FORMAT_SIGNED_INT32, CT_TEXEL_SIGNED, 32},
    {CU_AD_FORMAT_HALF, CT_TEXEL_FLOAT, 16}, {CU_AD_FORMAT_FLOAT, CT_TEXEL_FLOAT, 32},
};

// The normalized formats come in threes, for 1, 2 and 4 channels.
constexpr PlainRow kNormalized[] = {
    {CU_AD_FORMAT_UNORM_INT8X1, CT_TEXEL_UNSIGNED, 8}, {CU_AD_FORMAT_UNORM_INT16X1, CT_TEXEL_UNSIGNED, 16},
    {CU_AD_FORMAT_SNORM_INT8X1, CT_TEXEL_SIGNED, 8}, {CU_AD_FORMAT_SNORM_INT16X1, CT_TEXEL_SIGNED, 16},
};
constexpr uint8_t kChannels[] = {1, 2, 4};

constexpr unsigned kRefusedFlags = CUDA_ARRAY3D_SPARSE | CUDA_ARRAY3D_DEFERRED_MAPPING | CUDA_ARRAY3D_VIDEO_ENCODE_DECODE |
                                   CUDA_ARRAY3D_DEPTH_TEXTURE;
static_assert(CUDA_ARRAY3D_LAYERED == runtime::kArrayLayered && CUDA_ARRAY3D_SURFACE_LDST == runtime::kArraySurface &&
              CUDA_ARRAY3D_CUBEMAP == runtime::kArrayCube && CUDA_ARRAY3D_TEXTURE_GATHER == runtime::kArrayGather &&
              CUDA_ARRAY3D_COLOR_ATTACHMENT == runtime::kArrayColorTarget);
static_assert(cudaArrayLayered == CUDA_ARRAY3D_LAYERED && cudaArraySurfaceLoadStore == CUDA_ARRAY3D_SURFACE_LDST &&
              cudaArrayCubemap == CUDA_ARRAY3D_CUBEMAP && cudaArrayTextureGather == CUDA_ARRAY3D_TEXTURE_GATHER &&
              cudaArrayColorAttachment == CUDA_ARRAY3D_COLOR_ATTACHMENT && cudaArraySparse == CUDA_ARRAY3D_SPARSE &&
              cudaArrayDeferredMapping == CUDA_ARRAY3D_DEFERRED_MAPPING);

}  // namespace

Result<runtime::TexelFormat> texelFormat(ArrayFormat format, const char *entry) {
  if (format.channels != 1 && format.channels != 2 && format.channels != 4) return Code::invalid_value;
  const auto channels = static_cast<uint8_t>(format.channels);
  for (const PlainRow &row : kPlain)
    if (row.number == format.format) return runtime::TexelFormat{row.kind, row.bits, channels, false};
  for (const PlainRow &row : kNormalized) {
    const int step = static_cast<int>(format.format) - static_cast<int>(row.number);
    if (step < 0 || step > 2) continue;
    if (channels != kChannels[step]) return Code::invalid_value;
    return runtime::TexelFormat{row.kind, row.bits, channels, true};
  }
  const bool block_or_video = format.format >= CU_AD_FORMAT_BC1_UNORM && format.format <= CU_AD_FORMAT_YUV444_16bit_SemiPlanar;
  if (!block_or_video && format.format != CU_AD_FORMAT_UNORM_INT_101010_2) return Code::invalid_value;
  refuseArgument(entry, Diag::api_arrays, "an array of a block-compressed, video or 10-bit format");
  return Code::unsupported;
}

ArrayFormat arrayFormat(const runtime::TexelFormat &format) {
  auto matches = [&](const PlainRow &row) { return row.kind == format.kind && row.bits == format.bits; };
  if (!format.normalized) {
    for (const PlainRow &row : kPlain)
      if (matches(row)) return {row.number, format.channels};
  }
  for (const PlainRow &row : kNormalized)
    for (int step = 0; step < 3; ++step)
      if (matches(row) && kChannels[step] == format.channels) return {static_cast<CUarray_format>(row.number + step), format.channels};
  return {};
}

Result<runtime::ArrayShape> arrayShape(ArrayFormat format, uint64_t width, uint64_t height, uint64_t depth, unsigned flags,
                                       const char *entry) {
  Result<runtime::TexelFormat> texels = texelFormat(format, entry);
  if (!texels.ok()) return texels.status();
  if (flags & kRefusedFlags) {
    refuseArgument(entry, Diag::api_arrays, "an array that is sparse, mapped later, of depths, or for video");
    return Code::unsupported;
  }
  return runtime::ArrayShape{*texels, width, height, depth, flags};
}

}  // namespace cutrans::shim
