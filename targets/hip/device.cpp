// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What HIP's devices claim, opening and closing them, their faults and their time.
#include "device.h"

#include <cutrans/device_heap.h>

#include <cutrans/amdgpu_kernel.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <new>

#include "host.h"

namespace cutrans::hip {
namespace {

const char *const kFormats[] = {CT_AMDGPU_FORMAT, nullptr};
constexpr uint64_t kBaseLife = 4'000'000'000;  // ns

std::vector<std::unique_ptr<Facts>> all;

uint64_t now() { return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1)); }

// An attribute that a HIP does not know is 0; those that must be there are checked in `ask`.
uint32_t attribute(hipDeviceAttribute_t which, int device) {
  int value = 0;
  return api.hipDeviceGetAttribute(&value, which, device) == hipSuccess && value > 0 ? static_cast<uint32_t>(value) : 0;
}

// The architecture stands in hipDeviceProp_t::gcnArchName, whose place differs between versions of HIP (and the structure grows).
// It is the only text behind the name (which fills the first 256 bytes) that begins with "gfx" and a digit: it is looked for.
std::string findArch(int device) {
  if (std::string given = settingOr("HIP_ARCH", ""); !given.empty()) return given;
  auto *const ask = api.hipGetDevicePropertiesR0600 ? api.hipGetDevicePropertiesR0600 : api.hipGetDeviceProperties;
  if (!ask) return {};
  alignas(16) static char properties[32768];  // askDevices runs once, on one thread
  std::memset(properties, 0, sizeof properties);
  if (ask(properties, device) != hipSuccess) return {};
  for (const char *at = properties + 256, *end = properties + sizeof properties - 64; at < end; ++at) {
    if (std::memcmp(at, "gfx", 3) != 0 || !std::isdigit(static_cast<unsigned char>(at[3]))) continue;
    const char *stop = at + 3;  // with features: "gfx90a:sramecc+:xnack-"
    while (stop < end && (std::isalnum(static_cast<unsigned char>(*stop)) || std::strchr(":+-", *stop)) && *stop) ++stop;
    return std::string(at, stop);
  }
  return {};
}

bool ask(int device, Facts &facts) {
  ct_device_info &info = facts.info;
  facts.index = static_cast<uint32_t>(device);
  size_t memory = 0;
  if (HIP_CALL(hipDeviceGetName, info.name, sizeof info.name - 1, device) != CT_OK) return false;
  if (HIP_CALL(hipDeviceTotalMem, &memory, device) != CT_OK) return false;
  if (!info.name[0]) std::strcpy(info.name, "HIP device");
  auto get = [device](hipDeviceAttribute_t which, uint32_t fallback = 0) { return std::max(attribute(which, device), fallback); };
  info.memory_bytes = memory;
  info.compute_units = get(hipDeviceAttributeMultiprocessorCount, 1);
  info.max_threads_per_block = std::min(get(hipDeviceAttributeMaxThreadsPerBlock, 64), 1024u);
  const hipDeviceAttribute_t block[] = {hipDeviceAttributeMaxBlockDimX, hipDeviceAttributeMaxBlockDimY, hipDeviceAttributeMaxBlockDimZ};
  const hipDeviceAttribute_t grid[] = {hipDeviceAttributeMaxGridDimX, hipDeviceAttributeMaxGridDimY, hipDeviceAttributeMaxGridDimZ};
  for (int i = 0; i < 3; ++i) {
    info.max_block[i] = std::min(get(block[i], 1), info.max_threads_per_block);
    info.max_grid[i] = get(grid[i], 65535);
  }
  info.max_threads_per_unit = std::max(get(hipDeviceAttributeMaxThreadsPerMultiProcessor), info.max_threads_per_block);
  info.max_blocks_per_unit = get(hipDeviceAttributeMaxBlocksPerMultiProcessor);
  if (!info.max_blocks_per_unit) info.max_blocks_per_unit = 32;  // older HIPs do not say
  info.shared_bytes_per_block = get(hipDeviceAttributeMaxSharedMemoryPerBlock);
  info.shared_bytes_per_block_max = std::max(get(hipDeviceAttributeSharedMemPerBlockOptin), info.shared_bytes_per_block);
  info.shared_bytes_per_unit = std::max(get(hipDeviceAttributeMaxSharedMemoryPerMultiprocessor), info.shared_bytes_per_block_max);
  info.constant_bytes = std::min(get(hipDeviceAttributeTotalConstantMemory, 64u << 10), 64u << 10);
  info.clock_khz = get(hipDeviceAttributeClockRate);
  info.memory_clock_khz = get(hipDeviceAttributeMemoryClockRate);
  info.memory_bus_bits = get(hipDeviceAttributeMemoryBusWidth);
  info.cache_bytes = get(hipDeviceAttributeL2CacheSize);
  info.pci_domain = get(hipDeviceAttributePciDomainID);
  info.pci_bus = get(hipDeviceAttributePciBusId);
  info.pci_device = get(hipDeviceAttributePciDeviceId);
  if (get(hipDeviceAttributeCooperativeLaunch) && api.hipModuleLaunchCooperativeKernel) info.flags |= CT_DEVICE_COOPERATIVE;
  if (get(hipDeviceAttributePageableMemoryAccess)) info.flags |= CT_DEVICE_CAN_ACCESS_HOST;
  info.flags |= CT_DEVICE_RUNS_KERNELS | CT_DEVICE_TEXTURES;
  hipUUID uuid{};
  const bool has_uuid = api.hipDeviceGetUuid && api.hipDeviceGetUuid(&uuid, device) == hipSuccess;
  if (has_uuid && std::any_of(uuid.bytes, uuid.bytes + 16, [](char b) { return b; })) {
    std::memcpy(info.uuid, uuid.bytes, 16);
  } else {
    std::memcpy(info.uuid, "cutrans-hip", 11);
    info.uuid[13] = static_cast<uint8_t>(info.pci_bus);
    info.uuid[14] = static_cast<uint8_t>(info.pci_device);
    info.uuid[15] = static_cast<uint8_t>(device);
  }
  facts.wave_size = static_cast<int>(get(hipDeviceAttributeWarpSize, 32));
  facts.timer_khz = static_cast<int>(get(hipDeviceAttributeWallClockRate));
  facts.wait_value = get(hipDeviceAttributeCanUseStreamWaitValue);
  facts.managed = get(hipDeviceAttributeManagedMemory);
  facts.arch = findArch(device);
  facts.codegen = "gpu=" + facts.arch + ";wave=" + std::to_string(facts.wave_size);
  if (const std::string embed = settingOr("HIP_EMBED_IR", "0"); embed != "0") facts.codegen += ";embed-ir=" + embed;
  static const char *const none[] = {nullptr};
  info.formats = kFormats;
  info.codegen = facts.codegen.c_str();
  if (facts.arch.empty()) {
    report(Code::hip_architecture, std::string(info.name) + ": its architecture is not known");
    info.flags &= ~static_cast<uint32_t>(CT_DEVICE_RUNS_KERNELS | CT_DEVICE_TEXTURES);
    info.formats = none;
  }
  if (HIP_CALL(hipSetDevice, device) != CT_OK) return false;
  return HIP_CALL(hipDeviceGetStreamPriorityRange, &facts.least_priority, &facts.greatest_priority) == CT_OK;
}

uint32_t count() { return static_cast<uint32_t>(all.size()); }

// Kernels may use addresses of all devices that can reach each other's memory; both ways, as either may be opened first.
void openPeers(uint32_t index) {
  for (const auto &other : all) {
    int can = 0;
    if (other->index == index) continue;
    if (api.hipDeviceCanAccessPeer(&can, static_cast<int>(index), static_cast<int>(other->index)) != hipSuccess || !can) continue;
    (void)api.hipDeviceEnablePeerAccess(static_cast<int>(other->index), 0);  // without it copies still work, through the host
  }
}

ct_status open(uint32_t index, ct_device **out) {
  auto *device = new (std::nothrow) ct_device(*all[index]);
  if (!device) return CT_ERR_OUT_OF_MEMORY;
  if (ct_status status = device->makeCurrent(); status != CT_OK) {
    delete device;
    return status;
  }
  openPeers(index);
  *out = device;
  return CT_OK;
}

// A fault that HIP itself has met stays in its device until a reset.
void close(ct_device *device) {
  const bool lost = device->lost;
  (void)device->makeCurrent();
  delete device;
  if (!lost) return;
  (void)api.hipDeviceReset();
  forgetFaults();
}

ct_status info(uint32_t index, ct_device_info *out) {
  const uint32_t size = out->struct_size;
  std::memcpy(out, &all[index]->info, std::min<size_t>(size, sizeof(ct_device_info)));
  out->struct_size = size;
  return CT_OK;
}

}  // namespace

bool askDevices() {
  all.clear();
  int devices = 0;
  const hipError_t error = api.hipGetDeviceCount(&devices);
  if (error == hipErrorNoDevice) return true;
  if (told(error, "hipGetDeviceCount") != CT_OK) return false;
  for (int i = 0; i < devices; ++i) {
    auto facts = std::make_unique<Facts>();
    if (!ask(i, *facts)) return false;
    all.push_back(std::move(facts));
  }
  return true;
}

void forgetDevices() { all.clear(); }

Base::~Base() { (void)api.hipEventDestroy(event); }

const ct_device_ops device_ops = {sizeof(ct_device_ops), count, open, close, info};

}  // namespace cutrans::hip

using namespace cutrans::hip;

ct_device::~ct_device() {
  newest.store(nullptr);
  if (base_stream) (void)api.hipStreamDestroy(base_stream);
  if (read_stream) (void)api.hipStreamDestroy(read_stream);
  if (read_buffer) (void)api.hipHostFree(read_buffer);
  if (heap) (void)api.hipFree(heap);
}

// On a stream of its own: the caller's may wait for what the caller does next. HIP has no memory that comes when it is touched, and the ABI tells of no limit of the program's.
ct_status ct_device::needHeap(uint64_t &address) {
  if ((address = heap_address.load(std::memory_order_acquire))) return CT_OK;
  std::lock_guard hold(heap_lock);
  if (!heap) {
    const uint64_t bytes = std::min<uint64_t>(facts.info.memory_bytes / 16, 1u << 30);
    const auto pages = static_cast<uint32_t>(bytes / CT_HEAP_PAGE);
    const uint64_t front = ct_heap_front_bytes(pages);
    void *made = nullptr;
    hipStream_t stream = nullptr;
    ct_status status = HIP_CALL(hipMalloc, &made, front + (uint64_t{pages} + 1) * CT_HEAP_PAGE);
    if (status != CT_OK) return status;
    void *const start = reinterpret_cast<void *>((reinterpret_cast<uint64_t>(made) + CT_HEAP_PAGE - 1) / CT_HEAP_PAGE * CT_HEAP_PAGE);
    const ct_device_heap head = ct_heap_head(reinterpret_cast<uint64_t>(start), pages);
    status = HIP_CALL(hipStreamCreateWithPriority, &stream, hipStreamNonBlocking, facts.greatest_priority);
    if (status == CT_OK) status = HIP_CALL(hipMemsetAsync, start, 0, front, stream);
    if (status == CT_OK) status = HIP_CALL(hipMemcpyAsync, start, &head, sizeof head, hipMemcpyHostToDevice, stream);
    if (status == CT_OK) status = HIP_CALL(hipStreamSynchronize, stream);
    if (stream) (void)api.hipStreamDestroy(stream);
    if (status != CT_OK) {
      (void)api.hipFree(made);
      return status;
    }
    heap = made;
    heap_address.store(reinterpret_cast<uint64_t>(start), std::memory_order_release);
  }
  address = heap_address;
  return CT_OK;
}

ct_status ct_device::read(uint64_t address, void *to, uint64_t bytes) const {
  std::lock_guard hold(read_lock);
  ct_status status = makeCurrent();
  if (status == CT_OK && !read_stream) status = HIP_CALL(hipStreamCreateWithPriority, &read_stream, hipStreamNonBlocking, facts.greatest_priority);
  if (status == CT_OK && !read_buffer) status = HIP_CALL(hipHostMalloc, &read_buffer, 64, hipHostMallocMapped | hipHostMallocCoherent);
  if (status == CT_OK) status = HIP_CALL(hipMemcpyAsync, read_buffer, reinterpret_cast<void *>(address), bytes, hipMemcpyDeviceToHost, read_stream);
  if (status == CT_OK) status = HIP_CALL(hipStreamSynchronize, read_stream);
  if (status == CT_OK) std::memcpy(to, read_buffer, bytes);
  return status;
}

ct_status ct_device::makeCurrent() const { return HIP_CALL(hipSetDevice, static_cast<int>(facts.index)); }

ct_status ct_device::keep(ct_status status) {
  if (!isFault(status)) return status;
  lost = true;
  fail(status);
  return fault();
}

void ct_device::fail(ct_status status) {
  ct_status none = CT_OK;
  kept.compare_exchange_strong(none, status);
}

std::shared_ptr<Base> ct_device::base(ct_status &status) {
  status = CT_OK;
  if (now() < renew_at.load(std::memory_order_relaxed)) return newest.load();
  std::lock_guard hold(base_lock);
  std::shared_ptr<Base> before = newest.load();
  if (now() < renew_at.load(std::memory_order_relaxed)) return before;
  if ((status = makeCurrent()) != CT_OK) return nullptr;
  if (!base_stream) status = HIP_CALL(hipStreamCreateWithPriority, &base_stream, hipStreamNonBlocking, facts.greatest_priority);
  if (status != CT_OK) return nullptr;
  hipEvent_t event = nullptr;
  if ((status = HIP_CALL(hipEventCreateWithFlags, &event, 0)) != CT_OK) return nullptr;
  auto made = std::make_shared<Base>(event, uint64_t{1'000'000'000});
  float ms = 0;
  status = HIP_CALL(hipEventRecord, event, base_stream);
  if (status == CT_OK) status = HIP_CALL(hipEventSynchronize, event);
  if (status == CT_OK && before) status = HIP_CALL(hipEventElapsedTime, &ms, before->event, event);
  if (status != CT_OK) return nullptr;
  if (before) made->ns = before->ns + static_cast<uint64_t>(static_cast<double>(ms) * 1e6);
  newest.store(made);
  renew_at.store(now() + kBaseLife, std::memory_order_relaxed);
  return made;
}
