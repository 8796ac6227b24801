// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Modules, kernels and launches on the host target, with a compiler that hands out kernels built by hand.
#include "cutrans/runtime/launch.h"

#include <dlfcn.h>

#include <cstring>
#include <thread>
#include <vector>

#include "cutrans/runtime/event.h"
#include "cutrans/runtime/library.h"
#include "cutrans/runtime/memory.h"
#include "cutrans/runtime/module.h"
#include "cutrans/runtime/reports.h"
#include "environment.h"

namespace cutrans::runtime {
namespace {

int compiles() {
  static auto count = reinterpret_cast<int (*)()>(dlsym(dlopen(CUTRANS_TEST_HOME "/libcutrans_compiler.so", RTLD_NOW), "fake_compiles"));
  return count();
}

class Launches : public RuntimeTest {
 protected:
  Module &load(const std::string &text) {
    Unit unit{"unit", text};
    Result<Module *> module = Module::load(context(), {&unit, 1});
    EXPECT_TRUE(module.ok()) << name(module);
    return **module;
  }
  Kernel &kernel(const std::string &line) {
    Module &module = load("kernel k " + line);
    return **module.kernel("k");
  }
  Kernel &ids() { return kernel("ids 0 0 0 8 8"); }
  Queue &queue() { return context().legacyQueue(); }
  Address allocate(uint64_t bytes) { return *allocateMemory(context(), MemoryKind::device, bytes); }
  // Launches `ids` over count threads and checks what it wrote.
  Status launchIds(Kernel &k, LaunchShape shape) {
    uint64_t count = 1;
    for (int d = 0; d < 3; ++d) count *= uint64_t{shape.grid[d]} * shape.block[d];
    Address out = allocate(count * 8);
    uint64_t add = 7;
    void *pointers[] = {&out, &add};
    if (Status launched = queue().launch(k, shape, {pointers, nullptr, 0}); !launched.ok()) return launched;
    if (Status done = queue().synchronize(); !done.ok()) return done;
    const auto *numbers = reinterpret_cast<uint64_t *>(out);
    for (uint64_t i = 0; i < count; ++i)
      if (numbers[i] != i + 7) return Code::internal;
    return releaseMemory(out, false);
  }
  static LaunchShape shape(uint32_t grid, uint32_t block) { return {{grid, 1, 1}, {block, 1, 1}, {1, 1, 1}, 0, false}; }
};

TEST_F(Launches, RunWithPointersAndWithABuffer) {
  Kernel &k = ids();
  EXPECT_OK(launchIds(k, shape(10, 64)));
  uint64_t packed[2] = {allocate(64 * 8), 100};
  ASSERT_OK(queue().launch(k, shape(2, 32), {nullptr, packed, sizeof packed}));
  ASSERT_OK(queue().synchronize());
  EXPECT_EQ(reinterpret_cast<uint64_t *>(packed[0])[63], 163u);
}

TEST_F(Launches, WrongArgumentsAreRefused) {
  Kernel &k = ids();
  uint64_t packed[2] = {0, 0};
  void *pointers[] = {&packed[0], nullptr};
  EXPECT_CODE(invalid_value, queue().launch(k, shape(1, 1), {}));
  EXPECT_CODE(invalid_value, queue().launch(k, shape(1, 1), {pointers, nullptr, 0}));
  EXPECT_CODE(invalid_value, queue().launch(k, shape(1, 1), {nullptr, packed, 15}));
}

TEST_F(Launches, ShapesBeyondALimitGiveTheirCodes) {
  Kernel &k = ids();
  testing::internal::CaptureStderr();
  EXPECT_CODE(invalid_configuration, launchIds(k, shape(0, 32)));
  EXPECT_CODE(invalid_configuration, launchIds(k, shape(1, 0)));
  EXPECT_CODE(invalid_configuration, launchIds(k, shape(1, 1025)));
  EXPECT_CODE(invalid_configuration, queue().launch(k, {{1, 70000, 1}, {1, 1, 1}}, {}));
  EXPECT_CODE(invalid_configuration, queue().launch(k, {{1, 1, 1}, {64, 64, 1}}, {}));
  EXPECT_CODE(invalid_configuration, queue().launch(k, {{1, 1, 1}, {1, 1, 65}}, {}));
  EXPECT_CODE(invalid_cluster, queue().launch(k, {{2, 1, 1}, {1, 1, 1}, {3, 1, 1}}, {})) << "no whole number of clusters";
  EXPECT_CODE(invalid_cluster, queue().launch(k, {{64, 1, 1}, {1, 1, 1}, {32, 1, 1}}, {})) << "more than run together";
  EXPECT_CODE(out_of_resources, launchIds(kernel("ids 0 128 0 8 8"), shape(1, 129)));
  EXPECT_CODE(invalid_value, launchIds(kernel("ids 0 0 64 8 8"), shape(1, 32)));
  EXPECT_OK(launchIds(kernel("ids 0 0 64 8 8"), shape(1, 64)));
  std::string printed = testing::internal::GetCapturedStderr();
  EXPECT_NE(printed.find("CT2001: kernel k, grid 0x1x1"), std::string::npos) << printed;
}

TEST_F(Launches, DynamicSharedMemoryNeedsPermission) {
  Kernel &k = kernel("memory 96 0 0 8");
  Address out = allocate(1000);
  void *pointers[] = {&out};
  LaunchShape s = shape(1, 32);
  s.dynamic_shared_bytes = 48 * 1024 - 96;
  EXPECT_OK(queue().launch(k, s, {pointers}));
  ++s.dynamic_shared_bytes;
  testing::internal::CaptureStderr();
  EXPECT_CODE(invalid_value, queue().launch(k, s, {pointers}));
  testing::internal::GetCapturedStderr();
  EXPECT_CODE(invalid_value, k.setMaxDynamicShared(227 * 1024));
  ASSERT_OK(k.setMaxDynamicShared(100 * 1024));
  EXPECT_OK(queue().launch(k, s, {pointers}));
  EXPECT_OK(queue().synchronize());
}

TEST_F(Launches, EachShapeIsCompiledOnceAndThenAGenericVersionServes) {
  Kernel &k = ids();
  int before = compiles();
  for (int round = 0; round < 3; ++round)
    for (uint32_t block = 1; block <= 8; ++block) ASSERT_OK(launchIds(k, shape(2, block)));
  EXPECT_EQ(compiles() - before, 8);
  for (uint32_t block = 9; block <= 40; ++block) ASSERT_OK(launchIds(k, shape(2, block)));
  EXPECT_EQ(compiles() - before, 9);
  uint32_t any[3] = {0, 0, 0};
  EXPECT_OK(k.prepare(any));
  EXPECT_EQ(compiles() - before, 9);
}

TEST_F(Launches, ThreadsThatMeetAtTheFirstLaunchCompileOnce) {
  Kernel &k = ids();
  int before = compiles();
  Address out = allocate(4 * 64 * 8);
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      Queue *own = newQueue();
      Address mine = out + t * 64 * 8;
      uint64_t add = t;
      void *pointers[] = {&mine, &add};
      for (int i = 0; i < 50; ++i) ASSERT_OK(own->launch(k, shape(1, 64), {pointers}));
      ASSERT_OK(own->synchronize());
    });
  for (std::thread &thread : threads) thread.join();
  EXPECT_EQ(compiles() - before, 1);
  for (uint64_t t = 0; t < 4; ++t) EXPECT_EQ(reinterpret_cast<uint64_t *>(out)[t * 64 + 63], 63 + t);
}

TEST_F(Launches, ARefusedKernelIsRefusedAgainWithoutCompiling) {
  Kernel &k = kernel("refuse 0 0 0");
  int before = compiles();
  testing::internal::CaptureStderr();
  RuntimeReports reports;
  EXPECT_CODE(unsupported, queue().launch(k, shape(1, 1), {}));
  EXPECT_CODE(unsupported, queue().launch(k, shape(1, 1), {}));
  EXPECT_NE(testing::internal::GetCapturedStderr().find("CT9002"), std::string::npos);
  EXPECT_NE(reports.text().find("CT9002"), std::string::npos);
  EXPECT_EQ(compiles() - before, 1);
  EXPECT_OK(context().synchronize()) << "the context is well";
}

TEST_F(Launches, VariablesHaveTheirValuesAndPointTheirPointers) {
  Module &module = load("word a 11\nword b 22\npointer p b\nkernel k memory 96 0 0 8");
  Result<Variable> b = module.variable("b"), p = module.variable("p");
  ASSERT_OK(b);
  ASSERT_OK(p);
  EXPECT_CODE(invalid_symbol, module.variable("c"));
  EXPECT_EQ(b->size, 8u);
  EXPECT_EQ(*reinterpret_cast<uint64_t *>(b->address), 22u);
  EXPECT_EQ(*reinterpret_cast<uint64_t *>(p->address), b->address);
  auto known = findAllocation(b->address);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->kind, MemoryKind::image);
  testing::internal::CaptureStderr();
  EXPECT_CODE(invalid_value, releaseMemory(known->base, false));
  testing::internal::GetCapturedStderr();
  // The kernel sees them: `memory` writes the first one to out[3].
  Address out = allocate(32), first = module.variable("a")->address;
  uint64_t value = 99;
  ASSERT_OK(queue().copy({.dst = first, .src = reinterpret_cast<Address>(&value), .width = 8, .synchronous = true}));
  void *pointers[] = {&out};
  ASSERT_OK(queue().launch(**module.kernel("k"), shape(1, 1), {pointers}));
  ASSERT_OK(queue().synchronize());
  EXPECT_EQ(reinterpret_cast<uint64_t *>(out)[3], 99u);
  ASSERT_OK(module.unload());
  EXPECT_FALSE(findAllocation(first));
}

TEST_F(Launches, ManagedVariablesAreTheHostsToo) {
  Module &module = load("managed m 5");
  Result<Variable> m = module.variable("m");
  ASSERT_OK(m);
  EXPECT_TRUE(m->managed);
  EXPECT_EQ(*reinterpret_cast<uint64_t *>(m->address), 5u);
}

TEST_F(Launches, WrongTextAndWrongNamesAreErrors) {
  testing::internal::CaptureStderr();
  RuntimeReports reports;
  Unit bad{"bad unit", "nonsense"};
  EXPECT_CODE(invalid_ptx, Module::load(context(), {&bad, 1}));
  EXPECT_CODE(invalid_value, Module::load(context(), {}));
  EXPECT_NE(reports.text().find("bad unit: what is nonsense"), std::string::npos);
  testing::internal::GetCapturedStderr();
  Module &module = load("kernel k ids 0 0 0 8 8");
  EXPECT_CODE(invalid_function, module.kernel("other"));
  EXPECT_EQ(*module.kernel("k"), *module.kernel("k"));
  Kernel *k = *module.kernel("k");
  EXPECT_EQ(Kernel::find(k), k);
  ASSERT_OK(module.unload());
  EXPECT_EQ(Kernel::find(k), nullptr);
  EXPECT_EQ(Module::find(&module), nullptr);
}

TEST_F(Launches, AFaultStaysUntilTheContextIsReset) {
  Kernel &bad = kernel("end 0 0 0 8 8"), &good = ids();
  Queue &other = *newQueue();
  Event &event = **Event::create(context(), 0);
  Address memory = allocate(100);
  uint64_t how = 0, address = 0;
  void *pointers[] = {&how, &address};
  testing::internal::CaptureStderr();
  ASSERT_OK(queue().launch(bad, shape(1, 1), {pointers}));
  EXPECT_CODE(illegal_address, queue().synchronize());
  EXPECT_CODE(illegal_address, other.synchronize());
  EXPECT_CODE(illegal_address, other.record(event));
  EXPECT_CODE(illegal_address, launchIds(good, shape(1, 1)));
  EXPECT_CODE(illegal_address, allocateMemory(context(), MemoryKind::device, 100));
  EXPECT_CODE(illegal_address, releaseMemory(memory, false));
  EXPECT_CODE(illegal_address, ensureContext());
  EXPECT_CODE(illegal_address, context().synchronize());
  ASSERT_OK(context().device().resetPrimary());
  ASSERT_OK(ensureContext());
  EXPECT_OK(launchIds(ids(), shape(4, 32)));
  testing::internal::GetCapturedStderr();
}

TEST_F(Launches, OtherContextsOfTheDeviceFailTooAndNewOnes) {
  Kernel &bad = kernel("end 0 0 0 8 8");
  Context &second = **Context::create(context().device(), 0);
  uint64_t how = 1, address = 0;
  void *pointers[] = {&how, &address};
  testing::internal::CaptureStderr();
  ASSERT_OK(queue().launch(bad, shape(1, 1), {pointers}));
  EXPECT_CODE(device_trap, context().synchronize());
  EXPECT_CODE(device_trap, second.legacyQueue().fill({.dst = 1, .element = 1, .value = 0, .width = 0}));
  EXPECT_CODE(device_trap, Context::create(context().device(), 0));
  testing::internal::GetCapturedStderr();
  EXPECT_OK(second.destroy());
  EXPECT_OK(context().device().resetPrimary());
}

TEST_F(Launches, OccupancyFollowsThreadsAndSharedMemory) {
  const ct_device_info &device = context().device().info();
  Kernel &k = kernel("ids 1024 0 0 8 8");
  EXPECT_EQ(*blocksPerUnit(k, 32, 0), std::min(device.max_blocks_per_unit, device.max_threads_per_unit / 32));
  EXPECT_EQ(*blocksPerUnit(k, 1024, 0), device.max_threads_per_unit / 1024);
  EXPECT_EQ(*blocksPerUnit(k, 33, 0), *blocksPerUnit(k, 64, 0)) << "whole warps";
  EXPECT_EQ(*blocksPerUnit(k, 1025, 0), 0u);
  EXPECT_EQ(*blocksPerUnit(k, 32, 99 * 1024), device.shared_bytes_per_unit / (100 * 1024 + device.shared_bytes_reserved));
  const uint64_t third = device.shared_bytes_per_unit / 3 / 128 * 128 - device.shared_bytes_reserved - k.info().static_shared_bytes;
  EXPECT_EQ(*blocksPerUnit(k, 32, third), 3u);
  EXPECT_EQ(*blocksPerUnit(k, 32, third + 1), 2u) << "pieces of 128 bytes";
  EXPECT_CODE(invalid_value, blocksPerUnit(k, 0, 0));
  Result<BlockAdvice> advice = adviseBlock(k, nullptr, 0, 0);
  ASSERT_OK(advice);
  EXPECT_EQ(advice->block, 1024u);
  EXPECT_EQ(advice->min_grid, device.compute_units * 2);
  EXPECT_EQ(adviseBlock(k, nullptr, 0, 256)->block, 256u);
  Result<uint64_t> shared = sharedBytesFor(k, 2, 256);
  ASSERT_OK(shared);
  EXPECT_EQ(*blocksPerUnit(k, 256, *shared), 2u);
  EXPECT_EQ(*blocksPerUnit(k, 256, *shared + 1024), 1u);
}

TEST_F(Launches, CooperativeGridsAsLargeAsOccupancySaysRun) {
  Kernel &k = kernel("meeting 0 0 0 8 8");
  const uint32_t blocks = *blocksPerUnit(k, 64, 0) * context().device().info().compute_units;
  Address arrived = allocate(blocks * 8), errors = allocate(8);
  ASSERT_OK(queue().fill({.dst = arrived, .element = 4, .value = 0, .width = blocks * 2}));
  ASSERT_OK(queue().fill({.dst = errors, .element = 4, .value = 0, .width = 2}));
  void *pointers[] = {&arrived, &errors};
  LaunchShape s = shape(blocks, 64);
  s.cooperative = true;
  ASSERT_OK(queue().launch(k, s, {pointers}));
  ASSERT_OK(queue().synchronize());
  EXPECT_EQ(*reinterpret_cast<uint64_t *>(errors), 0u);
  s.grid[0] = blocks + 1;
  testing::internal::CaptureStderr();
  EXPECT_CODE(cooperative_too_large, queue().launch(k, s, {pointers}));
  testing::internal::GetCapturedStderr();
}

TEST_F(Launches, LibrariesLoadOncePerContextAndAskTheirSourceOnce) {
  static int asked;
  asked = 0;
  Result<Library *> library = Library::create([](unsigned capability) -> Result<std::vector<Unit>> {
    EXPECT_EQ(capability, 90u);
    ++asked;
    return std::vector<Unit>{{"u", "kernel k ids 0 0 0 8 8\nword w 3"}};
  });
  ASSERT_OK(library);
  LibraryKernel *handle = (*library)->kernel("k"), *missing = (*library)->kernel("nothing");
  EXPECT_EQ((*library)->kernel("k"), handle);
  EXPECT_EQ(LibraryKernel::find(handle), handle);
  EXPECT_EQ(asked, 0);
  Result<Kernel *> here = handle->in(context());
  ASSERT_OK(here);
  EXPECT_EQ(*handle->in(context()), *here);
  EXPECT_CODE(invalid_function, missing->in(context()));
  EXPECT_OK(launchIds(**here, shape(2, 32)));
  Context &second = **Context::create(context().device(), 0);
  Result<Kernel *> there = handle->in(second);
  ASSERT_OK(there);
  EXPECT_NE(*there, *here);
  EXPECT_CODE(invalid_handle, queue().launch(**there, shape(1, 1), {})) << "a kernel of another context";
  EXPECT_EQ(asked, 1);
  ASSERT_OK(second.destroy());
  ASSERT_OK(context().device().resetPrimary());
  ASSERT_OK(ensureContext());
  Result<Kernel *> again = handle->in(context());
  ASSERT_OK(again);
  EXPECT_EQ(asked, 1);
  EXPECT_OK(launchIds(**again, shape(2, 32)));
  EXPECT_OK((*library)->destroy());
  EXPECT_EQ(LibraryKernel::find(handle), nullptr);
  EXPECT_EQ(Kernel::find(*again), nullptr);
}

TEST_F(Launches, ALibraryWithoutPtxSaysSoEachTime) {
  static int asked;
  asked = 0;
  Result<Library *> library = Library::create([](unsigned) -> Result<std::vector<Unit>> {
    ++asked;
    return Code::no_kernel_image;
  });
  LibraryKernel *handle = (*library)->kernel("k");
  EXPECT_CODE(no_kernel_image, handle->in(context()));
  EXPECT_CODE(no_kernel_image, handle->in(context()));
  EXPECT_EQ(asked, 1);
  EXPECT_OK((*library)->destroy());
}

}  // namespace
}  // namespace cutrans::runtime
