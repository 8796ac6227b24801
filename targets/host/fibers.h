// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Stacks and switches between them, on Boost.Context's lowest level. Kernels run on stacks of their own so that a
// faulting one can be dropped without unwinding, and so that gangs can wait in the middle of their code.
//
// Nothing here unwinds: a fiber that is not resumed is simply forgotten. So no frame below generated code may
// hold anything that its destructor must release.
#pragma once

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cutrans::host {

struct Stack {
  uint8_t *base = nullptr;   // lowest usable byte; the page below faults
  size_t size = 0;
  bool contains(uintptr_t address, size_t guard) const {
    const uintptr_t low = reinterpret_cast<uintptr_t>(base);
    return base && address + guard >= low && address < low + size;
  }
};

constexpr size_t kKernelStackBytes = 1u << 20;  // runs whole blocks and the gang scheduler
constexpr size_t kGangStackBytes = 256u << 10;  // spills of one gang's vectors; only touched pages cost memory
constexpr size_t kStackGuardBytes = 64u << 10;

Stack allocateStack(size_t size);  // base is null when there is no memory
void releaseStack(Stack stack);

// Stacks of one size for one unit. Not thread safe: it belongs to whoever holds the unit.
class StackPool {
 public:
  ~StackPool();
  Stack take();
  void give(Stack stack) { free_.push_back(stack); }

 private:
  std::vector<Stack> free_;
};

struct Fiber {
  boost::context::detail::fcontext_t context = nullptr;
  Stack stack;
  void (*body)(void *argument) = nullptr;
  void *argument = nullptr;
  // For the sanitizers only.
  void *shadow = nullptr;
  void *fake_stack = nullptr;
};

// Makes `fiber` start `body` on its stack at the next switch to it. The body must end with a switch, not a return.
void prepareFiber(Fiber &fiber, void (*body)(void *), void *argument);
// Saves the running code in `from` and continues `to`.
void switchFiber(Fiber &from, Fiber &to);
// `fiber` stands for the code that runs now, on a stack that is not ours.
void adoptFiber(Fiber &fiber);

}  // namespace cutrans::host
