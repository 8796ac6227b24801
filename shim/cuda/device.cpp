// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Devices: count, names, limits. A CUdevice is the device's index.
#include <cstring>

#include "bodies.h"
#include "shim/common/device_attributes.h"
#include "shim/common/device_queries.h"
#include "shim/common/notifications.h"

namespace cutrans::driver {

CUresult body::cuDeviceGetCount(Call &, int *count) {
  if (!count) return CUDA_ERROR_INVALID_VALUE;
  *count = runtime::Platform::loaded()->deviceCount();
  return CUDA_SUCCESS;
}

CUresult body::cuDeviceGet(Call &call, CUdevice *out, int ordinal) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Device *> device = call.device(ordinal);
  if (!device.ok()) return error(device.status());
  *out = ordinal;
  return CUDA_SUCCESS;
}

CUresult body::cuDeviceGetName(Call &call, char *out, int size, CUdevice ordinal) {
  if (!out || size <= 0) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Device *> device = call.device(ordinal);
  if (!device.ok()) return error(device.status());
  const char *name = (*device)->info().name;
  size_t length = std::min(strnlen(name, sizeof((*device)->info().name)), static_cast<size_t>(size) - 1);
  std::memcpy(out, name, length);
  out[length] = 0;
  return CUDA_SUCCESS;
}

CUresult body::cuDeviceGetUuid_v2(Call &call, CUuuid *out, CUdevice ordinal) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Device *> device = call.device(ordinal);
  if (!device.ok()) return error(device.status());
  static_assert(sizeof *out == sizeof(ct_device_info::uuid));
  std::memcpy(out, (*device)->info().uuid, sizeof *out);
  return CUDA_SUCCESS;
}

CUresult body::cuDeviceTotalMem_v2(Call &call, size_t *bytes, CUdevice ordinal) {
  if (!bytes) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Device *> device = call.device(ordinal);
  if (!device.ok()) return error(device.status());
  *bytes = (*device)->info().memory_bytes;
  return CUDA_SUCCESS;
}

CUresult body::cuDeviceGetAttribute(Call &call, int *out, CUdevice_attribute attribute, CUdevice ordinal) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Device *> device = call.device(ordinal);
  if (!device.ok()) return error(device.status());
  Result<int> value = shim::deviceAttribute(**device, attribute);
  if (!value.ok()) return error(value.status());
  *out = *value;
  return CUDA_SUCCESS;
}

CUresult body::cuDeviceComputeCapability(Call &call, int *major, int *minor, CUdevice ordinal) {
  if (!major || !minor) return CUDA_ERROR_INVALID_VALUE;
  CUresult result = body::cuDeviceGetAttribute(call, major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, ordinal);
  if (result != CUDA_SUCCESS) return result;
  return body::cuDeviceGetAttribute(call, minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, ordinal);
}

CUresult body::cuDeviceGetProperties(Call &call, CUdevprop *out, CUdevice ordinal) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Device *> found = call.device(ordinal);
  if (!found.ok()) return error(found.status());
  const runtime::Device &device = **found;
  auto attribute = [&](int number) { return *shim::deviceAttribute(device, number); };
  CUdevprop p{};
  p.maxThreadsPerBlock = attribute(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
  for (int i = 0; i < 3; ++i) {
    p.maxThreadsDim[i] = attribute(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X + i);
    p.maxGridSize[i] = attribute(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X + i);
  }
  p.sharedMemPerBlock = attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK);
  p.totalConstantMemory = attribute(CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY);
  p.SIMDWidth = attribute(CU_DEVICE_ATTRIBUTE_WARP_SIZE);
  p.memPitch = attribute(CU_DEVICE_ATTRIBUTE_MAX_PITCH);
  p.regsPerBlock = attribute(CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK);
  p.clockRate = attribute(CU_DEVICE_ATTRIBUTE_CLOCK_RATE);
  p.textureAlign = attribute(CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT);
  *out = p;
  return CUDA_SUCCESS;
}

CUresult body::cuDeviceGetPCIBusId(Call &call, char *out, int size, CUdevice ordinal) {
  if (!out || size <= 0) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Device *> device = call.device(ordinal);
  if (!device.ok()) return error(device.status());
  std::string name = (*device)->pciName();
  if (name.size() + 1 > static_cast<size_t>(size)) return CUDA_ERROR_INVALID_VALUE;
  std::memcpy(out, name.c_str(), name.size() + 1);
  return CUDA_SUCCESS;
}

CUresult body::cuDeviceGetByPCIBusId(Call &, CUdevice *out, const char *name) {
  if (!out || !name) return CUDA_ERROR_INVALID_VALUE;
  std::optional<int> index = shim::deviceByPciName(name);
  if (!index) return CUDA_ERROR_INVALID_DEVICE;
  *out = *index;
  return CUDA_SUCCESS;
}

CUresult body::cuDeviceCanAccessPeer(Call &call, int *out, CUdevice ordinal, CUdevice peer) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Device *> device = call.device(ordinal), other = call.device(peer);
  if (!device.ok() || !other.ok()) return CUDA_ERROR_INVALID_DEVICE;
  *out = shim::canAccessPeer(**device, **other);
  return CUDA_SUCCESS;
}

CUresult body::cuDeviceGetP2PAttribute(Call &call, int *out, CUdevice_P2PAttribute attribute, CUdevice ordinal,
                                       CUdevice peer) {
  Result<runtime::Device *> device = call.device(ordinal), other = call.device(peer);
  if (!device.ok() || !other.ok()) return CUDA_ERROR_INVALID_DEVICE;
  if (!out || *device == *other) return CUDA_ERROR_INVALID_VALUE;
  Result<int> value = shim::peerAttribute(**device, **other, attribute);
  if (!value.ok()) return error(value.status());
  *out = *value;
  return CUDA_SUCCESS;
}

CUresult body::cuDeviceGetHostAtomicCapabilities(Call &call, unsigned int *out, const CUatomicOperation *operations, unsigned int count,
                                                 CUdevice ordinal) {
  Result<runtime::Device *> device = call.device(ordinal);
  if (!device.ok()) return CUDA_ERROR_INVALID_DEVICE;
  return error(shim::atomicCapabilities((*device)->hostCanAccess() && (*device)->canAccessHost(), operations, count, out));
}

CUresult body::cuDeviceGetP2PAtomicCapabilities(Call &call, unsigned int *out, const CUatomicOperation *operations, unsigned int count,
                                                CUdevice ordinal, CUdevice peer) {
  Result<runtime::Device *> device = call.device(ordinal), other = call.device(peer);
  if (!device.ok() || !other.ok() || *device == *other) return CUDA_ERROR_INVALID_DEVICE;
  return error(shim::atomicCapabilities(shim::canAccessPeer(**device, **other), operations, count, out));
}

// A number of Windows.
CUresult body::cuDeviceGetLuid(Call &call, char *luid, unsigned int *node_mask, CUdevice ordinal) {
  if (!luid || !node_mask) return CUDA_ERROR_INVALID_VALUE;
  return call.device(ordinal).ok() ? CUDA_ERROR_NOT_SUPPORTED : CUDA_ERROR_INVALID_DEVICE;
}

CUresult body::cuDeviceRegisterAsyncNotification(Call &call, CUdevice ordinal, CUasyncCallback function, void *, CUasyncCallbackHandle *out) {
  if (!call.device(ordinal).ok()) return CUDA_ERROR_INVALID_DEVICE;
  if (!function || !out) return CUDA_ERROR_INVALID_VALUE;
  *out = static_cast<CUasyncCallbackHandle>(shim::registerNotification(ordinal));
  return CUDA_SUCCESS;
}

CUresult body::cuDeviceUnregisterAsyncNotification(Call &call, CUdevice ordinal, CUasyncCallbackHandle given) {
  return call.device(ordinal).ok() ? error(shim::unregisterNotification(ordinal, given)) : CUDA_ERROR_INVALID_DEVICE;
}

}  // namespace cutrans::driver
