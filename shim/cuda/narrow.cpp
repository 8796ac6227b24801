// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Entry points from before CUDA 3.2, with 32-bit addresses and sizes. Those that only take such numbers share the bodies of their
// successors (alias rows: the numbers are widened); here are those that give some back. What they allocate lies below 4 GiB, and an
// address or a size that does not fit is refused.
#include "bodies.h"
#include "cutrans/runtime/low_memory.h"

namespace cutrans::driver {

namespace {

struct Narrow {
  unsigned int *to;  // may be null: not asked for
  uint64_t value;
};

// All or nothing.
template <size_t N>
CUresult give(Call &call, const Narrow (&answers)[N]) {
  for (const Narrow &answer : answers)
    if (answer.to && answer.value > UINT32_MAX) return call.refuse("an address or size beyond 32 bits", Diag::api_32bit);
  for (const Narrow &answer : answers)
    if (answer.to) *answer.to = static_cast<unsigned int>(answer.value);
  return CUDA_SUCCESS;
}

CUresult allocate(Call &call, CUdeviceptr_v1 *out, uint64_t size) {
  Result<runtime::Address> address = runtime::allocateLowMemory(*call.context, size);
  if (address.ok()) {
    *out = static_cast<CUdeviceptr_v1>(*address);
    return CUDA_SUCCESS;
  }
  return address.code() == Code::unsupported ? call.refuse("a target whose memory has no 32-bit addresses", Diag::api_32bit) : error(address.status());
}

}  // namespace

CUresult body::cuMemAlloc(Call &call, CUdeviceptr_v1 *out, unsigned int size) {
  return out && size ? allocate(call, out, size) : CUDA_ERROR_INVALID_VALUE;
}

CUresult body::cuMemAllocPitch(Call &call, CUdeviceptr_v1 *out, unsigned int *pitch, unsigned int width, unsigned int height,
                               unsigned int element) {
  if (!out || !pitch || width == 0 || height == 0 || (element != 4 && element != 8 && element != 16)) return CUDA_ERROR_INVALID_VALUE;
  const uint64_t row = (uint64_t{width} + runtime::kPitchAlign - 1) / runtime::kPitchAlign * runtime::kPitchAlign;
  if (row > UINT32_MAX) return CUDA_ERROR_INVALID_VALUE;
  CUresult result = allocate(call, out, row * height);
  if (result == CUDA_SUCCESS) *pitch = static_cast<unsigned int>(row);
  return result;
}

CUresult body::cuMemGetAddressRange(Call &call, CUdeviceptr_v1 *base, unsigned int *size, CUdeviceptr_v1 address) {
  CUdeviceptr start = 0;
  size_t bytes = 0;
  CUresult result = body::cuMemGetAddressRange_v2(call, &start, &bytes, address);
  return result == CUDA_SUCCESS ? give(call, {{base, start}, {size, bytes}}) : result;
}

CUresult body::cuMemGetInfo(Call &call, unsigned int *free_bytes, unsigned int *total) {
  size_t wide_free = 0, wide_total = 0;
  if (!free_bytes || !total) return CUDA_ERROR_INVALID_VALUE;
  CUresult result = body::cuMemGetInfo_v2(call, &wide_free, &wide_total);
  return result == CUDA_SUCCESS ? give(call, {{free_bytes, wide_free}, {total, wide_total}}) : result;
}

CUresult body::cuDeviceTotalMem(Call &call, unsigned int *out, CUdevice ordinal) {
  size_t bytes = 0;
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  CUresult result = body::cuDeviceTotalMem_v2(call, &bytes, ordinal);
  return result == CUDA_SUCCESS ? give(call, {{out, bytes}}) : result;
}

CUresult body::cuMemHostGetDevicePointer(Call &call, CUdeviceptr_v1 *out, void *pointer, unsigned int flags) {
  CUdeviceptr address = 0;
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  CUresult result = body::cuMemHostGetDevicePointer_v2(call, &address, pointer, flags);
  return result == CUDA_SUCCESS ? give(call, {{out, address}}) : result;
}

CUresult body::cuModuleGetGlobal(Call &call, CUdeviceptr_v1 *out, unsigned int *size, CUmodule module, const char *name) {
  CUdeviceptr address = 0;
  size_t bytes = 0;
  if (!out && !size) return CUDA_ERROR_INVALID_VALUE;
  CUresult result = body::cuModuleGetGlobal_v2(call, &address, &bytes, module, name);
  return result == CUDA_SUCCESS ? give(call, {{out, address}, {size, bytes}}) : result;
}

CUresult body::cuArrayCreate(Call &call, CUarray *out, const CUDA_ARRAY_DESCRIPTOR_v1 *d) {
  if (!d) return CUDA_ERROR_INVALID_VALUE;
  const CUDA_ARRAY_DESCRIPTOR wide{d->Width, d->Height, d->Format, d->NumChannels};
  return body::cuArrayCreate_v2(call, out, &wide);
}

CUresult body::cuArray3DCreate(Call &call, CUarray *out, const CUDA_ARRAY3D_DESCRIPTOR_v1 *d) {
  if (!d) return CUDA_ERROR_INVALID_VALUE;
  const CUDA_ARRAY3D_DESCRIPTOR wide{d->Width, d->Height, d->Depth, d->Format, d->NumChannels, d->Flags};
  return body::cuArray3DCreate_v2(call, out, &wide);
}

// No edge of an array is beyond 32 bits.
CUresult body::cuArrayGetDescriptor(Call &call, CUDA_ARRAY_DESCRIPTOR_v1 *out, CUarray array) {
  CUDA_ARRAY_DESCRIPTOR d{};
  CUresult result = out ? body::cuArrayGetDescriptor_v2(call, &d, array) : CUDA_ERROR_INVALID_VALUE;
  if (result == CUDA_SUCCESS) *out = {static_cast<unsigned>(d.Width), static_cast<unsigned>(d.Height), d.Format, d.NumChannels};
  return result;
}

CUresult body::cuArray3DGetDescriptor(Call &call, CUDA_ARRAY3D_DESCRIPTOR_v1 *out, CUarray array) {
  CUDA_ARRAY3D_DESCRIPTOR d{};
  CUresult result = out ? body::cuArray3DGetDescriptor_v2(call, &d, array) : CUDA_ERROR_INVALID_VALUE;
  if (result == CUDA_SUCCESS)
    *out = {static_cast<unsigned>(d.Width), static_cast<unsigned>(d.Height), static_cast<unsigned>(d.Depth), d.Format, d.NumChannels, d.Flags};
  return result;
}

CUresult body::cuTexRefGetAddress(Call &call, CUdeviceptr_v1 *out, CUtexref reference) {
  CUdeviceptr address = 0;
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  CUresult result = body::cuTexRefGetAddress_v2(call, &address, reference);
  return result == CUDA_SUCCESS ? give(call, {{out, address}}) : result;
}

CUresult body::cuTexRefSetAddress(Call &call, unsigned int *offset, CUtexref reference, CUdeviceptr_v1 address, unsigned int bytes) {
  size_t wide = 0;
  CUresult result = body::cuTexRefSetAddress_v2(call, offset ? &wide : nullptr, reference, address, bytes);
  return result == CUDA_SUCCESS ? give(call, {{offset, wide}}) : result;
}

CUresult body::cuTexRefSetAddress2D(Call &call, CUtexref reference, const CUDA_ARRAY_DESCRIPTOR_v1 *d, CUdeviceptr_v1 address, unsigned int pitch) {
  if (!d) return CUDA_ERROR_INVALID_VALUE;
  const CUDA_ARRAY_DESCRIPTOR wide{d->Width, d->Height, d->Format, d->NumChannels};
  return body::cuTexRefSetAddress2D_v3(call, reference, &wide, address, pitch);
}

}  // namespace cutrans::driver
