// CUB's block-wide primitives inside a hand-written kernel.
#include <algorithm>

#include <cub/cub.cuh>

#include "check.h"

__global__ void block_kernel(const int *in, int *sums, int *scans, int *sorted) {
  using Reduce = cub::BlockReduce<int, 128>;
  using Scan = cub::BlockScan<int, 128>;
  using Sort = cub::BlockRadixSort<int, 128, 4>;
  __shared__ union { typename Reduce::TempStorage reduce; typename Scan::TempStorage scan; typename Sort::TempStorage sort; } temp;
  int items[4], base = blockIdx.x * 512 + threadIdx.x * 4, total = 0;
  for (int k = 0; k < 4; ++k) total += items[k] = in[base + k];
  int sum = Reduce(temp.reduce).Sum(total);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
  __syncthreads();
  int prefix;
  Scan(temp.scan).ExclusiveSum(total, prefix);
  scans[blockIdx.x * 128 + threadIdx.x] = prefix;
  __syncthreads();
  Sort(temp.sort).Sort(items);
  for (int k = 0; k < 4; ++k) sorted[base + k] = items[k];
}

int main() {
  const int blocks = 5, n = blocks * 512;
  Mirror<int> in(n), sums(blocks), scans(blocks * 128), sorted(n);
  for (int i = 0; i < n; ++i) in[i] = int(i * 2654435761u >> 10) % 100000 - 50000;
  in.up();
  block_kernel<<<blocks, 128>>>(in.device, sums.device, scans.device, sorted.device);
  CUDA(cudaDeviceSynchronize());
  sums.down(), scans.down(), sorted.down();
  for (int b = 0; b < blocks; ++b) {
    int running = 0;
    for (int t = 0; t < 128; ++t) {
      EXPECT(scans[b * 128 + t] == running);
      for (int k = 0; k < 4; ++k) running += in[b * 512 + t * 4 + k];
    }
    EXPECT(sums[b] == running);
    std::sort(in.host.begin() + b * 512, in.host.begin() + (b + 1) * 512);
  }
  expect_same("sorted", sorted.host, in.host, n);
  return finish("cub_block");
}
