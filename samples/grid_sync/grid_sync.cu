// A cooperative launch: all blocks meet at grid-wide barriers inside one kernel.
#include <cooperative_groups.h>
#include <cuda_runtime.h>

#include <cstdio>
#include <vector>

namespace cg = cooperative_groups;

// Rounds of neighbour sums over the whole array; a round must see all of the last one.
__global__ void rounds(int *a, int *b, int n, int count) {
  cg::grid_group grid = cg::this_grid();
  for (int r = 0; r < count; ++r) {
    for (int i = grid.thread_rank(); i < n; i += grid.size()) b[i] = a[i] + a[(i + 1) % n];
    grid.sync();
    int *t = a;
    a = b;
    b = t;
  }
}

// A block's tiles: cooperative groups below the grid.
__global__ void tiles(int *out) {
  cg::thread_block block = cg::this_thread_block();
  cg::thread_block_tile<8> tile = cg::tiled_partition<8>(block);
  int value = block.thread_rank();
  for (int offset = tile.size() / 2; offset > 0; offset /= 2) value += tile.shfl_down(value, offset);
  if (tile.thread_rank() == 0) out[block.thread_rank() / 8] = value;
}

int main() {
  int device = 0, cooperative = 0, units = 0, per_unit = 0;
  cudaDeviceGetAttribute(&cooperative, cudaDevAttrCooperativeLaunch, device);
  cudaDeviceGetAttribute(&units, cudaDevAttrMultiProcessorCount, device);
  cudaOccupancyMaxActiveBlocksPerMultiprocessor(&per_unit, rounds, 128, 0);
  if (!cooperative || per_unit < 1) {
    std::printf("grid_sync: FAILED (cooperative launch: %d, blocks per unit: %d)\n", cooperative, per_unit);
    return 1;
  }
  int n = 10007, count = 9, blocks = units * per_unit < 6 ? units * per_unit : 6;
  std::vector<int> a(n), b(n), got(n);
  for (int i = 0; i < n; ++i) a[i] = i % 10;
  int *da, *db;
  cudaMalloc(&da, n * sizeof(int));
  cudaMalloc(&db, n * sizeof(int));
  cudaMemcpy(da, a.data(), n * sizeof(int), cudaMemcpyHostToDevice);
  void *args[] = {&da, &db, &n, &count};
  cudaError_t status = cudaLaunchCooperativeKernel(reinterpret_cast<void *>(rounds), dim3(blocks), dim3(128), args, 0, nullptr);
  if (status == cudaSuccess) status = cudaMemcpy(got.data(), count % 2 ? db : da, n * sizeof(int), cudaMemcpyDeviceToHost);
  for (int r = 0; r < count; ++r) {
    for (int i = 0; i < n; ++i) b[i] = a[i] + a[(i + 1) % n];
    a.swap(b);
  }
  int wrong = status != cudaSuccess;
  for (int i = 0; i < n; ++i) wrong += got[i] != a[i];
  int sums[8];
  tiles<<<1, 64>>>(db);
  wrong += cudaMemcpy(sums, db, sizeof sums, cudaMemcpyDeviceToHost) != cudaSuccess;
  for (int t = 0; t < 8; ++t) wrong += sums[t] != 8 * (8 * t) + 28;
  cudaFree(da);
  cudaFree(db);
  std::printf("grid_sync: %s (%d blocks, %s)\n", wrong ? "FAILED" : "PASSED", blocks, cudaGetErrorName(status));
  return wrong != 0;
}
