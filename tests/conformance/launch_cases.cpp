// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Launches of the suite's kernels.
#include <algorithm>
#include <atomic>
#include <thread>

#include "session.h"

namespace cutrans::conformance {
namespace {

struct Nothing {};

struct IdsParams {
  uint64_t out, add;
};

void ids(Session &s) {
  const Kernel kernel = s.kernel("ids");
  ct_queue *queue = s.queue();
  for (auto [grid, block] : {std::pair<uint32_t, uint32_t>{1, 1}, {1, 1024}, {7, 33}, {1000, 64}, {65536, 1}}) {
    uint64_t count = uint64_t{grid} * block, out = s.alloc(CT_MEMORY_DEVICE, count * 8);
    s.ok(s.launch(queue, kernel, grid, block, IdsParams{out, 5}), "launch");
    s.wait(queue);
    auto result = s.read<uint64_t>(out, count);
    for (uint64_t i = 0; i < count; ++i) s.check(result[i] == i + 5, "every thread ran once");
  }
}

void threeDimensions(Session &s) {
  const Kernel kernel = s.kernel("ids");
  ct_queue *queue = s.queue();
  uint64_t count = 3 * 4 * 5 * 2 * 8 * 3, out = s.alloc(CT_MEMORY_DEVICE, count * 8);
  IdsParams params{out, 0};
  const ct_launch launch = describe(kernel, {3, 4, 5}, {2, 8, 3}, &params, sizeof params);
  s.ok(s.queues().launch(queue, &launch), "launch");
  s.wait(queue);
  auto result = s.read<uint64_t>(out, count);
  for (uint64_t i = 0; i < count; ++i) s.check(result[i] == i, "all blocks of a three-dimensional grid ran");
}

void paramsAreCopied(Session &s) {
  const Kernel kernel = s.kernel("ids");
  ct_queue *queue = s.queue();
  uint64_t out = s.alloc(CT_MEMORY_DEVICE, 64 * 8);
  Gate gate;
  s.hold(queue, gate);
  IdsParams params{out, 100};
  ct_launch launch = describe(kernel, {2, 1, 1}, {32, 1, 1}, &params, sizeof params);
  s.ok(s.queues().launch(queue, &launch), "launch");
  params = {0, 0};
  std::memset(&launch, 0xff, sizeof launch);
  gate.open();
  s.wait(queue);
  s.check(s.read<uint64_t>(out, 64)[63] == 163, "parameters and launch are copied during the call");
}

void inOrder(Session &s) {
  const Kernel kernel = s.kernel("increment");
  ct_queue *queue = s.queue();
  const uint32_t count = 4096;
  uint64_t data = s.alloc(CT_MEMORY_DEVICE, count * 8);
  std::vector<uint64_t> zero(count);
  s.write(data, zero.data(), count * 8);
  for (int i = 0; i < 200; ++i) s.ok(s.launch(queue, kernel, count / 64, 64, data), "launch");
  s.wait(queue);
  for (uint64_t value : s.read<uint64_t>(data, count)) s.check(value == 200, "launches of one queue do not overlap");
}

void manyThreadsLaunch(Session &s) {
  const Kernel kernel = s.kernel("increment");
  const uint32_t count = 256;
  std::vector<uint64_t> zero(count), data;
  std::vector<ct_queue *> queues;
  for (int t = 0; t < 4; ++t) {
    data.push_back(s.alloc(CT_MEMORY_DEVICE, count * 8));
    s.write(data.back(), zero.data(), count * 8);
    queues.push_back(s.queue());
  }
  std::atomic<ct_status> failure{CT_OK};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      auto note = [&](ct_status status) {
        if (status != CT_OK) failure = status;
      };
      for (int i = 0; i < 300; ++i) note(s.launch(queues[t], kernel, 4, 64, data[t]));
      note(s.queues().synchronize(queues[t]));
    });
  for (std::thread &thread : threads) thread.join();
  s.ok(failure, "four threads launch on four queues");
  for (int t = 0; t < 4; ++t)
    for (uint64_t value : s.read<uint64_t>(data[t], count)) s.check(value == 300, "and nothing is lost");
}

void memory(Session &s) {
  const Kernel kernel = s.kernel("memory");
  ct_queue *queue = s.queue();
  const uint32_t static_bytes = 112, blocks = 50;  // at most: 96, a word, and what aligns the rest
  for (uint32_t dynamic : {0u, 1u, 4096u, s.info().shared_bytes_per_block - static_bytes, s.info().shared_bytes_per_block_max - static_bytes}) {
    uint64_t out = s.alloc(CT_MEMORY_DEVICE, blocks * 32);
    s.ok(s.launch(queue, kernel, blocks, 40, out, 0, dynamic), "launch");
    s.wait(queue);
    auto result = s.read<uint64_t>(out, blocks * 4);
    for (uint32_t b = 0; b < blocks; ++b) {
      s.check(result[b * 4] == 0, "a block's shared and local memory is its own");
      s.check(result[b * 4 + 1] == dynamic, "the size of dynamic shared memory");
      s.check(result[b * 4 + 2] == 0x1122334455667788 && result[b * 4 + 3] == result[b * 4 + 2], "the module's variables");
    }
  }
}

void barriers(Session &s) {
  const Kernel kernel = s.kernel("neighbours");
  ct_queue *queue = s.queue();
  for (uint32_t block : {32u, 64u, 100u, std::min(1024u, s.info().max_threads_per_block)}) {
    const uint32_t blocks = 30;
    uint64_t out = s.alloc(CT_MEMORY_DEVICE, blocks * block * 4);
    s.ok(s.launch(queue, kernel, blocks, block, out), "launch");
    s.wait(queue);
    for (uint32_t rounds : s.read<uint32_t>(out, blocks * block)) s.check(rounds == 8, "threads meet at barriers");
  }
}

struct MeetingParams {
  uint64_t counter, arrived, errors;
};

Kernel meeting(Session &s) {
  if (s.has(CT_DEVICE_RUNS_KERNELS) && !s.has(CT_DEVICE_COOPERATIVE)) throw Unsupported{"the device has no cooperative launches"};
  KernelRequest request;
  request.cooperative = true;
  return s.kernel("meeting", request);
}

void cooperative(Session &s) {
  const Kernel kernel = meeting(s);
  ct_queue *queue = s.queue();
  const uint32_t blocks = s.info().compute_units * 4;
  const MeetingParams params{s.alloc(CT_MEMORY_DEVICE, 4), s.alloc(CT_MEMORY_DEVICE, blocks * 4), s.alloc(CT_MEMORY_DEVICE, 4)};
  const std::vector<uint32_t> zero(blocks);
  for (int i = 0; i < 20; ++i) {
    s.write(params.counter, zero.data(), 4);
    s.write(params.arrived, zero.data(), blocks * 4);
    s.write(params.errors, zero.data(), 4);
    s.ok(s.launch(queue, kernel, blocks, 64, params, CT_LAUNCH_COOPERATIVE), "cooperative launch");
    s.wait(queue);
    s.check(s.read<uint32_t>(params.errors, 1)[0] == 0, "all blocks arrive before any goes on");
    s.check(s.read<uint32_t>(params.counter, 1)[0] == blocks, "all blocks ran");
  }
}

void cooperativeTooLarge(Session &s) {
  const Kernel kernel = meeting(s);
  ct_queue *queue = s.queue();
  s.is(CT_ERR_TOO_LARGE, s.launch(queue, kernel, 1 << 20, 1024, MeetingParams{}, CT_LAUNCH_COOPERATIVE), "a million blocks together");
  s.wait(queue);
}

void print(Session &s) {
  const Kernel kernel = s.kernel("print");
  ct_queue *queue = s.queue();
  s.ok(s.launch(queue, kernel, 3, 1, Nothing{}), "launch");
  s.wait(queue);
  const std::string line = "number 42 half 0.50 text word\n";
  s.check(s.output() == line + line + line, "what kernels print is there after synchronize");
}

void heap(Session &s) {
  const Kernel kernel = s.kernel("heap");
  ct_queue *queue = s.queue();
  const uint32_t threads = 64;
  uint64_t out = s.alloc(CT_MEMORY_DEVICE, threads * 4);
  for (int i = 0; i < 10; ++i) {
    s.ok(s.launch(queue, kernel, 1, threads, out), "launch");
    s.wait(queue);
    for (uint32_t good : s.read<uint32_t>(out, threads)) s.check(good == 1, "each thread allocates, writes, reads and frees");
  }
}

void asynchronous(Session &s) {
  const Kernel kernel = s.kernel("hold");
  ct_queue *queue = s.queue(CT_QUEUE_NON_BLOCKING), *other = s.queue(CT_QUEUE_NON_BLOCKING);
  auto *flag = s.pinned<uint64_t>(1);
  s.ok(s.launch(queue, kernel, 1, 1, flag), "launch");
  s.is(CT_NOT_READY, s.queues().query(queue), "the launch returned while the kernel runs");
  std::atomic<bool> ran{false};
  s.ok(s.queues().host_call(other, [](void *user, ct_status) { *static_cast<std::atomic<bool> *>(user) = true; }, &ran), "host call");
  s.wait(other);
  s.check(ran, "another queue runs meanwhile");
  std::atomic_ref<uint64_t>(*flag).store(1);
  s.wait(queue);
}

void parametersUpToTheLimit(Session &s) {
  const Kernel kernel = s.kernel("wide");
  ct_queue *queue = s.queue();
  struct {
    uint64_t out;
    unsigned char bytes[32756];
    unsigned char padding[4];
  } params{};
  for (size_t i = 0; i < sizeof params.bytes; ++i) params.bytes[i] = static_cast<unsigned char>(i * 7 + i / 251);
  params.out = s.alloc(CT_MEMORY_DEVICE, sizeof params.bytes);
  const ct_launch launch = describe(kernel, {512, 1, 1}, {64, 1, 1}, &params, 32764);
  for (int i = 0; i < 5; ++i) s.ok(s.queues().launch(queue, &launch), "launch");
  s.wait(queue);
  auto out = s.read<unsigned char>(params.out, sizeof params.bytes);
  s.check(std::memcmp(out.data(), params.bytes, sizeof params.bytes) == 0, "parameters of 32764 bytes");
}

constexpr Case kCases[] = {
    {"launch.ids", "Every thread of every block runs exactly once.", ids},
    {"launch.three-dimensions", "Grids and blocks have three dimensions.", threeDimensions},
    {"launch.params-are-copied", "Parameters are read during the call.", paramsAreCopied},
    {"launch.params-limit", "Parameter buffers may have 32764 bytes.", parametersUpToTheLimit},
    {"launch.in-order", "Launches of one queue run one after the other.", inOrder},
    {"launch.threads", "Several threads may launch one kernel on queues of their own.", manyThreadsLaunch},
    {"launch.memory", "Shared and local memory and the module's variables are there, as large as they should be.", memory},
    {"launch.barriers", "Threads of a block meet at barriers.", barriers},
    {"launch.cooperative", "The blocks of a cooperative launch run together.", cooperative},
    {"launch.cooperative-too-large", "More blocks than fit together are TOO_LARGE.", cooperativeTooLarge},
    {"launch.print", "What a kernel prints comes out once, whole.", print},
    {"launch.heap", "Kernels allocate and free memory.", heap},
    {"launch.asynchronous", "A launch returns while its kernel runs, and other queues go on.", asynchronous},
};

}  // namespace
std::span<const Case> launchCases() { return kCases; }
}  // namespace cutrans::conformance
