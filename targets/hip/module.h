// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A loaded code object and its kernel.
#pragma once

#include <cutrans/amdgpu_kernel.h>
#include <cutrans/target.h>

#include <string>
#include <vector>

#include "library.h"

namespace cutrans::hip {
extern const ct_module_ops module_ops;

constexpr uint32_t kMostArguments = 40u << 10;  // bytes; PTX allows 32764 of parameters
}  // namespace cutrans::hip

struct ct_kernel {
  ct_amdgpu_kernel record{};
  hipFunction_t function = nullptr;
  std::string name;
};

struct ct_module {
  ct_device *device = nullptr;
  std::vector<char> image;       // HIP may look at it as long as the module lives
  hipModule_t handle = nullptr;
  ct_kernel kernel;
};
