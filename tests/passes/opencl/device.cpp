// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/passes/opencl/device.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <dlfcn.h>

namespace cutrans::test {
namespace {

using Int = int32_t;
using Uint = uint32_t;
using Bits = uint64_t;
constexpr Uint PlatformName = 0x0902, BuildLog = 0x1183;
constexpr Bits Cpu = 1 << 1, ReadWriteHost = 1 << 0 | 1 << 3;

}  // namespace

// As the OpenCL 1.2 specification declares them; handles are pointers.
struct OpenclDevice::Functions {
  Int (*clGetPlatformIDs)(Uint, void **, Uint *);
  Int (*clGetPlatformInfo)(void *, Uint, size_t, void *, size_t *);
  Int (*clGetDeviceIDs)(void *, Bits, Uint, void **, Uint *);
  void *(*clCreateContext)(const intptr_t *, Uint, void *const *, void *, void *, Int *);
  void *(*clCreateCommandQueue)(void *, void *, Bits, Int *);
  void *(*clCreateProgramWithSource)(void *, Uint, const char **, const size_t *, Int *);
  Int (*clBuildProgram)(void *, Uint, void *const *, const char *, void *, void *);
  Int (*clGetProgramBuildInfo)(void *, void *, Uint, size_t, void *, size_t *);
  void *(*clCreateKernel)(void *, const char *, Int *);
  Int (*clSetKernelArg)(void *, Uint, size_t, const void *);
  Int (*clEnqueueNDRangeKernel)(void *, void *, Uint, const size_t *, const size_t *, const size_t *, Uint, void *, void *);
  void *(*clCreateBuffer)(void *, Bits, size_t, void *, Int *);
  Int (*clFinish)(void *);
  Int (*clReleaseMemObject)(void *);
  Int (*clReleaseKernel)(void *);
  Int (*clReleaseProgram)(void *);
};

std::string OpenclDevice::load() {
  void *library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) return "no OpenCL loader: " + std::string(dlerror());
  call_ = std::make_shared<Functions>();
  const char *missing = nullptr;
  auto find = [&](auto &pointer, const char *name) {
    pointer = reinterpret_cast<std::remove_reference_t<decltype(pointer)>>(dlsym(library, name));
    if (!pointer) missing = name;
  };
#define FIND(name) find(call_->name, #name)
  FIND(clGetPlatformIDs), FIND(clGetPlatformInfo), FIND(clGetDeviceIDs), FIND(clCreateContext), FIND(clCreateCommandQueue);
  FIND(clCreateProgramWithSource), FIND(clBuildProgram), FIND(clGetProgramBuildInfo), FIND(clCreateKernel), FIND(clSetKernelArg);
  FIND(clEnqueueNDRangeKernel), FIND(clCreateBuffer), FIND(clFinish), FIND(clReleaseMemObject), FIND(clReleaseKernel), FIND(clReleaseProgram);
#undef FIND
  if (missing) return std::string("the OpenCL loader lacks ") + missing;
  void *platforms[16];
  Uint count = 0;
  if (call_->clGetPlatformIDs(16, platforms, &count) || !count) return "no OpenCL platform is installed";
  const char *wanted = std::getenv("CUTRANS_TEST_OPENCL");
  for (Uint i = 0; i < count && i < 16; ++i) {
    char name[256] = "";
    call_->clGetPlatformInfo(platforms[i], PlatformName, sizeof name - 1, name, nullptr);
    if (wanted && !std::strstr(name, wanted)) continue;
    Uint devices = 0;
    if (call_->clGetDeviceIDs(platforms[i], Cpu, 1, &device_, &devices) || !devices) continue;
    Int error = 0;
    context_ = call_->clCreateContext(nullptr, 1, &device_, nullptr, nullptr, &error);
    if (error) continue;
    queue_ = call_->clCreateCommandQueue(context_, device_, 0, &error);
    if (error) continue;
    name_ = name;
    return "";
  }
  return "no OpenCL platform has a CPU device";
}

OpenclDevice *OpenclDevice::get(std::string &reason) {
  static OpenclDevice device;
  static const std::string problem = device.load();
  reason = problem;
  return problem.empty() ? &device : nullptr;
}

void *OpenclDevice::build(const std::string &text, const std::string &options, std::string &log) {
  const char *source = text.c_str();
  Int error = 0;
  void *program = call_->clCreateProgramWithSource(context_, 1, &source, nullptr, &error);
  if (error) return log = "clCreateProgramWithSource gave " + std::to_string(error), nullptr;
  error = call_->clBuildProgram(program, 1, &device_, options.c_str(), nullptr, nullptr);
  if (!error) return program;
  size_t size = 0;
  call_->clGetProgramBuildInfo(program, device_, BuildLog, 0, nullptr, &size);
  log.resize(size);
  call_->clGetProgramBuildInfo(program, device_, BuildLog, size, log.data(), nullptr);
  log = "clBuildProgram gave " + std::to_string(error) + ": " + log;
  release(program);
  return nullptr;
}

bool OpenclDevice::run(void *program, const std::string &name, void **arguments, size_t count, std::string &problem) {
  Int error = 0;
  auto fail = [&](const char *function) { return problem = std::string(function) + " gave " + std::to_string(error), false; };
  void *kernel = call_->clCreateKernel(program, name.c_str(), &error);
  if (error) return fail("clCreateKernel");
  void *buffer = call_->clCreateBuffer(context_, ReadWriteHost, count * sizeof *arguments, arguments, &error);
  if (error) return fail("clCreateBuffer");
  if ((error = call_->clSetKernelArg(kernel, 0, sizeof buffer, &buffer))) return fail("clSetKernelArg");
  size_t one = 1;
  if ((error = call_->clEnqueueNDRangeKernel(queue_, kernel, 1, nullptr, &one, &one, 0, nullptr, nullptr))) return fail("clEnqueueNDRangeKernel");
  if ((error = call_->clFinish(queue_))) return fail("clFinish");
  call_->clReleaseMemObject(buffer);
  call_->clReleaseKernel(kernel);
  return true;
}

void OpenclDevice::release(void *program) { call_->clReleaseProgram(program); }

}  // namespace cutrans::test
