// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Allocation: first fit in the device's window, the C library for pinned host memory. Managed memory needs a device that
// the host can reach, so it is refused.
#include <cstdlib>

#include "device.h"
#include "host.h"

namespace cutrans::null {
namespace {

uint64_t roundUp(uint64_t value, uint64_t align) { return (value + align - 1) / align * align; }

ct_status allocDevice(ct_device &device, uint64_t size, uint64_t align, uint64_t *out_address) {
  std::lock_guard hold(device.lock);
  uint64_t at = roundUp(device.window, align);
  for (const auto &[address, used] : device.used) {
    if (address >= at && address - at >= size) break;
    at = roundUp(address + used, align);
  }
  const uint64_t end = device.window + device.size;
  if (at > end || end - at < size) return CT_ERR_OUT_OF_MEMORY;
  device.used.emplace(at, size);
  device.used_bytes += size;
  *out_address = at;
  return CT_OK;
}

ct_status alloc(ct_device *device, ct_memory_kind kind, uint64_t size, uint64_t align, uint64_t *out_address) {
  switch (kind) {
    case CT_MEMORY_DEVICE: return allocDevice(*device, size, align, out_address);
    case CT_MEMORY_MANAGED: return refuse("managed memory: the null target's memory is out of the host's reach");
    case CT_MEMORY_HOST: break;
  }
  if (size > UINT64_MAX - align) return CT_ERR_OUT_OF_MEMORY;
  void *block = std::aligned_alloc(align, roundUp(size, align));
  *out_address = reinterpret_cast<uint64_t>(block);
  return block ? CT_OK : CT_ERR_OUT_OF_MEMORY;
}

ct_status release(ct_device *device, ct_memory_kind kind, uint64_t address) {
  if (kind == CT_MEMORY_HOST) {
    std::free(reinterpret_cast<void *>(address));
    return CT_OK;
  }
  std::lock_guard hold(device->lock);
  auto found = device->used.find(address);
  device->used_bytes -= found->second;
  device->used.erase(found);
  return CT_OK;
}

ct_status info(ct_device *device, uint64_t *out_free, uint64_t *out_total) {
  std::lock_guard hold(device->lock);
  *out_free = device->size - device->used_bytes;
  *out_total = device->size;
  return CT_OK;
}

}  // namespace

// Host memory needs nothing done to it: the slots for registering stay empty.
const ct_memory_ops memory_ops = {sizeof(ct_memory_ops), alloc, release, info, nullptr, nullptr};

}  // namespace cutrans::null
