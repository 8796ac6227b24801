// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Launches with every kind of memory: the kinds that the device has, and those that a double of the OpenCL library gives it
// (opencl_double.cpp).
#include <algorithm>
#include <cstddef>
#include <numeric>
#include <thread>

#include "opencl_fixture.h"

namespace cutrans::opencl::test {
namespace {

constexpr const char *kScale = R"(
  __global const ulong *p = (__global const ulong *)L->params;
  __global uint *data = (__global uint *)p[0];
  uint block = get_group_id(0);
  for (uint t = 0; t < L->block[0]; ++t) data[block * L->block[0] + t] = data[block * L->block[0] + t] * 3 + (uint)p[1];)";

struct ScaleParams {
  uint64_t data, add;
};

class OpenclMemory : public testing::TestWithParam<const char *> {
 protected:
  OpenclMemory() : target(settings()) {}
  ~OpenclMemory() override { unsetenv("CUTRANS_OPENCL_DOUBLE"); }
  static std::map<std::string, std::string> settings() {
    const std::string kind = GetParam();
    const bool doubled = kind == "unified" || kind == "address";
    if (doubled) setenv("CUTRANS_OPENCL_DOUBLE", kind.c_str(), 1);
    return {{"OPENCL_MEMORY", kind}, {"OPENCL_LIBRARY", doubled ? CUTRANS_OPENCL_DOUBLE_LIBRARY : ""}};
  }
  bool hostReaches() {
    ct_device_info info{};
    info.struct_size = sizeof info;
    EXPECT_EQ(target.table->device->info(0, &info), CT_OK);
    return info.flags & CT_DEVICE_HOST_CAN_ACCESS;
  }
  Target target;
};

TEST_P(OpenclMemory, KernelsCopiesAndFillsFollowEachOther) {
  CUTRANS_NEEDS_OPENCL(target);
  ct_queue *queue = target.queue();
  ct_kernel *scale = target.kernel(kScale);
  std::vector<uint32_t> data(256);
  std::iota(data.begin(), data.end(), 1);
  const uint64_t base = target.alloc(4096), at = base + 512;  // kernels, copies and fills take addresses inside of an allocation
  ASSERT_EQ(target.write(queue, at, data), CT_OK);
  for (int i = 0; i < 300; ++i) ASSERT_EQ(target.launch(queue, scale, ScaleParams{at, static_cast<uint64_t>(i)}, 4, 64), CT_OK);
  for (uint32_t &value : data)
    for (uint32_t i = 0; i < 300; ++i) value = value * 3 + i;
  EXPECT_EQ(target.read<uint32_t>(queue, at, 256), data);

  const ct_fill fill{sizeof fill, 2, at, 0xabcd, 3, 5, 32};
  ASSERT_EQ(target.table->queue->fill(queue, &fill), CT_OK);
  auto words = target.read<uint16_t>(queue, at, 80);
  for (int y = 0; y < 5; ++y)
    for (int x = 0; x < 16; ++x) EXPECT_EQ(words[y * 16 + x] == 0xabcd, x < 3) << x << " " << y;
}

TEST_P(OpenclMemory, BoxesKeepTheirPitches) {
  CUTRANS_NEEDS_OPENCL(target);
  ct_queue *queue = target.queue();
  std::vector<uint8_t> host(7 * 11 * 3);
  std::iota(host.begin(), host.end(), 0);
  const uint64_t a = target.alloc(8192) + 64, b = target.alloc(8192) + 128;
  // Host rows of 7 in slices of 77; on the device rows of 16, slices of 200, which is no whole number of rows.
  ct_copy in{sizeof in, CT_SIDE_DEVICE, CT_SIDE_HOST, a, reinterpret_cast<uint64_t>(host.data()), 5, 10, 3, 16, 200, 7, 77};
  ASSERT_EQ(target.table->queue->copy(queue, &in), CT_OK);
  ct_copy over{sizeof over, CT_SIDE_DEVICE, CT_SIDE_DEVICE, b, a, 5, 10, 3, 8, 80, 16, 200};
  ASSERT_EQ(target.table->queue->copy(queue, &over), CT_OK);
  std::vector<uint8_t> back(5 * 10 * 3);
  ct_copy out{sizeof out, CT_SIDE_HOST, CT_SIDE_DEVICE, reinterpret_cast<uint64_t>(back.data()), b, 5, 10, 3, 5, 50, 8, 80};
  ASSERT_EQ(target.table->queue->copy(queue, &out), CT_OK);
  ASSERT_EQ(target.synchronize(queue), CT_OK);
  for (int z = 0; z < 3; ++z)
    for (int y = 0; y < 10; ++y)
      for (int x = 0; x < 5; ++x) ASSERT_EQ(back[z * 50 + y * 5 + x], host[z * 77 + y * 7 + x]);
}

TEST_P(OpenclMemory, PinnedMemoryIsTheHosts) {
  CUTRANS_NEEDS_OPENCL(target);
  ct_queue *queue = target.queue();
  uint64_t address = 0;
  ASSERT_EQ(target.table->memory->alloc(target.device, CT_MEMORY_HOST, 1024, 256, &address), CT_OK);
  auto *pinned = reinterpret_cast<uint32_t *>(address);
  std::iota(pinned, pinned + 256, 0);
  const uint64_t device = target.alloc(1024);
  const ct_copy in = Target::box(CT_SIDE_DEVICE, device, CT_SIDE_DEVICE, address, 1024);
  ASSERT_EQ(target.table->queue->copy(queue, &in), CT_OK);
  const ct_fill fill{sizeof fill, 4, address, 9, 256, 1, 1024};
  ASSERT_EQ(target.table->queue->fill(queue, &fill), CT_OK);
  const ct_word word{sizeof word, 8, address + 8, 0x1234'5678'9abc, CT_COMPARE_EQ};
  ASSERT_EQ(target.table->queue->write_word(queue, &word), CT_OK);
  ASSERT_EQ(target.table->queue->wait_word(queue, &word), CT_OK);
  EXPECT_EQ(target.read<uint32_t>(queue, device, 256)[255], 255u);
  EXPECT_EQ(pinned[255], 9u);
  EXPECT_EQ(pinned[2], 0x56789abcu);
  EXPECT_EQ(target.table->memory->free(target.device, CT_MEMORY_HOST, address), CT_OK);
}

TEST_P(OpenclMemory, WordsOfDeviceMemoryOrderQueues) {
  CUTRANS_NEEDS_OPENCL(target);
  ct_queue *waits = target.queue(), *writes = target.queue();
  const uint64_t at = target.alloc(256);
  ASSERT_EQ(target.write(waits, at, std::vector<uint32_t>(64, 0)), CT_OK);
  ASSERT_EQ(target.synchronize(waits), CT_OK);
  const ct_word word{sizeof word, 4, at + 4, 7, CT_COMPARE_GEQ};
  ASSERT_EQ(target.table->queue->wait_word(waits, &word), CT_OK);
  EXPECT_EQ(target.table->queue->query(waits), CT_NOT_READY);
  ASSERT_EQ(target.table->queue->write_word(writes, &word), CT_OK);
  EXPECT_EQ(target.read<uint32_t>(waits, at, 64)[1], 7u);
}

TEST_P(OpenclMemory, BlocksHaveTheirMemory) {
  CUTRANS_NEEDS_OPENCL(target);
  ct_opencl_header header{};
  header.static_shared_bytes = 100;
  header.local_bytes = 48;
  header.scratch_bytes = 1000;
  header.flags = CT_OPENCL_USES_STACK;
  ct_kernel *kernel = target.kernel(R"(
  __global ulong *out = (__global ulong *)*(__global const ulong *)L->params;
  uint b = get_group_id(0);
  volatile __global uint *taken = (volatile __global uint *)L->arena_slots;
  uint slot = 0;
  while (atomic_xchg(taken + slot, 1u)) slot = (slot + 1) % L->arena_slot_count;
  __global uchar *mine = (__global uchar *)(L->arena + slot * L->slot_bytes);
  for (ulong i = 0; i < L->slot_bytes; ++i) mine[i] = (uchar)b;
  for (uint i = 0; i < 100 + L->dynamic_shared_bytes; ++i) shared[i] = (uchar)b;
  ulong wrong = 0;
  for (ulong i = 0; i < L->slot_bytes; ++i) wrong += mine[i] != (uchar)b;
  for (uint i = 0; i < 100 + L->dynamic_shared_bytes; ++i) wrong += shared[i] != (uchar)b;
  atomic_xchg(taken + slot, 0u);
  out[b * 4] = wrong; out[b * 4 + 1] = L->slot_bytes; out[b * 4 + 2] = L->stack_bytes; out[b * 4 + 3] = L->globals;)",
                                    header);
  ct_queue *queue = target.queue();
  constexpr uint32_t kBlocks = 100;
  const uint64_t out = target.alloc(kBlocks * 32);
  for (uint64_t stack : {64, 1024}) {
    ct_launch request = Target::shape(kernel, out, kBlocks, 40, 3000);
    request.stack_bytes = stack;
    request.globals = 0x123456789a;
    ASSERT_EQ(target.table->queue->launch(queue, &request), CT_OK) << target.reports();
    const auto rows = target.read<uint64_t>(queue, out, kBlocks * 4);
    for (uint32_t b = 0; b < kBlocks; ++b) {
      ASSERT_EQ(rows[b * 4], 0u) << b;
      ASSERT_GE(rows[b * 4 + 1], 1024 + 48 * 48 + stack * 48);
      ASSERT_EQ(rows[b * 4 + 2], stack);
      ASSERT_EQ(rows[b * 4 + 3], 0x123456789au);
    }
  }
}

// A text, an integer and a record that says more than it holds.
constexpr const char *kPrints = R"(
  __global uint *head = (__global uint *)L->messages;
  uint b = get_group_id(0);
  uint at = atomic_add((volatile __global uint *)head, 56u);
  if (at + 56 > head[1]) return;
  __global uint *m = head + 4 + at / 4;
  __global uchar *c = (__global uchar *)(m + 8);
  m[1] = 56; m[2] = b; m[3] = 0; m[4] = 0; m[5] = 3; m[6] = 9; m[7] = 8;
  c[0] = 'b'; c[1] = ' '; c[2] = '%'; c[3] = 'd'; c[4] = '.'; c[5] = '\n'; c[6] = 0; c[7] = 0; c[8] = 0;
  m[12] = b * 10; m[13] = 0;
  m[0] = 1;)";

TEST_P(OpenclMemory, MessagesComeBehindTheLaunch) {
  CUTRANS_NEEDS_OPENCL(target);
  ct_opencl_header header{};
  header.flags = CT_OPENCL_USES_MESSAGES;
  ct_kernel *kernel = target.kernel(kPrints, header);
  ct_queue *queue = target.queue();
  for (int round = 1; round <= 3; ++round) {
    ASSERT_EQ(target.launch(queue, kernel, uint64_t{0}, 2, 32), CT_OK);
    ASSERT_EQ(target.synchronize(queue), CT_OK);
    const std::string text = target.output();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2 * round);
    EXPECT_NE(text.find("b 10."), std::string::npos) << text;
  }
}

TEST_P(OpenclMemory, ATrapIsTheDevicesFault) {
  CUTRANS_NEEDS_OPENCL(target);
  ct_opencl_header header{};
  header.flags = CT_OPENCL_USES_MESSAGES;
  ct_kernel *kernel = target.kernel(R"(
  __global uint *head = (__global uint *)L->messages;
  uint at = atomic_add((volatile __global uint *)head, 32u);
  __global uint *m = head + 4 + at / 4;
  m[1] = 32; m[2] = get_group_id(0); m[3] = m[4] = 0; m[5] = 5; m[6] = 12 << 13; m[7] = 0;
  head[2] = 1;
  m[0] = 3;)", header);
  ct_queue *queue = target.queue(), *other = target.queue();
  ASSERT_EQ(target.launch(queue, kernel, uint64_t{0}, 1, 32), CT_OK);
  static ct_status seen;
  seen = CT_OK;
  ASSERT_EQ(target.table->queue->host_call(queue, [](void *, ct_status status) { seen = status; }, nullptr), CT_OK);
  EXPECT_EQ(target.synchronize(queue), CT_ERR_TRAP);
  EXPECT_EQ(target.table->queue->query(other), CT_ERR_TRAP);
  EXPECT_EQ(seen, CT_ERR_TRAP);
  EXPECT_EQ(target.launch(other, kernel, uint64_t{0}, 1, 32), CT_ERR_TRAP);
  EXPECT_NE(target.reports().find("kernel tested"), std::string::npos);
  EXPECT_NE(target.reports().find("PTX line 12"), std::string::npos) << target.reports();
}

// More launches than the ring has room for, all behind one gate, and none of them may wait for it.
TEST_P(OpenclMemory, ManyLaunchesAreTakenAtOnce) {
  CUTRANS_NEEDS_OPENCL(target);
  ct_queue *queue = target.queue();
  ct_kernel *scale = target.kernel(kScale);
  struct {
    ScaleParams scale;
    char rest[8000];
  } params{{target.alloc(256), 1}, {}};
  ASSERT_EQ(target.write(queue, params.scale.data, std::vector<uint32_t>(64, 0)), CT_OK);
  const ct_launch launch = Target::shape(scale, params, 1, 64);
  std::vector<ct_operation> operations(1200);
  for (ct_operation &operation : operations) {
    operation.kind = CT_OPERATION_LAUNCH;
    operation.u.launch = &launch;
  }
  Gate gate;
  ASSERT_EQ(target.table->queue->host_call(queue, Gate::pass, &gate), CT_OK);
  size_t taken = 0;
  EXPECT_EQ(target.table->queue->submit_many(queue, operations.data(), operations.size(), &taken), CT_OK);
  EXPECT_EQ(taken, operations.size());
  EXPECT_EQ(target.table->queue->query(queue), CT_NOT_READY);
  gate.open();
  uint32_t expected = 0;
  for (size_t i = 0; i < operations.size(); ++i) expected = expected * 3 + 1;
  EXPECT_EQ(target.read<uint32_t>(queue, params.scale.data, 64)[63], expected);
}

TEST_P(OpenclMemory, ManagedMemoryIsBothSidesOrRefused) {
  CUTRANS_NEEDS_OPENCL(target);
  const bool both = hostReaches() || std::string(GetParam()) == "unified";
  uint64_t address = 0;
  const ct_status status = target.table->memory->alloc(target.device, CT_MEMORY_MANAGED, 1024, 256, &address);
  if (!both) {
    EXPECT_EQ(status, CT_ERR_UNSUPPORTED);
    EXPECT_NE(target.reports().find("CT3203"), std::string::npos);
    return;
  }
  ASSERT_EQ(status, CT_OK);
  auto *data = reinterpret_cast<uint32_t *>(address);
  std::fill(data, data + 256, 2);
  ct_queue *queue = target.queue();
  ASSERT_EQ(target.launch(queue, target.kernel(kScale), ScaleParams{address, 1}, 4, 64), CT_OK);
  ASSERT_EQ(target.synchronize(queue), CT_OK);
  EXPECT_EQ(data[255], 7u);
  EXPECT_EQ(target.table->memory->free(target.device, CT_MEMORY_MANAGED, address), CT_OK);
}

TEST_P(OpenclMemory, ThreadsLaunchOneKernelInQueuesOfTheirOwn) {
  CUTRANS_NEEDS_OPENCL(target);
  ct_kernel *scale = target.kernel(kScale);
  constexpr int kThreads = 4;
  uint64_t data[kThreads];
  ct_queue *queues[kThreads];
  for (int i = 0; i < kThreads; ++i) {
    queues[i] = target.queue();
    data[i] = target.alloc(256);
    ASSERT_EQ(target.write(queues[i], data[i], std::vector<uint32_t>(64, i)), CT_OK);
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] {
      for (int n = 0; n < 500; ++n) EXPECT_EQ(target.launch(queues[i], scale, ScaleParams{data[i], 1}, 1, 64), CT_OK);
    });
  for (std::thread &thread : threads) thread.join();
  for (int i = 0; i < kThreads; ++i) {
    uint32_t expected = static_cast<uint32_t>(i);
    for (int n = 0; n < 500; ++n) expected = expected * 3 + 1;
    EXPECT_EQ(target.read<uint32_t>(queues[i], data[i], 64)[63], expected);
  }
}

// On a driver that does not compile kernels as faults.h says this test ends by the signal.
TEST(OpenclFault, ABadAccessEndsTheKernelAlone) {
  Target target;
  CUTRANS_NEEDS_OPENCL(target);
  ct_kernel *bad = nullptr;
  const std::string source = R"(
  __asm__ volatile(")" CT_OPENCL_ENTRY_ASM R"(" ::: "rbx", "r12", "r13", "r14", "r15");
  __attribute__((aligned(128))) volatile uchar room[128];  // makes a frame pointer
  room[0] = shared[0];
  if (get_group_id(0) % 2) *(volatile __global uint *)(*(__global const ulong *)L->params + room[0] * 0) = 1;)";
  if (target.load(artifactOf(source), &bad) != CT_OK) GTEST_SKIP() << "this driver takes no asm statements in OpenCL C: " << target.deviceName();
  ct_queue *queue = target.queue(), *other = target.queue();
  EXPECT_EQ(target.launch(queue, bad, uint64_t{64}, 100, 32), CT_OK);
  EXPECT_EQ(target.synchronize(queue), CT_ERR_ILLEGAL_ADDRESS);
  EXPECT_EQ(target.synchronize(other), CT_ERR_ILLEGAL_ADDRESS);
  EXPECT_NE(target.reports().find("CT3100 a kernel: illegal address 0x40"), std::string::npos) << target.reports();
  // Opened again it works.
  Target again;
  ct_kernel *scale = again.kernel(kScale);
  ct_queue *fresh = again.queue();
  const uint64_t data = again.alloc(256);
  ASSERT_EQ(again.write(fresh, data, std::vector<uint32_t>(64, 1)), CT_OK);
  ASSERT_EQ(again.launch(fresh, scale, ScaleParams{data, 1}, 1, 64), CT_OK);
  EXPECT_EQ(again.read<uint32_t>(fresh, data, 64)[63], 4u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, OpenclMemory, testing::Values("fine", "coarse", "unified", "address"), [](const auto &info) { return std::string(info.param); });

}  // namespace
}  // namespace cutrans::opencl::test
