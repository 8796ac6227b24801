// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Two devices that say what a card would: waves of 64, an architecture, attributes.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "double.h"

namespace cutrans::hip_double {
namespace {

thread_local int current = 0;

int attribute(hipDeviceAttribute_t which, int device, const char *function) {
  switch (which) {
    case hipDeviceAttributeClockRate: return 1'700'000;
    case hipDeviceAttributeCooperativeLaunch: return 1;
    case hipDeviceAttributeL2CacheSize: return 8 << 20;
    case hipDeviceAttributeManagedMemory: return 1;
    case hipDeviceAttributeMaxBlocksPerMultiProcessor: return 0;  // as older HIPs
    case hipDeviceAttributeMaxBlockDimX:
    case hipDeviceAttributeMaxBlockDimY:
    case hipDeviceAttributeMaxBlockDimZ:
    case hipDeviceAttributeMaxThreadsPerBlock: return 1024;
    case hipDeviceAttributeMaxGridDimX: return 0x7fffffff;
    case hipDeviceAttributeMaxGridDimY:
    case hipDeviceAttributeMaxGridDimZ: return 65536;
    case hipDeviceAttributeMaxThreadsPerMultiProcessor: return 2048;
    case hipDeviceAttributeMemoryBusWidth: return 4096;
    case hipDeviceAttributeMemoryClockRate: return 1'600'000;
    case hipDeviceAttributeMultiprocessorCount: return 4;
    case hipDeviceAttributePageableMemoryAccess: return 0;
    case hipDeviceAttributePciBusId: return device + 1;
    case hipDeviceAttributePciDeviceId: return 0;
    case hipDeviceAttributePciDomainID: return 0;
    case hipDeviceAttributeMaxSharedMemoryPerBlock:
    case hipDeviceAttributeMaxSharedMemoryPerMultiprocessor: return 64 << 10;
    case hipDeviceAttributeSharedMemPerBlockOptin: return 0;
    case hipDeviceAttributeTotalConstantMemory: return 0x7fffffff;
    case hipDeviceAttributeWarpSize: return waveSize();
    case hipDeviceAttributeCanUseStreamWaitValue: return std::getenv("HIP_DOUBLE_NO_WAIT_VALUE") ? 0 : 1;
    case hipDeviceAttributeWallClockRate: return 100'000;
  }
  violation(function, "an attribute that the double does not know");
}

}  // namespace

const char *arch() {
  const char *given = std::getenv("HIP_DOUBLE_ARCH");
  return given ? given : "gfx90a";
}
// gfx9 has waves of 64; later ones are used with 32.
int waveSize() { return std::strncmp(arch(), "gfx9", 4) == 0 ? 64 : 32; }

int currentDevice() { return current; }

void checkDevice(int device, const char *function) {
  if (device < 0 || device >= kDevices) violation(function, "no device " + std::to_string(device));
}

void needCurrent(int device, const char *function) {
  if (device != current) violation(function, "device " + std::to_string(current) + " is current, the object is of device " + std::to_string(device));
}

}  // namespace cutrans::hip_double

using namespace cutrans::hip_double;

extern "C" {

hipError_t hipInit(unsigned flags) {
  ENTER(hipInit);
  if (flags) violation(self, "flags");
  static std::once_flag once;
  std::call_once(once, openInner);
  return hipSuccess;
}

hipError_t hipRuntimeGetVersion(int *version) {
  ENTER(hipRuntimeGetVersion);
  *version = 60'200'000;
  return hipSuccess;
}

hipError_t hipGetDeviceCount(int *count) {
  ENTER(hipGetDeviceCount);
  *count = kDevices;
  return hipSuccess;
}

hipError_t hipSetDevice(int device) {
  ENTER(hipSetDevice);
  checkDevice(device, self);
  current = device;
  return hipSuccess;
}

// Everything on the device goes, its fault too. What the target still holds would be lost.
hipError_t hipDeviceReset() {
  ENTER(hipDeviceReset);
  dropAllocations(current);
  ct_device *&device = inner.devices[current];
  inner.table->device->close(device);
  if (inner.table->device->open(static_cast<uint32_t>(current), &device) != CT_OK) violation(self, "the device does not open again");
  return hipSuccess;
}

hipError_t hipDeviceGetName(char *name, int length, hipDevice_t device) {
  ENTER(hipDeviceGetName);
  checkDevice(device, self);
  if (length <= 0 || length > 256) violation(self, "length");
  std::memset(name, 0, static_cast<size_t>(length));
  std::strncpy(name, "HIP test double", static_cast<size_t>(length) - 1);
  return hipSuccess;
}

hipError_t hipDeviceGetUuid(hipUUID *uuid, hipDevice_t device) {
  ENTER(hipDeviceGetUuid);
  checkDevice(device, self);
  std::memcpy(uuid->bytes, "hip-double\0\0\0\0\0", 16);
  uuid->bytes[15] = static_cast<char>(device);
  return hipSuccess;
}

hipError_t hipDeviceTotalMem(size_t *bytes, hipDevice_t device) {
  ENTER(hipDeviceTotalMem);
  checkDevice(device, self);
  uint64_t free_bytes = 0, total = 0;
  inner.table->memory->info(inner.devices[device], &free_bytes, &total);
  *bytes = total;
  return hipSuccess;
}

hipError_t hipDeviceGetAttribute(int *value, hipDeviceAttribute_t which, int device) {
  ENTER(hipDeviceGetAttribute);
  checkDevice(device, self);
  *value = attribute(which, device, self);
  return hipSuccess;
}

// A structure of another layout than any HIP's: the name first, the architecture somewhere behind.
hipError_t hipGetDevicePropertiesR0600(void *properties, int device) {
  ENTER(hipGetDevicePropertiesR0600);
  checkDevice(device, self);
  char *at = static_cast<char *>(properties);
  std::strcpy(at, "gfx000 is only a name");
  std::strcpy(at + 1160, (std::string(arch()) + ":sramecc+:xnack-").c_str());
  return hipSuccess;
}

hipError_t hipGetDeviceProperties(void *, int) {
  ENTER(hipGetDeviceProperties);
  violation(self, "called although there is the newer one");
}

hipError_t hipDeviceGetStreamPriorityRange(int *least, int *greatest) {
  ENTER(hipDeviceGetStreamPriorityRange);
  *least = 1;
  *greatest = -1;
  return hipSuccess;
}

hipError_t hipDeviceCanAccessPeer(int *can, int device, int peer) {
  ENTER(hipDeviceCanAccessPeer);
  checkDevice(device, self);
  checkDevice(peer, self);
  *can = device != peer;
  return hipSuccess;
}

hipError_t hipDeviceEnablePeerAccess(int peer, unsigned flags) {
  ENTER(hipDeviceEnablePeerAccess);
  checkDevice(peer, self);
  if (peer == current || flags) violation(self, "a device is no peer of itself, flags must be 0");
  static std::atomic<bool> enabled[kDevices];
  return enabled[current].exchange(true) ? hipErrorPeerAccessAlreadyEnabled : hipSuccess;
}

}  // extern "C"
