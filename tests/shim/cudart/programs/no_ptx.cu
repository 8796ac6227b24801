// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A program that was built without PTX: the error of a GPU that has no code for it, and a line that says what to do.
#include "check.h"

__global__ void lonely_kernel() {}

int main() {
  lonely_kernel<<<1, 1>>>();
  CHECK(cudaGetLastError() == cudaErrorNoKernelImageForDevice);
  CHECK(cudaGetLastError() == cudaSuccess);
  int *memory;
  CUDA(cudaMalloc(&memory, 4));
  CUDA(cudaDeviceSynchronize());
  return passed();
}
