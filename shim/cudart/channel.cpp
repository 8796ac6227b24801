// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Channel descriptions, there and back.
#include "shim/cudart/channel.h"

#include "bodies.h"

namespace cutrans::cudart {
namespace {

// cudaChannelFormatKind from UnsignedNormalized8X1 to SignedNormalized16X4 numbers the formats of the driver API in order.
constexpr int kFirstNormalized = cudaChannelFormatKindUnsignedNormalized8X1;
constexpr int kLastNormalized = cudaChannelFormatKindSignedNormalized16X4;
static_assert(kLastNormalized - kFirstNormalized == CU_AD_FORMAT_SNORM_INT16X4 - CU_AD_FORMAT_UNORM_INT8X1);

bool isRefusedKind(cudaChannelFormatKind kind) {
  return kind == cudaChannelFormatKindNV12 ||
         (kind >= cudaChannelFormatKindUnsignedBlockCompressed1 && kind <= cudaChannelFormatKindUnsignedNormalized1010102);
}

// How many channels there are; 0: not 1, 2 or 4 of one width, from the first on.
unsigned countChannels(const cudaChannelFormatDesc &c) {
  const int bits[] = {c.x, c.y, c.z, c.w};
  unsigned count = 0;
  while (count < 4 && bits[count] != 0) ++count;
  for (unsigned i = 0; i < 4; ++i)
    if (bits[i] != (i < count ? c.x : 0)) return 0;
  return count == 3 ? 0 : count;
}

}  // namespace

cudaError_t readChannel(const cudaChannelFormatDesc &channel, const char *entry, shim::ArrayFormat *out) {
  if (isRefusedKind(channel.f)) {
    shim::refuseArgument(entry, Diag::api_arrays, "a channel of a block-compressed, video or 10-bit format");
    return cudaErrorNotSupported;
  }
  const int kind = channel.f;
  out->channels = countChannels(channel);
  if (kind >= kFirstNormalized && kind <= kLastNormalized) {
    out->format = static_cast<CUarray_format>(CU_AD_FORMAT_UNORM_INT8X1 + (kind - kFirstNormalized));
    Result<runtime::TexelFormat> texel = shim::texelFormat(*out, entry);
    return texel.ok() && texel->bits == channel.x ? cudaSuccess : cudaErrorInvalidChannelDescriptor;
  }
  const bool known = kind == cudaChannelFormatKindSigned || kind == cudaChannelFormatKindUnsigned || kind == cudaChannelFormatKindFloat;
  if (!known || out->channels == 0) return cudaErrorInvalidChannelDescriptor;
  const bool real = kind == cudaChannelFormatKindFloat;
  if ((channel.x != 8 && channel.x != 16 && channel.x != 32) || (real && channel.x == 8)) return cudaErrorInvalidChannelDescriptor;
  runtime::TexelFormat texel;
  texel.kind = real ? CT_TEXEL_FLOAT : kind == cudaChannelFormatKindSigned ? CT_TEXEL_SIGNED : CT_TEXEL_UNSIGNED;
  texel.bits = static_cast<uint8_t>(channel.x);
  texel.channels = static_cast<uint8_t>(out->channels);
  *out = shim::arrayFormat(texel);
  return cudaSuccess;
}

cudaChannelFormatDesc channelOf(const runtime::TexelFormat &format) {
  auto bits = [&](unsigned channel) { return channel < format.channels ? format.bits : 0; };
  cudaChannelFormatDesc out{bits(0), bits(1), bits(2), bits(3), cudaChannelFormatKindUnsigned};
  if (format.normalized)
    out.f = static_cast<cudaChannelFormatKind>(kFirstNormalized + (shim::arrayFormat(format).format - CU_AD_FORMAT_UNORM_INT8X1));
  else if (format.kind != CT_TEXEL_UNSIGNED)
    out.f = format.kind == CT_TEXEL_SIGNED ? cudaChannelFormatKindSigned : cudaChannelFormatKindFloat;
  return out;
}

cudaChannelFormatDesc body::cudaCreateChannelDesc(Call &, int x, int y, int z, int w, cudaChannelFormatKind kind) {
  return {x, y, z, w, kind};
}

}  // namespace cutrans::cudart
