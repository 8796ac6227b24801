// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels in constructors that run before main, and API calls in destructors and atexit functions that run after it.
#include "check.h"

__global__ void store(int *out, int value) { *out = value; }

struct Early {
  int *memory = nullptr;
  Early() {
    CUDA(cudaMallocManaged(&memory, sizeof(int)));
    store<<<1, 1>>>(memory, 11);
    CUDA(cudaDeviceSynchronize());
    CHECK(*memory == 11);
  }
  ~Early() {
    // What CUDA promises at this point is only that nothing crashes.
    cudaError_t result = cudaFree(memory);
    if (result != cudaSuccess && result != cudaErrorCudartUnloading) std::_Exit(3);
  }
};
static Early early;

int main() {
  std::atexit([] { cudaDeviceSynchronize(); });
  CHECK(*early.memory == 11);
  return passed();
}
