// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the device claims, opening and closing it.
#include "device.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "host.h"

namespace {

constexpr uint64_t kDefaultMemory = uint64_t{64} << 20;

void *map(uint64_t size, int access) {
  void *range = mmap(nullptr, size, access, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return range == MAP_FAILED ? nullptr : range;
}

// The setting is a number with K, M, G or T, as docs/settings.md says; the runtime has checked it.
uint64_t memoryBytes() {
  const char *text = cutrans::null::host->setting(cutrans::null::host->ctx, "NULL_MEMORY");
  if (!text) return kDefaultMemory;
  char *unit = nullptr;
  uint64_t size = std::strtoull(text, &unit, 10);
  const char *units = "KMGT", *found = *unit ? std::strchr(units, *unit & ~0x20) : nullptr;
  if (found) size <<= 10 * (found - units + 1);
  return std::max<uint64_t>(size, 4096) / 4096 * 4096;
}

}  // namespace

ct_device::ct_device(uint64_t memory_bytes) : size(memory_bytes) {
  window = reinterpret_cast<uint64_t>(map(size, PROT_NONE));
  bytes = window ? static_cast<unsigned char *>(map(size, PROT_READ | PROT_WRITE)) : nullptr;
}

ct_device::~ct_device() {
  if (bytes) munmap(bytes, size);
  if (window) munmap(reinterpret_cast<void *>(window), size);
}

uint64_t ct_device::translate(uint64_t address) const {
  return address - window < size ? reinterpret_cast<uint64_t>(bytes) + (address - window) : address;
}

namespace cutrans::null {
namespace {

// Kernels are taken in the form that the compiler writes for this machine, and never run.
const char *const kFormats[] = {"native-so", nullptr};
constexpr char kCodegen[] = "cpu=x86-64-v3;features=+avx2,+fma,+f16c";

uint32_t count() { return 1; }

ct_status open(uint32_t, ct_device **out) {
  auto *device = new (std::nothrow) ct_device(memoryBytes());
  if (!device || !device->good()) {
    delete device;
    return CT_ERR_OUT_OF_MEMORY;
  }
  *out = device;
  return CT_OK;
}

void close(ct_device *device) { delete device; }

// Fills only what the caller's version of the structure has.
ct_status info(uint32_t, ct_device_info *out) {
  ct_device_info all{};
  // Neither side reaches the other's memory, and no kernel runs. Textures are made and never read: their API is tested here.
  all.flags = CT_DEVICE_TEXTURES;
  std::strcpy(all.name, "null");
  std::memcpy(all.uuid, "cutrans-null\0\0\0", 16);
  all.memory_bytes = memoryBytes();
  all.compute_units = 1;
  all.max_threads_per_block = 1024;
  all.max_block[0] = all.max_block[1] = 1024;
  all.max_block[2] = 64;
  all.max_grid[0] = 0x7fffffff;
  all.max_grid[1] = all.max_grid[2] = 65535;
  all.max_threads_per_unit = 2048;
  all.max_blocks_per_unit = 32;
  all.shared_bytes_per_block = 48u << 10;
  all.shared_bytes_per_block_max = 227u << 10;
  all.shared_bytes_per_unit = 228u << 10;
  all.shared_bytes_reserved = 1u << 10;
  all.constant_bytes = 64u << 10;
  all.clock_khz = 1000000;
  all.formats = kFormats;
  all.codegen = kCodegen;
  const uint32_t size = out->struct_size;
  std::memcpy(out, &all, std::min<size_t>(size, sizeof all));
  out->struct_size = size;
  return CT_OK;
}

}  // namespace

const ct_device_ops device_ops = {sizeof(ct_device_ops), count, open, close, info};

}  // namespace cutrans::null
