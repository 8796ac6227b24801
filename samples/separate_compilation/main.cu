// A program of two files whose device code is linked: build with -rdc=true.
#include <cuda_runtime.h>

#include <cstdio>
#include <vector>

#include "shapes.cuh"

static __device__ int private_bias = 100;

__global__ void measure(const float *x, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = scale * area(i % 5, x[i]) + offsets[i % 4] + private_bias;
}

int main() {
  const int n = 5000;
  std::vector<float> x(n), y(n);
  for (int i = 0; i < n; ++i) x[i] = float(i % 50) * 0.5f;
  float *dx, *dy;
  cudaMalloc(&dx, n * sizeof(float));
  cudaMalloc(&dy, n * sizeof(float));
  cudaMemcpy(dx, x.data(), n * sizeof(float), cudaMemcpyHostToDevice);
  float two = 2.0f;
  int wrong = cudaMemcpyToSymbol(scale, &two, sizeof two) != cudaSuccess;
  measure<<<(n + 255) / 256, 256>>>(dx, dy, n);
  wrong += cudaMemcpy(y.data(), dy, n * sizeof(float), cudaMemcpyDeviceToHost) != cudaSuccess;
  const int host_offsets[4] = {10, 20, 30, 40};
  for (int i = 0; i < n; ++i) {
    float v = x[i], a = i % 5 == 0 ? v * v + 3 : i % 5 == 1 ? 3 * v : i % 5 == 2 ? v / 2 : -v;
    wrong += y[i] != 2.0f * a + host_offsets[i % 4] + 100;
  }
  cudaFree(dx);
  cudaFree(dy);
  std::printf("separate_compilation: %s\n", wrong ? "FAILED" : "PASSED");
  return wrong != 0;
}
