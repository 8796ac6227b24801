// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// CUDA arrays and mipmapped arrays: making, asking, releasing. The runtime API has the same handles.
#include "cutrans/runtime/array.h"

#include "bodies.h"
#include "cutrans/runtime/external_memory.h"
#include "cutrans/runtime/texture_limits.h"
#include "shim/common/array_descriptors.h"

namespace cutrans::driver {
namespace {

using runtime::Array;
using runtime::MipmappedArray;

template <class Out, class Make>
CUresult make(Call &call, Out *out, const CUDA_ARRAY3D_DESCRIPTOR &d, Make &&make) {
  Result<runtime::ArrayShape> shape = shim::arrayShape({d.Format, d.NumChannels}, d.Width, d.Height, d.Depth, d.Flags, call.name);
  if (!shape.ok()) return error(shape.status());
  auto made = make(*shape);
  if (!made.ok()) return error(made.status());
  *out = reinterpret_cast<Out>(*made);
  return CUDA_SUCCESS;
}

CUresult makeArray(Call &call, CUarray *out, const CUDA_ARRAY3D_DESCRIPTOR &d) {
  return make(call, out, d, [&](const runtime::ArrayShape &shape) { return Array::create(*call.context, shape); });
}

template <class T>
CUresult destroy(const void *handle) {
  T *found = T::find(handle);
  return found ? error(found->destroy()) : CUDA_ERROR_INVALID_HANDLE;
}

CUDA_ARRAY3D_DESCRIPTOR describe(const runtime::ArrayShape &shape) {
  const shim::ArrayFormat format = shim::arrayFormat(shape.format);
  return {shape.width, shape.height, shape.depth, format.format, format.channels, shape.flags};
}

// What only arrays of kinds that are refused have: a live array of another kind is a wrong value, as the manual says.
template <class T>
CUresult notOfThisKind(const void *out, const void *handle) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  return T::find(handle) ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE;
}

template <class T>
CUresult memoryRequirements(Call &call, const void *out, const void *handle, CUdevice device) {
  return call.device(device).ok() ? notOfThisKind<T>(out, handle) : CUDA_ERROR_INVALID_DEVICE;
}

}  // namespace

CUresult body::cuArrayCreate_v2(Call &call, CUarray *out, const CUDA_ARRAY_DESCRIPTOR *d) {
  if (!out || !d) return CUDA_ERROR_INVALID_VALUE;
  return makeArray(call, out, {d->Width, d->Height, 0, d->Format, d->NumChannels, 0});
}

CUresult body::cuArray3DCreate_v2(Call &call, CUarray *out, const CUDA_ARRAY3D_DESCRIPTOR *d) {
  return out && d ? makeArray(call, out, *d) : CUDA_ERROR_INVALID_VALUE;
}

CUresult body::cuMipmappedArrayCreate(Call &call, CUmipmappedArray *out, const CUDA_ARRAY3D_DESCRIPTOR *d, unsigned levels) {
  if (!out || !d) return CUDA_ERROR_INVALID_VALUE;
  return make(call, out, *d,
              [&](const runtime::ArrayShape &shape) { return MipmappedArray::create(*call.context, shape, levels); });
}

CUresult body::cuExternalMemoryGetMappedMipmappedArray(Call &call, CUmipmappedArray *out, CUexternalMemory given,
                                                       const CUDA_EXTERNAL_MEMORY_MIPMAPPED_ARRAY_DESC *d) {
  runtime::ExternalMemory *memory = runtime::ExternalMemory::find(given);
  if (!memory) return CUDA_ERROR_INVALID_HANDLE;
  if (!out || !d) return CUDA_ERROR_INVALID_VALUE;
  return make(call, out, d->arrayDesc, [&](const runtime::ArrayShape &shape) { return memory->mapArray(*call.context, d->offset, shape, d->numLevels); });
}

CUresult body::cuArrayDestroy(Call &, CUarray array) { return destroy<Array>(array); }
CUresult body::cuMipmappedArrayDestroy(Call &, CUmipmappedArray mipmap) { return destroy<MipmappedArray>(mipmap); }

CUresult body::cuMipmappedArrayGetLevel(Call &, CUarray *out, CUmipmappedArray mipmap, unsigned level) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  MipmappedArray *found = MipmappedArray::find(mipmap);
  if (!found) return CUDA_ERROR_INVALID_HANDLE;
  if (level >= found->levels().size()) return CUDA_ERROR_INVALID_VALUE;
  *out = reinterpret_cast<CUarray>(found->levels()[level]);
  return CUDA_SUCCESS;
}

CUresult body::cuArray3DGetDescriptor_v2(Call &, CUDA_ARRAY3D_DESCRIPTOR *out, CUarray array) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  Array *found = Array::find(array);
  if (!found) return CUDA_ERROR_INVALID_HANDLE;
  *out = describe(found->shape());
  return CUDA_SUCCESS;
}

CUresult body::cuArrayGetDescriptor_v2(Call &, CUDA_ARRAY_DESCRIPTOR *out, CUarray array) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  Array *found = Array::find(array);
  if (!found) return CUDA_ERROR_INVALID_HANDLE;
  const CUDA_ARRAY3D_DESCRIPTOR d = describe(found->shape());
  *out = {d.Width, d.Height, d.Format, d.NumChannels};
  return CUDA_SUCCESS;
}

CUresult body::cuArrayGetPlane(Call &, CUarray *out, CUarray array, unsigned) { return notOfThisKind<Array>(out, array); }

CUresult body::cuArrayGetMemoryRequirements(Call &call, CUDA_ARRAY_MEMORY_REQUIREMENTS *out, CUarray array, CUdevice device) {
  return memoryRequirements<Array>(call, out, array, device);
}

CUresult body::cuMipmappedArrayGetMemoryRequirements(Call &call, CUDA_ARRAY_MEMORY_REQUIREMENTS *out, CUmipmappedArray mipmap,
                                                     CUdevice device) {
  return memoryRequirements<MipmappedArray>(call, out, mipmap, device);
}

CUresult body::cuArrayGetSparseProperties(Call &, CUDA_ARRAY_SPARSE_PROPERTIES *out, CUarray array) {
  return notOfThisKind<Array>(out, array);
}

CUresult body::cuMipmappedArrayGetSparseProperties(Call &, CUDA_ARRAY_SPARSE_PROPERTIES *out, CUmipmappedArray mipmap) {
  return notOfThisKind<MipmappedArray>(out, mipmap);
}

CUresult body::cuDeviceGetTexture1DLinearMaxWidth(Call &call, size_t *out, CUarray_format format, unsigned channels, CUdevice index) {
  Result<runtime::Device *> device = call.device(index);
  if (!device.ok()) return error(device.status());
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::TexelFormat> texel = shim::texelFormat({format, channels}, call.name);
  if (!texel.ok()) return error(texel.status());
  *out = runtime::textureLimits(**device).texture_1d_linear;
  return CUDA_SUCCESS;
}

}  // namespace cutrans::driver
