// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Overhead of the OpenCL target: each row does the same work through the target's slots and through bare OpenCL on the same
// device, in turns; the best of many rounds counts. Goal: a launch at most 5 us above a bare enqueue.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "device.h"
#include "event.h"
#include "host.h"
#include "module.h"
#include "queue.h"

using namespace cutrans::opencl;

namespace {

void check(bool good, const char *what) {
  if (good) return;
  std::fprintf(stderr, "%s failed\n", what);
  std::exit(1);
}

double now() { return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

constexpr const char *kEmpty = R"(__kernel void cutrans_kernel(__global const ulong *launch, __local uchar *shared) {
  if (launch[0] == 1) shared[0] = 1;
})";

ct_device *device;
ct_queue *queue;
ct_kernel *kernel;
ct_launch request{};
struct {
  uint64_t values[8];
} params{};
// The bare side, in the same context.
cl_command_queue commands;
cl_kernel bare;
void *record;
uint64_t memory;
std::vector<unsigned char> host_memory(64u << 20);

void open() {
  host.report = [](void *, const char *code, const char *text) { std::fprintf(stderr, "%s %s\n", code, text); };
  host.setting = [](void *, const char *name) -> const char * { return std::getenv((std::string("CUTRANS_") + name).c_str()); };
  if (std::string problem = loadApi(setting("OPENCL_LIBRARY").c_str()); !problem.empty()) {
    std::printf("skipped: %s\n", problem.c_str());
    std::exit(0);
  }
  choose(setting("OPENCL_DEVICES"), findDevices(), devices);
  if (devices.empty()) {
    std::puts("skipped: no OpenCL device");
    std::exit(0);
  }
  check(device_ops.open(0, &device) == CT_OK && queue_ops.create(device, 0, 0, &queue) == CT_OK, "open");
  ct_opencl_header header{};
  header.magic = CT_OPENCL_MAGIC;
  header.abi = CT_OPENCL_ABI;
  header.header_bytes = sizeof header;
  header.payload_bytes = std::strlen(kEmpty);
  header.gang_width = 32;
  const std::string bytes = std::string(reinterpret_cast<const char *>(&header), sizeof header) + kEmpty;
  const ct_artifact artifact{sizeof artifact, CT_OPENCL_FORMAT_C, bytes.data(), bytes.size(), nullptr, "empty"};
  ct_module *module = nullptr;
  check(module_ops.load(device, &artifact, &module) == CT_OK && module_ops.kernel(module, &kernel) == CT_OK, "load");
  request = {sizeof request, 0, kernel, {1, 1, 1}, {32, 1, 1}, {1, 1, 1}, 0, sizeof params, &params, 0, 0, 0};
  check(memory_ops.alloc(device, CT_MEMORY_DEVICE, 64u << 20, 256, &memory) == CT_OK, "alloc");
  std::printf("%s: %s\n", device->found.platform_name.c_str(), device->found.name.c_str());

  cl_int error = CL_SUCCESS;
  commands = cl.clCreateCommandQueueWithProperties(device->context, device->found.device, nullptr, &error);
  check(commands, "queue");
  bare = cl.clCreateKernel(module->program, "cutrans_kernel", &error);
  uint64_t at = 0;
  check(memory_ops.alloc(device, CT_MEMORY_HOST, 4096, 256, &at) == CT_OK, "alloc");
  record = reinterpret_cast<void *>(at);
  std::memset(record, 0, 4096);
  check(device->memory->setArgument(bare, 0, at) == CL_SUCCESS && cl.clSetKernelArg(bare, 1, 16, nullptr) == CL_SUCCESS, "arguments");
}

// Both are run `rounds` times, in turns; each returns microseconds of one operation.
template <class Ours, class Bare>
void row(const char *what, int rounds, Ours ours, Bare theirs) {
  double best_ours = 1e30, best_bare = 1e30;
  for (int i = 0; i < rounds; ++i) {
    best_ours = std::min(best_ours, ours());
    best_bare = std::min(best_bare, theirs());
  }
  std::printf("%-34s %10.2f us %10.2f us %+9.2f us %7.2f\n", what, best_ours, best_bare, best_ours - best_bare, best_ours / best_bare);
}

template <class Work, class Wait>
double timed(int count, Work work, Wait wait) {
  const double start = now();
  for (int i = 0; i < count; ++i) work();
  wait();
  return (now() - start) / count;
}

template <class Work, class Wait>
double queued(int count, Work work, Wait wait) {
  const double start = now();
  for (int i = 0; i < count; ++i) work();
  const double time = (now() - start) / count;
  wait();
  return time;
}

}  // namespace

int main() {
  open();
  auto launch = [] { check(queue_ops.launch(queue, &request) == CT_OK, "launch"); };
  auto wait = [] { check(queue_ops.synchronize(queue) == CT_OK, "synchronize"); };
  const size_t groups[3] = {1, 1, 1};
  auto bareLaunch = [&] { check(cl.clEnqueueNDRangeKernel(commands, bare, 3, nullptr, groups, groups, 0, nullptr, nullptr) == CL_SUCCESS, "enqueue"); };
  auto bareWait = [] { cl.clFinish(commands); };
  auto none = [] {};
  std::printf("%-34s %13s %13s %12s %7s\n", "", "target", "bare OpenCL", "more", "ratio");
  row("launch, queued 1000 deep", 30, [&] { return queued(1000, launch, wait); }, [&] { return queued(1000, bareLaunch, bareWait); });
  row("launch, 1000 and wait", 30, [&] { return timed(1000, launch, wait); }, [&] { return timed(1000, bareLaunch, bareWait); });
  row("launch and wait", 2000, [&] { return timed(1, [&] { launch(), wait(); }, none); }, [&] { return timed(1, [&] { bareLaunch(), bareWait(); }, none); });
  for (size_t size : {4096ul, 1ul << 20, 64ul << 20}) {
    const ct_copy copy{sizeof copy, CT_SIDE_DEVICE, CT_SIDE_HOST, memory, reinterpret_cast<uint64_t>(host_memory.data()), size, 1, 1, size, size, size, size};
    auto move = [&] { check(queue_ops.copy(queue, &copy) == CT_OK, "copy"), wait(); };
    auto bareMove = [&] {
      check(device->memory->copy(commands, copy, {}, nullptr) == CL_SUCCESS, "copy");
      bareWait();
    };
    const std::string what = "copy of " + std::to_string(size >> 10) + " KiB and wait";
    const int rounds = size > (1u << 20) ? 10 : 500;
    row(what.c_str(), rounds, [&] { return timed(1, move, none); }, [&] { return timed(1, bareMove, none); });
  }
  const ct_copy small{sizeof small, CT_SIDE_DEVICE, CT_SIDE_HOST, memory, reinterpret_cast<uint64_t>(host_memory.data()), 256, 1, 1, 256, 256, 256, 256};
  row("copy of 256 bytes, 1000 and wait", 20, [&] { return timed(1000, [&] { queue_ops.copy(queue, &small); }, wait); },
      [&] { return timed(1000, [&] { device->memory->copy(commands, small, {}, nullptr); }, bareWait); });
  ct_event *event = nullptr;
  check(event_ops.create(device, 0, &event) == CT_OK, "event");
  row("launch and record, 1000 and wait", 20, [&] { return timed(1000, [&] { launch(), queue_ops.record(queue, event); }, wait); },
      [&] {
        return timed(1000, [&] {
          cl_event out = nullptr;
          cl.clEnqueueNDRangeKernel(commands, bare, 3, nullptr, groups, groups, 0, nullptr, &out);
          cl.clReleaseEvent(out);
        }, bareWait);
      });
  return 0;
}
