// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Texture and surface references of modules: what programs older than texture objects bind by name.
#include "cutrans/runtime/texture_reference.h"

#include <algorithm>
#include <iterator>

#include "bodies.h"
#include "cutrans/runtime/module.h"
#include "cutrans/runtime/texture_limits.h"
#include "shim/common/array_descriptors.h"
#include "shim/cuda/texture_flags.h"

namespace cutrans::driver {
namespace {

using runtime::TextureReference;
using runtime::TextureSampling;
using runtime::TextureSource;
using Sort = TextureSource::Sort;

TextureReference *find(const void *handle, ct_texture_kind kind) {
  TextureReference *found = TextureReference::find(handle);
  return found && found->kind() == kind ? found : nullptr;
}

template <class Handle>
CUresult give(Handle *out, CUmodule handle, const char *name, ct_texture_kind kind) {
  if (!out || !name) return CUDA_ERROR_INVALID_VALUE;
  runtime::Module *module = runtime::Module::find(handle);
  if (!module) return CUDA_ERROR_INVALID_HANDLE;
  Result<TextureReference *> found = TextureReference::of(*module, name, kind);
  if (found.ok()) *out = reinterpret_cast<Handle>(*found);
  return error(found.status());
}

CUresult bind(TextureReference &reference, const TextureSource &source) {
  Status bound = reference.bind(source);
  return bound.code() == Code::invalid_handle ? CUDA_ERROR_INVALID_VALUE : error(bound);
}

// Changes a copy of the sampling by `set`, false: a wrong value; and gives it back.
template <class Set>
CUresult change(CUtexref handle, Set &&set) {
  TextureReference *reference = find(handle, CT_TEXTURE_SAMPLED);
  if (!reference) return CUDA_ERROR_INVALID_VALUE;
  TextureSampling sampling = reference->sampling();
  return set(sampling) ? error(reference->sample(sampling)) : CUDA_ERROR_INVALID_VALUE;
}

// Hands the reference to `answer`, which says whether it has an answer.
template <class Answer>
CUresult ask(const void *out, const void *handle, ct_texture_kind kind, Answer &&answer) {
  const TextureReference *reference = find(handle, kind);
  return out && reference && answer(*reference) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

template <class Answer>
CUresult askSampling(const void *out, CUtexref handle, Answer &&answer) {
  return ask(out, handle, CT_TEXTURE_SAMPLED, [&](const TextureReference &reference) {
    answer(reference.sampling());
    return true;
  });
}

template <class Handle>
bool giveArray(Handle *out, const TextureReference &reference) {
  if (!reference.source() || reference.source()->sort != Sort::array) return false;
  *out = reinterpret_cast<Handle>(reference.source()->array);
  return true;
}

constexpr bool isFilter(CUfilter_mode mode) { return mode == CU_TR_FILTER_MODE_POINT || mode == CU_TR_FILTER_MODE_LINEAR; }
constexpr bool isDimension(int dimension) { return dimension >= 0 && dimension < 3; }

}  // namespace

CUresult body::cuModuleGetTexRef(Call &, CUtexref *out, CUmodule module, const char *name) {
  return give(out, module, name, CT_TEXTURE_SAMPLED);
}

CUresult body::cuModuleGetSurfRef(Call &, CUsurfref *out, CUmodule module, const char *name) {
  return give(out, module, name, CT_TEXTURE_SURFACE);
}

CUresult body::cuTexRefCreate(Call &call, CUtexref *out) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  Result<TextureReference *> made = TextureReference::create(*call.context);
  if (made.ok()) *out = reinterpret_cast<CUtexref>(*made);
  return error(made.status());
}

CUresult body::cuTexRefDestroy(Call &, CUtexref handle) {
  TextureReference *reference = find(handle, CT_TEXTURE_SAMPLED);
  return reference && reference->destroy().ok() ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

// A kernel names its references itself: there is nothing to add to its arguments.
CUresult body::cuParamSetTexRef(Call &, CUfunction function, int unit, CUtexref handle) {
  const runtime::Kernel *kernel = runtime::Kernel::find(function);
  const TextureReference *reference = find(handle, CT_TEXTURE_SAMPLED);
  const bool fits = kernel && reference && unit == CU_PARAM_TR_DEFAULT && reference->module() == &kernel->module();
  return fits ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

// ---- what is read ---------------------------------------------------------------------------------------------

CUresult body::cuTexRefSetArray(Call &, CUtexref handle, CUarray array, unsigned flags) {
  TextureReference *reference = find(handle, CT_TEXTURE_SAMPLED);
  TextureSource source;
  source.array = runtime::Array::find(array);
  if (!reference || !source.array || flags != CU_TRSA_OVERRIDE_FORMAT) return CUDA_ERROR_INVALID_VALUE;
  return bind(*reference, source);
}

CUresult body::cuTexRefSetMipmappedArray(Call &, CUtexref handle, CUmipmappedArray mipmap, unsigned flags) {
  TextureReference *reference = find(handle, CT_TEXTURE_SAMPLED);
  TextureSource source;
  source.sort = Sort::mipmapped;
  source.mipmapped = runtime::MipmappedArray::find(mipmap);
  if (!reference || !source.mipmapped || flags != CU_TRSA_OVERRIDE_FORMAT) return CUDA_ERROR_INVALID_VALUE;
  return bind(*reference, source);
}

CUresult body::cuTexRefSetAddress_v2(Call &, size_t *offset, CUtexref handle, CUdeviceptr address, size_t bytes) {
  TextureReference *reference = find(handle, CT_TEXTURE_SAMPLED);
  const size_t beyond = address % runtime::kTextureAlign;
  if (!reference || (beyond && !offset) || bytes > SIZE_MAX - beyond) return CUDA_ERROR_INVALID_VALUE;
  TextureSource source;
  source.sort = Sort::linear;
  source.format = reference->format;
  source.address = address - beyond;
  source.bytes = bytes + beyond;
  CUresult bound = bind(*reference, source);
  if (bound == CUDA_SUCCESS && offset) *offset = beyond;
  return bound;
}

CUresult body::cuTexRefSetAddress2D_v3(Call &call, CUtexref handle, const CUDA_ARRAY_DESCRIPTOR *d, CUdeviceptr address, size_t pitch) {
  TextureReference *reference = find(handle, CT_TEXTURE_SAMPLED);
  if (!reference || !d) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::TexelFormat> format = shim::texelFormat({d->Format, d->NumChannels}, call.name);
  if (!format.ok()) return error(format.status());
  TextureSource source;
  source.sort = Sort::pitched;
  source.format = *format;
  source.address = address;
  source.width = d->Width;
  source.height = d->Height;
  source.pitch = pitch;
  return bind(*reference, source);
}

CUresult body::cuTexRefGetArray(Call &, CUarray *out, CUtexref handle) {
  return ask(out, handle, CT_TEXTURE_SAMPLED, [&](const TextureReference &r) { return giveArray(out, r); });
}

CUresult body::cuTexRefGetMipmappedArray(Call &, CUmipmappedArray *out, CUtexref handle) {
  return ask(out, handle, CT_TEXTURE_SAMPLED, [&](const TextureReference &r) {
    if (!r.source() || r.source()->sort != Sort::mipmapped) return false;
    *out = reinterpret_cast<CUmipmappedArray>(r.source()->mipmapped);
    return true;
  });
}

CUresult body::cuTexRefGetAddress_v2(Call &, CUdeviceptr *out, CUtexref handle) {
  return ask(out, handle, CT_TEXTURE_SAMPLED, [&](const TextureReference &r) {
    if (!r.source() || r.source()->address == 0) return false;
    *out = r.source()->address;
    return true;
  });
}

CUresult body::cuSurfRefSetArray(Call &, CUsurfref handle, CUarray array, unsigned flags) {
  TextureReference *reference = find(handle, CT_TEXTURE_SURFACE);
  TextureSource source;
  source.array = runtime::Array::find(array);
  if (!reference || !source.array || flags != 0) return CUDA_ERROR_INVALID_VALUE;
  return bind(*reference, source);
}

CUresult body::cuSurfRefGetArray(Call &, CUarray *out, CUsurfref handle) {
  return ask(out, handle, CT_TEXTURE_SURFACE, [&](const TextureReference &r) { return giveArray(out, r); });
}

// ---- how it is read -------------------------------------------------------------------------------------------

// Of memory; an array has its own. What is bound already keeps its format, and a pitched image was given one.
CUresult body::cuTexRefSetFormat(Call &call, CUtexref handle, CUarray_format format, int channels) {
  TextureReference *reference = find(handle, CT_TEXTURE_SAMPLED);
  if (!reference || channels < 0 || (reference->source() && reference->source()->sort == Sort::pitched)) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::TexelFormat> texel = shim::texelFormat({format, static_cast<unsigned>(channels)}, call.name);
  if (texel.ok()) reference->format = *texel;
  return error(texel.status());
}

CUresult body::cuTexRefGetFormat(Call &, CUarray_format *format, int *channels, CUtexref handle) {
  const TextureReference *reference = find(handle, CT_TEXTURE_SAMPLED);
  if (!reference) return CUDA_ERROR_INVALID_VALUE;
  const std::optional<TextureSource> &source = reference->source();
  const shim::ArrayFormat texel = shim::arrayFormat(!source                           ? reference->format
                                                    : source->sort == Sort::array     ? source->array->shape().format
                                                    : source->sort == Sort::mipmapped ? source->mipmapped->shape().format
                                                                                      : source->format);
  if (format) *format = texel.format;
  if (channels) *channels = static_cast<int>(texel.channels);
  return CUDA_SUCCESS;
}

CUresult body::cuTexRefSetAddressMode(Call &, CUtexref handle, int dimension, CUaddress_mode mode) {
  if (!isDimension(dimension) || mode < CU_TR_ADDRESS_MODE_WRAP || mode > CU_TR_ADDRESS_MODE_BORDER) return CUDA_ERROR_INVALID_VALUE;
  return change(handle, [&](TextureSampling &s) {
    s.address[dimension] = static_cast<uint32_t>(mode);
    return true;
  });
}

CUresult body::cuTexRefGetAddressMode(Call &, CUaddress_mode *out, CUtexref handle, int dimension) {
  if (!isDimension(dimension)) return CUDA_ERROR_INVALID_VALUE;
  return askSampling(out, handle, [&](const TextureSampling &s) { *out = static_cast<CUaddress_mode>(s.address[dimension]); });
}

CUresult body::cuTexRefSetFilterMode(Call &, CUtexref handle, CUfilter_mode mode) {
  return change(handle, [&](TextureSampling &s) {
    s.filter = static_cast<uint32_t>(mode);
    return isFilter(mode);
  });
}

CUresult body::cuTexRefGetFilterMode(Call &, CUfilter_mode *out, CUtexref handle) {
  return askSampling(out, handle, [&](const TextureSampling &s) { *out = static_cast<CUfilter_mode>(s.filter); });
}

CUresult body::cuTexRefSetMipmapFilterMode(Call &, CUtexref handle, CUfilter_mode mode) {
  return change(handle, [&](TextureSampling &s) {
    s.mip_filter = static_cast<uint32_t>(mode);
    return isFilter(mode);
  });
}

CUresult body::cuTexRefGetMipmapFilterMode(Call &, CUfilter_mode *out, CUtexref handle) {
  return askSampling(out, handle, [&](const TextureSampling &s) { *out = static_cast<CUfilter_mode>(s.mip_filter); });
}

CUresult body::cuTexRefSetMipmapLevelBias(Call &, CUtexref handle, float bias) {
  return change(handle, [&](TextureSampling &s) {
    s.mip_bias = bias;
    return true;
  });
}

CUresult body::cuTexRefGetMipmapLevelBias(Call &, float *out, CUtexref handle) {
  return askSampling(out, handle, [&](const TextureSampling &s) { *out = s.mip_bias; });
}

CUresult body::cuTexRefSetMipmapLevelClamp(Call &, CUtexref handle, float least, float most) {
  return change(handle, [&](TextureSampling &s) {
    s.min_level = least;
    s.max_level = most;
    return true;
  });
}

CUresult body::cuTexRefGetMipmapLevelClamp(Call &, float *least, float *most, CUtexref handle) {
  if (!most) return CUDA_ERROR_INVALID_VALUE;
  return askSampling(least, handle, [&](const TextureSampling &s) {
    *least = s.min_level;
    *most = s.max_level;
  });
}

CUresult body::cuTexRefSetMaxAnisotropy(Call &, CUtexref handle, unsigned most) {
  return change(handle, [&](TextureSampling &s) {
    s.max_anisotropy = most;
    return true;
  });
}

CUresult body::cuTexRefGetMaxAnisotropy(Call &, int *out, CUtexref handle) {
  return askSampling(out, handle, [&](const TextureSampling &s) { *out = static_cast<int>(s.max_anisotropy); });
}

CUresult body::cuTexRefSetBorderColor(Call &, CUtexref handle, float *color) {
  if (!color) return CUDA_ERROR_INVALID_VALUE;
  return change(handle, [&](TextureSampling &s) {
    std::copy_n(color, std::size(s.border), s.border);
    return true;
  });
}

CUresult body::cuTexRefGetBorderColor(Call &, float *out, CUtexref handle) {
  return askSampling(out, handle, [&](const TextureSampling &s) { std::copy(std::begin(s.border), std::end(s.border), out); });
}

CUresult body::cuTexRefSetFlags(Call &, CUtexref handle, unsigned flags) {
  return change(handle, [&](TextureSampling &s) { return readTextureFlags(flags, &s); });
}

CUresult body::cuTexRefGetFlags(Call &, unsigned *out, CUtexref handle) {
  return askSampling(out, handle, [&](const TextureSampling &s) { *out = textureFlags(s); });
}

}  // namespace cutrans::driver
