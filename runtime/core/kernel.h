// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A kernel's artifacts, one for each block shape that was launched, in a table that launches read without a lock.
#pragma once
#include <array>
#include <mutex>

#include "state.h"

namespace cutrans::runtime {

inline constexpr unsigned kMostShapes = 64;  // upper bound of CUTRANS_SHAPES

// What one compile gave. A failure is kept too, unless it may pass: it would fail again.
struct Loaded {
  ct_module *module = nullptr;
  ct_kernel *kernel = nullptr;
  Code status = Code::ok;
};

// Block shape (21 bits each) and variant in one number; a shape of zeros stands for any.
enum Variant : uint32_t { kCooperative = 1, kAnyGrid = 2 };
using ShapeKey = uint64_t;

struct Kernel::State {
  ctc_module *compiler_module = nullptr;
  uint64_t serial = 0;                           // never used again
  std::mutex compiling;                          // one compile of this kernel at a time
  std::atomic<uint32_t> count{0};                // entries below; grows under `compiling`
  std::array<std::atomic<ShapeKey>, kMostShapes> keys{};
  std::array<Loaded, kMostShapes> loaded{};
  std::array<std::atomic<Loaded *>, 4> generic{};  // by variant; owned
};

class KernelAccess {
 public:
  static Kernel *construct(void *place) { return new (place) Kernel; }
  static Result<Kernel *> create(Module &module, ctc_module *compiler_module, const ctc_kernel &info);
  static void release(Kernel &kernel);
  // How many kernels have ended: while it does not change, all that were alive are.
  static uint64_t releases();
  static Kernel::State &state(const Kernel &kernel) { return *kernel.impl_; }
  // The artifact for this launch; compiles it at the first.
  static Loaded find(Kernel &kernel, const uint32_t block[3], uint32_t variant);
};

}  // namespace cutrans::runtime
