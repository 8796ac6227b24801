// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A loaded artifact and its kernel.
#pragma once

#include <cutrans/native_kernel.h>
#include <cutrans/target.h>

#include <atomic>
#include <string>

#include "elf_image.h"

struct ct_kernel {
  const ct_native_kernel *native = nullptr;
  std::string name;
  ct_device *device = nullptr;
  // What a block took lately, in 1/16 ns; 0: not known. A guess for how to share the work, nothing more.
  std::atomic<uint32_t> block_cost{0};
};

struct ct_module {
  cutrans::host::ElfImage image;
  ct_kernel kernel;
};

namespace cutrans::host {
extern const ct_module_ops module_ops;
}
