// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The virtual devices and what they claim.
#include "device.h"

#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>

#include "faults.h"
#include "host.h"
#include "machine.h"
#include "mapping.h"
#include "process_memory.h"
#include "scheduler.h"

namespace cutrans::host {
namespace {

const char *const kFormats[] = {"native-so", nullptr};

std::mutex open_lock;
std::map<uint32_t, ct_device *> open_devices;

uint32_t count() { return globals.settings.devices; }

ct_status open(uint32_t index, ct_device **out) {
  installFaultHandlers();
  *out = new ct_device(index, deviceMemory(), globals.settings.huge_pages);
  std::lock_guard hold(open_lock);
  open_devices[index] = *out;
  return CT_OK;
}

void close(ct_device *device) {
  device->output.flush();
  {
    std::lock_guard hold(open_lock);
    open_devices.erase(device->index);
  }
  delete device;
}

ct_status info(uint32_t index, ct_device_info *out) {
  const Machine &here = machine();
  const uint32_t size = out->struct_size;
  ct_device_info all{};
  all.flags = CT_DEVICE_HOST_CAN_ACCESS | CT_DEVICE_CAN_ACCESS_HOST | CT_DEVICE_COOPERATIVE | CT_DEVICE_RUNS_KERNELS | CT_DEVICE_TEXTURES;
  std::snprintf(all.name, sizeof all.name, "%s", here.processor.c_str());
  std::memcpy(all.uuid, "cutrans-host\0\0\0", 16);
  all.uuid[15] = static_cast<uint8_t>(index);
  all.memory_bytes = deviceMemory();
  all.compute_units = scheduler->unitCount();
  all.max_threads_per_block = kMaxThreadsPerBlock;
  all.max_block[0] = all.max_block[1] = 1024;
  all.max_block[2] = 64;
  all.max_grid[0] = 0x7fffffff;
  all.max_grid[1] = all.max_grid[2] = 65535;
  all.max_threads_per_unit = kMaxThreadsPerUnit;
  all.max_blocks_per_unit = kMaxBlocksPerUnit;
  all.shared_bytes_per_block = kSharedPerBlock;
  all.shared_bytes_per_block_max = kSharedPerBlockMax;
  all.shared_bytes_per_unit = kSharedPerUnit;
  all.shared_bytes_reserved = kSharedReserved;
  all.max_cluster_blocks = kMaxClusterBlocks;
  all.constant_bytes = 64u << 10;
  all.clock_khz = here.clock_khz;
  all.cache_bytes = here.cache_bytes;
  all.pci_bus = index + 1;
  all.shared_bytes_reserved = kSharedReserved;
  all.formats = kFormats;
  all.codegen = here.codegen.c_str();
  all.struct_size = size;
  std::memcpy(out, &all, std::min<size_t>(size, sizeof all));
  return CT_OK;
}

}  // namespace

uint64_t deviceMemory() {
  const Settings &settings = globals.settings;
  if (settings.memory) return settings.memory;
  return machineMemory() / 4 * 3 / settings.devices / kHugePage * kHugePage;
}

ct_status roomFor(uint32_t index, uint64_t size) {
  std::lock_guard hold(open_lock);
  auto found = open_devices.find(index);
  const uint64_t limit = deviceMemory(), used = mappedMemory(index) + (found == open_devices.end() ? 0 : found->second->memory.used());
  return used > limit || size > limit - used ? CT_ERR_OUT_OF_MEMORY : CT_OK;
}

Suballocator *memoryOf(ct_device *device, uint32_t &out_index) {
  out_index = device->index;
  return &device->memory;
}

const ct_device_ops device_ops = {sizeof(ct_device_ops), count, open, close, info};

void Output::append(const std::string &text) {
  std::unique_lock hold(lock_);
  pending_ += text;
  any_.store(true, std::memory_order_relaxed);
  const bool full = pending_.size() >= kFlushAt;
  hold.unlock();
  if (full) flush();
}

void Output::flush() {
  if (!any_.load(std::memory_order_relaxed)) return;
  std::lock_guard hold(lock_);
  if (globals.host.output && !pending_.empty()) globals.host.output(globals.host.ctx, pending_.data(), pending_.size());
  pending_.clear();
  any_.store(false, std::memory_order_relaxed);
}

}  // namespace cutrans::host

using namespace cutrans::host;

ct_device::ct_device(uint32_t number, uint64_t memory_bytes, bool huge_pages)
    : index(number),
      memory(memory_bytes, 256, huge_pages, &mappedMemory(number)),
      shared(machineMemory(), 256, huge_pages),
      heap(memory_bytes, 16, huge_pages) {}
