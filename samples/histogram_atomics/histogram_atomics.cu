// A 256-bin histogram: atomics on shared memory, then on global memory; and a compare-and-swap loop for doubles.
#include <cuda_runtime.h>

#include <cmath>
#include <cstdio>
#include <vector>

__global__ void histogram(const unsigned char *data, int n, unsigned *bins) {
  __shared__ unsigned local[256];
  local[threadIdx.x] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) atomicAdd(&local[data[i]], 1u);
  __syncthreads();
  atomicAdd(&bins[threadIdx.x], local[threadIdx.x]);
}

__device__ double atomic_max_double(double *address, double value) {
  unsigned long long *word = reinterpret_cast<unsigned long long *>(address);
  unsigned long long seen = *word, expected;
  do {
    expected = seen;
    if (__longlong_as_double(expected) >= value) break;
    seen = atomicCAS(word, expected, __double_as_longlong(value));
  } while (seen != expected);
  return __longlong_as_double(seen);
}

__global__ void statistics(const unsigned char *data, int n, double *sum, double *max, int *last_index) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  double value = data[i] * 0.5;
  atomicAdd(sum, value);
  atomic_max_double(max, value + i % 7);
  atomicMax(last_index, data[i] == 3 ? i : -1);
}

int main() {
  const int n = 200000;
  std::vector<unsigned char> data(n);
  std::vector<unsigned> want(256, 0), got(256);
  double want_sum = 0, want_max = -1;
  int want_last = -1;
  for (int i = 0; i < n; ++i) {
    data[i] = static_cast<unsigned char>((i * 2654435761u >> 13) ^ (i >> 5));
    want[data[i]]++;
    want_sum += data[i] * 0.5;
    want_max = std::fmax(want_max, data[i] * 0.5 + i % 7);
    if (data[i] == 3) want_last = i;
  }
  unsigned char *ddata;
  unsigned *dbins;
  struct Results {
    double sum, max;
    int last;
  } results = {0, -1, -1}, *dresults;
  cudaMalloc(&ddata, n);
  cudaMalloc(&dbins, 256 * sizeof(unsigned));
  cudaMalloc(&dresults, sizeof results);
  cudaMemcpy(ddata, data.data(), n, cudaMemcpyHostToDevice);
  cudaMemset(dbins, 0, 256 * sizeof(unsigned));
  cudaMemcpy(dresults, &results, sizeof results, cudaMemcpyHostToDevice);
  histogram<<<16, 256>>>(ddata, n, dbins);
  statistics<<<(n + 191) / 192, 192>>>(ddata, n, &dresults->sum, &dresults->max, &dresults->last);
  cudaMemcpy(got.data(), dbins, 256 * sizeof(unsigned), cudaMemcpyDeviceToHost);
  cudaError_t status = cudaMemcpy(&results, dresults, sizeof results, cudaMemcpyDeviceToHost);
  int wrong = status != cudaSuccess;
  for (int b = 0; b < 256; ++b) wrong += got[b] != want[b];
  wrong += results.sum != want_sum;  // halves add up exactly, in any order
  wrong += results.max != want_max;
  wrong += results.last != want_last;
  cudaFree(ddata);
  cudaFree(dbins);
  cudaFree(dresults);
  std::printf("histogram_atomics: %s\n", wrong ? "FAILED" : "PASSED");
  return wrong != 0;
}
