// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What tests of the runtime share. environment.cpp chooses the target before the first use of the layer.
#pragma once
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "cutrans/runtime/context.h"
#include "cutrans/runtime/device.h"
#include "cutrans/runtime/platform.h"
#include "cutrans/runtime/queue.h"

namespace cutrans::runtime {

// Each test starts with an active, empty primary context and nothing else current.
class RuntimeTest : public testing::Test {
 protected:
  void SetUp() override {
    while (currentContext()) (void)popContext();
    Result<Context *> context = ensureContext();
    ASSERT_TRUE(context.ok()) << codeName(context.code());
    context_ = *context;
  }
  void TearDown() override {
    gate_.open();
    (void)context_->device().resetPrimary();
  }
  Context &context() { return *context_; }
  Queue *newQueue(uint32_t flags = 0) {
    Result<Queue *> queue = Queue::create(context(), flags, 0);
    EXPECT_TRUE(queue.ok());
    return *queue;
  }

  // A host call that holds its queue until open() is called.
  class Gate {
   public:
    Status close(Queue &queue) {
      return queue.hostCall([](void *gate, Code) { static_cast<Gate *>(gate)->pass(); }, this, true);
    }
    void open() {
      std::lock_guard hold(lock_);
      open_ = true;
      changed_.notify_all();
    }

   private:
    void pass() {
      std::unique_lock hold(lock_);
      changed_.wait(hold, [this] { return open_; });
    }
    std::mutex lock_;
    std::condition_variable changed_;
    bool open_ = false;
  };

  Gate gate_;
  Context *context_ = nullptr;
};

inline std::string_view name(Code code) { return codeName(code); }
inline std::string_view name(Status status) { return codeName(status.code()); }
template <class T>
std::string_view name(const Result<T> &result) {
  return codeName(result.code());
}

}  // namespace cutrans::runtime

#define EXPECT_CODE(expected, call) EXPECT_EQ(::cutrans::codeName(::cutrans::Code::expected), ::cutrans::runtime::name(call))
#define ASSERT_OK(call) ASSERT_EQ("ok", ::cutrans::runtime::name(call))
#define EXPECT_OK(call) EXPECT_EQ("ok", ::cutrans::runtime::name(call))
