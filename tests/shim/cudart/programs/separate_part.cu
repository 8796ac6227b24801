// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "separate.h"

__constant__ int table[3] = {10, 20, 30};
__device__ int twice(int n) { return 2 * n; }
static __global__ void other(int n) { results[1] = n + offset; }
void run_other(int n) { other<<<1, 1>>>(n); }
float both_elsewhere(float value) { return both<float>(value); }
