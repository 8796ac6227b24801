// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Launches: the arguments as the code object lays them out, and the memory that some kernels need besides.
#include <cutrans/messages.h>
#include <cutrans/targets/messages.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "device.h"
#include "host.h"
#include "module.h"
#include "queue.h"

namespace cutrans::hip {
namespace {

constexpr uint64_t kWorkspaceBytes = 4096;
constexpr uint32_t kMessageBytes = 1u << 20;
constexpr uint64_t kWavesPerUnit = 64;  // no architecture runs more at a time

// Behind a launch that may have written messages: reads them, on the thread that HIP calls host functions on.
struct Reading {
  ct_device *device;
  ct_messages *space;
  const ct_kernel *kernel;
  uint32_t block[3];
};

void readMessages(void *at) {
  const Reading reading = *static_cast<Reading *>(at);
  delete static_cast<Reading *>(at);
  const targets::Messages got = targets::takeMessages(*reading.space, reading.block, reading.kernel->name);
  if (!got.printed.empty()) host->output(host->ctx, got.printed.data(), got.printed.size());
  if (!got.errors.empty() && ::write(STDERR_FILENO, got.errors.data(), got.errors.size()) < 0) {
    // Nobody is there to read it; the launch has failed all the same.
  }
  if (got.lost) report(Code::target_messages_lost, "kernel " + reading.kernel->name);
  if (got.fault == CT_OK) return;
  if (got.code != Code::none) report(got.code, got.text);
  reading.device->fail(got.fault);
}

ct_status needMessages(LaunchMemory &memory) {
  if (memory.messages) return CT_OK;
  void *space = nullptr;
  const ct_status status = HIP_CALL(hipHostMalloc, &space, sizeof(ct_messages) + kMessageBytes, hipHostMallocMapped | hipHostMallocCoherent);
  if (status != CT_OK) return status;
  std::memset(space, 0, sizeof(ct_messages) + kMessageBytes);
  static_cast<ct_messages *>(space)->bytes = kMessageBytes;
  memory.messages = space;
  return CT_OK;
}

ct_status needWorkspace(ct_queue &queue) {
  LaunchMemory &memory = queue.memory;
  if (!memory.workspace)
    if (ct_status status = HIP_CALL(hipMalloc, &memory.workspace, kWorkspaceBytes); status != CT_OK) return status;
  return HIP_CALL(hipMemsetAsync, memory.workspace, 0, kWorkspaceBytes, queue.stream);
}

// A limit that grows is rare, so the launches that use the old stacks are waited for.
ct_status needStacks(ct_queue &queue, uint64_t stack_bytes) {
  LaunchMemory &memory = queue.memory;
  if (memory.stacks && memory.stack_bytes == stack_bytes) return CT_OK;
  if (memory.stacks) {
    if (ct_status status = HIP_CALL(hipStreamSynchronize, queue.stream); status != CT_OK) return status;
    if (ct_status status = HIP_CALL(hipFree, std::exchange(memory.stacks, nullptr)); status != CT_OK) return status;
  }
  const Facts &facts = queue.device->facts;
  const uint64_t slots = facts.info.compute_units * kWavesPerUnit;
  const uint64_t wave = (stack_bytes * static_cast<uint64_t>(facts.wave_size) + 63) / 64 * 64;
  memory.slots_offset = slots * wave;
  memory.slot_count = static_cast<uint32_t>(slots);
  void *stacks = nullptr;
  ct_status status = HIP_CALL(hipMalloc, &stacks, memory.slots_offset + slots * sizeof(uint32_t));
  if (status != CT_OK) return status;
  memory.stacks = stacks;
  memory.stack_bytes = 0;  // of no use before all slots are free
  status = HIP_CALL(hipMemsetAsync, static_cast<char *>(stacks) + memory.slots_offset, 0, slots * sizeof(uint32_t), queue.stream);
  if (status == CT_OK) memory.stack_bytes = stack_bytes;
  return status;
}

ct_status checkShape(const ct_kernel &kernel, const ct_launch &request) {
  const ct_amdgpu_kernel &record = kernel.record;
  const uint64_t threads = uint64_t{request.block[0]} * request.block[1] * request.block[2];
  const char *problem = nullptr;
  for (int i = 0; i < 3; ++i) {
    if ((record.block[i] && record.block[i] != request.block[i]) || (record.max_grid[i] && request.grid[i] > record.max_grid[i]))
      problem = "the code was made for another shape of the launch";
    if (uint64_t{request.grid[i]} * request.block[i] > UINT32_MAX) problem = "HIP counts the threads of a dimension of the grid in 32 bits";
    if (request.cluster[i] > 1) problem = "the device has no clusters";
  }
  if (record.max_threads && threads > record.max_threads) problem = "its registers were given out for smaller blocks";
  if (request.params_size > record.params_bytes) problem = "more parameters than it has";
  if (!problem) return CT_OK;
  report(Code::hip_wrong_shape, "kernel " + kernel.name + ": " + problem);
  return CT_ERR_INVALID;
}

ct_status submit(ct_queue &queue, const ct_launch &l, unsigned char *arguments) {
  const ct_amdgpu_kernel &record = l.kernel->record;
  if (l.flags & CT_LAUNCH_COOPERATIVE) {
    void *pointers[2] = {arguments, arguments + record.launch_offset};
    return HIP_CALL(hipModuleLaunchCooperativeKernel, l.kernel->function, l.grid[0], l.grid[1], l.grid[2], l.block[0], l.block[1], l.block[2],
                    l.dynamic_shared_bytes, queue.stream, pointers + (record.params_bytes ? 0 : 1));
  }
  size_t size = record.kernarg_bytes;
  void *extra[] = {HIP_LAUNCH_PARAM_BUFFER_POINTER, arguments, HIP_LAUNCH_PARAM_BUFFER_SIZE, &size, HIP_LAUNCH_PARAM_END};
  return HIP_CALL(hipModuleLaunchKernel, l.kernel->function, l.grid[0], l.grid[1], l.grid[2], l.block[0], l.block[1], l.block[2],
                  l.dynamic_shared_bytes, queue.stream, nullptr, extra);
}

ct_status launchChecked(ct_queue &queue, const ct_launch &request) {
  const ct_kernel &kernel = *request.kernel;
  const ct_amdgpu_kernel &record = kernel.record;
  ct_device &device = *queue.device;
  if (ct_status status = checkShape(kernel, request); status != CT_OK) return status;
  if (ct_status status = device.makeCurrent(); status != CT_OK) return status;

  alignas(64) unsigned char arguments[kMostArguments];  // not cleared: only kernarg_bytes of it are used
  std::memset(arguments, 0, record.kernarg_bytes);
  std::memcpy(arguments, request.params, request.params_size);
  ct_amdgpu_launch &launch = *new (arguments + record.launch_offset) ct_amdgpu_launch{};
  launch.globals = request.globals;
  launch.grid_id = device.next_grid.fetch_add(1, std::memory_order_relaxed);
  launch.child_queue = request.child_queue;
  std::copy_n(request.grid, 3, launch.grid);
  std::copy_n(request.block, 3, launch.block);
  launch.dynamic_shared_bytes = request.dynamic_shared_bytes;
  launch.timer_khz = static_cast<uint32_t>(device.facts.timer_khz);
  if (request.flags & CT_LAUNCH_COOPERATIVE) {
    if (ct_status status = needWorkspace(queue); status != CT_OK) return status;
    launch.grid_workspace = reinterpret_cast<uint64_t>(queue.memory.workspace);
  }
  if (record.flags & CT_AMDGPU_USES_STACK) {
    if (ct_status status = needStacks(queue, request.stack_bytes); status != CT_OK) return status;
    launch.stacks = reinterpret_cast<uint64_t>(queue.memory.stacks);
    launch.stack_slots = launch.stacks + queue.memory.slots_offset;
    launch.stack_bytes = request.stack_bytes;
    launch.stack_slot_count = queue.memory.slot_count;
  }
  if (record.flags & CT_AMDGPU_USES_HEAP)
    if (ct_status status = device.needHeap(launch.heap); status != CT_OK) return status;
  if (!(record.flags & CT_AMDGPU_USES_MESSAGES)) return submit(queue, request, arguments);

  if (ct_status status = needMessages(queue.memory); status != CT_OK) return status;
  launch.messages = reinterpret_cast<uint64_t>(queue.memory.messages);
  auto *reading = new (std::nothrow) Reading{&device, static_cast<ct_messages *>(queue.memory.messages), &kernel, {}};
  if (!reading) return CT_ERR_OUT_OF_MEMORY;
  std::copy_n(request.block, 3, reading->block);
  ct_status status = submit(queue, request, arguments);
  if (status == CT_OK) status = HIP_CALL(hipLaunchHostFunc, queue.stream, readMessages, reading);
  if (status != CT_OK) delete reading;
  return status;
}

}  // namespace

ct_status launch(ct_queue *queue, const ct_launch *request) {
  if (ct_status status = queue->device->fault(); status != CT_OK) return status;
  return queue->device->keep(launchChecked(*queue, *request));
}

void freeLaunchMemory(LaunchMemory &memory) {
  if (memory.messages) (void)HIP_CALL(hipHostFree, memory.messages);
  if (memory.workspace) (void)HIP_CALL(hipFree, memory.workspace);
  if (memory.stacks) (void)HIP_CALL(hipFree, memory.stacks);
  memory = {};
}

}  // namespace cutrans::hip
