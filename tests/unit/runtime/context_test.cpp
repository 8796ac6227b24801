// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Contexts: the stack of a thread, primary contexts, and what is left of things when their context goes.
#include "cutrans/runtime/context.h"

#include <thread>

#include "cutrans/runtime/event.h"
#include "cutrans/runtime/memory.h"
#include "environment.h"

namespace cutrans::runtime {
namespace {

using Contexts = RuntimeTest;

TEST_F(Contexts, EachThreadHasAStack) {
  EXPECT_EQ(currentContext(), &context());
  Context &second = **Context::create(context().device(), 0);
  ASSERT_OK(pushContext(second));
  EXPECT_EQ(currentContext(), &second);
  std::thread([] {
    EXPECT_EQ(currentContext(), nullptr);
    EXPECT_CODE(invalid_context, popContext());
    EXPECT_CODE(invalid_context, requireContext());
    EXPECT_OK(ensureContext());
    EXPECT_NE(currentContext(), nullptr);
  }).join();
  EXPECT_EQ(*popContext(), &second);
  EXPECT_EQ(currentContext(), &context());
  EXPECT_OK(second.destroy());
  EXPECT_CODE(invalid_context, second.destroy());
  EXPECT_EQ(Context::find(&second), nullptr);
}

TEST_F(Contexts, ADestroyedOneOnTheStackIsNoticed) {
  Context &second = **Context::create(context().device(), 0);
  ASSERT_OK(pushContext(second));
  std::thread([&] { EXPECT_OK(second.destroy()); }).join();
  EXPECT_CODE(invalid_context, requireContext());
  EXPECT_CODE(invalid_context, ensureContext());
  EXPECT_CODE(invalid_context, allocateMemory(second, MemoryKind::device, 100));
  ASSERT_OK(popContext());
  EXPECT_OK(requireContext());
}

TEST_F(Contexts, AResetEndsAllThatWasMadeAndTheNextUseStartsAgain) {
  Queue *queue = newQueue();
  Event *event = *Event::create(context(), 0);
  Address memory = *allocateMemory(context(), MemoryKind::device, 100);
  uint64_t id = context().id();
  ASSERT_OK(context().device().resetPrimary());
  EXPECT_EQ(Queue::find(queue), nullptr);
  EXPECT_EQ(Event::find(event), nullptr);
  EXPECT_FALSE(findAllocation(memory));
  EXPECT_CODE(invalid_context, requireContext());
  Result<Context *> again = ensureContext();
  ASSERT_OK(again);
  EXPECT_EQ(*again, &context());
  EXPECT_NE((*again)->id(), id);
  EXPECT_OK(allocateMemory(**again, MemoryKind::device, 100));
}

TEST_F(Contexts, PrimaryContextsAreCounted) {
  Device &device = context().device();
  ASSERT_OK(device.resetPrimary());
  bool active = true;
  unsigned flags = 1;
  device.primaryState(&flags, &active);
  EXPECT_FALSE(active);
  EXPECT_CODE(invalid_context, device.releasePrimary());
  ASSERT_OK(device.retainPrimary());
  ASSERT_OK(device.retainPrimary());
  EXPECT_OK(device.releasePrimary());
  device.primaryState(nullptr, &active);
  EXPECT_TRUE(active);
  EXPECT_OK(device.releasePrimary());
  device.primaryState(nullptr, &active);
  EXPECT_FALSE(active);
  EXPECT_CODE(invalid_context, device.primary().destroy());
}

TEST_F(Contexts, DevicesThatDoNotExistAreRefused) {
  Platform &platform = **Platform::get();
  EXPECT_EQ(platform.deviceCount(), 1);
  EXPECT_CODE(invalid_device, platform.device(1));
  EXPECT_CODE(invalid_device, platform.device(-1));
  EXPECT_CODE(invalid_device, chooseDevice(7));
  EXPECT_EQ(chosenDevice(), 0);
  EXPECT_OK(chooseDevice(0));
}

TEST_F(Contexts, MemoryOfADestroyedContextIsReleased) {
  uint64_t before = 0, after = 0, total = 0;
  Context &second = **Context::create(context().device(), 0);
  ASSERT_OK(context().device().memoryInfo(&before, &total));
  ASSERT_OK(allocateMemory(second, MemoryKind::device, 1 << 20));
  ASSERT_OK(second.destroy());
  ASSERT_OK(context().device().memoryInfo(&after, &total));
  EXPECT_EQ(before, after);
}

}  // namespace
}  // namespace cutrans::runtime
