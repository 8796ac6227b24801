// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Says what the runtime answers; launches nothing, so that it runs on the null target. Constructors of the program use the
// runtime before main does.
#include <cstdio>

#include <cuda_runtime.h>

__global__ void kernel(int *p) { p[threadIdx.x] = threadIdx.x; }
__device__ int variable = 3;

static int early = [] {
  int count = -1;
  cudaGetDeviceCount(&count);
  return count;
}();

int main() {
  int count = -1, driver = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess || count != early) return 1;
  cudaDriverGetVersion(&driver);
  int *p = nullptr, in[4] = {1, 2, 3, 4}, out[4] = {};
  if (cudaMalloc(&p, sizeof in) != cudaSuccess) return 2;
  if (cudaMemcpy(p, in, sizeof in, cudaMemcpyHostToDevice) != cudaSuccess) return 3;
  if (cudaMemcpy(out, p, sizeof in, cudaMemcpyDeviceToHost) != cudaSuccess || out[3] != 4) return 4;
  if (cudaFree(p) != cudaSuccess) return 5;
  cudaChannelFormatDesc d = cudaCreateChannelDesc(8, 16, 0, 0, cudaChannelFormatKindUnsigned);
  if (d.x != 8 || d.y != 16 || d.z || d.f != cudaChannelFormatKindUnsigned) return 6;  // a result in memory
  if (cudaFree(reinterpret_cast<void *>(0x10)) == cudaSuccess || cudaGetLastError() == cudaSuccess) return 7;
  std::printf("devices %d driver %d\n", count, driver);
  return 0;
}
