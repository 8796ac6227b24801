// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What devices claim, opening and closing them.
#include "device.h"

#include <cutrans/opencl_kernel.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <new>

#include "copies.h"
#include "faults.h"
#include "host.h"
#include "mapping.h"

namespace cutrans::opencl {

std::vector<Found> devices;

namespace {

// Kernels for whole blocks are for devices whose pointers are plain numbers (opencl_kernel.h): CPUs, on which they are much faster than threads.
const char *const kSpirAndC[] = {CT_OPENCL_FORMAT_SPIR, CT_OPENCL_FORMAT_C, nullptr};
const char *const kSpir[] = {CT_OPENCL_FORMAT_SPIR, nullptr};
const char *const kC[] = {CT_OPENCL_FORMAT_C, nullptr};
const char *const kThreads[] = {CT_OPENCL_FORMAT_SPIRV, nullptr};
const char *const kNone[] = {nullptr};

std::string wantedFormat() {
  const std::string wanted = setting("OPENCL_FORMAT");
  return wanted == "auto" ? std::string() : wanted;
}

const char *const *formatsOf(const Found &found) {
  const Capabilities &can = found.can;
  const std::string wanted = wantedFormat();
  if (!can.compiler) return kNone;
  if (wanted == CT_OPENCL_FORMAT_SPIRV) return can.threads ? kThreads : kNone;
  if (wanted == CT_OPENCL_FORMAT_SPIR) return can.cpu && can.spir ? kSpir : kNone;
  if (wanted == CT_OPENCL_FORMAT_C) return can.cpu ? kC : kNone;
  if (!wanted.empty()) return kNone;
  return can.cpu ? can.spir ? kSpirAndC : kC : can.threads ? kThreads : kNone;
}

uint32_t count() { return static_cast<uint32_t>(devices.size()); }

std::mutex open_lock;
std::vector<ct_device *> open_devices;

std::string strategyOf(const Found &found) {
  const std::string wanted = setting("OPENCL_MEMORY");
  return wanted.empty() || wanted == "auto" ? bestStrategy(found.can) : wanted;
}

bool usesProcessMemory(const Found &found) {
  const std::string strategy = strategyOf(found);
  return found.can.cpu && (strategy == "system" || strategy == "fine");
}

ct_status open(uint32_t index, ct_device **out) {
  const Found &found = devices[index];
  auto device = std::make_unique<ct_device>(found);
  const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, reinterpret_cast<cl_context_properties>(found.platform), 0};
  cl_int error = CL_SUCCESS;
  device->context = cl.clCreateContext(properties, 1, &found.device, nullptr, nullptr, &error);
  if (!device->context) {
    report(Code::opencl_failed, found.name + ": no context: " + errorText(error));
    return CT_ERR_DEVICE_LOST;
  }
  if (const std::string format = wantedFormat(); !format.empty() && formatsOf(found) == kNone)
    return refuse(Code::opencl_no_format, found.name + " does not take CUTRANS_OPENCL_FORMAT=" + format);
  const std::string wanted = setting("OPENCL_MEMORY");
  device->memory = makeStrategy(wanted, found, device->context);
  if (!device->memory)
    return refuse(Code::opencl_no_memory, found.name + (wanted.empty() || wanted == "auto" ? ": none of the five kinds of memory with addresses"
                                                                                            : ": not CUTRANS_OPENCL_MEMORY=" + wanted));
  if (usesProcessMemory(found)) device->memory->useProcessMemory(process::mappedMemory(index));
  if (found.can.cpu) watchDevice(*device);
  *out = device.release();
  std::lock_guard hold(open_lock);
  open_devices.push_back(*out);
  return CT_OK;
}

void close(ct_device *device) {
  {
    std::lock_guard hold(open_lock);
    std::erase(open_devices, device);
  }
  delete device;
}

ct_status info(uint32_t index, ct_device_info *out) {
  const Found &found = devices[index];
  const Capabilities &can = found.can;
  const std::string strategy = strategyOf(found);
  const uint32_t size = out->struct_size;
  ct_device_info all{};
  if (strategy == "system" || strategy == "fine" || (strategy == "unified" && can.cpu)) all.flags |= CT_DEVICE_HOST_CAN_ACCESS;
  if (can.cpu || (can.svm & CL_DEVICE_SVM_FINE_GRAIN_SYSTEM)) all.flags |= CT_DEVICE_CAN_ACCESS_HOST;
  all.formats = formatsOf(found);
  if (all.formats != kNone) all.flags |= CT_DEVICE_RUNS_KERNELS;
  if (all.formats != kNone && all.formats != kThreads) all.flags |= CT_DEVICE_COOPERATIVE | CT_DEVICE_TEXTURES;
  std::snprintf(all.name, sizeof all.name, "%s", found.name.c_str());
  std::memcpy(all.uuid, found.uuid, sizeof all.uuid);
  all.memory_bytes = can.memory_bytes;
  all.compute_units = can.units;
  all.max_threads_per_block = all.formats == kThreads ? std::min(kMaxThreadsPerBlock, can.group_threads) : kMaxThreadsPerBlock;
  all.max_block[0] = all.max_block[1] = 1024;
  all.max_block[2] = 64;
  all.max_grid[0] = 0x7fffffff;
  all.max_grid[1] = all.max_grid[2] = 65535;
  all.max_threads_per_unit = kMaxThreadsPerUnit;
  all.max_blocks_per_unit = kMaxBlocksPerUnit;
  if (all.formats != kNone && all.formats != kThreads) all.max_cluster_blocks = kMaxClusterBlocks;
  all.shared_bytes_per_block_max = sharedLimit(found);
  all.shared_bytes_per_block = std::min(kSharedPerBlock, all.shared_bytes_per_block_max);
  all.shared_bytes_per_unit = all.shared_bytes_per_block_max + kSharedReserved;
  all.shared_bytes_reserved = kSharedReserved;
  all.constant_bytes = 64u << 10;
  all.clock_khz = can.clock_mhz * 1000;
  all.cache_bytes = static_cast<uint32_t>(std::min<uint64_t>(can.cache_bytes, UINT32_MAX));
  all.pci_bus = index + 1;
  all.codegen = found.codegen.c_str();
  all.struct_size = size;
  std::memcpy(out, &all, std::min<size_t>(size, sizeof all));
  return CT_OK;
}

}  // namespace

const ct_device_ops device_ops = {sizeof(ct_device_ops), count, open, close, info};

ct_status roomFor(uint32_t index, uint64_t size) {
  const Found &found = devices[index];
  if (!usesProcessMemory(found)) return refuse(Code::target_no_mapping, found.name + " maps no memory");
  std::lock_guard hold(open_lock);
  uint64_t used = process::mappedMemory(index);
  for (const ct_device *device : open_devices)
    if (device->index() == index) used += device->memory->used();
  return used > found.can.memory_bytes || size > found.can.memory_bytes - used ? CT_ERR_OUT_OF_MEMORY : CT_OK;
}

process::Suballocator *memoryOf(ct_device *device, uint32_t &out_index) {
  out_index = device->index();
  // Pages that move while somebody writes to them are waited for in the handler.
  installFaultHandlers();
  if (!device->memory->processMemory()) refuse(Code::target_no_mapping, device->found.name + ": its memory cannot be shared with other processes");
  return device->memory->processMemory();
}

uint32_t sharedLimit(const Found &found) {
  return static_cast<uint32_t>(std::min<uint64_t>(kSharedPerBlockMax, found.can.local_bytes > kSharedReserved ? found.can.local_bytes - kSharedReserved : 0));
}

cl_command_queue makeCommandQueue(const ct_device &device) {
  cl_int error = CL_SUCCESS;
  const cl_queue_properties properties[] = {CL_QUEUE_PROPERTIES, CL_QUEUE_PROFILING_ENABLE, 0};
  cl_command_queue queue = cl.clCreateCommandQueueWithProperties
                               ? cl.clCreateCommandQueueWithProperties(device.context, device.found.device, properties, &error)
                           : cl.clCreateCommandQueue ? cl.clCreateCommandQueue(device.context, device.found.device, CL_QUEUE_PROFILING_ENABLE, &error)
                                                     : nullptr;
  if (!queue) report(Code::opencl_failed, device.found.name + ": no command queue: " + errorText(error));
  return queue;
}

}  // namespace cutrans::opencl

using namespace cutrans::opencl;

ct_device::~ct_device() {
  forgetDevice(*this);
  if (aside_) cl.clReleaseCommandQueue(aside_);
  memory.reset();
  if (context) cl.clReleaseContext(context);
}

bool ct_device::moveNow(const ct_copy &box) {
  std::lock_guard hold(aside_lock_);
  if (!aside_) aside_ = makeCommandQueue(*this);
  return aside_ && memory->copy(aside_, box, {}, nullptr) == CL_SUCCESS && cl.clFinish(aside_) == CL_SUCCESS;
}

bool ct_device::runNow(cl_kernel kernel, size_t groups) {
  std::lock_guard hold(aside_lock_);
  if (!aside_) aside_ = makeCommandQueue(*this);
  const size_t all[3] = {groups, 1, 1}, one[3] = {1, 1, 1};
  return aside_ && cl.clEnqueueNDRangeKernel(aside_, kernel, 3, nullptr, all, one, 0, nullptr, nullptr) == CL_SUCCESS && cl.clFinish(aside_) == CL_SUCCESS;
}

bool ct_device::readNow(void *to, uint64_t from, size_t size) {
  if (!memory->hostReaches()) return moveNow(linearCopy(CT_SIDE_HOST, reinterpret_cast<uint64_t>(to), CT_SIDE_DEVICE, from, size));
  std::memcpy(to, reinterpret_cast<const void *>(from), size);
  return true;
}

bool ct_device::writeNow(uint64_t to, const void *from, size_t size) {
  if (!memory->hostReaches()) return moveNow(linearCopy(CT_SIDE_DEVICE, to, CT_SIDE_HOST, reinterpret_cast<uint64_t>(from), size));
  std::memcpy(reinterpret_cast<void *>(to), from, size);
  return true;
}
