// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What kernels call: printf, assert, trap, malloc, clocks. The gang services are in gangs.h.
#pragma once

#include <cutrans/native_kernel.h>

namespace cutrans::host {
extern const ct_native_services services_table;
}
