// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fibers: stacks with guard pages, and switches that the address and thread sanitizers can follow.
#include "fibers.h"

#include <sys/mman.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CUTRANS_ASAN 1
#include <sanitizer/common_interface_defs.h>
#endif
#if __has_feature(thread_sanitizer)
#define CUTRANS_TSAN 1
#include <sanitizer/tsan_interface.h>
#endif
#endif

namespace cutrans::host {
namespace {

using boost::context::detail::fcontext_t;
using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

// Lives on the stack of the fiber that is left, until the other side has read it.
struct Hop {
  Fiber *from, *to;
};

void arrive(const Hop &hop, fcontext_t left) {
  hop.from->context = left;
#ifdef CUTRANS_ASAN
  const void *bottom = nullptr;
  size_t size = 0;
  __sanitizer_finish_switch_fiber(hop.to->fake_stack, &bottom, &size);
  hop.to->fake_stack = nullptr;
  if (!hop.from->stack.base) {
    hop.from->stack.base = static_cast<uint8_t *>(const_cast<void *>(bottom));
    hop.from->stack.size = size;
  }
#endif
}

void enter(transfer_t transfer) {
  const Hop hop = *static_cast<Hop *>(transfer.data);
  arrive(hop, transfer.fctx);
  hop.to->body(hop.to->argument);
  __builtin_trap();
}

}  // namespace

Stack allocateStack(size_t size) {
  void *memory = mmap(nullptr, size + kStackGuardBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) return {};
  // Fails where the process has as many mappings as the system allows.
  if (mprotect(memory, kStackGuardBytes, PROT_NONE) != 0) {
    munmap(memory, size + kStackGuardBytes);
    return {};
  }
  return {static_cast<uint8_t *>(memory) + kStackGuardBytes, size};
}

void releaseStack(Stack stack) {
  if (stack.base) munmap(stack.base - kStackGuardBytes, stack.size + kStackGuardBytes);
}

StackPool::~StackPool() {
  for (Stack stack : free_) releaseStack(stack);
}

Stack StackPool::take() {
  if (free_.empty()) return allocateStack(kGangStackBytes);
  Stack stack = free_.back();
  free_.pop_back();
  return stack;
}

void prepareFiber(Fiber &fiber, void (*body)(void *), void *argument) {
  fiber.body = body;
  fiber.argument = argument;
  fiber.context = make_fcontext(fiber.stack.base + fiber.stack.size, fiber.stack.size, enter);
#ifdef CUTRANS_TSAN
  if (fiber.shadow) __tsan_destroy_fiber(fiber.shadow);
  fiber.shadow = __tsan_create_fiber(0);
#endif
}

void adoptFiber(Fiber &fiber) {
  fiber.stack = {};
#ifdef CUTRANS_TSAN
  fiber.shadow = __tsan_get_current_fiber();
#endif
}

void switchFiber(Fiber &from, Fiber &to) {
  Hop hop{&from, &to};
#ifdef CUTRANS_ASAN
  __sanitizer_start_switch_fiber(&from.fake_stack, to.stack.base, to.stack.size);
#endif
#ifdef CUTRANS_TSAN
  __tsan_switch_to_fiber(to.shadow, 0);
#endif
  const transfer_t back = jump_fcontext(to.context, &hop);
  arrive(*static_cast<Hop *>(back.data), back.fctx);
}

}  // namespace cutrans::host
