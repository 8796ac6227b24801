// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every entry point of the driver API under the rules.
#define __CUDA_API_VERSION_INTERNAL
#include <cuda.h>
#if __has_include(<cudaProfiler.h>)
#include <cudaProfiler.h>
#endif
#include <gtest/gtest.h>

#include <thread>

#include "arguments.h"
#include "rules.h"
#include "shim/api/undeclared_cuda.h"

// What handles.h makes.
#define API(name) cu##name
using CodeLibrary = CUlibrary;
using Kernel = CUkernel;
using Graph = CUgraph;
using GraphNode = CUgraphNode;
using GraphExec = CUgraphExec;
using UserObject = CUuserObject;
using Semaphore = CUexternalSemaphore;
using SemaphoreDescription = CUDA_EXTERNAL_SEMAPHORE_HANDLE_DESC;
constexpr auto kTimelineFile = CU_EXTERNAL_SEMAPHORE_HANDLE_TYPE_TIMELINE_SEMAPHORE_FD;
#include "handles.h"

namespace entries {

void *scratch() {
  return once([] {
    void *memory = nullptr;
    // Large enough for every structure, and zeroed; where there is no context the host's will do.
    if (cuMemHostAlloc(&memory, 1 << 16, 0) != CUDA_SUCCESS) memory = std::calloc(1, 1 << 16);
    return memory;
  });
}

uint64_t deviceMemory() {
  return once([] {
    CUdeviceptr memory = 0;
    return cuMemAlloc_v2(&memory, 1 << 16) == CUDA_SUCCESS ? memory : 0;
  });
}

template <>
struct Good<CUcontext> {
  static CUcontext live() {
    CUcontext now = nullptr;
    cuCtxGetCurrent(&now);
    return now;
  }
  static CUcontext stale() {
    CUcontext before = live(), made = nullptr;
    if (cuCtxCreate_v4(&made, nullptr, 0, 0) == CUDA_SUCCESS) cuCtxDestroy_v2(made);
    cuCtxSetCurrent(before);
    return made;
  }
};
template <>
struct Good<CUstream> {
  static CUstream live() { return nullptr; }
  static CUstream stale() {
    CUstream stream = nullptr;
    if (cuStreamCreate(&stream, 0) == CUDA_SUCCESS) cuStreamDestroy_v2(stream);
    return stream ? stream : garbage<CUstream>();
  }
};
template <>
struct Good<CUevent> {
  static CUevent live() {
    return once([] {
      CUevent event = nullptr;
      cuEventCreate(&event, 0);
      return event;
    });
  }
  static CUevent stale() {
    CUevent event = nullptr;
    if (cuEventCreate(&event, 0) == CUDA_SUCCESS) cuEventDestroy_v2(event);
    return event;
  }
};
template <>
struct Good<CUmodule> {
  static CUmodule live() {
    return once([] {
      CUmodule module = nullptr;
      cuModuleLoadData(&module, kPtx);
      return module;
    });
  }
  static CUmodule stale() {
    CUmodule module = nullptr;
    if (cuModuleLoadData(&module, kPtx) == CUDA_SUCCESS) cuModuleUnload(module);
    return module;
  }
};
template <>
struct Good<CUfunction> {
  static CUfunction live() {
    CUfunction function = nullptr;
    cuModuleGetFunction(&function, Good<CUmodule>::live(), "nothing");
    return function;
  }
  static CUfunction stale() {
    CUmodule module = nullptr;
    CUfunction function = nullptr;
    if (cuModuleLoadData(&module, kPtx) != CUDA_SUCCESS) return function;
    cuModuleGetFunction(&function, module, "nothing");
    cuModuleUnload(module);
    return function;
  }
};
template <>
struct Good<CUarray> {
  static CUarray make() {
    CUDA_ARRAY_DESCRIPTOR shape{4, 4, CU_AD_FORMAT_UNSIGNED_INT8, 1};
    CUarray array = nullptr;
    cuArrayCreate_v2(&array, &shape);
    return array;
  }
  static CUarray live() { return once(make); }
  static CUarray stale() {
    CUarray array = make();
    cuArrayDestroy(array);
    return array;
  }
};
template <>
struct Good<CUmipmappedArray> {
  static CUmipmappedArray make() {
    CUDA_ARRAY3D_DESCRIPTOR shape{4, 4, 0, CU_AD_FORMAT_UNSIGNED_INT8, 1, 0};
    CUmipmappedArray array = nullptr;
    cuMipmappedArrayCreate(&array, &shape, 2);
    return array;
  }
  static CUmipmappedArray live() { return once(make); }
  static CUmipmappedArray stale() {
    CUmipmappedArray array = make();
    cuMipmappedArrayDestroy(array);
    return array;
  }
};
template <>
struct Good<CUmemoryPool> {
  static CUmemoryPool make() {
    CUmemPoolProps properties{};
    properties.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
    properties.location = {CU_MEM_LOCATION_TYPE_DEVICE, {0}};
    CUmemoryPool pool = nullptr;
    cuMemPoolCreate(&pool, &properties);
    return pool;
  }
  static CUmemoryPool live() { return once(make); }
  static CUmemoryPool stale() {
    CUmemoryPool pool = make();
    cuMemPoolDestroy(pool);
    return pool;
  }
};
template <>
struct Good<CUlinkState> {
  static CUlinkState make() {
    CUlinkState state = nullptr;
    cuLinkCreate_v2(0, nullptr, nullptr, &state);
    return state;
  }
  static CUlinkState live() { return once(make); }
  static CUlinkState stale() {
    CUlinkState state = make();
    cuLinkDestroy(state);
    return state;
  }
};

namespace {

const std::vector<Entry> &all() {
  static const std::vector<Entry> list = {
#define CT_ENTRY_CASE(name, needs, parameters) Bind<decltype(::name), ::name, CUresult>::make(#name, Needs::needs, parameters),
#include "cuda/entry_cases.inc"
  };
  return list;
}

constexpr Library kLibrary = {
    [] {
      CUcontext context = nullptr;
      if (cuInit(0) != CUDA_SUCCESS || cuCtxCreate_v4(&context, nullptr, 0, 0) != CUDA_SUCCESS) std::abort();
    },
    [](void (*fn)(void *), void *user) {
      if (cuLaunchHostFunc(nullptr, fn, user) != CUDA_SUCCESS || cuStreamSynchronize(nullptr) != CUDA_SUCCESS) std::abort();
    }};

class DriverEntry : public testing::TestWithParam<Entry> {};
void PrintTo(const Entry &entry, std::ostream *out) { *out << entry.name; }

// Before cuInit, then without a context, then with one that another thread destroyed.
std::string withoutContext(const Entry &entry) {
  return Child::run([&](Child &child) {
    if (entry.needs == Needs::free) return;
    auto expect = [&](const char *when, int expected) {
      child.at(when);
      int error = entry.call(entry.parameters.size(), Bad::none);
      if (entry.has_error && error != expected) child.say("error " + number(error) + ", expected " + number(expected));
    };
    expect("before cuInit", kNotInitialised);
    if (entry.needs != Needs::context) return;
    cuInit(0);
    expect("without a context", kInvalidContext);
    CUcontext context = nullptr;
    cuCtxCreate_v4(&context, nullptr, 0, 0);
    std::thread([&] { cuCtxDestroy_v2(context); }).join();
    expect("with a destroyed context", kContextIsDestroyed);
  });
}

TEST_P(DriverEntry, KeepsTheRules) {
  const Entry &entry = GetParam();
  EXPECT_EQ(withoutContext(entry), "");
  EXPECT_EQ(wrongArguments(entry, kLibrary), "");
  EXPECT_EQ(freshThread(entry, kLibrary), "");
  if (entry.needs == Needs::free) return;
  EXPECT_EQ(insideHostFunction(entry, kLibrary), "");
  EXPECT_EQ(afterFork(entry, kLibrary), "");
}
INSTANTIATE_TEST_SUITE_P(Generated, DriverEntry, testing::ValuesIn(all()), [](const auto &info) { return std::string(info.param.name); });

TEST(DriverEntries, ExceptionsAreOfThisApi) { EXPECT_EQ(strayExceptions(all(), "cu"), ""); }

}  // namespace
}  // namespace entries
