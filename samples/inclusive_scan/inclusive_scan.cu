// Inclusive prefix sum of any length: scan blocks, scan their totals, add the offsets.
#include <cuda_runtime.h>

#include <cstdio>
#include <vector>

constexpr int kBlock = 256;

__global__ void scan_blocks(const int *in, int *out, int *totals, int n) {
  __shared__ int buffer[2][kBlock];
  int t = threadIdx.x, i = blockIdx.x * kBlock + t;
  int from = 0;
  buffer[0][t] = i < n ? in[i] : 0;
  __syncthreads();
  for (int offset = 1; offset < kBlock; offset *= 2) {
    int value = buffer[from][t];
    if (t >= offset) value += buffer[from][t - offset];
    buffer[1 - from][t] = value;
    from = 1 - from;
    __syncthreads();
  }
  if (i < n) out[i] = buffer[from][t];
  if (totals && t == kBlock - 1) totals[blockIdx.x] = buffer[from][t];
}

__global__ void add_offsets(int *out, const int *offsets, int n) {
  int i = blockIdx.x * kBlock + threadIdx.x;
  if (blockIdx.x > 0 && i < n) out[i] += offsets[blockIdx.x - 1];
}

static void scan(const int *in, int *out, int n) {
  int blocks = (n + kBlock - 1) / kBlock;
  if (blocks == 1) {
    scan_blocks<<<1, kBlock>>>(in, out, nullptr, n);
    return;
  }
  int *totals, *scanned;
  cudaMalloc(&totals, blocks * sizeof(int));
  cudaMalloc(&scanned, blocks * sizeof(int));
  scan_blocks<<<blocks, kBlock>>>(in, out, totals, n);
  scan(totals, scanned, blocks);
  add_offsets<<<blocks, kBlock>>>(out, scanned, n);
  cudaFree(totals);
  cudaFree(scanned);
}

int main() {
  int wrong = 0;
  for (int n : {1, 255, 256, 257, 70001, 1 << 18}) {
    std::vector<int> in(n), out(n);
    for (int i = 0; i < n; ++i) in[i] = (i * 37) % 101 - 50;
    int *din, *dout;
    cudaMalloc(&din, n * sizeof(int));
    cudaMalloc(&dout, n * sizeof(int));
    cudaMemcpy(din, in.data(), n * sizeof(int), cudaMemcpyHostToDevice);
    scan(din, dout, n);
    wrong += cudaMemcpy(out.data(), dout, n * sizeof(int), cudaMemcpyDeviceToHost) != cudaSuccess;
    int sum = 0;
    for (int i = 0; i < n; ++i) wrong += out[i] != (sum += in[i]);
    cudaFree(din);
    cudaFree(dout);
  }
  std::printf("inclusive_scan: %s\n", wrong ? "FAILED" : "PASSED");
  return wrong != 0;
}
