// __constant__ and __device__ variables, and the copies to and from them by symbol.
#include <cuda_runtime.h>

#include <cstdio>
#include <vector>

__constant__ float coefficients[5] = {1.0f, 2.0f, 3.0f, 4.0f, 5.0f};
__device__ int calls = 40;
__device__ float table[3][4] = {{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}};
__device__ const float *row_pointer = table[1];

__global__ void polynomial(const float *x, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i == 0) calls += 1;
  if (i >= n) return;
  float value = 0;
  for (int k = 4; k >= 0; --k) value = value * x[i] + coefficients[k];
  y[i] = value + row_pointer[i % 4] + table[i % 3][2];
}

int main() {
  const int n = 1000;
  std::vector<float> x(n), y(n);
  for (int i = 0; i < n; ++i) x[i] = float(i % 9) - 4;
  float *dx, *dy;
  cudaMalloc(&dx, n * sizeof(float));
  cudaMalloc(&dy, n * sizeof(float));
  cudaMemcpy(dx, x.data(), n * sizeof(float), cudaMemcpyHostToDevice);
  float want_table[3][4] = {{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}};
  float want_coefficients[5] = {1, 2, 3, 4, 5};
  int wrong = 0;
  for (int round = 0; round < 2; ++round) {
    polynomial<<<(n + 63) / 64, 64>>>(dx, dy, n);
    wrong += cudaMemcpy(y.data(), dy, n * sizeof(float), cudaMemcpyDeviceToHost) != cudaSuccess;
    for (int i = 0; i < n; ++i) {
      float value = 0;
      for (int k = 4; k >= 0; --k) value = value * x[i] + want_coefficients[k];
      wrong += y[i] != value + want_table[1][i % 4] + want_table[i % 3][2];
    }
    float fresh[5] = {-1, 0, 2, 0, 1};
    wrong += cudaMemcpyToSymbol(coefficients, fresh, sizeof fresh) != cudaSuccess;
    for (int k = 0; k < 5; ++k) want_coefficients[k] = fresh[k];
    float seventy = 70;
    wrong += cudaMemcpyToSymbol(table, &seventy, sizeof seventy, (1 * 4 + 2) * sizeof(float)) != cudaSuccess;
    want_table[1][2] = 70;
  }
  int count = 0;
  wrong += cudaMemcpyFromSymbol(&count, calls, sizeof count) != cudaSuccess || count != 42;
  void *address = nullptr;
  size_t size = 0;
  wrong += cudaGetSymbolAddress(&address, table) != cudaSuccess || address == nullptr;
  wrong += cudaGetSymbolSize(&size, table) != cudaSuccess || size != sizeof want_table;
  float readback[12];
  wrong += cudaMemcpy(readback, address, sizeof readback, cudaMemcpyDeviceToHost) != cudaSuccess;
  wrong += readback[6] != 70 || readback[11] != 12;
  cudaFree(dx);
  cudaFree(dy);
  std::printf("constant_memory: %s\n", wrong ? "FAILED" : "PASSED");
  return wrong != 0;
}
