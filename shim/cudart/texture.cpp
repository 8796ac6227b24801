// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Texture and surface objects.
#include "cutrans/runtime/texture.h"

#include "bodies.h"
#include "shim/common/texture_descriptors.h"
#include "shim/cudart/channel.h"

namespace cutrans::cudart {
namespace {

using runtime::Texture;
using runtime::TextureSource;
using Sort = TextureSource::Sort;

// CT flag and the field of cudaTextureDesc that is not 0 where it is set.
struct FlagRow {
  uint32_t flag;
  int cudaTextureDesc::*field;
};
constexpr FlagRow kFlags[] = {
    {CT_TEXTURE_NORMALIZED, &cudaTextureDesc::normalizedCoords},
    {CT_TEXTURE_SRGB, &cudaTextureDesc::sRGB},
    {CT_TEXTURE_SEAMLESS, &cudaTextureDesc::seamlessCubemap},
    {CT_TEXTURE_NO_TRILINEAR_OPTIMIZATION, &cudaTextureDesc::disableTrilinearOptimization},
};

cudaError_t readMemory(Call &call, const void *pointer, const cudaChannelFormatDesc &channel, TextureSource *out) {
  shim::ArrayFormat format;
  if (cudaError_t wrong = readChannel(channel, call.name, &format); wrong != cudaSuccess) return wrong;
  Result<runtime::TexelFormat> texel = shim::texelFormat(format, call.name);
  if (!texel.ok()) return error(texel.status());
  out->format = *texel;
  out->address = reinterpret_cast<uintptr_t>(pointer);
  return cudaSuccess;
}

cudaError_t readSource(Call &call, const cudaResourceDesc &d, TextureSource *out) {
  if (d.flags != 0) return cudaErrorInvalidValue;
  switch (d.resType) {
    case cudaResourceTypeArray: {
      Result<runtime::Array *> array = shim::findObject<runtime::Array>(d.res.array.array);
      if (array.ok()) out->array = *array;
      return error(array.status());
    }
    case cudaResourceTypeMipmappedArray: {
      out->sort = Sort::mipmapped;
      Result<runtime::MipmappedArray *> mipmap = shim::findObject<runtime::MipmappedArray>(d.res.mipmap.mipmap);
      if (mipmap.ok()) out->mipmapped = *mipmap;
      return error(mipmap.status());
    }
    case cudaResourceTypeLinear:
      out->sort = Sort::linear;
      out->bytes = d.res.linear.sizeInBytes;
      return readMemory(call, d.res.linear.devPtr, d.res.linear.desc, out);
    case cudaResourceTypePitch2D:
      out->sort = Sort::pitched;
      out->width = d.res.pitch2D.width;
      out->height = d.res.pitch2D.height;
      out->pitch = d.res.pitch2D.pitchInBytes;
      return readMemory(call, d.res.pitch2D.devPtr, d.res.pitch2D.desc, out);
  }
  return cudaErrorInvalidValue;
}

cudaResourceDesc describe(const TextureSource &source) {
  cudaResourceDesc d{};
  auto *pointer = reinterpret_cast<void *>(source.address);
  switch (source.sort) {
    case Sort::array:
      d.resType = cudaResourceTypeArray;
      d.res.array.array = reinterpret_cast<cudaArray_t>(source.array);
      break;
    case Sort::mipmapped:
      d.resType = cudaResourceTypeMipmappedArray;
      d.res.mipmap.mipmap = reinterpret_cast<cudaMipmappedArray_t>(source.mipmapped);
      break;
    case Sort::linear:
      d.resType = cudaResourceTypeLinear;
      d.res.linear = {pointer, channelOf(source.format), source.bytes};
      break;
    case Sort::pitched:
      d.resType = cudaResourceTypePitch2D;
      d.res.pitch2D = {pointer, channelOf(source.format), source.width, source.height, source.pitch};
      break;
  }
  return d;
}

// Hands what the layer knows about the object to `give`.
template <class Out, class Give>
cudaError_t tell(Out *out, uint64_t handle, ct_texture_kind kind, Give &&give) {
  if (!out) return cudaErrorInvalidValue;
  std::optional<Texture> found = Texture::find(handle, kind);
  return found ? give(*found) : cudaErrorInvalidValue;
}

}  // namespace

cudaError_t body::cudaCreateTextureObject(Call &call, cudaTextureObject_t *out, const cudaResourceDesc *resource,
                                          const cudaTextureDesc *texture, const cudaResourceViewDesc *view) {
  if (!out || !resource || !texture) return cudaErrorInvalidValue;
  TextureSource source;
  if (cudaError_t wrong = readSource(call, *resource, &source); wrong != cudaSuccess) return wrong;
  if (texture->readMode != cudaReadModeElementType && texture->readMode != cudaReadModeNormalizedFloat) return cudaErrorInvalidValue;
  runtime::TextureSampling sampling = shim::samplingOf(*texture);
  for (const FlagRow &row : kFlags)
    if (texture->*row.field) sampling.flags |= row.flag;
  if (texture->readMode == cudaReadModeNormalizedFloat) sampling.flags |= CT_TEXTURE_READ_FLOAT;
  Result<runtime::TextureView> part = shim::viewOf(view, call.name);
  if (!part.ok()) return error(part.status());
  Result<uint64_t> made = Texture::create(*call.context, source, sampling, *part);
  if (!made.ok()) return error(made.status());
  *out = *made;
  return cudaSuccess;
}

cudaError_t body::cudaDestroyTextureObject(Call &, cudaTextureObject_t object) {
  if (object == 0) return cudaSuccess;
  Status status = Texture::destroy(object, CT_TEXTURE_SAMPLED);
  return status.code() == Code::invalid_handle ? cudaErrorInvalidValue : error(status);
}

cudaError_t body::cudaGetTextureObjectResourceDesc(Call &, cudaResourceDesc *out, cudaTextureObject_t object) {
  return tell(out, object, CT_TEXTURE_SAMPLED, [&](const Texture &texture) {
    *out = describe(texture.source());
    return cudaSuccess;
  });
}

cudaError_t body::cudaGetTextureObjectTextureDesc(Call &, cudaTextureDesc *out, cudaTextureObject_t object) {
  return tell(out, object, CT_TEXTURE_SAMPLED, [&](const Texture &texture) {
    *out = {};
    shim::describe(texture.sampling(), *out);
    for (const FlagRow &row : kFlags) out->*row.field = (texture.sampling().flags & row.flag) != 0;
    out->readMode = texture.sampling().flags & CT_TEXTURE_READ_FLOAT ? cudaReadModeNormalizedFloat : cudaReadModeElementType;
    return cudaSuccess;
  });
}

cudaError_t body::cudaGetTextureObjectResourceViewDesc(Call &, cudaResourceViewDesc *out, cudaTextureObject_t object) {
  return tell(out, object, CT_TEXTURE_SAMPLED, [&](const Texture &texture) {
    if (!texture.view().given) return cudaErrorInvalidValue;
    shim::describe(texture.view(), *out);
    return cudaSuccess;
  });
}

cudaError_t body::cudaCreateSurfaceObject(Call &call, cudaSurfaceObject_t *out, const cudaResourceDesc *resource) {
  if (!out || !resource || resource->resType != cudaResourceTypeArray || resource->flags != 0) return cudaErrorInvalidValue;
  Result<runtime::Array *> array = shim::findObject<runtime::Array>(resource->res.array.array);
  if (!array.ok()) return error(array.status());
  Result<uint64_t> made = Texture::createSurface(*call.context, **array);
  if (!made.ok()) return error(made.status());
  *out = *made;
  return cudaSuccess;
}

cudaError_t body::cudaDestroySurfaceObject(Call &, cudaSurfaceObject_t object) {
  if (object == 0) return cudaSuccess;
  Status status = Texture::destroy(object, CT_TEXTURE_SURFACE);
  return status.code() == Code::invalid_handle ? cudaErrorInvalidValue : error(status);
}

cudaError_t body::cudaGetSurfaceObjectResourceDesc(Call &, cudaResourceDesc *out, cudaSurfaceObject_t object) {
  return tell(out, object, CT_TEXTURE_SURFACE, [&](const Texture &surface) {
    *out = describe(surface.source());
    return cudaSuccess;
  });
}

}  // namespace cutrans::cudart
