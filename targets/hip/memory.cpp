// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory, one of HIP's allocations each. Host memory has to have one address on both sides, which HIP's has wherever there is
// one address space; where it has not, it is refused.
#include <cutrans/target.h>

#include <map>
#include <mutex>

#include "device.h"
#include "host.h"

namespace cutrans::hip {
namespace {

// What the host may read through its address, of all devices: asked only by waits for words.
std::mutex reach_lock;
std::map<uint64_t, uint64_t> reachable;  // address: size

void reach(uint64_t address, uint64_t size) {
  std::lock_guard hold(reach_lock);
  reachable[address] = size;
}
void unreach(uint64_t address) {
  std::lock_guard hold(reach_lock);
  reachable.erase(address);
}

uint64_t number(void *pointer) { return reinterpret_cast<uint64_t>(pointer); }
void *pointer(uint64_t address) { return reinterpret_cast<void *>(address); }

ct_status release(ct_memory_kind kind, void *memory) {
  return kind == CT_MEMORY_HOST ? HIP_CALL(hipHostFree, memory) : HIP_CALL(hipFree, memory);
}

ct_status take(ct_memory_kind kind, uint64_t size, void **out) {
  switch (kind) {
    case CT_MEMORY_DEVICE: return HIP_CALL(hipMalloc, out, size);
    case CT_MEMORY_MANAGED: return HIP_CALL(hipMallocManaged, out, size, hipMemAttachGlobal);
    case CT_MEMORY_HOST: break;
  }
  void *seen = nullptr;
  ct_status status = HIP_CALL(hipHostMalloc, out, size, hipHostMallocPortable | hipHostMallocMapped | hipHostMallocCoherent);
  if (status != CT_OK) return status;
  status = HIP_CALL(hipHostGetDevicePointer, &seen, *out, 0);
  if (status == CT_OK && seen == *out) return CT_OK;
  (void)release(kind, *out);
  return status == CT_OK ? refuse(Code::hip_unsupported, "pinned memory: the device sees it at another address than the host") : status;
}

ct_status alloc(ct_device *device, ct_memory_kind kind, uint64_t size, uint64_t align, uint64_t *out_address) {
  if (kind == CT_MEMORY_MANAGED && !device->facts.managed)
    return refuse(Code::hip_unsupported, "managed memory: this device has none (hipDeviceAttributeManagedMemory)");
  if (ct_status status = device->makeCurrent(); status != CT_OK) return status;
  void *memory = nullptr;
  ct_status status = take(kind, size, &memory);
  if (status != CT_OK) return device->keep(status);
  if (number(memory) % align == 0) {
    *out_address = number(memory);
    if (kind != CT_MEMORY_DEVICE) reach(*out_address, size);
    return CT_OK;
  }
  // Rare: the same again with room to move the address.
  if ((status = release(kind, memory)) != CT_OK) return status;
  if (size > UINT64_MAX - align) return CT_ERR_OUT_OF_MEMORY;
  if ((status = take(kind, size + align, &memory)) != CT_OK) return device->keep(status);
  *out_address = (number(memory) + align - 1) / align * align;
  if (kind != CT_MEMORY_DEVICE) reach(*out_address, size);
  std::lock_guard hold(device->memory_lock);
  device->moved.emplace(*out_address, memory);
  return CT_OK;
}

ct_status free(ct_device *device, ct_memory_kind kind, uint64_t address) {
  if (ct_status status = device->makeCurrent(); status != CT_OK) return status;
  void *memory = pointer(address);
  if (kind != CT_MEMORY_DEVICE) unreach(address);
  {
    std::lock_guard hold(device->memory_lock);
    if (auto found = device->moved.find(address); found != device->moved.end()) {
      memory = found->second;
      device->moved.erase(found);
    }
  }
  return device->keep(release(kind, memory));
}

ct_status info(ct_device *device, uint64_t *out_free, uint64_t *out_total) {
  if (ct_status status = device->makeCurrent(); status != CT_OK) return status;
  size_t free_bytes = 0, total = 0;
  const ct_status status = HIP_CALL(hipMemGetInfo, &free_bytes, &total);
  *out_free = free_bytes;
  *out_total = total;
  return device->keep(status);
}

ct_status registerHost(ct_device *device, void *address, uint64_t size, uint64_t *out_device_address) {
  if (ct_status status = device->makeCurrent(); status != CT_OK) return status;
  ct_status status = HIP_CALL(hipHostRegister, address, size, hipHostRegisterPortable | hipHostRegisterMapped);
  if (status != CT_OK) return device->keep(status);
  void *seen = nullptr;
  status = HIP_CALL(hipHostGetDevicePointer, &seen, address, 0);
  if (status != CT_OK) (void)api.hipHostUnregister(address);
  *out_device_address = number(seen);
  if (status == CT_OK && seen == address) reach(number(seen), size);
  return device->keep(status);
}

ct_status unregisterHost(ct_device *device, void *address) {
  if (ct_status status = device->makeCurrent(); status != CT_OK) return status;
  unreach(number(address));
  return device->keep(HIP_CALL(hipHostUnregister, address));
}

}  // namespace

bool hostReaches(uint64_t address) {
  std::lock_guard hold(reach_lock);
  auto after = reachable.upper_bound(address);
  if (after == reachable.begin()) return false;
  const auto &[start, size] = *std::prev(after);
  return address - start < size;
}

const ct_memory_ops memory_ops = {sizeof(ct_memory_ops), alloc, free, info, registerHost, unregisterHost};

}  // namespace cutrans::hip
