// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#define CL_TARGET_OPENCL_VERSION 300
#include "tests/ptx/run/opencl_runner.h"

#include <CL/cl.h>
#include <cutrans/device_heap.h>
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <vector>

#include "tests/ptx/run/messages.h"

namespace cutrans::test {
namespace {

#define CL_FUNCTIONS(X)                                                                                                              \
  X(clGetPlatformIDs) X(clGetPlatformInfo) X(clGetDeviceIDs) X(clGetDeviceInfo) X(clCreateContext) X(clCreateCommandQueueWithProperties) X(clCreateKernel) \
  X(clCreateProgramWithBinary) X(clCreateProgramWithSource) X(clCreateProgramWithIL) X(clBuildProgram) X(clGetProgramBuildInfo) X(clSetKernelArg)             \
  X(clSetKernelArgSVMPointer) X(clEnqueueNDRangeKernel) X(clFinish) X(clReleaseKernel) X(clReleaseProgram)

struct Driver {
#define X(name) decltype(&::name) name = nullptr;
  CL_FUNCTIONS(X)
#undef X
  cl_device_id device = nullptr;
  cl_context context = nullptr;
  cl_command_queue queue = nullptr;
  std::string missing;

  std::string text(cl_device_info what) const {
    char value[8192] = "";
    clGetDeviceInfo(device, what, sizeof value, value, nullptr);
    return value;
  }

  Driver() {
    void *loader = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!loader) {
      missing = "no OpenCL loader (libOpenCL.so.1) on this machine";
      return;
    }
#define X(name) name = reinterpret_cast<decltype(name)>(dlsym(loader, #name));
    CL_FUNCTIONS(X)
#undef X
    cl_platform_id platforms[16];
    cl_uint count = 0;
    const char *wanted = std::getenv("CUTRANS_TEST_OPENCL");
    if (!clCreateCommandQueueWithProperties || clGetPlatformIDs(16, platforms, &count) != CL_SUCCESS) count = 0;
    for (cl_uint i = 0; i < std::min(count, 16u) && !context; ++i) {
      if (clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_CPU, 1, &device, nullptr) != CL_SUCCESS) continue;
      char name[256] = "";
      clGetPlatformInfo(platforms[i], CL_PLATFORM_NAME, sizeof name - 1, name, nullptr);
      // Both take any pointer of the process, whatever PoCL 3.1 says of shared virtual memory.
      const bool known = std::strstr(name, "Portable Computing Language") || std::strstr(name, "Intel");
      if (!known || (wanted && !std::strstr(name, wanted)) || text(CL_DEVICE_EXTENSIONS).find("cl_khr_spir") == std::string::npos) continue;
      cl_int error;
      context = clCreateContext(nullptr, 1, &device, nullptr, nullptr, &error);
    }
    cl_int error;
    if (context) queue = clCreateCommandQueueWithProperties(context, device, nullptr, &error);
    if (!queue) missing = "no OpenCL device that takes SPIR bitcode and plain pointers (PoCL, pocl-opencl-icd; Intel's runtime, ./bootstrap deps)";
  }
};

Driver &driver() {
  static Driver *const instance = new Driver;
  return *instance;
}

struct Freed {
  void operator()(void *memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<uint8_t[], Freed>;

Memory zeroed(size_t bytes) {
  bytes = (bytes + 4095) / 4096 * 4096;
  Memory memory(static_cast<uint8_t *>(std::aligned_alloc(4096, bytes)));
  std::memset(memory.get(), 0, bytes);
  return memory;
}

constexpr uint32_t workers = 2;  // of a kernel in gang form

uint64_t up(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }

}  // namespace

const std::string &openclMissing() { return driver().missing; }

const std::string &openclThreadsMissing() {
  static const std::string missing = [] {
    if (!openclMissing().empty()) return openclMissing();
    constexpr cl_device_info SubGroupSizes = 0x4108;  // cl_intel_required_subgroup_size
    size_t sizes[16] = {}, bytes = 0;
    Driver &cl = driver();
    if (cl.text(CL_DEVICE_IL_VERSION).find("SPIR-V_1.3") == std::string::npos ||
        cl.clGetDeviceInfo(cl.device, SubGroupSizes, sizeof sizes, sizes, &bytes) != CL_SUCCESS || std::count(sizes, sizes + bytes / sizeof *sizes, 32) == 0)
      return std::string("the OpenCL device has no sub-groups of 32 with SPIR-V 1.3 (Intel's runtime has, ./bootstrap deps)");
    return std::string();
  }();
  return missing;
}

std::string openclCodegen() {
  // What the device prefers is 1 where its compiler makes vectors itself; what it has is in no query.
  return std::string("kind=cpu;vector=") + (__builtin_cpu_supports("avx512f") ? "512" : __builtin_cpu_supports("avx2") ? "256" : "128") +
         ";fp64=1;fp16=0;int64_atomics=1;platform=test";
}

OpenclArtifact::OpenclArtifact(std::span<const char> bytes, const std::string &format) {
  Driver &cl = driver();
  std::memcpy(&header_, bytes.data(), std::min(bytes.size(), sizeof header_));
  if (header_.magic != CT_OPENCL_MAGIC || header_.header_bytes + header_.payload_bytes != bytes.size()) {
    error_ = "not an OpenCL artifact";
    return;
  }
  auto start = std::chrono::steady_clock::now();
  const char *payload = bytes.data() + header_.header_bytes;
  size_t size = header_.payload_bytes;
  cl_int error = CL_SUCCESS, status;
  cl_program program;
  if (format == CT_OPENCL_FORMAT_SPIRV) program = cl.clCreateProgramWithIL(cl.context, payload, size, &error);
  else if (format == CT_OPENCL_FORMAT_C) program = cl.clCreateProgramWithSource(cl.context, 1, &payload, &size, &error);
  else program = cl.clCreateProgramWithBinary(cl.context, 1, &cl.device, &size, reinterpret_cast<const unsigned char **>(&payload), &status, &error);
  program_ = program;
  if (error == CL_SUCCESS) error = cl.clBuildProgram(program, 1, &cl.device, header_.build_options, nullptr, nullptr);
  if (error != CL_SUCCESS) {
    std::vector<char> log(1 << 16);
    if (program) cl.clGetProgramBuildInfo(program, cl.device, CL_PROGRAM_BUILD_LOG, log.size(), log.data(), nullptr);
    error_ = "build: " + std::to_string(error) + " " + log.data();
    return;
  }
  kernel_ = cl.clCreateKernel(program, CT_OPENCL_KERNEL_NAME, &error);
  if (error != CL_SUCCESS) error_ = "no kernel: " + std::to_string(error);
  build_ms_ = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

OpenclArtifact::~OpenclArtifact() {
  if (kernel_) driver().clReleaseKernel(static_cast<cl_kernel>(kernel_));
  if (program_) driver().clReleaseProgram(static_cast<cl_program>(program_));
}

struct OpenclArtifact::Prepared {
  Memory arena, taken, ring, record, heap;
  ct_messages &messages() const { return *reinterpret_cast<ct_messages *>(ring.get()); }
};

std::shared_ptr<OpenclArtifact::Prepared> OpenclArtifact::prepare(const Launch &launch) {
  const uint32_t threads = launch.block[0] * launch.block[1] * launch.block[2], lanes = uint32_t(up(threads, header_.gang_width)), slots = 64;
  const uint64_t stack = header_.flags & CT_OPENCL_USES_STACK ? launch.stackBytes : 0;
  uint64_t slot = up(header_.scratch_bytes, 64) + up(uint64_t(header_.local_bytes) * lanes, 64) + stack * lanes;
  if (header_.flags & CT_OPENCL_GANGS) {
    ct_opencl_slot parts;
    ct_opencl_lay_out(&parts, header_.block_bytes, header_.gang_bytes, header_.warp_bytes, header_.frame_bytes, header_.gang_width, header_.local_bytes, lanes,
                      header_.static_shared_bytes + launch.dynamicShared, stack, 1);
    slot = parts.bytes;
  }
  // Behind the slots' words: what workers share, and the workspace.
  auto prepared = std::make_shared<Prepared>(
      Prepared{zeroed(slot * slots), zeroed(512 + CT_OPENCL_WORKSPACE_BYTES), zeroed(1 << 20), zeroed(sizeof(ct_opencl_launch)), nullptr});
  auto address = [](const void *memory) { return reinterpret_cast<uint64_t>(memory); };
  ct_messages &messages = prepared->messages();
  messages.bytes = (1 << 20) - sizeof messages;
  auto &data = *reinterpret_cast<ct_opencl_launch *>(prepared->record.get());
  data.params = address(launch.params.data());
  data.globals = address(launch.globals);
  data.messages = header_.flags & CT_OPENCL_USES_MESSAGES ? address(&messages) : 0;
  if (slot) {
    data.arena = address(prepared->arena.get());
    data.arena_slots = address(prepared->taken.get());
    data.slot_bytes = slot;
    data.arena_slot_count = slots;
  }
  data.stack_bytes = stack;
  if (header_.flags & CT_OPENCL_USES_HEAP) {
    constexpr uint32_t Pages = 4096;
    prepared->heap = zeroed(ct_heap_front_bytes(Pages) + uint64_t{Pages} * CT_HEAP_PAGE);
    data.heap = address(prepared->heap.get());
    *reinterpret_cast<ct_device_heap *>(prepared->heap.get()) = ct_heap_head(data.heap, Pages);
  }
  data.timer_rate = 1 << 24;  // a cycle is a nanosecond
  for (int i = 0; i < 3; ++i) data.grid[i] = launch.grid[i], data.block[i] = launch.block[i], data.cluster[i] = 1;
  data.dynamic_shared_bytes = launch.dynamicShared;
  data.unit_count = 2;
  data.workers = workers;
  data.shared_work = address(prepared->taken.get()) + 256;
  data.grid_workspace = address(prepared->taken.get()) + 512;
  return prepared;
}

int OpenclArtifact::enqueue(const Launch &launch, const Prepared &prepared) {
  Driver &cl = driver();
  auto *kernel = static_cast<cl_kernel>(kernel_);
  cl_int error = cl.clSetKernelArgSVMPointer(kernel, 0, prepared.record.get());
  if (error == CL_SUCCESS) error = cl.clSetKernelArg(kernel, 1, std::max(16u, header_.static_shared_bytes + launch.dynamicShared), nullptr);
  const size_t items = header_.flags & CT_OPENCL_THREADS ? size_t{launch.block[0]} * launch.block[1] * launch.block[2] : 1;
  size_t groups[3] = {launch.grid[0] * items, launch.grid[1], launch.grid[2]}, group[3] = {items, 1, 1};
  if (header_.flags & CT_OPENCL_GANGS) {
    groups[0] = workers, groups[1] = groups[2] = 1;
    std::memset(prepared.taken.get(), 0, 512 + CT_OPENCL_WORKSPACE_BYTES);
  }
  if (error == CL_SUCCESS) error = cl.clEnqueueNDRangeKernel(cl.queue, kernel, 3, nullptr, groups, group, 0, nullptr, nullptr);
  return error == CL_SUCCESS ? cl.clFinish(cl.queue) : error;
}

Outcome OpenclArtifact::run(const Launch &launch) {
  Outcome outcome;
  std::shared_ptr<Prepared> prepared = prepare(launch);
  if (int error = enqueue(launch, *prepared)) {
    outcome.ok = false;
    outcome.problem = "OpenCL error " + std::to_string(error);
    return outcome;
  }
  readMessages(prepared->messages(), outcome);
  return outcome;
}

namespace {

template <class F>
double milliseconds(F f) {
  auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

std::function<double()> OpenclArtifact::timed(const Launch &launch) {
  auto kept = std::make_shared<Launch>(launch);
  return [this, kept, prepared = prepare(*kept)] { return milliseconds([&] { enqueue(*kept, *prepared); }); };
}

std::function<double()> openclSource(const char *text, const char *name, const Launch &launch, const std::vector<std::string> &arguments, size_t localBytes,
                                     std::string &error) {
  Driver &cl = driver();
  cl_int status;
  cl_program program = cl.clCreateProgramWithSource(cl.context, 1, &text, nullptr, &status);
  if (status == CL_SUCCESS) status = cl.clBuildProgram(program, 1, &cl.device, "-cl-std=CL1.2", nullptr, nullptr);
  cl_kernel kernel = status == CL_SUCCESS ? cl.clCreateKernel(program, name, &status) : nullptr;
  cl_uint index = 0;
  for (const std::string &argument : arguments) {
    if (status != CL_SUCCESS) break;
    // A pointer is a byte longer, so that it is told apart.
    if (argument.size() == sizeof(void *) + 1) {
      void *pointer;
      std::memcpy(&pointer, argument.data(), sizeof pointer);
      status = cl.clSetKernelArgSVMPointer(kernel, index++, pointer);
    } else {
      status = cl.clSetKernelArg(kernel, index++, argument.size(), argument.data());
    }
  }
  if (status == CL_SUCCESS && localBytes) status = cl.clSetKernelArg(kernel, index, localBytes, nullptr);
  if (status != CL_SUCCESS) {
    error = "OpenCL error " + std::to_string(status);
    return {};
  }
  return [&cl, kernel, launch] {
    size_t local[3], all[3];
    for (int i = 0; i < 3; ++i) local[i] = launch.block[i], all[i] = size_t{launch.grid[i]} * launch.block[i];
    return milliseconds([&] {
      cl.clEnqueueNDRangeKernel(cl.queue, kernel, 3, nullptr, all, local, 0, nullptr, nullptr);
      cl.clFinish(cl.queue);
    });
  };
}

}  // namespace cutrans::test
