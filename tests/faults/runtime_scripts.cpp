// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Programs against the runtime API.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "../shim/cudart/program.h"
#include "script.h"

namespace cutrans::faults {
namespace {

using Bytes = std::vector<unsigned char>;
bool all(const Bytes &bytes, unsigned char value) {
  return std::ranges::all_of(bytes, [&](unsigned char b) { return b == value; });
}

void memory(Steps &steps) {
  constexpr size_t kBytes = 1 << 12;
  void *device = nullptr, *pinned = nullptr, *pitched = nullptr;
  size_t pitch = 0, free_bytes = 0, total = 0;
  STEP(cudaMalloc(&device, kBytes));
  LATER(cudaFree(device));
  STEP(cudaMallocHost(&pinned, kBytes));
  LATER(cudaFreeHost(pinned));
  STEP(cudaMallocPitch(&pitched, &pitch, 100, 8));
  LATER(cudaFree(pitched));
  STEP(cudaMemGetInfo(&free_bytes, &total));
  STEP(cudaMemset(device, 1, kBytes));
  STEP(cudaMemset(static_cast<char *>(device) + kBytes / 2, 2, kBytes / 2));
  STEP(cudaMemset2D(pitched, pitch, 3, 100, 8));
  STEP(cudaMemcpy(pinned, device, kBytes, cudaMemcpyDeviceToHost));
  Bytes &bytes = steps.bytes(kBytes), &plain = steps.bytes(800);
  STEP(cudaMemcpy(bytes.data(), pinned, kBytes, cudaMemcpyHostToHost));
  STEP(cudaMemcpy2D(plain.data(), 100, pitched, pitch, 100, 8, cudaMemcpyDeviceToHost));
  steps.expect(bytes.front() == 1 && bytes[kBytes / 2 - 1] == 1 && bytes[kBytes / 2] == 2 && bytes.back() == 2, "what was filled");
  steps.expect(all(plain, 3), "what was filled as a box");
  STEP(cudaMemcpy(device, plain.data(), plain.size(), cudaMemcpyHostToDevice));
  STEP(cudaMemcpy(static_cast<char *>(device) + 1024, device, 800, cudaMemcpyDeviceToDevice));
  STEP(cudaMemcpy(bytes.data(), device, kBytes, cudaMemcpyDeviceToHost));
  steps.expect(bytes[0] == 3 && bytes[1024 + 799] == 3 && bytes[1024 + 800] == 1, "what was copied");
}

// Sizes on both sides of the bounds between inline, staged and waited for.
void pageable(Steps &steps) {
  cudaStream_t stream = nullptr;
  STEP(cudaStreamCreate(&stream));
  LATER(cudaStreamDestroy(stream));
  for (size_t size : {size_t{16}, size_t{200} << 10, size_t{3} << 20}) {
    void *device = nullptr;
    STEP(cudaMalloc(&device, size));
    LATER(cudaFree(device));
    Bytes &source = steps.bytes(size, 5), &result = steps.bytes(size);
    STEP(cudaMemcpyAsync(device, source.data(), size, cudaMemcpyHostToDevice, stream));
    std::ranges::fill(source, 6);
    STEP(cudaMemcpyAsync(result.data(), device, size, cudaMemcpyDeviceToHost, stream));
    STEP(cudaStreamSynchronize(stream));
    steps.expect(all(result, 5), "pageable memory was read before the call returned");
  }
}

void managed(Steps &steps) {
  unsigned char *both = nullptr;
  STEP(cudaMallocManaged(reinterpret_cast<void **>(&both), 4096, cudaMemAttachGlobal));
  LATER(cudaFree(both));
  STEP(cudaMemset(both, 7, 4096));
  STEP(cudaDeviceSynchronize());
  steps.expect(both[0] == 7 && both[4095] == 7, "managed memory");
}

void registered(Steps &steps) {
  Bytes &bytes = steps.bytes(8192, 1);
  void *host = bytes.data(), *mapped = nullptr;
  STEP(cudaHostRegister(host, 8192, cudaHostRegisterMapped));
  LATER(cudaHostUnregister(host));
  STEP(cudaHostGetDevicePointer(&mapped, host, 0));
  STEP(cudaMemset(mapped, 9, 8192));
  STEP(cudaDeviceSynchronize());
  steps.expect(all(bytes, 9), "registered memory");
}

// Holds a stream until it is opened; never for ever.
struct Gate {
  std::atomic<bool> open{false};
  static void pass(void *gate) {
    for (int i = 0; i < 20000 && !static_cast<Gate *>(gate)->open; ++i) std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  void openSoon() {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    open = true;
  }
};
std::shared_ptr<Gate> gate(Steps &steps) {
  auto made = std::make_shared<Gate>();
  steps.later("the gate opens", [made] {
    made->open = true;
    return cudaSuccess;
  });
  return made;
}

// Each value is written in an order that only events, or the legacy stream, establish.
void streams(Steps &steps) {
  constexpr size_t kBytes = 256;
  cudaStream_t a = nullptr, b = nullptr, apart = nullptr;
  cudaEvent_t first = nullptr, second = nullptr;
  unsigned char *memory = nullptr, *source = nullptr;
  int least = 0, greatest = 0;
  STEP(cudaDeviceGetStreamPriorityRange(&least, &greatest));
  STEP(cudaStreamCreate(&a));
  LATER(cudaStreamDestroy(a));
  STEP(cudaStreamCreateWithPriority(&b, cudaStreamDefault, greatest));
  LATER(cudaStreamDestroy(b));
  STEP(cudaStreamCreateWithFlags(&apart, cudaStreamNonBlocking));
  LATER(cudaStreamDestroy(apart));
  STEP(cudaEventCreate(&first));
  LATER(cudaEventDestroy(first));
  STEP(cudaEventCreate(&second));
  LATER(cudaEventDestroy(second));
  STEP(cudaMalloc(reinterpret_cast<void **>(&memory), kBytes));
  LATER(cudaFree(memory));
  STEP(cudaMallocHost(reinterpret_cast<void **>(&source), kBytes));
  LATER(cudaFreeHost(source));
  std::fill_n(source, kBytes, static_cast<unsigned char>(1));
  auto closed = gate(steps);
  // a: gate, 1; legacy: 2, after all of a; b: 3, after the legacy stream; apart: 4, after b by an event.
  STEP(cudaLaunchHostFunc(a, Gate::pass, closed.get()));
  STEP(cudaEventRecord(first, a));
  STEP(cudaMemcpyAsync(memory, source, kBytes, cudaMemcpyHostToDevice, a));
  STEP(cudaMemsetAsync(memory, 2, kBytes, nullptr));
  STEP(cudaMemsetAsync(memory, 3, kBytes / 2, b));
  STEP(cudaEventRecord(second, b));
  STEP(cudaStreamWaitEvent(apart, second, 0));
  STEP(cudaMemsetAsync(memory, 4, kBytes / 4, apart));
  closed->openSoon();
  STEP(cudaStreamSynchronize(apart));
  STEP(cudaEventSynchronize(second));
  float time = -1;
  STEP(cudaEventElapsedTime(&time, first, second));
  STEP(cudaStreamQuery(apart));
  STEP(cudaEventQuery(second));
  Bytes &result = steps.bytes(kBytes);
  STEP(cudaMemcpy(result.data(), memory, kBytes, cudaMemcpyDeviceToHost));
  steps.expect(result[0] == 4 && result[kBytes / 4] == 3 && result[kBytes - 1] == 2, "the order of the streams");
  STEP(cudaDeviceSynchronize());
}

// A stream that goes while it has work is still before the legacy stream's next work.
void goneStream(Steps &steps) {
  unsigned char *memory = nullptr, *source = nullptr;
  STEP(cudaMalloc(reinterpret_cast<void **>(&memory), 64));
  LATER(cudaFree(memory));
  STEP(cudaMallocHost(reinterpret_cast<void **>(&source), 64));
  LATER(cudaFreeHost(source));
  std::fill_n(source, 64, static_cast<unsigned char>(1));
  auto closed = gate(steps);
  cudaStream_t stream = nullptr;
  STEP(cudaStreamCreate(&stream));
  auto gone = std::make_shared<bool>(false);
  steps.later("the stream goes, if it has not", [stream, gone] { return *gone ? cudaSuccess : cudaStreamDestroy(stream); });
  STEP(cudaLaunchHostFunc(stream, Gate::pass, closed.get()));
  STEP(cudaMemcpyAsync(memory, source, 64, cudaMemcpyHostToDevice, stream));
  // Where the layer has to wait for the stream, it waits for the gate.
  std::thread opener([closed] { closed->openSoon(); });
  struct Join {
    std::thread &thread;
    ~Join() { thread.join(); }
  } join{opener};
  STEP(cudaStreamDestroy(stream));
  *gone = true;
  STEP(cudaMemsetAsync(memory, 2, 64, nullptr));
  Bytes &result = steps.bytes(64);
  STEP(cudaMemcpy(result.data(), memory, 64, cudaMemcpyDeviceToHost));
  steps.expect(result[0] == 2, "work of a destroyed stream is done first");
}

void threadStreams(Steps &steps) {
  unsigned char *memory = nullptr;
  STEP(cudaMalloc(reinterpret_cast<void **>(&memory), 64));
  LATER(cudaFree(memory));
  // The thread ends with work in its stream.
  cudaError_t queued = cudaSuccess;
  auto in_thread = [&] {
    std::thread([&] { queued = cudaMemsetAsync(memory, 4, 64, cudaStreamPerThread); }).join();
    return queued;
  };
  STEP(in_thread());
  Bytes &result = steps.bytes(64);
  STEP(cudaMemcpy(result.data(), memory, 64, cudaMemcpyDeviceToHost));
  steps.expect(result[63] == 4, "the per-thread stream's work");
}

void pools(Steps &steps) {
  cudaStream_t stream = nullptr;
  STEP(cudaStreamCreate(&stream));
  LATER(cudaStreamDestroy(stream));
  cudaMemPool_t pool = nullptr;
  cudaMemPoolProps props{};
  props.allocType = cudaMemAllocationTypePinned;
  props.location = {cudaMemLocationTypeDevice, 0};
  STEP(cudaMemPoolCreate(&pool, &props));
  LATER(cudaMemPoolDestroy(pool));
  unsigned long long threshold = ~0ull;
  STEP(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold));
  for (int i = 0; i < 3; ++i) {
    void *a = nullptr, *b = nullptr;
    STEP(cudaMallocAsync(&a, 10000, stream));
    auto freed = std::make_shared<bool>(false);
    steps.later("a goes, if it has not", [=] { return *freed ? cudaSuccess : cudaFreeAsync(a, stream); });
    STEP(cudaMallocFromPoolAsync(&b, 3000, pool, stream));
    LATER(cudaFree(b));
    STEP(cudaMemsetAsync(a, i, 10000, stream));
    STEP(cudaMemcpyAsync(b, a, 3000, cudaMemcpyDeviceToDevice, stream));
    STEP(cudaFreeAsync(a, stream));
    *freed = true;
    Bytes &result = steps.bytes(3000);
    STEP(cudaMemcpyAsync(result.data(), b, 3000, cudaMemcpyDeviceToHost, stream));
    STEP(cudaStreamSynchronize(stream));
    steps.expect(all(result, static_cast<unsigned char>(i)), "memory of a pool");
  }
  STEP(cudaMemPoolTrimTo(pool, 0));
}

void arrays(Steps &steps) {
  cudaChannelFormatDesc texel = cudaCreateChannelDesc(8, 0, 0, 0, cudaChannelFormatKindUnsigned);
  cudaArray_t array = nullptr;
  STEP(cudaMallocArray(&array, &texel, 64, 16));
  LATER(cudaFreeArray(array));
  cudaMipmappedArray_t mipmap = nullptr;
  STEP(cudaMallocMipmappedArray(&mipmap, &texel, cudaExtent{64, 16, 0}, 3));
  LATER(cudaFreeMipmappedArray(mipmap));
  Bytes &source = steps.bytes(64 * 16, 3), &result = steps.bytes(64 * 16);
  STEP(cudaMemcpy2DToArray(array, 0, 0, source.data(), 64, 64, 16, cudaMemcpyHostToDevice));
  STEP(cudaMemcpy2DFromArray(result.data(), 64, array, 0, 0, 64, 16, cudaMemcpyDeviceToHost));
  steps.expect(source == result, "an array");
  cudaResourceDesc resource{};
  resource.resType = cudaResourceTypeArray;
  resource.res.array.array = array;
  cudaTextureDesc description{};
  cudaTextureObject_t texture = 0;
  STEP(cudaCreateTextureObject(&texture, &resource, &description, nullptr));
  LATER(cudaDestroyTextureObject(texture));
}

const std::string kKernels = kPtxHead + R"(
.visible .global .align 4 .u32 total = 3;
.visible .const .align 4 .u32 step = 1;
.visible .entry add() {
  .reg .b64 %rd<3>; .reg .b32 %r1;
  mov.u64 %rd1, total; ld.const.u32 %r1, [step];
  red.global.add.u32 [%rd1], %r1;
  ret;
}
)";

void launches(Steps &steps) {
  auto program = std::make_shared<Program>(kKernels);
  steps.later("the program ends", [program] { return 0; });
  const void *add = program->kernel("add"), *total = program->variable("total", 4), *step = program->variable("step", 4, true);
  cudaStream_t stream = nullptr;
  STEP(cudaStreamCreate(&stream));
  LATER(cudaStreamDestroy(stream));
  unsigned two = 2;
  Bytes &result = steps.bytes(4);
  STEP(cudaLaunchKernel(add, 2, 4, nullptr, 0, stream));
  STEP(cudaStreamSynchronize(stream));
  STEP(cudaMemcpyToSymbol(step, &two, 4, 0, cudaMemcpyHostToDevice));
  STEP(cudaLaunchKernel(add, 1, 8, nullptr, 0, nullptr));
  int blocks = 0;
  STEP(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, add, 32, 0));
  STEP(cudaMemcpyFromSymbol(result.data(), total, 4, 0, cudaMemcpyDeviceToHost));
  steps.expect(result[0] == 3 + 8 + 16, "what the kernels added");
  STEP(cudaDeviceSynchronize());
}

}  // namespace

const std::vector<Script> &runtimeScripts() {
  static const std::vector<Script> all = {
      {"memory", memory, 0},
      {"pageable", pageable, 0},
      {"managed", managed, Script::kManaged},
      {"registered", registered, Script::kManaged},
      {"streams", streams, 0},
      {"goneStream", goneStream, 0},
      {"threadStreams", threadStreams, 0},
      {"pools", pools, 0},
      {"arrays", arrays, Script::kTextures},
      {"launches", launches, Script::kLaunches},
  };
  return all;
}

}  // namespace cutrans::faults
