// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Texture and surface objects. The runtime API has the same handles.
#include "cutrans/runtime/texture.h"

#include "bodies.h"
#include "shim/common/array_descriptors.h"
#include "shim/common/texture_descriptors.h"
#include "shim/cuda/texture_flags.h"

namespace cutrans::driver {
namespace {

using runtime::Texture;
using runtime::TextureSource;
using Sort = TextureSource::Sort;

Status readFormat(Call &call, CUarray_format format, unsigned channels, CUdeviceptr address, TextureSource *out) {
  Result<runtime::TexelFormat> texel = shim::texelFormat({format, channels}, call.name);
  if (texel.ok()) out->format = *texel;
  out->address = address;
  return texel.status();
}

Status readSource(Call &call, const CUDA_RESOURCE_DESC &d, TextureSource *out) {
  if (d.flags != 0) return Code::invalid_value;
  switch (d.resType) {
    case CU_RESOURCE_TYPE_ARRAY:
      out->array = runtime::Array::find(d.res.array.hArray);
      return out->array ? Code::ok : Code::invalid_handle;
    case CU_RESOURCE_TYPE_MIPMAPPED_ARRAY:
      out->sort = Sort::mipmapped;
      out->mipmapped = runtime::MipmappedArray::find(d.res.mipmap.hMipmappedArray);
      return out->mipmapped ? Code::ok : Code::invalid_handle;
    case CU_RESOURCE_TYPE_LINEAR:
      out->sort = Sort::linear;
      out->bytes = d.res.linear.sizeInBytes;
      return readFormat(call, d.res.linear.format, d.res.linear.numChannels, d.res.linear.devPtr, out);
    case CU_RESOURCE_TYPE_PITCH2D:
      out->sort = Sort::pitched;
      out->width = d.res.pitch2D.width;
      out->height = d.res.pitch2D.height;
      out->pitch = d.res.pitch2D.pitchInBytes;
      return readFormat(call, d.res.pitch2D.format, d.res.pitch2D.numChannels, d.res.pitch2D.devPtr, out);
    default:
      return Code::invalid_value;
  }
}

CUDA_RESOURCE_DESC describe(const TextureSource &source) {
  CUDA_RESOURCE_DESC d{};
  const shim::ArrayFormat format = shim::arrayFormat(source.format);
  switch (source.sort) {
    case Sort::array:
      d.resType = CU_RESOURCE_TYPE_ARRAY;
      d.res.array.hArray = reinterpret_cast<CUarray>(source.array);
      break;
    case Sort::mipmapped:
      d.resType = CU_RESOURCE_TYPE_MIPMAPPED_ARRAY;
      d.res.mipmap.hMipmappedArray = reinterpret_cast<CUmipmappedArray>(source.mipmapped);
      break;
    case Sort::linear:
      d.resType = CU_RESOURCE_TYPE_LINEAR;
      d.res.linear = {source.address, format.format, format.channels, source.bytes};
      break;
    case Sort::pitched:
      d.resType = CU_RESOURCE_TYPE_PITCH2D;
      d.res.pitch2D = {source.address, format.format, format.channels, source.width, source.height, source.pitch};
      break;
  }
  return d;
}

Result<runtime::TextureSampling> readSampling(const CUDA_TEXTURE_DESC &d) {
  runtime::TextureSampling sampling = shim::samplingOf(d);
  if (!readTextureFlags(d.flags, &sampling)) return Code::invalid_value;
  return sampling;
}

CUresult destroy(uint64_t object, ct_texture_kind kind) {
  if (object == 0) return CUDA_SUCCESS;
  Status status = Texture::destroy(object, kind);
  return status.code() == Code::invalid_handle ? CUDA_ERROR_INVALID_VALUE : error(status);
}

template <class Out, class Give>
CUresult tell(Out *out, uint64_t handle, ct_texture_kind kind, Give &&give) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  std::optional<Texture> found = Texture::find(handle, kind);
  return found ? give(*found) : CUDA_ERROR_INVALID_VALUE;
}

}  // namespace

CUresult body::cuTexObjectCreate(Call &call, CUtexObject *out, const CUDA_RESOURCE_DESC *resource, const CUDA_TEXTURE_DESC *texture,
                                 const CUDA_RESOURCE_VIEW_DESC *view) {
  if (!out || !resource || !texture) return CUDA_ERROR_INVALID_VALUE;
  TextureSource source;
  if (Status read = readSource(call, *resource, &source); !read.ok()) return error(read);
  Result<runtime::TextureSampling> sampling = readSampling(*texture);
  if (!sampling.ok()) return error(sampling.status());
  Result<runtime::TextureView> part = shim::viewOf(view, call.name);
  if (!part.ok()) return error(part.status());
  Result<uint64_t> made = Texture::create(*call.context, source, *sampling, *part);
  if (!made.ok()) return error(made.status());
  *out = *made;
  return CUDA_SUCCESS;
}

CUresult body::cuTexObjectDestroy(Call &, CUtexObject object) { return destroy(object, CT_TEXTURE_SAMPLED); }

CUresult body::cuTexObjectGetResourceDesc(Call &, CUDA_RESOURCE_DESC *out, CUtexObject object) {
  return tell(out, object, CT_TEXTURE_SAMPLED, [&](const Texture &texture) {
    *out = describe(texture.source());
    return CUDA_SUCCESS;
  });
}

CUresult body::cuTexObjectGetTextureDesc(Call &, CUDA_TEXTURE_DESC *out, CUtexObject object) {
  return tell(out, object, CT_TEXTURE_SAMPLED, [&](const Texture &texture) {
    *out = {};
    shim::describe(texture.sampling(), *out);
    out->flags = textureFlags(texture.sampling());
    return CUDA_SUCCESS;
  });
}

CUresult body::cuTexObjectGetResourceViewDesc(Call &, CUDA_RESOURCE_VIEW_DESC *out, CUtexObject object) {
  return tell(out, object, CT_TEXTURE_SAMPLED, [&](const Texture &texture) {
    if (!texture.view().given) return CUDA_ERROR_INVALID_VALUE;
    shim::describe(texture.view(), *out);
    return CUDA_SUCCESS;
  });
}

CUresult body::cuSurfObjectCreate(Call &call, CUsurfObject *out, const CUDA_RESOURCE_DESC *resource) {
  if (!out || !resource || resource->resType != CU_RESOURCE_TYPE_ARRAY || resource->flags != 0) return CUDA_ERROR_INVALID_VALUE;
  runtime::Array *array = runtime::Array::find(resource->res.array.hArray);
  if (!array) return CUDA_ERROR_INVALID_HANDLE;
  Result<uint64_t> made = Texture::createSurface(*call.context, *array);
  if (!made.ok()) return error(made.status());
  *out = *made;
  return CUDA_SUCCESS;
}

CUresult body::cuSurfObjectDestroy(Call &, CUsurfObject object) { return destroy(object, CT_TEXTURE_SURFACE); }

CUresult body::cuSurfObjectGetResourceDesc(Call &, CUDA_RESOURCE_DESC *out, CUsurfObject object) {
  return tell(out, object, CT_TEXTURE_SURFACE, [&](const Texture &surface) {
    *out = describe(surface.source());
    return CUDA_SUCCESS;
  });
}

}  // namespace cutrans::driver
