// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Launches. A work-group is a block, of its threads in thread form; else one work-item, which runs a block or, in gang form, takes some of the grid's in turns; what it needs is in a record
// that the kernel gets a pointer to.
#include <cutrans/targets/resident.h>

#include <algorithm>
#include <cstring>

#include "host.h"
#include "module.h"
#include "submit.h"

using namespace cutrans::opencl;

namespace {

uint32_t threadsOf(const ct_launch &request) { return request.block[0] * request.block[1] * request.block[2]; }

// Saturates.
uint64_t blocksOf(const ct_launch &request) {
  const uint64_t plane = uint64_t{request.grid[0]} * request.grid[1];
  return plane > UINT64_MAX / request.grid[2] ? UINT64_MAX : plane * request.grid[2];
}

uint32_t clusterOf(const ct_launch &request) { return request.cluster[0] * request.cluster[1] * request.cluster[2]; }

// What workers take at a time.
uint64_t clustersOf(const ct_launch &request) { return blocksOf(request) / clusterOf(request); }

uint32_t workersFor(const ct_device &device, const ct_launch &request) {
  return static_cast<uint32_t>(std::min<uint64_t>(clustersOf(request), device.found.can.units));
}

// Blocks that the device holds at once.
uint64_t roomFor(const ct_device &device, const ct_kernel &kernel, const ct_launch &request) {
  const uint32_t limit = sharedLimit(device.found), shared = kernel.header.static_shared_bytes + request.dynamic_shared_bytes;
  return uint64_t{device.found.can.units} *
         cutrans::targets::residentBlocks({kMaxBlocksPerUnit, kMaxThreadsPerUnit, limit + kSharedReserved, kSharedReserved}, threadsOf(request), shared, clusterOf(request));
}

ct_status check(const ct_device &device, const ct_kernel &kernel, const ct_launch &request) {
  const ct_opencl_header &header = kernel.header;
  for (int i = 0; i < 3; ++i)
    if ((header.block[i] && header.block[i] != request.block[i]) || (header.max_grid[i] && request.grid[i] > header.max_grid[i])) {
      report(Code::opencl_wrong_shape, "kernel " + kernel.name + ": the code was made for another shape of the launch");
      return CT_ERR_INVALID;
    }
  if (uint64_t{header.static_shared_bytes} + request.dynamic_shared_bytes > sharedLimit(device.found)) return CT_ERR_INVALID;
  if (header.flags & CT_OPENCL_THREADS && threadsOf(request) > kernel.most_threads) return CT_ERR_INVALID;
  if (header.flags & CT_OPENCL_THREADS && request.flags & CT_LAUNCH_COOPERATIVE) return CT_ERR_TOO_LARGE;
  if (request.flags & CT_LAUNCH_COOPERATIVE && blocksOf(request) > roomFor(device, kernel, request)) return CT_ERR_TOO_LARGE;
  return CT_OK;
}

uint64_t gangSlotBytes(const ct_opencl_header &h, const ct_launch &request) {
  const uint64_t lanes = roundUp(threadsOf(request), h.gang_width), stack = h.flags & CT_OPENCL_USES_STACK ? roundUp(request.stack_bytes, 16) : 0;
  ct_opencl_slot slot;
  ct_opencl_lay_out(&slot, h.block_bytes, h.gang_bytes, h.warp_bytes, h.frame_bytes, h.gang_width, h.local_bytes, lanes,
                    h.static_shared_bytes + request.dynamic_shared_bytes, stack, clusterOf(request));
  return slot.shift != 31 && slot.shift > CT_OPENCL_MOST_SHIFT ? UINT64_MAX : slot.bytes;
}

// Scratch, local memory of whole gangs, stacks; each part begins at a multiple of 64.
uint64_t slotBytes(const ct_opencl_header &header, const ct_launch &request) {
  const uint64_t lanes = roundUp(threadsOf(request), header.gang_width);
  const uint64_t stacks = header.flags & CT_OPENCL_USES_STACK ? roundUp(request.stack_bytes, 16) * lanes : 0;
  return roundUp(header.scratch_bytes, 64) + roundUp(header.local_bytes * lanes, 64) + stacks;
}

}  // namespace

ct_status ct_queue::launch(const ct_launch &request, bool may_wait) {
  ct_kernel &kernel = *request.kernel;
  const ct_opencl_header &header = kernel.header;
  if (ct_status status = check(device, kernel, request); status != CT_OK) return status;

  ct_opencl_launch record{};
  record.globals = request.globals;
  record.grid_id = device.next_grid_id.fetch_add(1, std::memory_order_relaxed);
  record.child_queue = request.child_queue;
  record.stack_bytes = header.flags & CT_OPENCL_USES_STACK ? roundUp(request.stack_bytes, 16) : 0;
  record.dynamic_shared_bytes = request.dynamic_shared_bytes;
  record.unit_count = device.found.can.units;
  for (int i = 0; i < 3; ++i) {
    record.grid[i] = request.grid[i];
    record.block[i] = request.block[i];
    record.cluster[i] = request.cluster[i];
  }
  record.cluster_explicit = request.flags & CT_LAUNCH_CLUSTERS ? 1 : 0;
  if (header.flags & CT_OPENCL_USES_MESSAGES && !(record.messages = messages_.address())) return CT_ERR_OUT_OF_MEMORY;
  if (header.flags & CT_OPENCL_USES_HEAP && !(record.heap = device.heap.address())) return CT_ERR_OUT_OF_MEMORY;
  if (header.flags & CT_OPENCL_USES_TIMER) device.timer.fill(record);
  if (ct_status status = provideMemory(kernel, request, record); status != CT_OK) return status;

  constexpr size_t kRecordBytes = (sizeof record + 63) / 64 * 64;
  const LaunchRing::Slot slot = ring_.take(kRecordBytes + request.params_size, last_, may_wait);
  if (!slot.host) return CT_ERR_OUT_OF_MEMORY;
  record.params = slot.address + kRecordBytes;
  std::memcpy(slot.host, &record, sizeof record);
  if (request.params_size) std::memcpy(slot.host + kRecordBytes, request.params, request.params_size);
  if (reinterpret_cast<uint64_t>(slot.host) != slot.address) {
    const uint64_t size = kRecordBytes + request.params_size;
    const ct_copy move{sizeof move, CT_SIDE_DEVICE, CT_SIDE_HOST, slot.address, reinterpret_cast<uint64_t>(slot.host), size, 1, 1, size, size, size, size};
    if (ct_status status = submit([&](Waits waits, cl_event *out) { return device.memory->copy(commands_, move, waits, out); }); status != CT_OK) return status;
  }
  if (ct_status status = enqueueKernel(kernel, slot.address, request); status != CT_OK) return status;
  return record.messages ? readMessages(kernel, request) : CT_OK;
}

ct_status ct_queue::provideMemory(const ct_kernel &kernel, const ct_launch &request, ct_opencl_launch &record) {
  auto clear = [&](uint64_t address, uint32_t words) { return fill({sizeof(ct_fill), 4, address, 0, words, 1, words * 4}); };
  const bool together = request.flags & CT_LAUNCH_COOPERATIVE;
  if (kernel.header.flags & CT_OPENCL_GANGS) {
    record.workers = workersFor(device, request);
    const bool waits = kernel.header.flags & CT_OPENCL_WAITS_ON_GRID;
    const uint64_t slots = waits ? std::min(clustersOf(request), std::max<uint64_t>(roomFor(device, kernel, request) / clusterOf(request), record.workers)) : record.workers;
    // The fault's handler sets it, and the blocks that are left wait for nobody any more.
    if (device.found.can.cpu) record.stop = reinterpret_cast<uint64_t>(&device.fault);
    return gang_arena_.provide(gangSlotBytes(kernel.header, request), static_cast<uint32_t>(slots), together, last_, record, clear);
  }
  if (together)
    if (ct_status status = gang_arena_.provide(0, 1, true, last_, record, clear); status != CT_OK) return status;
  const uint64_t bytes = slotBytes(kernel.header, request);
  return bytes ? arena_.provide(bytes, last_, record, clear) : CT_OK;
}

ct_status ct_queue::enqueueKernel(ct_kernel &kernel, uint64_t record, const ct_launch &request) {
  std::lock_guard hold(kernel.lock);
  // Argument 1 may not be empty.
  const bool gangs = kernel.header.flags & CT_OPENCL_GANGS;
  const uint32_t local_bytes = gangs ? 16u : std::max(16u, kernel.header.static_shared_bytes + request.dynamic_shared_bytes);
  cl_int error = device.memory->announce(kernel.object, kernel.announced);
  if (error == CL_SUCCESS) error = device.memory->setArgument(kernel.object, 0, record);
  if (error == CL_SUCCESS && kernel.local_bytes != local_bytes) {
    error = cl.clSetKernelArg(kernel.object, 1, local_bytes, nullptr);
    kernel.local_bytes = local_bytes;
  }
  if (error != CL_SUCCESS) return enqueueFailed(device, error);
  size_t groups[3] = {request.grid[0], request.grid[1], request.grid[2]};
  size_t group[3] = {1, 1, 1};
  if (kernel.header.flags & CT_OPENCL_THREADS) {
    group[0] = threadsOf(request);
    groups[0] *= group[0];
  }
  if (gangs) {
    groups[0] = workersFor(device, request);
    groups[1] = groups[2] = 1;
  }
  return submit([&](Waits waits, cl_event *out) {
    return cl.clEnqueueNDRangeKernel(commands_, kernel.object, 3, nullptr, groups, group, waits.count, waits.list, out);
  });
}

ct_status ct_queue::readMessages(ct_kernel &kernel, const ct_launch &request) {
  struct Read {
    MessageSpace *messages;
    const ct_kernel *kernel;
    uint32_t block[3];
  } read{&messages_, &kernel, {request.block[0], request.block[1], request.block[2]}};
  if (device.runsFunctions())
    return call([](void *at) { static_cast<Read *>(at)->messages->read(*static_cast<Read *>(at)->kernel, static_cast<Read *>(at)->block); }, read);
  return runOnThread([read] { read.messages->read(*read.kernel, read.block); });
}
