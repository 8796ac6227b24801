// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library that a program loads and unloads; see plugin_host.cu.
__device__ int calls;
__global__ void count() { atomicAdd(&calls, 1); }

extern "C" int run() {
  int now = -1;
  count<<<1, 32>>>();
  return cudaMemcpyFromSymbol(&now, calls, sizeof now) == cudaSuccess ? now : -1;
}
