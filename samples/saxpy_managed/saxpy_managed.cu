// y = a*x + y on managed memory: one pointer for the host and the device.
#include <cuda_runtime.h>

#include <cmath>
#include <cstdio>

__global__ void saxpy(int n, float a, const float *x, float *y) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = a * x[i] + y[i];
}

int main() {
  const int n = 1 << 20;
  float *x = nullptr, *y = nullptr;
  if (cudaMallocManaged(&x, n * sizeof(float)) != cudaSuccess || cudaMallocManaged(&y, n * sizeof(float)) != cudaSuccess) {
    std::printf("saxpy_managed: FAILED (no managed memory: %s)\n", cudaGetErrorString(cudaGetLastError()));
    return 1;
  }
  for (int i = 0; i < n; ++i) {
    x[i] = float(i % 1000);
    y[i] = float(i % 77);
  }
  saxpy<<<(n + 255) / 256, 256>>>(n, 2.0f, x, y);
  cudaDeviceSynchronize();
  for (int i = 0; i < n; ++i) y[i] += 1.0f;  // the host's turn
  saxpy<<<(n + 127) / 128, 128>>>(n, -1.0f, x, y);
  cudaError_t status = cudaDeviceSynchronize();
  int wrong = 0;
  for (int i = 0; i < n; ++i) {
    float expect = 2.0f * float(i % 1000) + float(i % 77) + 1.0f - float(i % 1000);
    wrong += std::fabs(y[i] - expect) > 1e-3f;
  }
  wrong += status != cudaSuccess;
  cudaFree(x);
  cudaFree(y);
  std::printf("saxpy_managed: %s (%d wrong)\n", wrong ? "FAILED" : "PASSED", wrong);
  return wrong != 0;
}
