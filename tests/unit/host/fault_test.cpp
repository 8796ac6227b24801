// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a kernel must not do ends its launch with the right error, is said once, stays the device's answer, and leaves the process
// whole: each test goes on to use what is left.
#include <signal.h>
#include <sys/mman.h>

#include <atomic>
#include <thread>

#include "host_fixture.h"

namespace cutrans::host::test {
namespace {

struct Touch {
  uint64_t address, victim;
};

void expectFault(Host &host, ct_queue *queue, ct_status status, const std::string &code) {
  EXPECT_EQ(host.synchronize(queue), status);
  EXPECT_EQ(host.synchronize(queue), status);
  EXPECT_EQ(host.target->queue->query(queue), status);
  uint32_t one = 1, two = 2;
  EXPECT_EQ(host.copy(queue, &one, &two, 4), status);
  EXPECT_EQ(host.launch(queue, host.kernel("empty"), 0, 1, 1), status);
  EXPECT_EQ(host.synchronize(host.queue()), status);
  ASSERT_EQ(host.reports().size(), code.empty() ? 0u : 1u);
  if (!code.empty()) {
    EXPECT_EQ(host.reports()[0].substr(0, code.size()), code) << host.reports()[0];
  }
}

TEST(HostFault, BadAddressInAnyBlockAndForm) {
  for (const char *kernel : {"touch", "touch_gang"}) {
    for (uint64_t address : {uint64_t{16}, uint64_t{0xdead'0000'0000'0000}, uint64_t{0x7f00'0000'0000}}) {
      for (uint64_t victim : {0u, 99u}) {
        Host host;
        ct_queue *queue = host.queue();
        ASSERT_EQ(host.launch(queue, host.kernel(kernel), Touch{address, victim}, 100, 128), CT_OK);
        expectFault(host, queue, CT_ERR_ILLEGAL_ADDRESS, std::string("CT3100 kernel ") + kernel + ", block [" + std::to_string(victim) + ",0,0]: illegal address");
      }
    }
  }
}

TEST(HostFault, ManyTimesInOneProcess) {
  for (int i = 0; i < 200; ++i) {
    Host host;
    ct_queue *queue = host.queue();
    ASSERT_EQ(host.launch(queue, host.kernel(i % 2 ? "touch" : "touch_gang"), Touch{8, static_cast<uint64_t>(i % 7)}, 8, 64), CT_OK);
    ASSERT_EQ(host.synchronize(queue), CT_ERR_ILLEGAL_ADDRESS);
  }
}

TEST(HostFault, OtherDevicesGoOn) {
  Host host({{"HOST_DEVICES", "2"}});
  ct_device *other = nullptr;
  ASSERT_EQ(host.target->device->count(), 2u);
  ASSERT_EQ(host.target->device->open(1, &other), CT_OK);
  ct_queue *elsewhere = nullptr;
  ASSERT_EQ(host.target->queue->create(other, 0, 0, &elsewhere), CT_OK);
  ct_queue *queue = host.queue();
  host.launch(queue, host.kernel("touch"), Touch{8, 0}, 1, 1);
  EXPECT_EQ(host.synchronize(queue), CT_ERR_ILLEGAL_ADDRESS);
  EXPECT_EQ(host.target->queue->synchronize(elsewhere), CT_OK);
  uint32_t from = 5, to = 0;
  EXPECT_EQ(host.copy(elsewhere, &to, &from, 4), CT_OK);
  EXPECT_EQ(host.target->queue->synchronize(elsewhere), CT_OK);
  EXPECT_EQ(to, 5u);
  host.target->queue->destroy(elsewhere);
  host.target->device->close(other);
}

TEST(HostFault, EndsInManyWays) {
  struct {
    uint32_t how;
    ct_status status;
    const char *code;
  } const rows[] = {{0, CT_ERR_TRAP, "CT3104"},   {1, CT_ERR_ASSERT, ""},       {2, CT_ERR_LAUNCH, "CT3106"},
                    {3, CT_ERR_LAUNCH, "CT3102"}, {4, CT_ERR_LAUNCH, "CT3102"}, {5, CT_ERR_LAUNCH, "CT3103"},
                    {6, CT_ERR_TRAP, "CT3104"}};
  for (const auto &row : rows) {
    Host host;
    ct_queue *queue = host.queue();
    struct { uint32_t how; } params = {row.how};
    testing::internal::CaptureStderr();
    ASSERT_EQ(host.launch(queue, host.kernel("ends"), params, 1, 64), CT_OK);
    EXPECT_EQ(host.synchronize(queue), row.status) << row.how;
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_EQ(said, row.how == 1 ? "file.cu:12: void f(int): block: [0,0,0], thread: [33,0,0] Assertion `x == 1` failed.\n" : "");
    expectFault(host, queue, row.status, row.code);
  }
}

TEST(HostFault, SharedMemoryEndsAtItsPages) {
  // 4096 bytes static: the page behind, and the one before, fault.
  for (int64_t offset : {int64_t{4096}, int64_t{-1}, int64_t{65536}}) {
    Host host;
    ct_queue *queue = host.queue();
    struct { int64_t offset; } params = {offset};
    host.launch(queue, host.kernel("touch_shared"), params, 1, 32);
    EXPECT_EQ(host.synchronize(queue), CT_ERR_ILLEGAL_ADDRESS) << offset;
  }
  Host host;
  ct_queue *queue = host.queue();
  struct { int64_t offset; } params = {4096};
  host.launch(queue, host.kernel("touch_shared"), params, 1, 32, 1);
  EXPECT_EQ(host.synchronize(queue), CT_OK);
}

TEST(HostFault, FreedMemoryFaults) {
  Host host;
  ct_queue *queue = host.queue();
  uint8_t *memory = host.memory<uint8_t>(8u << 20);
  host.launch(queue, host.kernel("touch"), Touch{reinterpret_cast<uint64_t>(memory), 0}, 1, 1);
  ASSERT_EQ(host.synchronize(queue), CT_OK);
  ASSERT_EQ(host.target->memory->free(host.device, CT_MEMORY_DEVICE, reinterpret_cast<uint64_t>(memory)), CT_OK);
  host.launch(queue, host.kernel("touch"), Touch{reinterpret_cast<uint64_t>(memory), 0}, 1, 1);
  EXPECT_EQ(host.synchronize(queue), CT_ERR_ILLEGAL_ADDRESS);
}

TEST(HostFault, CopiesWithBadAddresses) {
  for (uint64_t size : {uint64_t{4}, uint64_t{1} << 20, uint64_t{40} << 20}) {
    Host host;
    ct_queue *queue = host.queue();
    std::vector<uint8_t> from(size);
    host.copy(queue, reinterpret_cast<void *>(0x1000), from.data(), size);
    EXPECT_EQ(host.synchronize(queue), CT_ERR_ILLEGAL_ADDRESS);
    ASSERT_EQ(host.reports().size(), 1u);
    EXPECT_EQ(host.reports()[0].substr(0, 19), "CT3100 copy: illega");
  }
}

TEST(HostFault, WaitersAndHostCallsHearOfIt) {
  Host host;
  ct_queue *queue = host.queue(), *other = host.queue();
  ct_event *event = nullptr;
  ASSERT_EQ(host.target->event->create(host.device, 0, &event), CT_OK);
  std::atomic<uint32_t> flag{0};
  struct { void *flag; } params = {&flag};
  ct_kernel *spin = host.kernel("spin"), *touch = host.kernel("touch");
  host.launch(queue, spin, params, 1, 1);
  host.launch(queue, touch, Touch{8, 0}, 1, 1);
  host.target->queue->record(queue, event);
  ASSERT_EQ(host.target->queue->wait(other, event), CT_OK);
  std::atomic<int> heard{-1};
  ASSERT_EQ(host.target->queue->host_call(
                other, [](void *user, ct_status status) { static_cast<std::atomic<int> *>(user)->store(status); }, &heard),
            CT_OK);
  EXPECT_EQ(host.target->event->query(event), CT_NOT_READY);
  flag = 1;
  EXPECT_EQ(host.synchronize(other), CT_ERR_ILLEGAL_ADDRESS);
  EXPECT_EQ(heard, CT_ERR_ILLEGAL_ADDRESS);
  EXPECT_EQ(host.target->event->synchronize(event), CT_ERR_ILLEGAL_ADDRESS);
  host.target->event->destroy(event);
}

// The program's own handler, installed before and after ours, sees the program's own faults and no others.
std::atomic<int> program_faults{0};
void *program_page = nullptr;
void onProgramFault(int, siginfo_t *, void *) {
  ++program_faults;
  mprotect(program_page, 4096, PROT_READ | PROT_WRITE);
}

TEST(HostFault, ProgramsHandlersStillWork) {
  program_faults = 0;
  program_page = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct sigaction handler{}, before{};
  handler.sa_sigaction = onProgramFault;
  handler.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &handler, &before);
  {
    Host host;
    ct_queue *queue = host.queue();
    *static_cast<volatile int *>(program_page) = 1;
    EXPECT_EQ(program_faults, 1);
    mprotect(program_page, 4096, PROT_NONE);
    sigaction(SIGSEGV, &handler, nullptr);
    ct_kernel *touch = host.kernel("touch");  // a load puts ours back
    *static_cast<volatile int *>(program_page) = 1;
    EXPECT_EQ(program_faults, 2);
    host.launch(queue, touch, Touch{8, 0}, 1, 1);
    EXPECT_EQ(host.synchronize(queue), CT_ERR_ILLEGAL_ADDRESS);
    EXPECT_EQ(program_faults, 2);
  }
  sigaction(SIGSEGV, &before, nullptr);
}

}  // namespace
}  // namespace cutrans::host::test
