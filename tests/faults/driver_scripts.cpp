// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Programs against the driver API.
#include <cuda.h>

#include <memory>

#include "script.h"

namespace cutrans::faults {
namespace {

// A context of its own, current until the script ends.
bool withContext(Steps &steps) {
  CUcontext context = nullptr;
  if (!steps.run("cuInit", [] { return cuInit(0); })) return false;
  if (!steps.run("cuCtxCreate", [&] { return cuCtxCreate(&context, nullptr, 0, 0); })) return false;
  // Destroying succeeds whatever became of the device.
  steps.later("cuCtxDestroy", [context] { return cuCtxDestroy(context); });
  return true;
}

void contexts(Steps &steps) {
  if (!withContext(steps)) return;
  CUcontext primary = nullptr, second = nullptr;
  STEP(cuDevicePrimaryCtxRetain(&primary, 0));
  LATER(cuDevicePrimaryCtxRelease(0));
  STEP(cuCtxCreate(&second, nullptr, 0, 0));
  LATER(cuCtxDestroy(second));
  CUdeviceptr memory = 0;
  STEP(cuMemAlloc(&memory, 64));
  LATER(cuMemFree(memory));
  STEP(cuCtxSynchronize());
  STEP(cuCtxPushCurrent(primary));
  CUdeviceptr other = 0;
  STEP(cuMemAlloc(&other, 64));
  LATER(cuMemFree(other));
  STEP(cuMemcpyDtoD(other, memory, 64));
  STEP(cuCtxPopCurrent(&primary));
}

void queues(Steps &steps) {
  if (!withContext(steps)) return;
  CUdeviceptr memory = 0;
  CUstream stream = nullptr;
  CUevent event = nullptr;
  STEP(cuMemAlloc(&memory, 1024));
  LATER(cuMemFree(memory));
  STEP(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
  LATER(cuStreamDestroy(stream));
  STEP(cuEventCreate(&event, CU_EVENT_DISABLE_TIMING));
  LATER(cuEventDestroy(event));
  STEP(cuMemsetD32Async(memory, 0x01020304, 256, stream));
  STEP(cuEventRecord(event, stream));
  STEP(cuStreamWaitEvent(nullptr, event, 0));
  auto *result = reinterpret_cast<unsigned *>(steps.bytes(1024).data());
  STEP(cuMemcpyDtoHAsync(result, memory, 1024, nullptr));
  STEP(cuCtxSynchronize());
  steps.expect(result[0] == 0x01020304 && result[255] == 0x01020304, "what was filled");
  STEP(cuMemsetD8(memory, 5, 1024));
  STEP(cuMemcpyDtoH(result, memory, 1024));
  steps.expect(result[9] == 0x05050505, "what was filled again");
}

constexpr const char *kPtx = R"(
.version 8.0
.target sm_75
.address_size 64
.visible .global .align 4 .u32 total = 1;
.visible .entry add(.param .u32 n) {
  .reg .b64 %rd1; .reg .b32 %r1;
  ld.param.u32 %r1, [n]; mov.u64 %rd1, total;
  red.global.add.u32 [%rd1], %r1;
  ret;
}
)";

void modules(Steps &steps) {
  if (!withContext(steps)) return;
  CUmodule module = nullptr;
  CUfunction add = nullptr;
  CUdeviceptr total = 0;
  size_t bytes = 0;
  STEP(cuModuleLoadData(&module, kPtx));
  LATER(cuModuleUnload(module));
  STEP(cuModuleGetFunction(&add, module, "add"));
  STEP(cuModuleGetGlobal(&total, &bytes, module, "total"));
  unsigned n = 5;
  auto *result = reinterpret_cast<unsigned *>(steps.bytes(4).data());
  void *arguments[] = {&n};
  STEP(cuLaunchKernel(add, 1, 1, 1, 4, 1, 1, 0, nullptr, arguments, nullptr));
  STEP(cuLaunchKernel(add, 1, 1, 1, 2, 1, 1, 0, nullptr, arguments, nullptr));
  STEP(cuMemcpyDtoH(result, total, 4));
  steps.expect(*result == 1 + 6 * 5, "what the kernels added");
  CUlibrary library = nullptr;
  CUkernel kernel = nullptr;
  STEP(cuLibraryLoadData(&library, kPtx, nullptr, nullptr, 0, nullptr, nullptr, 0));
  LATER(cuLibraryUnload(library));
  STEP(cuLibraryGetKernel(&kernel, library, "add"));
  STEP(cuLaunchKernel(reinterpret_cast<CUfunction>(kernel), 1, 1, 1, 1, 1, 1, 0, nullptr, arguments, nullptr));
  STEP(cuLibraryGetGlobal(&total, &bytes, library, "total"));
  STEP(cuMemcpyDtoH(result, total, 4));
  steps.expect(*result == 6, "what the library's kernel added");
}

}  // namespace

const std::vector<Script> &driverScripts() {
  static const std::vector<Script> all = {{"contexts", contexts, 0}, {"queues", queues, 0}, {"modules", modules, Script::kLaunches}};
  return all;
}

}  // namespace cutrans::faults
