// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Launches of kernels that carry their lowered IR: the machine of tests/amdgpu/waves runs them on the thread of the stream's host functions, with the arguments,
// stacks and messages that the target has brought. An access to what is nobody's ends the process, as ROCm's runtime does.
#include <cstring>

#include "kernel.h"
#include "tests/amdgpu/waves/machine.h"

namespace cutrans::hip_double {

// A program is made for one thread at a time.
struct Waves {
  Waves(std::string_view lowered, unsigned wave) : program(lowered, wave) {}
  std::mutex lock;
  waves::Program program;
};

namespace {

struct Pending {
  std::shared_ptr<Waves> waves;
  std::vector<std::max_align_t> arguments;
  waves::Launch launch;
};

bool lies(uint64_t address, uint64_t bytes, std::pair<uint64_t, uint64_t> range) {
  return address - range.first < range.second && bytes <= range.second - (address - range.first);
}

void carryOut(void *user, ct_status status) {
  const std::unique_ptr<Pending> pending(static_cast<Pending *>(user));
  if (status != CT_OK) return;
  std::lock_guard hold(pending->waves->lock);
  waves::Program &program = pending->waves->program;
  std::vector<std::pair<uint64_t, uint64_t>> own{{reinterpret_cast<uint64_t>(pending->arguments.data()), pending->arguments.size() * sizeof(std::max_align_t)}};
  for (auto [start, size] : program.variables()) own.emplace_back(reinterpret_cast<uint64_t>(start), size);
  // What was right is looked at first: few kernels use many allocations.
  std::vector<std::pair<uint64_t, uint64_t>> known;
  pending->launch.allowed = [&](uint64_t address, uint64_t bytes) {
    for (const auto *ranges : {&known, &own})
      for (auto range : *ranges)
        if (lies(address, bytes, range)) return true;
    const auto found = allocationAround(address);
    if (!lies(address, bytes, found)) return false;
    known.push_back(found);
    return true;
  };
  if (const std::string problem = waves::run(program, pending->launch); !problem.empty()) violation("a kernel", problem);
}

}  // namespace

ct_status launchInWaves(Kernel &kernel, Stream &stream, const Launched &launched) {
  const ct_amdgpu_kernel &record = kernel.object.record;
  auto pending = std::make_unique<Pending>();
  {
    std::lock_guard hold(kernel.lock);
    if (!kernel.waves) kernel.waves = std::make_shared<Waves>(kernel.object.lowered, record.wave_size);
    pending->waves = kernel.waves;
  }
  pending->arguments.resize(record.kernarg_bytes / sizeof(std::max_align_t) + 1);
  std::memcpy(pending->arguments.data(), launched.arguments, record.kernarg_bytes);
  waves::Launch &launch = pending->launch;
  launch.arguments = pending->arguments.data();
  launch.launchOffset = record.launch_offset;
  std::memcpy(launch.grid, launched.grid, sizeof launch.grid);
  std::memcpy(launch.block, launched.block, sizeof launch.block);
  launch.sharedBytes = record.static_shared_bytes + launched.shared_bytes;
  launch.together = launched.cooperative;
  launch.mostSteps = ~uint64_t{0};
  return inner.table->queue->host_call(stream.queue, carryOut, pending.release());
}

}  // namespace cutrans::hip_double
