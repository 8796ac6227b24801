// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every entry point of the runtime API under the rules.
#define __CUDA_API_VERSION_INTERNAL
#include <cuda_runtime_api.h>
#if __has_include(<cuda_profiler_api.h>)
#include <cuda_profiler_api.h>
#endif
#include <gtest/gtest.h>

#include "arguments.h"
#include "rules.h"
#include "shim/api/undeclared_cudart.h"

// What handles.h makes.
#define API(name) cuda##name
using CodeLibrary = cudaLibrary_t;
using Kernel = cudaKernel_t;
using Graph = cudaGraph_t;
using GraphNode = cudaGraphNode_t;
using GraphExec = cudaGraphExec_t;
using UserObject = cudaUserObject_t;
using Semaphore = cudaExternalSemaphore_t;
using SemaphoreDescription = cudaExternalSemaphoreHandleDesc;
constexpr auto kTimelineFile = cudaExternalSemaphoreHandleTypeTimelineSemaphoreFd;
#include "handles.h"

namespace entries {

void *scratch() {
  return once([] {
    void *memory = nullptr;
    // Large enough for every structure, and zeroed.
    if (cudaHostAlloc(&memory, 1 << 16, 0) != cudaSuccess) memory = std::calloc(1, 1 << 16);
    return memory;
  });
}

uint64_t deviceMemory() { return 0; }

template <>
struct Good<cudaStream_t> {
  static cudaStream_t live() { return nullptr; }
  static cudaStream_t stale() {
    cudaStream_t stream = nullptr;
    if (cudaStreamCreate(&stream) == cudaSuccess) cudaStreamDestroy(stream);
    return stream ? stream : garbage<cudaStream_t>();
  }
};
template <>
struct Good<cudaEvent_t> {
  static cudaEvent_t live() {
    return once([] {
      cudaEvent_t event = nullptr;
      cudaEventCreate(&event);
      return event;
    });
  }
  static cudaEvent_t stale() {
    cudaEvent_t event = nullptr;
    if (cudaEventCreate(&event) == cudaSuccess) cudaEventDestroy(event);
    return event;
  }
};
template <>
struct Good<cudaArray_t> {
  static cudaArray_t make() {
    cudaChannelFormatDesc texel{8, 0, 0, 0, cudaChannelFormatKindUnsigned};
    cudaArray_t array = nullptr;
    cudaMallocArray(&array, &texel, 4, 4, 0);
    return array;
  }
  static cudaArray_t live() { return once(make); }
  static cudaArray_t stale() {
    cudaArray_t array = make();
    cudaFreeArray(array);
    return array;
  }
};
template <>
struct Good<cudaArray_const_t> : Good<cudaArray_t> {};
template <>
struct Good<cudaMipmappedArray_t> {
  static cudaMipmappedArray_t make() {
    cudaChannelFormatDesc texel{8, 0, 0, 0, cudaChannelFormatKindUnsigned};
    cudaMipmappedArray_t array = nullptr;
    cudaMallocMipmappedArray(&array, &texel, cudaExtent{4, 4, 0}, 2, 0);
    return array;
  }
  static cudaMipmappedArray_t live() { return once(make); }
  static cudaMipmappedArray_t stale() {
    cudaMipmappedArray_t array = make();
    cudaFreeMipmappedArray(array);
    return array;
  }
};
template <>
struct Good<cudaMipmappedArray_const_t> : Good<cudaMipmappedArray_t> {};
template <>
struct Good<cudaMemPool_t> {
  static cudaMemPool_t make() {
    cudaMemPoolProps properties{};
    properties.allocType = cudaMemAllocationTypePinned;
    properties.location.type = cudaMemLocationTypeDevice;
    cudaMemPool_t pool = nullptr;
    cudaMemPoolCreate(&pool, &properties);
    return pool;
  }
  static cudaMemPool_t live() { return once(make); }
  static cudaMemPool_t stale() {
    cudaMemPool_t pool = make();
    cudaMemPoolDestroy(pool);
    return pool;
  }
};

namespace {

const std::vector<Entry> &all() {
  static const std::vector<Entry> list = {
#define CT_ENTRY_CASE(name, needs, parameters) Bind<decltype(::name), ::name, cudaError_t>::make(#name, Needs::needs, parameters),
#include "cudart/entry_cases.inc"
  };
  return list;
}

// Names with underscores are called by what nvcc writes into a program, never with arguments of the program's own.
std::vector<Entry> ofPrograms() {
  std::vector<Entry> out;
  for (const Entry &entry : all())
    if (entry.name[0] != '_') out.push_back(entry);
  return out;
}

constexpr Library kLibrary = {
    [] {
      if (cudaFree(nullptr) != cudaSuccess) std::abort();
    },
    [](void (*fn)(void *), void *user) {
      if (cudaLaunchHostFunc(nullptr, fn, user) != cudaSuccess || cudaStreamSynchronize(nullptr) != cudaSuccess) std::abort();
    }};

class RuntimeEntry : public testing::TestWithParam<Entry> {};
void PrintTo(const Entry &entry, std::ostream *out) { *out << entry.name; }

TEST_P(RuntimeEntry, KeepsTheRules) {
  const Entry &entry = GetParam();
  EXPECT_EQ(wrongArguments(entry, kLibrary), "");
  EXPECT_EQ(freshThread(entry, kLibrary), "");
  if (entry.needs == Needs::free) return;
  EXPECT_EQ(insideHostFunction(entry, kLibrary), "");
  EXPECT_EQ(afterFork(entry, kLibrary), "");
}
INSTANTIATE_TEST_SUITE_P(Generated, RuntimeEntry, testing::ValuesIn(ofPrograms()), [](const auto &info) { return std::string(info.param.name); });

TEST(RuntimeEntries, ExceptionsAreOfThisApi) { EXPECT_EQ(strayExceptions(all(), "cuda"), ""); }

}  // namespace
}  // namespace entries
