// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What an operation costs on the host target before any work is done. Goals: an empty kernel is queued in at most 1 us, launched and
// waited for in at most 5 us.
#include <benchmark/benchmark.h>
#include <cutrans/target.h>
#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

const ct_target *target;
ct_device *device;
ct_queue *queue;

void check(bool good, const char *what) {
  if (good) return;
  std::fprintf(stderr, "%s failed\n", what);
  std::exit(1);
}

void open() {
  static ct_host host{};
  host.struct_size = sizeof host;
  host.log = [](void *, ct_log_level, const char *) {};
  host.report = [](void *, const char *code, const char *text) { std::fprintf(stderr, "%s %s\n", code, text); };
  host.setting = [](void *, const char *name) -> const char * { return std::getenv((std::string("CUTRANS_") + name).c_str()); };
  host.output = [](void *, const char *bytes, size_t size) { std::fwrite(bytes, 1, size, stdout); };
  void *library = dlopen(CUTRANS_HOST_PLUGIN, RTLD_NOW | RTLD_LOCAL);
  check(library, "dlopen");
  target = reinterpret_cast<ct_target_query_fn>(dlsym(library, CT_TARGET_QUERY_SYMBOL))(CT_TARGET_ABI_MAJOR, CT_TARGET_ABI_MINOR);
  check(target->init(&host) == CT_OK && target->device->open(0, &device) == CT_OK, "init");
  check(target->queue->create(device, 0, 0, &queue) == CT_OK, "queue");
}
const bool opened = (open(), true);

ct_kernel *load(const char *name) {
  const std::string path = std::string(CUTRANS_HOST_KERNELS "/host_kernel_") + name + ".so";
  const ct_artifact artifact{sizeof artifact, "native-so", nullptr, 0, path.c_str(), name};
  ct_module *module = nullptr;
  ct_kernel *kernel = nullptr;
  check(target->module->load(device, &artifact, &module) == CT_OK, name);
  target->module->kernel(module, &kernel);
  return kernel;
}

struct Params {
  void *pointer;
  uint64_t more[3];
};

ct_launch shape(ct_kernel *kernel, const Params &params, uint32_t grid, uint32_t block) {
  return {sizeof(ct_launch), 0, kernel, {grid, 1, 1}, {block, 1, 1}, {1, 1, 1}, 0, sizeof params, &params, 0, 0};
}

ct_copy linear(void *to, const void *from, uint64_t size) {
  return {sizeof(ct_copy), CT_SIDE_DEVICE, CT_SIDE_HOST, reinterpret_cast<uint64_t>(to), reinterpret_cast<uint64_t>(from), size, 1, 1, size, size, size, size};
}

// Batches of what a program may have in flight; the wait is not counted.
void enqueue(benchmark::State &state) {
  const Params params{};
  const ct_launch request = shape(load("empty"), params, 1, 32);
  int ahead = 0;
  for (auto _ : state) {
    target->queue->launch(queue, &request);
    if (++ahead == 1000) {
      state.PauseTiming();
      target->queue->synchronize(queue);
      ahead = 0;
      state.ResumeTiming();
    }
  }
  target->queue->synchronize(queue);
}

void enqueueAndDrain(benchmark::State &state) {
  const Params params{};
  const ct_launch request = shape(load("empty"), params, 1, 32);
  for (auto _ : state) {
    for (int i = 0; i < 1000; ++i) target->queue->launch(queue, &request);
    target->queue->synchronize(queue);
  }
  state.SetItemsProcessed(state.iterations() * 1000);
}

void launchAndWait(benchmark::State &state) {
  const Params params{};
  const ct_launch request = shape(load("empty"), params, static_cast<uint32_t>(state.range(0)), 32);
  for (auto _ : state) {
    target->queue->launch(queue, &request);
    target->queue->synchronize(queue);
  }
}

void launchGangsAndWait(benchmark::State &state) {
  std::vector<uint32_t> out(64);
  const Params params{out.data(), {}};
  const ct_launch request = shape(load("gang_reduce"), params, 1, static_cast<uint32_t>(state.range(0)));
  for (auto _ : state) {
    target->queue->launch(queue, &request);
    target->queue->synchronize(queue);
  }
}

void copyAndWait(benchmark::State &state) {
  const uint64_t size = static_cast<uint64_t>(state.range(0));
  std::vector<char> host(size, 1);
  uint64_t memory = 0;
  check(target->memory->alloc(device, CT_MEMORY_DEVICE, size, 256, &memory) == CT_OK, "alloc");
  const ct_copy copy = linear(reinterpret_cast<void *>(memory), host.data(), size);
  for (auto _ : state) {
    target->queue->copy(queue, &copy);
    target->queue->synchronize(queue);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
  target->memory->free(device, CT_MEMORY_DEVICE, memory);
}

void recordEvent(benchmark::State &state) {
  ct_event *event = nullptr;
  target->event->create(device, 0, &event);
  for (auto _ : state) target->queue->record(queue, event);
  target->queue->synchronize(queue);
  target->event->destroy(event);
}

void allocateAndFree(benchmark::State &state) {
  for (auto _ : state) {
    uint64_t memory = 0;
    target->memory->alloc(device, CT_MEMORY_DEVICE, static_cast<uint64_t>(state.range(0)), 256, &memory);
    target->memory->free(device, CT_MEMORY_DEVICE, memory);
  }
}

BENCHMARK(enqueue);
BENCHMARK(enqueueAndDrain)->UseRealTime();
BENCHMARK(launchAndWait)->Arg(1)->Arg(2)->Arg(16)->Arg(1000)->UseRealTime();
BENCHMARK(launchGangsAndWait)->Arg(32)->Arg(256)->Arg(1024)->UseRealTime();
BENCHMARK(copyAndWait)->Arg(4)->Arg(4096)->Arg(65536)->Arg(1 << 20)->Arg(64 << 20)->UseRealTime();
BENCHMARK(recordEvent);
BENCHMARK(allocateAndFree)->Arg(256)->Arg(65536)->Arg(16 << 20);

}  // namespace
