// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The ends of a process: with work under way, from destructors, after a fork.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "cutrans/runtime/memory.h"
#include "environment.h"

namespace cutrans::runtime {
namespace {

class ProcessDeathTest : public testing::Test {
 protected:
  void SetUp() override { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

TEST_F(ProcessDeathTest, ItsEndWaitsForWork) {
  EXPECT_EXIT(
      {
        Queue &queue = **Queue::create(**ensureContext(), 0, 0);
        for (int i = 0; i < 20; ++i)
          (void)queue.hostCall([](void *, Code) { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }, nullptr);
        (void)queue.hostCall([](void *, Code) { (void)!write(2, "last work\n", 10); }, nullptr);
        std::exit(0);
      },
      testing::ExitedWithCode(0), "last work");
}

TEST_F(ProcessDeathTest, CallsFromDestructorsAreRefusedNotFatal) {
  EXPECT_EXIT(
      {
        static Queue *queue;
        struct Last {
          ~Last() {
            bool right = queue->synchronize().code() == Code::deinitialized && ensureContext().code() == Code::deinitialized &&
                         Platform::get().code() == Code::deinitialized && !releaseMemory(1234, false).ok();
            (void)!write(2, right ? "refused\n" : "wrong\n", right ? 8 : 6);
          }
        };
        static Last last;  // its destructor runs after the layer's end, which is registered later
        queue = &(*ensureContext())->legacyQueue();
        std::exit(0);
      },
      testing::ExitedWithCode(0), "refused");
}

TEST_F(ProcessDeathTest, AForkedChildGetsErrorsAndEnds) {
  EXPECT_EXIT(
      {
        Context &context = **ensureContext();
        (void)allocateMemory(context, MemoryKind::device, 100);
        pid_t child = fork();
        if (child == 0) {
          bool right = allocateMemory(context, MemoryKind::device, 100).code() == Code::not_initialized &&
                       Platform::get().code() == Code::not_initialized && context.synchronize().code() == Code::not_initialized;
          std::exit(right ? 7 : 8);
        }
        int status = 0;
        waitpid(child, &status, 0);
        std::exit(WIFEXITED(status) && WEXITSTATUS(status) == 7 && allocateMemory(context, MemoryKind::device, 100).ok() ? 0 : 1);
      },
      testing::ExitedWithCode(0), "CT2004");
}

}  // namespace
}  // namespace cutrans::runtime
