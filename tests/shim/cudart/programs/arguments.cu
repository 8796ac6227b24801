// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernel arguments of all sizes and alignments arrive whole; what a kernel needs can be asked.
#include "check.h"

struct Odd {
  char bytes[7];
};
struct alignas(16) Wide {
  double a, b;
  int c;
};
struct Big {
  int values[1000];
};

__global__ void take(char c, Odd odd, Wide wide, short s, Big big, bool flag, const void *pointer, double *out) {
  out[0] = c + odd.bytes[6] + wide.b + wide.c + s + big.values[999] + flag;
  out[1] = pointer == out;
}
__global__ void empty() {}
__global__ void __launch_bounds__(96) bounded(float *p) {
  __shared__ float tile[256];
  tile[threadIdx.x] = p[threadIdx.x];
  __syncthreads();
  p[threadIdx.x] = tile[95 - threadIdx.x];
}

int main() {
  double *out;
  CUDA(cudaMallocManaged(&out, 2 * sizeof(double)));
  Big big{};
  big.values[999] = 1000000;
  take<<<1, 1>>>('\3', Odd{{0, 0, 0, 0, 0, 0, 20}}, Wide{0, 300, 4000}, 30000, big, true, out, out);
  CUDA(cudaDeviceSynchronize());
  CHECK(out[0] == 3 + 20 + 300 + 4000 + 30000 + 1000000 + 1);
  CHECK(out[1] == 1);
  empty<<<dim3(3, 2, 2), dim3(4, 4, 4)>>>();
  CUDA(cudaDeviceSynchronize());

  cudaFuncAttributes a;
  CUDA(cudaFuncGetAttributes(&a, bounded));
  CHECK(a.maxThreadsPerBlock == 96);
  CHECK(a.sharedSizeBytes == 1024);
  int grid, block, blocks;
  CUDA(cudaOccupancyMaxPotentialBlockSize(&grid, &block, empty, 0, 0));
  CHECK(grid > 0 && block > 0 && block % 32 == 0);
  CUDA(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, bounded, 96, 0));
  CHECK(blocks > 0);
  return passed();
}
