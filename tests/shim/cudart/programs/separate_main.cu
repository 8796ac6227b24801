// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Two files built with -rdc=true: functions, variables and a template kernel across the border.
#include "check.h"
#include "separate.h"

__device__ int offset = 100;
__managed__ int results[2];

__global__ void run(int n) { results[0] = twice(n) + table[1]; }

int main() {
  run<<<1, 1>>>(4);
  run_other(7);
  CUDA(cudaDeviceSynchronize());
  CHECK(results[0] == 8 + 20);
  CHECK(results[1] == 7 + 100);
  int value = 5;
  CUDA(cudaMemcpyToSymbol(offset, &value, sizeof value));
  run_other(7);
  CUDA(cudaDeviceSynchronize());
  CHECK(results[1] == 12);
  CHECK(both<float>(1.5f) == 3.0f && both_elsewhere(2.5f) == 5.0f);
  return passed();
}
