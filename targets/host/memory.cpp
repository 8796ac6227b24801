// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Device, pinned and managed memory. All of it is this process's memory; only device memory counts against the
// device's size.
#include "device.h"
#include "host.h"
#include "mapping.h"
#include "process_memory.h"

namespace cutrans::host {
namespace {

Suballocator &allocatorOf(ct_device &device, ct_memory_kind kind) {
  return kind == CT_MEMORY_DEVICE ? device.memory : device.shared;
}

ct_status alloc(ct_device *device, ct_memory_kind kind, uint64_t size, uint64_t align, uint64_t *out) {
  *out = allocatorOf(*device, kind).allocate(size, align);
  return *out ? CT_OK : CT_ERR_OUT_OF_MEMORY;
}

ct_status free(ct_device *device, ct_memory_kind kind, uint64_t address) {
  return allocatorOf(*device, kind).free(address) ? CT_OK : CT_ERR_INVALID;
}

// What could really be had: the rest of the device's share, or of the machine where others have taken more.
ct_status info(ct_device *device, uint64_t *out_free, uint64_t *out_total) {
  const uint64_t total = device->memory.limit(), used = device->memory.used() + device->heap.used() + mappedMemory(device->index).load();
  *out_total = total;
  *out_free = std::min(total - std::min(used, total), availableMemory());
  return CT_OK;
}

}  // namespace

const ct_memory_ops memory_ops = {sizeof(ct_memory_ops), alloc, free, info, nullptr, nullptr};

}  // namespace cutrans::host
