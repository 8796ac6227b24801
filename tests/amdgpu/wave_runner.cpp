// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/amdgpu/wave_runner.h"

#include <cstring>

#include "cutrans/device_heap.h"
#include "tests/amdgpu/waves/machine.h"
#include "tests/ptx/run/messages.h"

namespace cutrans::test {
namespace {

constexpr size_t kMessageBytes = 64 << 10, kWorkspaceBytes = 4096, kHeapPages = 256;

std::vector<std::max_align_t> zeroed(size_t bytes) { return std::vector<std::max_align_t>(bytes / sizeof(std::max_align_t) + 8); }

uint64_t aligned(std::vector<std::max_align_t> &memory) { return (reinterpret_cast<uint64_t>(memory.data()) + 63) / 64 * 64; }

}  // namespace

Outcome runInWaves(const CodeObject &object, const WaveLaunch &launch) {
  const ct_amdgpu_kernel &record = object.record;
  waves::Program program(object.lowered, record.wave_size);
  uint64_t blocks = 1, threads = 1;
  for (int i = 0; i < 3; ++i) blocks *= launch.grid[i], threads *= launch.block[i];
  const uint64_t slots = (threads + record.wave_size - 1) / record.wave_size * (launch.together ? blocks : 1);
  const uint64_t stackBytes = record.flags & CT_AMDGPU_USES_STACK ? launch.stackBytes : 0;
  auto arguments = zeroed(record.kernarg_bytes), stacks = zeroed(slots * record.wave_size * stackBytes), taken = zeroed(slots * 4),
       space = zeroed(sizeof(ct_messages) + kMessageBytes), workspace = zeroed(kWorkspaceBytes);
  auto &messages = *reinterpret_cast<ct_messages *>(aligned(space));
  messages.bytes = kMessageBytes;
  ct_amdgpu_launch brought{};
  brought.globals = reinterpret_cast<uint64_t>(launch.globals);
  brought.grid_workspace = launch.together ? aligned(workspace) : 0;
  brought.messages = record.flags & CT_AMDGPU_USES_MESSAGES ? aligned(space) : 0;
  if (stackBytes) brought.stacks = aligned(stacks), brought.stack_slots = aligned(taken), brought.stack_bytes = stackBytes, brought.stack_slot_count = uint32_t(slots);
  for (int i = 0; i < 3; ++i) brought.grid[i] = launch.grid[i], brought.block[i] = launch.block[i];
  brought.dynamic_shared_bytes = launch.dynamicShared;
  if (record.flags & CT_AMDGPU_USES_TIMER) brought.timer_khz = 100'000;
  const size_t heapBytes = record.flags & CT_AMDGPU_USES_HEAP ? ct_heap_front_bytes(kHeapPages) + kHeapPages * CT_HEAP_PAGE : 0;
  auto heap = zeroed(heapBytes + CT_HEAP_PAGE);
  if (heapBytes) {
    brought.heap = (aligned(heap) + CT_HEAP_PAGE - 1) / CT_HEAP_PAGE * CT_HEAP_PAGE;
    *reinterpret_cast<ct_device_heap *>(brought.heap) = ct_heap_head(brought.heap, kHeapPages);
  }
  char *place = reinterpret_cast<char *>(aligned(arguments));
  std::memcpy(place, launch.params.data(), std::min<size_t>(launch.params.size(), record.params_bytes));
  std::memcpy(place + record.launch_offset, &brought, sizeof brought);

  std::vector<std::pair<uint64_t, uint64_t>> ranges{{aligned(arguments), record.kernarg_bytes}, {brought.globals, launch.globalsBytes},
                                                    {brought.stacks, slots * record.wave_size * stackBytes}, {brought.stack_slots, slots * 4},
                                                    {brought.messages, sizeof messages + kMessageBytes}, {brought.grid_workspace, kWorkspaceBytes}, {brought.heap, heapBytes}};
  for (auto [address, bytes] : launch.buffers) ranges.emplace_back(reinterpret_cast<uint64_t>(address), bytes);
  for (auto [address, bytes] : program.variables()) ranges.emplace_back(reinterpret_cast<uint64_t>(address), bytes);
  waves::Launch carried;
  carried.arguments = place;
  carried.launchOffset = record.launch_offset;
  for (int i = 0; i < 3; ++i) carried.grid[i] = launch.grid[i], carried.block[i] = launch.block[i];
  carried.sharedBytes = record.static_shared_bytes + launch.dynamicShared;
  carried.together = launch.together;
  carried.lastWayFirst = launch.lastWayFirst;
  carried.allowed = [&](uint64_t address, uint64_t bytes) {
    for (auto &[start, size] : ranges)
      if (address >= start && address - start < size && bytes <= size - (address - start)) return true;
    return false;
  };
  Outcome outcome;
  outcome.problem = waves::run(program, carried);
  outcome.ok = outcome.problem.empty();
  readMessages(messages, outcome);
  for (uint64_t i = 0; i < slots && outcome.ok && stackBytes; ++i)
    if (reinterpret_cast<const uint32_t *>(brought.stack_slots)[i]) outcome = {false, "a stack was not given back", outcome.printed};
  return outcome;
}

}  // namespace cutrans::test
