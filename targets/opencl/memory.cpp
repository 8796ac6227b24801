// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The memory slots of the ABI over the device's strategy.
#include <algorithm>

#include "device.h"
#include "host.h"
#include "mapping.h"

namespace cutrans::opencl {
namespace {

ct_status alloc(ct_device *device, ct_memory_kind kind, uint64_t size, uint64_t align, uint64_t *out_address) {
  return device->memory->take(kind, size, align, *out_address);
}

ct_status release(ct_device *device, ct_memory_kind, uint64_t address) {
  device->memory->give(address);
  return CT_OK;
}

ct_status info(ct_device *device, uint64_t *out_free, uint64_t *out_total) {
  *out_total = device->found.can.memory_bytes;
  const uint64_t used = device->memory->used() + process::mappedMemory(device->index());
  *out_free = *out_total - std::min(*out_total, used);
  return CT_OK;
}

ct_status registerHost(ct_device *device, void *address, uint64_t, uint64_t *out_device_address) {
  if (!device->reachesHost()) return refuse(Code::opencl_no_shared_memory, device->found.name + " has no way to memory that the program allocated itself");
  *out_device_address = reinterpret_cast<uint64_t>(address);
  return CT_OK;
}

ct_status unregisterHost(ct_device *, void *) { return CT_OK; }

}  // namespace

const ct_memory_ops memory_ops = {sizeof(ct_memory_ops), alloc, release, info, registerHost, unregisterHost};

}  // namespace cutrans::opencl
