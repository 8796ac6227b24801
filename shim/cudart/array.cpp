// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// CUDA arrays and mipmapped arrays: making, asking, releasing.
#include "cutrans/runtime/array.h"

#include "bodies.h"
#include "cutrans/runtime/external_memory.h"
#include "cutrans/runtime/texture_limits.h"
#include "shim/common/texture_descriptors.h"
#include "shim/cudart/channel.h"

namespace cutrans::cudart {
namespace {

using runtime::Array;
using runtime::MipmappedArray;
using shim::findObject;

template <class Make>
cudaError_t make(Call &call, const cudaChannelFormatDesc *channel, const cudaExtent &extent, unsigned flags, Make &&make) {
  if (!channel) return cudaErrorInvalidValue;
  shim::ArrayFormat format;
  if (cudaError_t wrong = readChannel(*channel, call.name, &format); wrong != cudaSuccess) return wrong;
  Result<runtime::ArrayShape> shape = shim::arrayShape(format, extent.width, extent.height, extent.depth, flags, call.name);
  return shape.ok() ? make(*shape) : error(shape.status());
}

cudaError_t makeArray(Call &call, cudaArray_t *out, const cudaChannelFormatDesc *channel, const cudaExtent &extent, unsigned flags) {
  if (!out) return cudaErrorInvalidValue;
  return make(call, channel, extent, flags, [&](const runtime::ArrayShape &shape) {
    Result<Array *> array = Array::create(*call.context, shape);
    if (!array.ok()) return error(array.status());
    *out = reinterpret_cast<cudaArray_t>(*array);
    return cudaSuccess;
  });
}

template <class Create>
cudaError_t makeMipmap(Call &call, cudaMipmappedArray_t *out, const cudaChannelFormatDesc *channel, const cudaExtent &extent, unsigned flags, Create &&create) {
  return make(call, channel, extent, flags, [&](const runtime::ArrayShape &shape) {
    Result<MipmappedArray *> mipmap = create(shape);
    if (!mipmap.ok()) return error(mipmap.status());
    *out = reinterpret_cast<cudaMipmappedArray_t>(*mipmap);
    return cudaSuccess;
  });
}

template <class T>
cudaError_t destroy(const void *handle) {
  if (!handle) return cudaSuccess;
  Result<T *> found = findObject<T>(handle);
  return error(found.ok() ? (*found)->destroy() : found.status());
}

// What only arrays of kinds that are refused have: a live array of another kind is a wrong value, as the manual says.
template <class T>
cudaError_t notOfThisKind(const void *out, const void *handle) {
  if (!out) return cudaErrorInvalidValue;
  Result<T *> found = findObject<T>(handle);
  return found.ok() ? cudaErrorInvalidValue : error(found.status());
}

}  // namespace

cudaError_t body::cudaMallocArray(Call &call, cudaArray_t *out, const cudaChannelFormatDesc *channel, size_t width, size_t height,
                                  unsigned flags) {
  return makeArray(call, out, channel, cudaExtent{width, height, 0}, flags);
}

cudaError_t body::cudaMalloc3DArray(Call &call, cudaArray_t *out, const cudaChannelFormatDesc *channel, cudaExtent extent,
                                    unsigned flags) {
  return makeArray(call, out, channel, extent, flags);
}

cudaError_t body::cudaMallocMipmappedArray(Call &call, cudaMipmappedArray_t *out, const cudaChannelFormatDesc *channel,
                                           cudaExtent extent, unsigned levels, unsigned flags) {
  if (!out) return cudaErrorInvalidValue;
  return makeMipmap(call, out, channel, extent, flags, [&](const runtime::ArrayShape &shape) { return MipmappedArray::create(*call.context, shape, levels); });
}

cudaError_t body::cudaExternalMemoryGetMappedMipmappedArray(Call &call, cudaMipmappedArray_t *out, cudaExternalMemory_t given,
                                                            const cudaExternalMemoryMipmappedArrayDesc *d) {
  runtime::ExternalMemory *memory = runtime::ExternalMemory::find(given);
  if (!memory) return cudaErrorInvalidResourceHandle;
  if (!out || !d) return cudaErrorInvalidValue;
  return makeMipmap(call, out, &d->formatDesc, d->extent, d->flags,
                    [&](const runtime::ArrayShape &shape) { return memory->mapArray(*call.context, d->offset, shape, d->numLevels); });
}

cudaError_t body::cudaFreeArray(Call &, cudaArray_t array) { return destroy<Array>(array); }
cudaError_t body::cudaFreeMipmappedArray(Call &, cudaMipmappedArray_t mipmap) { return destroy<MipmappedArray>(mipmap); }

cudaError_t body::cudaGetMipmappedArrayLevel(Call &, cudaArray_t *out, cudaMipmappedArray_const_t mipmap, unsigned level) {
  if (!out) return cudaErrorInvalidValue;
  Result<MipmappedArray *> found = findObject<MipmappedArray>(mipmap);
  if (!found.ok()) return error(found.status());
  if (level >= (*found)->levels().size()) return cudaErrorInvalidValue;
  *out = reinterpret_cast<cudaArray_t>((*found)->levels()[level]);
  return cudaSuccess;
}

cudaError_t body::cudaArrayGetInfo(Call &, cudaChannelFormatDesc *channel, cudaExtent *extent, unsigned *flags, cudaArray_t array) {
  Result<Array *> found = findObject<Array>(array);
  if (!found.ok()) return error(found.status());
  const runtime::ArrayShape &shape = (*found)->shape();
  if (channel) *channel = channelOf(shape.format);
  if (extent) *extent = cudaExtent{shape.width, shape.height, shape.depth};
  if (flags) *flags = shape.flags;
  return cudaSuccess;
}

cudaError_t body::cudaGetChannelDesc(Call &, cudaChannelFormatDesc *out, cudaArray_const_t array) {
  if (!out) return cudaErrorInvalidValue;
  Result<Array *> found = findObject<Array>(array);
  if (!found.ok()) return error(found.status());
  *out = channelOf((*found)->shape().format);
  return cudaSuccess;
}

cudaError_t body::cudaArrayGetPlane(Call &, cudaArray_t *out, cudaArray_t array, unsigned) { return notOfThisKind<Array>(out, array); }

cudaError_t body::cudaArrayGetMemoryRequirements(Call &, cudaArrayMemoryRequirements *out, cudaArray_t array, int device) {
  if (!runtime::Platform::loaded()->device(device).ok()) return cudaErrorInvalidDevice;
  return notOfThisKind<Array>(out, array);
}

cudaError_t body::cudaMipmappedArrayGetMemoryRequirements(Call &, cudaArrayMemoryRequirements *out, cudaMipmappedArray_t mipmap,
                                                          int device) {
  if (!runtime::Platform::loaded()->device(device).ok()) return cudaErrorInvalidDevice;
  return notOfThisKind<MipmappedArray>(out, mipmap);
}

cudaError_t body::cudaArrayGetSparseProperties(Call &, cudaArraySparseProperties *out, cudaArray_t array) {
  return notOfThisKind<Array>(out, array);
}

cudaError_t body::cudaMipmappedArrayGetSparseProperties(Call &, cudaArraySparseProperties *out, cudaMipmappedArray_t mipmap) {
  return notOfThisKind<MipmappedArray>(out, mipmap);
}

cudaError_t body::cudaDeviceGetTexture1DLinearMaxWidth(Call &call, size_t *out, const cudaChannelFormatDesc *channel, int index) {
  Result<runtime::Device *> device = runtime::Platform::loaded()->device(index);
  if (!device.ok()) return error(device.status());
  if (!out || !channel) return cudaErrorInvalidValue;
  shim::ArrayFormat format;
  if (cudaError_t wrong = readChannel(*channel, call.name, &format); wrong != cudaSuccess) return wrong;
  *out = runtime::textureLimits(**device).texture_1d_linear;
  return cudaSuccess;
}

}  // namespace cutrans::cudart
