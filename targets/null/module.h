// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A module is the name of the kernel in it.
#pragma once

#include <cutrans/target.h>

#include <string>

namespace cutrans::null {
extern const ct_module_ops module_ops;
}

struct ct_kernel {
  std::string name;
};

struct ct_module {
  ct_kernel kernel;
};
