// Sum and maximum of an array with warp shuffles, one atomic a block.
#include <cuda_runtime.h>

#include <climits>
#include <cstdio>
#include <vector>

__device__ int warp_sum(int value) {
  for (int offset = 16; offset > 0; offset >>= 1) value += __shfl_down_sync(0xffffffffu, value, offset);
  return value;
}

__device__ int warp_max(int value) {
  for (int offset = 16; offset > 0; offset >>= 1) {
    int other = __shfl_xor_sync(0xffffffffu, value, offset);
    value = other > value ? other : value;
  }
  return value;
}

__global__ void reduce(const int *data, int n, int *sum, int *max) {
  __shared__ int sums[32], maxima[32];
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  int s = 0, m = INT_MIN;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    s += data[i];
    m = data[i] > m ? data[i] : m;
  }
  s = warp_sum(s);
  m = warp_max(m);
  if (lane == 0) {
    sums[warp] = s;
    maxima[warp] = m;
  }
  __syncthreads();
  if (warp == 0) {
    int warps = blockDim.x / 32;
    s = warp_sum(lane < warps ? sums[lane] : 0);
    m = warp_max(lane < warps ? maxima[lane] : INT_MIN);
    if (lane == 0) {
      atomicAdd(sum, s);
      atomicMax(max, m);
    }
  }
}

// The lanes that hold an even value elect a leader, which counts them.
__global__ void count_even(const int *data, int n, int *count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  bool even = i < n && data[i] % 2 == 0;
  unsigned ballot = __ballot_sync(0xffffffffu, even);
  if (threadIdx.x % 32 == 0) atomicAdd(count, __popc(ballot));
}

int main() {
  const int n = 1000003;
  std::vector<int> data(n);
  int want_sum = 0, want_max = INT_MIN, want_even = 0;
  for (int i = 0; i < n; ++i) {
    data[i] = int((i * 2654435761u) >> 20) - 2048;
    want_sum += data[i];
    want_max = data[i] > want_max ? data[i] : want_max;
    want_even += data[i] % 2 == 0;
  }
  int *device, *results, got[3] = {0, INT_MIN, 0};
  cudaMalloc(&device, n * sizeof(int));
  cudaMalloc(&results, sizeof got);
  cudaMemcpy(device, data.data(), n * sizeof(int), cudaMemcpyHostToDevice);
  cudaMemcpy(results, got, sizeof got, cudaMemcpyHostToDevice);
  reduce<<<24, 256>>>(device, n, results, results + 1);
  count_even<<<(n + 127) / 128, 128>>>(device, n, results + 2);
  cudaError_t status = cudaMemcpy(got, results, sizeof got, cudaMemcpyDeviceToHost);
  bool ok = status == cudaSuccess && got[0] == want_sum && got[1] == want_max && got[2] == want_even;
  cudaFree(device);
  cudaFree(results);
  std::printf("reduction_shuffle: %s (sum %d, max %d, even %d)\n", ok ? "PASSED" : "FAILED", got[0], got[1], got[2]);
  return !ok;
}
