// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Devices: how many, which one a thread uses, what they are called, starting and ending their use.
#include "cutrans/runtime/device.h"
#include "cutrans/runtime/default_device.h"

#include <cstring>

#include "bodies.h"
#include "shim/common/device_attributes.h"
#include "shim/common/device_queries.h"
#include "shim/common/notifications.h"

namespace cutrans::cudart {
namespace {

constexpr unsigned kFlags =
    cudaDeviceScheduleMask | cudaDeviceMapHost | cudaDeviceLmemResizeToMax | cudaDeviceSyncMemops;

bool validFlags(unsigned flags) {
  unsigned schedule = flags & cudaDeviceScheduleMask;
  bool one_way = schedule == cudaDeviceScheduleAuto || schedule == cudaDeviceScheduleSpin ||
                 schedule == cudaDeviceScheduleYield || schedule == cudaDeviceScheduleBlockingSync;
  return one_way && !(flags & ~kFlags);
}

// For rows that need no current device: the device by its number.
Result<runtime::Device *> deviceAt(int index) { return runtime::Platform::loaded()->device(index); }

}  // namespace

cudaError_t body::cudaGetDeviceCount(Call &, int *count) {
  if (!count) return cudaErrorInvalidValue;
  *count = 0;
  Result<runtime::Platform *> platform = runtime::Platform::get();
  if (!platform.ok()) return error(platform.status());
  *count = (*platform)->deviceCount();
  return *count ? cudaSuccess : cudaErrorNoDevice;
}

cudaError_t body::cudaGetDevice(Call &, int *out) {
  if (!out) return cudaErrorInvalidValue;
  *out = runtime::chosenDevice();
  return cudaSuccess;
}

cudaError_t body::cudaSetDevice(Call &, int index) { return error(runtime::chooseDevice(index)); }

// All devices of a target are alike, so that the first is as near to any wish as the others.
cudaError_t body::cudaChooseDevice(Call &, int *out, const cudaDeviceProp *wish) {
  if (!out || !wish) return cudaErrorInvalidValue;
  *out = 0;
  return cudaSuccess;
}

cudaError_t body::cudaInitDevice(Call &, int index, unsigned device_flags, unsigned flags) {
  Result<runtime::Device *> device = deviceAt(index);
  if (!device.ok()) return error(device.status());
  if (flags & ~cudaInitDeviceFlagsAreValid) return cudaErrorInvalidValue;
  if (flags & cudaInitDeviceFlagsAreValid) {
    if (!validFlags(device_flags)) return cudaErrorInvalidValue;
    Status status = (*device)->setPrimaryFlags(device_flags);
    if (!status.ok()) return error(status);
  }
  return error((*device)->usePrimary().status());
}

cudaError_t body::cudaSetDeviceFlags(Call &, unsigned flags) {
  if (!validFlags(flags)) return cudaErrorInvalidValue;
  Result<runtime::Device *> device = deviceAt(runtime::chosenDevice());
  return error(device.ok() ? (*device)->setPrimaryFlags(flags) : device.status());
}

cudaError_t body::cudaGetDeviceFlags(Call &, unsigned *out) {
  if (!out) return cudaErrorInvalidValue;
  Result<runtime::Device *> device = deviceAt(runtime::chosenDevice());
  if (!device.ok()) return error(device.status());
  bool active = false;
  (*device)->primaryState(out, &active);
  *out |= cudaDeviceMapHost;  // always possible
  return cudaSuccess;
}

cudaError_t body::cudaDeviceSynchronize(Call &call) { return error(call.context->synchronize()); }

// Also the way out of a sticky fault, so it needs no healthy context.
cudaError_t body::cudaDeviceReset(Call &) {
  Result<runtime::Device *> device = deviceAt(runtime::chosenDevice());
  return error(device.ok() ? (*device)->resetPrimary() : device.status());
}

cudaError_t body::cudaDeviceGetAttribute(Call &, int *out, cudaDeviceAttr attribute, int index) {
  if (!out) return cudaErrorInvalidValue;
  Result<runtime::Device *> device = deviceAt(index);
  if (!device.ok()) return error(device.status());
  Result<int> value = shim::deviceAttribute(**device, attribute);
  if (!value.ok()) return error(value.status());
  *out = *value;
  return cudaSuccess;
}

cudaError_t body::cudaDeviceGetPCIBusId(Call &, char *out, int size, int index) {
  Result<runtime::Device *> device = deviceAt(index);
  if (!device.ok()) return error(device.status());
  std::string name = (*device)->pciName();
  if (!out || size < 0 || name.size() >= static_cast<size_t>(size)) return cudaErrorInvalidValue;
  std::memcpy(out, name.c_str(), name.size() + 1);
  return cudaSuccess;
}

cudaError_t body::cudaDeviceGetByPCIBusId(Call &, int *out, const char *name) {
  if (!out || !name) return cudaErrorInvalidValue;
  std::optional<int> index = shim::deviceByPciName(name);
  if (!index) return cudaErrorInvalidDevice;
  *out = *index;
  return cudaSuccess;
}

cudaError_t body::cudaDeviceGetStreamPriorityRange(Call &, int *least, int *greatest) {
  if (least) *least = runtime::kLeastPriority;
  if (greatest) *greatest = runtime::kGreatestPriority;
  return cudaSuccess;
}

// Devices are alike and all can be used: the first of the list is the one that works.
cudaError_t body::cudaSetValidDevices(Call &, int *list, int count) {
  const int devices = runtime::Platform::loaded()->deviceCount();
  if (count < 0 || count > devices || (count && !list)) return cudaErrorInvalidValue;
  for (int i = 0; i < count; ++i)
    if (!deviceAt(list[i]).ok()) return cudaErrorInvalidDevice;
  runtime::setDefaultDevice(count ? list[0] : 0);
  return cudaSuccess;
}

cudaError_t body::cudaDeviceRegisterAsyncNotification(Call &, int index, cudaAsyncCallback function, void *, cudaAsyncCallbackHandle_t *out) {
  if (!deviceAt(index).ok()) return cudaErrorInvalidDevice;
  if (!function || !out) return cudaErrorInvalidValue;
  *out = static_cast<cudaAsyncCallbackHandle_t>(shim::registerNotification(index));
  return cudaSuccess;
}

cudaError_t body::cudaDeviceUnregisterAsyncNotification(Call &, int index, cudaAsyncCallbackHandle_t given) {
  return deviceAt(index).ok() ? error(shim::unregisterNotification(index, given)) : cudaErrorInvalidDevice;
}

}  // namespace cutrans::cudart
