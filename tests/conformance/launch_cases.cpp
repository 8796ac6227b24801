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
  KernelRequest one;
  one.block[0] = one.block[1] = one.block[2] = 1;
  const Kernel kernel = s.kernel("hold", one);
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

struct TwiceParams {
  uint64_t out, in;
  uint32_t count;
};

// A kernel reads and writes host memory of some kind through its address.
void hostMemory(Session &s, uint32_t *words, uint64_t seen, size_t count) {
  const Kernel kernel = s.kernel("twice");
  ct_queue *queue = s.queue();
  for (uint32_t i = 0; i < count; ++i) words[i] = i + 7;
  for (int round = 0; round < 3; ++round) {
    const TwiceParams params{seen, seen, static_cast<uint32_t>(count)};
    const ct_launch launch = describe(kernel, {static_cast<uint32_t>(count + 127) / 128, 1, 1}, {128, 1, 1}, &params, 20);
    s.ok(s.queues().launch(queue, &launch), "launch");
    s.wait(queue);
    for (uint32_t i = 0; i < count; ++i) s.check(words[i] == ((i + 8) << (round + 1)) - 1, "the kernel reads and writes the host's memory");
  }
}

void pinned(Session &s) {
  auto *words = s.pinned<uint32_t>(5000);
  hostMemory(s, words, address(words), 5000);
}

void managed(Session &s) {
  const uint64_t at = s.alloc(CT_MEMORY_MANAGED, 20000);
  hostMemory(s, reinterpret_cast<uint32_t *>(at), at, 5000);
}

void registered(Session &s) {
  std::vector<uint32_t> words(5000);
  uint64_t seen = address(words.data());
  const bool slots = s.memory().register_host != nullptr;
  if (slots) s.ok(s.memory().register_host(s.device(), words.data(), 20000, &seen), "register");
  hostMemory(s, words.data(), seen, words.size());
  if (slots) s.ok(s.memory().unregister_host(s.device(), words.data()), "unregister");
}

void anyPointer(Session &s) {
  if (s.has(CT_DEVICE_RUNS_KERNELS) && !s.has(CT_DEVICE_CAN_ACCESS_HOST)) throw Unsupported{"kernels do not reach the program's memory"};
  std::vector<uint32_t> words(5000);
  hostMemory(s, words.data(), address(words.data()), words.size());
  uint32_t few[100];
  hostMemory(s, few, address(few), 100);
}

void interior(Session &s) {
  const Kernel kernel = s.kernel("twice");
  const uint64_t at = s.alloc(CT_MEMORY_DEVICE, 1 << 16);
  std::vector<uint32_t> words(1 << 14, 5);
  s.write(at, words.data(), 1 << 16);
  ct_queue *queue = s.queue();
  const TwiceParams params{at + 4004, at + 4004, 33};
  const ct_launch launch = describe(kernel, {2, 1, 1}, {32, 1, 1}, &params, 20);
  s.ok(s.queues().launch(queue, &launch), "launch");
  s.wait(queue);
  words = s.read<uint32_t>(at, 1 << 14);
  for (size_t i = 0; i < words.size(); ++i) s.check(words[i] == (i >= 1001 && i < 1034 ? 11u : 5u), "addresses inside an allocation");
}

void warps(Session &s) {
  const Kernel kernel = s.kernel("warps");
  ct_queue *queue = s.queue();
  constexpr uint32_t kThreads = 96;
  const uint64_t out = s.alloc(CT_MEMORY_DEVICE, kThreads * 16);
  s.ok(s.launch(queue, kernel, 1, kThreads, out), "launch");
  s.wait(queue);
  uint32_t third = 0;
  for (uint32_t lane = 0; lane < 32; lane += 3) third |= 1u << lane;
  auto words = s.read<uint32_t>(out, kThreads * 4);
  for (uint32_t t = 0; t < kThreads; ++t) {
    const uint32_t lane = t % 32;
    s.check(words[t * 4] == 3 * (31 * 32 / 2) + 32, "32 lanes of a warp add up");
    s.check(words[t * 4 + 1] == third, "and vote");
    s.check(words[t * 4 + 2] == (lane < 20 ? third & 0xfffff : 0), "also where only some of them are");
    s.check(words[t * 4 + 3] == (lane | t / 32 << 8), "lanes follow the threads");
  }
}

void atomics(Session &s) {
  const Kernel kernel = s.kernel("atomics");
  ct_queue *queue = s.queue();
  constexpr uint32_t kBlocks = 200, kThreads = 96;
  struct {
    uint64_t out, host;
  } params{s.alloc(CT_MEMORY_DEVICE, 64), address(s.pinned<uint32_t>(1))};
  const uint64_t zero[8] = {};
  s.write(params.out, zero, sizeof zero);
  s.ok(s.launch(queue, kernel, kBlocks, kThreads, params), "launch");
  s.wait(queue);
  struct {
    uint32_t count, gap;
    uint64_t largest;
    float sum;
    uint32_t shared;
  } out{};
  s.read(&out, params.out, sizeof out);
  s.check(out.count == kBlocks * kThreads && out.largest == kBlocks * kThreads - 1 && out.sum == kBlocks * kThreads, "atomics of all blocks");
  s.check(out.shared == kThreads, "atomics in shared memory");
  s.check(*reinterpret_cast<uint32_t *>(params.host) == kBlocks * kThreads, "atomics in the host's memory");
}

void generic(Session &s) {
  const Kernel kernel = s.kernel("generic");
  ct_queue *queue = s.queue();
  constexpr uint32_t kThreads = 100;
  struct {
    uint64_t out, in;
  } params{s.alloc(CT_MEMORY_DEVICE, kThreads * 12), s.alloc(CT_MEMORY_DEVICE, kThreads * 4)};
  s.ok(s.launch(queue, kernel, 1, kThreads, params), "launch");
  s.wait(queue);
  auto words = s.read<uint32_t>(params.out, kThreads * 3);
  for (uint32_t i = 0; i < words.size(); ++i) s.check(words[i] == i % 3 * 1000 + i / 3, "a generic address is of global, shared or local memory");
}

void stack(Session &s) {
  const Kernel kernel = s.kernel("stack");
  ct_queue *queue = s.queue();
  constexpr uint32_t kThreads = 64, kDepth = 60;
  struct {
    uint64_t out;
    uint32_t depth, padding;
  } params{s.alloc(CT_MEMORY_DEVICE, kThreads * 4), kDepth, 0};
  ct_launch launch = describe(kernel, {1, 1, 1}, {kThreads, 1, 1}, &params, 12);
  launch.stack_bytes = 16 << 10;
  s.ok(s.queues().launch(queue, &launch), "launch");
  s.wait(queue);
  auto words = s.read<uint32_t>(params.out, kThreads);
  for (uint32_t t = 0; t < kThreads; ++t) {
    uint32_t expected = 7;
    for (uint32_t n = 1; n <= kDepth + t % 4; ++n) expected = expected * 3 + n;
    s.check(words[t] == expected, "functions that call themselves");
  }
}

void child(Session &s) {
  const Kernel kernel = s.kernel("child");
  ct_queue *queue = s.queue();
  const uint64_t out = s.alloc(CT_MEMORY_DEVICE, 8);
  for (uint64_t record : {s.alloc(CT_MEMORY_DEVICE, 64), uint64_t{0}}) {
    ct_launch launch = describe(kernel, {1, 1, 1}, {1, 1, 1}, &out, 8);
    launch.child_queue = record;
    s.ok(s.queues().launch(queue, &launch), "launch");
    s.wait(queue);
    s.check(s.read<uint64_t>(out, 1)[0] == record, "the kernel finds the record of its own launches");
  }
}

// Launches `shape` and compares what the kernel saw.
void ofShape(Session &s, ct_queue *queue, const Kernel &kernel, Extent grid, Extent block) {
  const uint64_t out = s.alloc(CT_MEMORY_DEVICE, 32);
  const uint32_t zero[8] = {};
  s.write(out, zero, sizeof zero);
  const ct_launch launch = describe(kernel, grid, block, &out, 8);
  const std::string text = "a grid of " + std::to_string(grid.x) + "x" + std::to_string(grid.y) + "x" + std::to_string(grid.z) + " blocks of " +
                           std::to_string(block.x) + "x" + std::to_string(block.y) + "x" + std::to_string(block.z);
  s.ok(s.queues().launch(queue, &launch), text.c_str());
  s.wait(queue);
  const uint32_t expected[7] = {1, block.x, block.y, block.z, grid.x, grid.y, grid.z};
  auto words = s.read<uint32_t>(out, 7);
  s.check(std::equal(words.begin(), words.end(), expected), text);
}

void blockLimits(Session &s) {
  const Kernel kernel = s.kernel("shape");
  ct_queue *queue = s.queue();
  const ct_device_info &d = s.info();
  const uint32_t most = d.max_threads_per_block;
  for (Extent block : {Extent{std::min(most, d.max_block[0]), 1, 1}, Extent{1, std::min(most, d.max_block[1]), 1}, Extent{1, 1, std::min(most, d.max_block[2])},
                       Extent{most / 4, 2, 2}, Extent{3, 5, 7}, Extent{1, 1, 1}})
    ofShape(s, queue, kernel, {2, 1, 1}, block);
}

void gridLimits(Session &s) {
  const Kernel kernel = s.kernel("shape");
  ct_queue *queue = s.queue();
  const ct_device_info &d = s.info();
  // As far as a second goes: the first dimension has more than all can run.
  for (Extent grid : {Extent{std::min(d.max_grid[0], 300'000u), 1, 1}, Extent{1, d.max_grid[1], 1}, Extent{1, 1, d.max_grid[2]}, Extent{17, 13, 11}})
    ofShape(s, queue, kernel, grid, {1, 1, 1});
}

void compiledForShape(Session &s) {
  // Artifacts may be made for one shape of blocks.
  KernelRequest request;
  request.block[0] = 32;
  request.block[1] = 3;
  request.block[2] = 2;
  ofShape(s, s.queue(), s.kernel("shape", request), {5, 4, 3}, {32, 3, 2});
}

struct Cluster {
  uint32_t neighbour, rank, blocks, asked;
};

std::vector<Cluster> runClusters(Session &s, const Kernel &kernel, uint32_t grid, uint32_t cluster, uint32_t flags) {
  const uint64_t out = s.alloc(CT_MEMORY_DEVICE, grid * sizeof(Cluster));
  ct_launch launch = describe(kernel, {grid, 1, 1}, {64, 1, 1}, &out, 8, flags);
  launch.cluster[0] = cluster;
  ct_queue *queue = s.queue();
  s.ok(s.queues().launch(queue, &launch), "launch");
  s.wait(queue);
  return s.read<Cluster>(out, grid);
}

void clusters(Session &s) {
  const uint32_t most = s.info().max_cluster_blocks;
  if (s.has(CT_DEVICE_RUNS_KERNELS) && most < 2) throw Unsupported{"the device has no clusters"};
  const Kernel kernel = s.kernel("cluster");
  for (uint32_t size = 2; size <= std::min(most, 8u); size *= 2) {
    const uint32_t grid = size * 10;
    auto seen = runClusters(s, kernel, grid, size, CT_LAUNCH_CLUSTERS);
    for (uint32_t b = 0; b < grid; ++b) {
      s.check(seen[b].rank == b % size && seen[b].blocks == size && seen[b].asked == 1, "a block knows its place in the cluster");
      s.check(seen[b].neighbour == b / size * size + (b + 1) % size, "blocks of a cluster read each other's shared memory");
    }
  }
}

void clustersOfOne(Session &s) {
  if (s.has(CT_DEVICE_RUNS_KERNELS) && s.info().max_cluster_blocks < 1) throw Unsupported{"the device has no clusters"};
  const Kernel kernel = s.kernel("cluster");
  for (uint32_t flags : {0u, uint32_t{CT_LAUNCH_CLUSTERS}}) {
    auto seen = runClusters(s, kernel, 5, 1, flags);
    for (uint32_t b = 0; b < 5; ++b)
      s.check(seen[b].neighbour == b && seen[b].rank == 0 && seen[b].blocks == 1 && seen[b].asked == (flags ? 1u : 0u), "a cluster of one block, asked for or not");
  }
}

void asFlagSays(Session &s) {
  // Both sides of RUNS_KERNELS: without it an artifact is accepted, and a launch refused by name.
  const KernelArtifact artifact = s.artifact("increment");
  ct_kernel *handle = s.load(artifact, "increment");
  const uint64_t at = s.alloc(CT_MEMORY_DEVICE, 8), zero = 0;
  s.write(at, &zero, 8);
  ct_queue *queue = s.queue();
  const ct_launch launch = describe({handle, 0}, {1, 1, 1}, {1, 1, 1}, &at, 8);
  const ct_status status = s.queues().launch(queue, &launch);
  if (s.has(CT_DEVICE_RUNS_KERNELS)) {
    s.ok(status, "launch");
  } else {
    s.check(status == CT_ERR_UNSUPPORTED, "a launch is UNSUPPORTED");
    s.check(!s.reports().empty(), "and a report says why");
  }
  s.wait(queue);
  s.check(s.read<uint64_t>(at, 1)[0] == (s.has(CT_DEVICE_RUNS_KERNELS) ? 1u : 0u), "what the kernel did");
}

void empty(Session &s) {
  // Parameters that a kernel does not have, and a launch behind each kind of operation.
  const Kernel kernel = s.kernel("move");
  ct_queue *queue = s.queue(), *other = s.queue();
  ct_event *event = s.event();
  auto *host = s.pinned<uint32_t>(8);
  const uint64_t at = s.alloc(CT_MEMORY_DEVICE, 64);
  struct {
    uint64_t dst, src;
    uint32_t value;
  } params{at, 0, 1};
  auto go = [&](ct_queue *on, uint64_t dst, uint64_t src, uint32_t value) {
    params = {dst, src, value};
    const ct_launch launch = describe(kernel, {1, 1, 1}, {1, 1, 1}, &params, 20);
    s.ok(s.queues().launch(on, &launch), "launch");
  };
  go(queue, at, 0, 1);
  go(queue, at + 4, at, 0);                                                                        // a kernel behind a kernel
  const ct_fill fill{sizeof(ct_fill), 4, at, 2, 1, 1, 4};
  s.ok(s.queues().fill(queue, &fill), "fill");
  go(queue, at + 8, at, 0);                                                                        // behind a fill
  host[0] = 3;
  const ct_copy in = linearCopy(CT_SIDE_DEVICE, at, CT_SIDE_HOST, address(host), 4);
  s.ok(s.queues().copy(queue, &in), "copy");
  go(queue, at + 12, at, 0);                                                                       // behind a copy
  s.ok(s.queues().host_call(queue, [](void *user, ct_status) { static_cast<uint32_t *>(user)[1] = 4; }, host), "host call");
  go(queue, at + 16, address(host + 1), 0);                                                        // behind a host call
  s.ok(s.queues().record(queue, event), "record");
  s.ok(s.queues().wait(other, event), "wait");
  go(other, at + 20, at + 16, 0);                                                                  // behind another queue
  const ct_copy out = linearCopy(CT_SIDE_HOST, address(host + 2), CT_SIDE_DEVICE, at + 4, 20);
  s.ok(s.queues().copy(other, &out), "copy behind a kernel");
  s.wait(other);
  s.check(host[2] == 1 && host[3] == 2 && host[4] == 3 && host[5] == 4 && host[6] == 4, "a kernel sees what was before it, and is seen");
  s.wait(queue);
}

constexpr Case kCases[] = {
    {"launch.ids", "Every thread of every block runs exactly once.", ids},
    {"launch.three-dimensions", "Grids and blocks have three dimensions.", threeDimensions},
    {"launch.params-are-copied", "Parameters are read during the call.", paramsAreCopied},
    {"launch.params-limit", "Parameter buffers may have 32764 bytes.", parametersUpToTheLimit},
    {"launch.in-order", "Launches of one queue run one after the other.", inOrder},
    {"launch.threads", "Several threads may launch one kernel on queues of their own.", manyThreadsLaunch},
    {"device.launches-as-it-says", "A device that runs no kernels takes artifacts and refuses launches by name; others run them.", asFlagSays},
    {"launch.behind-everything", "Kernels, copies, fills, host calls and waits see each other's results.", empty},
    {"launch.interior", "Kernels are given addresses inside an allocation.", interior},
    {"launch.pinned", "Kernels read and write pinned memory through its one address.", pinned},
    {"launch.managed", "Kernels and the host read and write managed memory in turn.", managed},
    {"launch.registered", "Kernels reach registered memory through the address that was given.", registered},
    {"launch.any-host-pointer", "With CAN_ACCESS_HOST, kernels use any pointer of the program.", anyPointer},
    {"launch.block-limits", "Blocks may be as large as the device says, in each dimension.", blockLimits},
    {"launch.grid-limits", "Grids may be as large as the device says, in each dimension.", gridLimits},
    {"launch.one-shape", "Artifacts may be compiled for one shape of blocks.", compiledForShape},
    {"launch.warps", "Warps have 32 lanes; shuffles and votes are exact, in branches too.", warps},
    {"launch.atomics", "Atomics in global, shared and host memory lose nothing.", atomics},
    {"launch.generic-addresses", "A generic address is of global, shared or local memory.", generic},
    {"launch.stack", "Kernels that call themselves have the stack that the launch gives them.", stack},
    {"launch.child-queue", "A kernel finds the record of its own launches.", child},
    {"launch.clusters", "Blocks of a cluster run together and read each other's shared memory.", clusters},
    {"launch.clusters-of-one", "A launch without clusters has clusters of one block; the kernel can tell whether it was asked for.", clustersOfOne},
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
