// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Modules, libraries, kernels and launches through the driver API, on the host target.
#include <cuda.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "fixture.h"

namespace {

using testing::Each;
using testing::HasSubstr;

// scale: out[i] = i * factor for i < count. late: traps. weigh: dynamic and static shared memory.
constexpr const char *kPtx = R"(
.version 8.0
.target sm_75
.address_size 64
.visible .global .align 4 .u32 counter = 7;
.visible .const .align 4 .u32 fixed[2] = {3, 4};
.visible .entry scale(.param .u64 out, .param .u32 count, .param .u16 factor)
{
  .reg .b64 %rd<5>; .reg .b32 %r<8>; .reg .b16 %h<2>; .reg .pred %p;
  ld.param.u64 %rd1, [out];
  ld.param.u32 %r1, [count];
  ld.param.u16 %h1, [factor];
  cvt.u32.u16 %r6, %h1;
  mov.u32 %r2, %ctaid.x;
  mov.u32 %r3, %ntid.x;
  mov.u32 %r4, %tid.x;
  mad.lo.s32 %r5, %r2, %r3, %r4;
  setp.ge.s32 %p, %r5, %r1;
  @%p bra DONE;
  cvta.to.global.u64 %rd2, %rd1;
  mul.wide.s32 %rd3, %r5, 4;
  add.s64 %rd4, %rd2, %rd3;
  mul.lo.s32 %r7, %r5, %r6;
  st.global.u32 [%rd4], %r7;
DONE:
  ret;
}
.visible .entry wild()
{
  .reg .b64 %rd<2>; .reg .b32 %r<2>;
  mov.u64 %rd1, 16;
  st.global.u32 [%rd1], 1;
  ret;
}
.visible .entry limited() .maxntid 64, 1, 1
{
  ret;
}
)";

// kPtx and a kernel with an instruction that is none.
const std::string kWrongPtx = std::string(kPtx) + R"(
.visible .entry wrong()
{
  nonsense.u32 %r1, %r2;
  ret;
}
)";

// A fat binary with this text; below.
std::vector<char> fatBinary(const char *ptx, unsigned sm);

struct DriverKernel : shim_test::WithContext {
  void SetUp() override {
    WithContext::SetUp();
    ASSERT_EQ(cuModuleLoadData(&module, kPtx), CUDA_SUCCESS);
    ASSERT_EQ(cuModuleGetFunction(&scale, module, "scale"), CUDA_SUCCESS);
    ASSERT_EQ(cuMemAlloc(&memory, kCount * 4), CUDA_SUCCESS);
  }
  // What `scale` left, after one of the launches below; the memory is cleared again.
  std::array<unsigned, 64> take() {
    std::array<unsigned, 64> out;
    EXPECT_EQ(cuMemcpyDtoH(out.data(), memory, sizeof out), CUDA_SUCCESS);
    EXPECT_EQ(cuMemsetD32(memory, 0, kCount), CUDA_SUCCESS);
    return out;
  }
  static void expectScaled(const std::array<unsigned, 64> &out, unsigned count, unsigned factor) {
    for (unsigned i = 0; i < out.size(); ++i) EXPECT_EQ(out[i], i < count ? i * factor : 0) << i;
  }
  static constexpr unsigned kCount = 64;
  CUmodule module = nullptr;
  CUfunction scale = nullptr;
  CUdeviceptr memory = 0;
  unsigned count = kCount;
  unsigned short factor = 3;
  void *params[3] = {&memory, &count, &factor};
};

TEST_F(DriverKernel, EveryFormOfLaunch) {
  take();
  EXPECT_EQ(cuLaunchKernel(scale, 2, 1, 1, 32, 1, 1, 0, nullptr, params, nullptr), CUDA_SUCCESS);
  expectScaled(take(), 64, 3);
  // One packed buffer: pointer at 0, count at 8, factor at 12.
  struct {
    CUdeviceptr out;
    unsigned count;
    unsigned short factor;
  } packed{memory, 40, 5};
  size_t size = 14;
  void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, &packed, CU_LAUNCH_PARAM_BUFFER_SIZE, &size, CU_LAUNCH_PARAM_END};
  EXPECT_EQ(cuLaunchKernel(scale, 2, 1, 1, 32, 1, 1, 0, nullptr, nullptr, extra), CUDA_SUCCESS);
  expectScaled(take(), 40, 5);
  EXPECT_EQ(cuLaunchKernel(scale, 2, 1, 1, 32, 1, 1, 0, nullptr, params, extra), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuLaunchCooperativeKernel(scale, 2, 1, 1, 32, 1, 1, 0, nullptr, params), CUDA_SUCCESS);
  expectScaled(take(), 64, 3);
  CUevent done;
  ASSERT_EQ(cuEventCreate(&done, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
  CUlaunchAttribute attributes[2]{};
  attributes[0].id = CU_LAUNCH_ATTRIBUTE_PRIORITY;
  attributes[1].id = CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT;
  attributes[1].value.launchCompletionEvent.event = done;
  CUlaunchConfig config{2, 1, 1, 32, 1, 1, 0, nullptr, attributes, 2};
  EXPECT_EQ(cuLaunchKernelEx(&config, scale, params, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(cuEventSynchronize(done), CUDA_SUCCESS);
  expectScaled(take(), 64, 3);
}

TEST_F(DriverKernel, ShapesThatDoNotExist) {
  EXPECT_EQ(cuLaunchKernel(scale, 0, 1, 1, 32, 1, 1, 0, nullptr, params, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuLaunchKernel(scale, 1, 1, 1, 2048, 1, 1, 0, nullptr, params, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuLaunchKernel(scale, 1, 1, 1, 32, 1, 1, 1u << 30, nullptr, params, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuLaunchKernel(scale, 1, 1, 1, 32, 1, 1, 0, nullptr, nullptr, nullptr), CUDA_ERROR_INVALID_VALUE);
  CUfunction limited;
  ASSERT_EQ(cuModuleGetFunction(&limited, module, "limited"), CUDA_SUCCESS);
  EXPECT_EQ(cuLaunchKernel(limited, 1, 1, 1, 64, 1, 1, 0, nullptr, nullptr, nullptr), CUDA_SUCCESS);
  EXPECT_NE(cuLaunchKernel(limited, 1, 1, 1, 65, 1, 1, 0, nullptr, nullptr, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxSynchronize(), CUDA_SUCCESS) << "a refused launch leaves the context well";
}

TEST_F(DriverKernel, AFaultStays) {
  CUfunction wild;
  ASSERT_EQ(cuModuleGetFunction(&wild, module, "wild"), CUDA_SUCCESS);
  ASSERT_EQ(cuLaunchKernel(wild, 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
  CUdeviceptr p;
  EXPECT_EQ(cuMemAlloc(&p, 4), CUDA_ERROR_ILLEGAL_ADDRESS);
  EXPECT_EQ(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
}

// What was asked for with core dumps on: a text that says what happened, and an end of the process unless that is switched off.
TEST_F(DriverKernel, AFaultIsDescribed) {
  const std::string path = testing::TempDir() + "/fault_%p";
  const std::string written = testing::TempDir() + "/fault_" + std::to_string(getpid());
  bool on = true;
  size_t size = sizeof on;
  ASSERT_EQ(cuCoredumpSetAttribute(CU_COREDUMP_ENABLE_ON_EXCEPTION, &on, &size), CUDA_SUCCESS);
  int flags = CU_COREDUMP_SKIP_ABORT;
  size = sizeof flags;
  ASSERT_EQ(cuCoredumpSetAttribute(CU_COREDUMP_GENERATION_FLAGS, &flags, &size), CUDA_SUCCESS);
  std::string name = path;
  size = name.size() + 1;
  ASSERT_EQ(cuCoredumpSetAttribute(CU_COREDUMP_FILE, name.data(), &size), CUDA_SUCCESS);
  CUfunction wild;
  ASSERT_EQ(cuModuleGetFunction(&wild, module, "wild"), CUDA_SUCCESS);
  ASSERT_EQ(cuLaunchKernel(wild, 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
  std::ostringstream text;
  text << std::ifstream(written).rdbuf();
  std::remove(written.c_str());
  EXPECT_NE(text.str().find("cuCtxSynchronize"), std::string::npos) << text.str();
  EXPECT_NE(text.str().find("CT3100"), std::string::npos) << text.str();
}

TEST_F(DriverKernel, AttributesAndParameters) {
  int value = 0;
  CUfunction limited;
  ASSERT_EQ(cuModuleGetFunction(&limited, module, "limited"), CUDA_SUCCESS);
  EXPECT_EQ(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, limited), CUDA_SUCCESS);
  EXPECT_EQ(value, 64);
  EXPECT_EQ(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_PTX_VERSION, scale), CUDA_SUCCESS);
  EXPECT_EQ(value, 75);
  EXPECT_EQ(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_MAX, scale), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuFuncSetAttribute(scale, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 1 << 30),
            CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuFuncSetAttribute(scale, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 1000), CUDA_SUCCESS);
  EXPECT_EQ(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, scale), CUDA_SUCCESS);
  EXPECT_EQ(value, 1000);
  EXPECT_EQ(cuFuncSetAttribute(scale, CU_FUNC_ATTRIBUTE_NUM_REGS, 8), CUDA_ERROR_INVALID_VALUE);
  const char *name = nullptr;
  EXPECT_EQ(cuFuncGetName(&name, scale), CUDA_SUCCESS);
  EXPECT_STREQ(name, "scale");
  size_t offset = 0, size = 0;
  EXPECT_EQ(cuFuncGetParamInfo(scale, 2, &offset, &size), CUDA_SUCCESS);
  EXPECT_EQ(offset, 12u);
  EXPECT_EQ(size, 2u);
  EXPECT_EQ(cuFuncGetParamInfo(scale, 3, &offset, &size), CUDA_ERROR_INVALID_VALUE);
  int blocks = 0, grid = 0, block = 0;
  EXPECT_EQ(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, scale, 128, 0), CUDA_SUCCESS);
  EXPECT_GT(blocks, 0);
  EXPECT_EQ(cuOccupancyMaxPotentialBlockSize(&grid, &block, limited, nullptr, 0, 0), CUDA_SUCCESS);
  EXPECT_LE(block, 64);
  EXPECT_GT(grid, 0);
}

TEST_F(DriverKernel, VariablesOfAModule) {
  CUdeviceptr p = 0;
  size_t size = 0;
  unsigned values[2] = {};
  ASSERT_EQ(cuModuleGetGlobal(&p, &size, module, "counter"), CUDA_SUCCESS);
  EXPECT_EQ(size, 4u);
  EXPECT_EQ(cuMemcpyDtoH(values, p, 4), CUDA_SUCCESS);
  EXPECT_EQ(values[0], 7u);
  ASSERT_EQ(cuModuleGetGlobal(&p, &size, module, "fixed"), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpyDtoH(values, p, 8), CUDA_SUCCESS);
  EXPECT_EQ(values[1], 4u);
  EXPECT_EQ(cuModuleGetGlobal(&p, &size, module, "scale"), CUDA_ERROR_NOT_FOUND);
  EXPECT_EQ(cuMemFree(p), CUDA_ERROR_INVALID_VALUE) << "belongs to the module";
}

TEST_F(DriverKernel, ModulesAreListedAndUnloaded) {
  unsigned kernels = 0;
  EXPECT_EQ(cuModuleGetFunctionCount(&kernels, module), CUDA_SUCCESS);
  EXPECT_EQ(kernels, 3u);
  std::array<CUfunction, 8> list{};
  EXPECT_EQ(cuModuleEnumerateFunctions(list.data(), list.size(), module), CUDA_SUCCESS);
  EXPECT_NE(list[2], nullptr);
  EXPECT_EQ(list[3], nullptr);
  CUfunction none;
  EXPECT_EQ(cuModuleGetFunction(&none, module, "missing"), CUDA_ERROR_NOT_FOUND);
  EXPECT_EQ(cuModuleUnload(module), CUDA_SUCCESS);
  EXPECT_EQ(cuModuleUnload(module), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuLaunchKernel(scale, 1, 1, 1, 1, 1, 1, 0, nullptr, params, nullptr), CUDA_ERROR_INVALID_HANDLE);
}

TEST_F(DriverKernel, WrongCodeIsNamedInTheLog) {
  char log[512] = "untouched";
  CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, reinterpret_cast<void *>(sizeof log)};
  CUmodule bad = nullptr;
  EXPECT_EQ(cuModuleLoadDataEx(&bad, "this is no PTX", 2, options, values), CUDA_ERROR_INVALID_PTX);
  EXPECT_THAT(log, HasSubstr("CT11"));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(values[1]), strlen(log));
  // An instruction that is none, in text of the program's own: found by the load.
  values[1] = reinterpret_cast<void *>(sizeof log);
  EXPECT_EQ(cuModuleLoadDataEx(&bad, kWrongPtx.c_str(), 2, options, values), CUDA_ERROR_INVALID_PTX);
  EXPECT_THAT(log, HasSubstr("nonsense"));
  CUlibrary library = nullptr;
  EXPECT_EQ(cuLibraryLoadData(&library, kWrongPtx.c_str(), nullptr, nullptr, 0, nullptr, nullptr, 0), CUDA_ERROR_INVALID_PTX);
  // In a fat binary: when its kernel is needed, and the others run.
  CUfunction wrong;
  const std::vector<char> container = fatBinary(kWrongPtx.c_str(), 75);
  ASSERT_EQ(cuModuleLoadData(&bad, container.data()), CUDA_SUCCESS);
  testing::internal::CaptureStderr();
  ASSERT_EQ(cuModuleGetFunction(&wrong, bad, "wrong"), CUDA_SUCCESS);
  EXPECT_EQ(cuLaunchKernel(wrong, 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr), CUDA_ERROR_INVALID_PTX);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("nonsense"));
  EXPECT_EQ(cuModuleLoad(&bad, "/nothing/here.ptx"), CUDA_ERROR_FILE_NOT_FOUND);
  const unsigned char cubin[] = {0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(cuModuleLoadData(&bad, cubin), CUDA_ERROR_NO_BINARY_FOR_GPU);
  EXPECT_EQ(cuModuleLoadData(&bad, nullptr), CUDA_ERROR_INVALID_VALUE);
  options[0] = static_cast<CUjit_option>(999);
  EXPECT_EQ(cuModuleLoadDataEx(&bad, kPtx, 2, options, values), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverKernel, LibrariesServeEveryContext) {
  CUlibrary library;
  CUkernel kernel;
  ASSERT_EQ(cuLibraryLoadData(&library, kPtx, nullptr, nullptr, 0, nullptr, nullptr, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuLibraryGetKernel(&kernel, library, "missing"), CUDA_ERROR_NOT_FOUND);
  ASSERT_EQ(cuLibraryGetKernel(&kernel, library, "scale"), CUDA_SUCCESS);
  take();
  EXPECT_EQ(cuLaunchKernel(reinterpret_cast<CUfunction>(kernel), 2, 1, 1, 32, 1, 1, 0, nullptr, params, nullptr),
            CUDA_SUCCESS);
  expectScaled(take(), 64, 3);
  CUfunction here;
  CUlibrary owner;
  EXPECT_EQ(cuKernelGetFunction(&here, kernel), CUDA_SUCCESS);
  EXPECT_EQ(cuKernelGetLibrary(&owner, kernel), CUDA_SUCCESS);
  EXPECT_EQ(owner, library);
  int value = 0;
  EXPECT_EQ(cuKernelSetAttribute(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 512, kernel, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, here), CUDA_SUCCESS);
  EXPECT_EQ(value, 512);
  unsigned kernels = 0;
  EXPECT_EQ(cuLibraryGetKernelCount(&kernels, library), CUDA_SUCCESS);
  EXPECT_EQ(kernels, 3u);
  CUdeviceptr p = 0;
  size_t size = 0;
  EXPECT_EQ(cuLibraryGetGlobal(&p, &size, library, "counter"), CUDA_SUCCESS);
  EXPECT_EQ(cuLibraryGetManaged(&p, &size, library, "counter"), CUDA_ERROR_NOT_FOUND);
  void *unified = nullptr;
  EXPECT_EQ(cuLibraryGetUnifiedFunction(&unified, library, "scale"), CUDA_ERROR_NOT_FOUND);
  EXPECT_EQ(cuLibraryGetUnifiedFunction(nullptr, library, "scale"), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuLibraryGetUnifiedFunction(&unified, shim_test::garbage<CUlibrary>(), "scale"), CUDA_ERROR_INVALID_HANDLE);
  CUcontext other;
  ASSERT_EQ(cuCtxCreate(&other, nullptr, 0, 0), CUDA_SUCCESS);
  CUfunction there;
  EXPECT_EQ(cuKernelGetFunction(&there, kernel), CUDA_SUCCESS);
  EXPECT_NE(here, there);
  EXPECT_EQ(cuCtxDestroy(other), CUDA_SUCCESS);
  EXPECT_EQ(cuLibraryUnload(library), CUDA_SUCCESS);
  EXPECT_EQ(cuKernelGetFunction(&here, kernel), CUDA_ERROR_INVALID_HANDLE);
}

TEST_F(DriverKernel, HandlesLeadToEachOther) {
  CUmodule back = nullptr;
  EXPECT_EQ(cuFuncGetModule(&back, scale), CUDA_SUCCESS);
  EXPECT_EQ(back, module);
  CUfunctionLoadingState loaded;
  EXPECT_EQ(cuFuncLoad(scale), CUDA_SUCCESS);
  EXPECT_EQ(cuFuncIsLoaded(&loaded, scale), CUDA_SUCCESS);
  EXPECT_EQ(loaded, CU_FUNCTION_LOADING_STATE_LOADED);
  EXPECT_EQ(cuFuncSetCacheConfig(scale, CU_FUNC_CACHE_PREFER_SHARED), CUDA_SUCCESS);
  EXPECT_EQ(cuFuncSetCacheConfig(scale, static_cast<CUfunc_cache>(9)), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuFuncSetSharedMemConfig(scale, CU_SHARED_MEM_CONFIG_DEFAULT_BANK_SIZE), CUDA_SUCCESS);
  int blocks = 0, grid = 0, block = 0;
  size_t bytes = 0;
  EXPECT_EQ(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(&blocks, scale, 128, 0, 0x10),
            CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(&blocks, scale, 128, 0, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuOccupancyMaxPotentialBlockSizeWithFlags(&grid, &block, scale, nullptr, 0, 96, 0), CUDA_SUCCESS);
  EXPECT_LE(block, 96);
  EXPECT_EQ(cuOccupancyAvailableDynamicSMemPerBlock(&bytes, scale, 1, 128), CUDA_SUCCESS);
  EXPECT_GT(bytes, 0u);
}

TEST_F(DriverKernel, ClustersThatFit) {
  CUlaunchConfig config{};
  config.gridDimX = 16;
  config.blockDimX = 64;
  config.gridDimY = config.gridDimZ = config.blockDimY = config.blockDimZ = 1;
  int size = 0, clusters = 0;
  EXPECT_EQ(cuOccupancyMaxPotentialClusterSize(&size, scale, &config), CUDA_SUCCESS);
  EXPECT_EQ(size, 8) << "the largest portable one";
  CUlaunchAttribute attribute{};
  attribute.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
  attribute.value.clusterDim = {4, 1, 1};
  config.attrs = &attribute;
  config.numAttrs = 1;
  EXPECT_EQ(cuOccupancyMaxActiveClusters(&clusters, scale, &config), CUDA_SUCCESS);
  EXPECT_GE(clusters, 1);
  attribute.value.clusterDim = {3, 1, 1};
  EXPECT_EQ(cuOccupancyMaxActiveClusters(&clusters, scale, &config), CUDA_ERROR_INVALID_CLUSTER_SIZE);
}

TEST_F(DriverKernel, LibrariesFromAFile) {
  const std::string path = testing::TempDir() + "cutrans_library_test.ptx";
  FILE *file = fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  fputs(kPtx, file);
  fclose(file);
  CUlibrary library;
  EXPECT_EQ(cuLibraryLoadFromFile(&library, "/nothing/here", nullptr, nullptr, 0, nullptr, nullptr, 0),
            CUDA_ERROR_FILE_NOT_FOUND);
  ASSERT_EQ(cuLibraryLoadFromFile(&library, path.c_str(), nullptr, nullptr, 0, nullptr, nullptr, 0), CUDA_SUCCESS);
  CUmodule loaded = nullptr;
  EXPECT_EQ(cuModuleLoad(&loaded, path.c_str()), CUDA_SUCCESS);
  remove(path.c_str());
  std::array<CUkernel, 8> list{};
  EXPECT_EQ(cuLibraryEnumerateKernels(list.data(), list.size(), library), CUDA_SUCCESS);
  ASSERT_NE(list[2], nullptr);
  EXPECT_EQ(list[3], nullptr);
  CUkernel kernel;
  ASSERT_EQ(cuLibraryGetKernel(&kernel, library, "scale"), CUDA_SUCCESS);
  const char *name = nullptr;
  EXPECT_EQ(cuKernelGetName(&name, kernel), CUDA_SUCCESS);
  EXPECT_STREQ(name, "scale");
  size_t offset = 0;
  EXPECT_EQ(cuKernelGetParamInfo(kernel, 1, &offset, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(offset, 8u);
  int value = 0;
  EXPECT_EQ(cuKernelGetAttribute(&value, CU_FUNC_ATTRIBUTE_PTX_VERSION, kernel, 0), CUDA_SUCCESS);
  EXPECT_EQ(value, 75);
  EXPECT_EQ(cuKernelGetAttribute(&value, CU_FUNC_ATTRIBUTE_PTX_VERSION, kernel, 99), CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(cuKernelSetCacheConfig(kernel, CU_FUNC_CACHE_PREFER_L1, 0), CUDA_SUCCESS);
  CUmodule here = nullptr;
  EXPECT_EQ(cuLibraryGetModule(&here, library), CUDA_SUCCESS);
  EXPECT_NE(here, nullptr);
  EXPECT_EQ(cuLibraryUnload(library), CUDA_SUCCESS);
}

// A container as nvcc writes it, with one plain PTX entry (docs/fat-binaries.md).
std::vector<char> fatBinary(const char *ptx, unsigned sm) {
  const uint64_t text = strlen(ptx) + 1, padded = (text + 7) & ~uint64_t{7};
  std::vector<char> bytes(16 + 64 + padded);
  auto put = [&](size_t at, auto value) { memcpy(bytes.data() + at, &value, sizeof value); };
  put(0, uint32_t{0xba55ed50});
  put(4, uint16_t{1});
  put(6, uint16_t{16});
  put(8, uint64_t{64 + padded});
  put(16, uint16_t{1});
  put(18, uint16_t{0x0101});
  put(20, uint32_t{64});
  put(24, padded);
  put(16 + 0x1a, uint16_t{8});
  put(16 + 0x1c, sm);
  put(16 + 0x28, uint64_t{0x11});
  memcpy(bytes.data() + 80, ptx, text);
  return bytes;
}

TEST_F(DriverKernel, FatBinaries) {
  CUmodule loaded = nullptr;
  std::vector<char> good = fatBinary(kPtx, 75), late = fatBinary(kPtx, 999);
  EXPECT_EQ(cuModuleLoadFatBinary(&loaded, good.data()), CUDA_SUCCESS);
  EXPECT_EQ(cuModuleLoadData(&loaded, good.data()), CUDA_SUCCESS);
  EXPECT_EQ(cuModuleLoadFatBinary(&loaded, late.data()), CUDA_ERROR_NO_BINARY_FOR_GPU) << "only for a later device";
  good[8] = 0x7f;
  good[14] = 0x7f;
  EXPECT_EQ(cuModuleLoadFatBinary(&loaded, good.data()), CUDA_ERROR_INVALID_IMAGE) << "longer than its memory";
}

TEST_F(DriverKernel, ManagedMemoryFromBothSides) {
  CUdeviceptr managed = 0;
  ASSERT_EQ(cuMemAllocManaged(&managed, kCount * 4, CU_MEM_ATTACH_GLOBAL), CUDA_SUCCESS);
  void *arguments[] = {&managed, &count, &factor};
  ASSERT_EQ(cuLaunchKernel(scale, 1, 1, 1, 64, 1, 1, 0, nullptr, arguments, nullptr), CUDA_SUCCESS);
  ASSERT_EQ(cuCtxSynchronize(), CUDA_SUCCESS);
  EXPECT_EQ(reinterpret_cast<unsigned *>(managed)[63], 189u);
  const CUmemLocation host{CU_MEM_LOCATION_TYPE_HOST, 0}, nowhere{CU_MEM_LOCATION_TYPE_DEVICE, 99};
  EXPECT_EQ(cuMemPrefetchAsync(managed, 16, host, 0, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(cuMemAdvise(managed, 16, CU_MEM_ADVISE_SET_PREFERRED_LOCATION, nowhere), CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(cuMemAdvise(managed, kCount * 4 + 1, CU_MEM_ADVISE_SET_READ_MOSTLY, host), CUDA_ERROR_INVALID_VALUE);
  CUstream stream;
  ASSERT_EQ(cuStreamCreate(&stream, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamAttachMemAsync(stream, managed, 0, CU_MEM_ATTACH_SINGLE), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamAttachMemAsync(stream, managed, 5, CU_MEM_ATTACH_SINGLE), CUDA_ERROR_INVALID_VALUE) << "all or 0";
  EXPECT_EQ(cuMemFree(managed), CUDA_SUCCESS);
}

}  // namespace
