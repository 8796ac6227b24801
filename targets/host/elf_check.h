// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Whether bytes look like a shared library of this machine, before the dynamic linker trusts them.
#pragma once

#include <cstdint>

namespace cutrans::host {

// Null: all right. Else what is wrong.
const char *elfProblem(const void *bytes, uint64_t size);

}  // namespace cutrans::host
