// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the parts of a random program share: calls that must succeed, and the counter that all times are tickets of.
#pragma once
#include <cuda_runtime_api.h>

#include "model.h"

namespace order {

// Ends the process where `error` is one.
void check(cudaError_t error, const char *what);
#define CHECK(call) ::order::check(call, #call)

Ticket tick();

}  // namespace order
