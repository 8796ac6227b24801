// Tensor maps as programs use them: the map comes from the driver's entry point, goes to the kernel as a __grid_constant__ parameter,
// one thread issues the copies, all wait on the barrier.
#include <cooperative_groups.h>
#include <cuda.h>
#include <cuda/barrier>
#include <cuda/ptx>
#include <cudaTypedefs.h>

#include "check.h"

using barrier = cuda::barrier<cuda::thread_scope_block>;
namespace cde = cuda::device::experimental;

constexpr int Rows = 200, Columns = 320, TileRows = 16, TileColumns = 32;

// The guide's example: a tile comes, is changed, goes back.
__global__ void add_one(const __grid_constant__ CUtensorMap map) {
  __shared__ alignas(128) int tile[TileRows][TileColumns];
#pragma nv_diag_suppress static_var_with_dynamic_init
  __shared__ barrier bar;
  int x = blockIdx.x * TileColumns, y = blockIdx.y * TileRows;
  if (threadIdx.x == 0) {
    init(&bar, blockDim.x);
    cde::fence_proxy_async_shared_cta();
  }
  __syncthreads();
  barrier::arrival_token token;
  if (threadIdx.x == 0) {
    cde::cp_async_bulk_tensor_2d_global_to_shared(tile, &map, x, y, bar);
    token = cuda::device::barrier_arrive_tx(bar, 1, sizeof tile);
  } else {
    token = bar.arrive();
  }
  bar.wait(std::move(token));
  for (int i = threadIdx.x; i < TileRows * TileColumns; i += blockDim.x) tile[i / TileColumns][i % TileColumns] += 1;
  cde::fence_proxy_async_shared_cta();
  __syncthreads();
  if (threadIdx.x == 0) {
    cde::cp_async_bulk_tensor_2d_shared_to_global(&map, x, y, tile);
    cde::cp_async_bulk_commit_group();
    cde::cp_async_bulk_wait_group_read<0>();
    (&bar)->~barrier();
  }
}

// Column sums through a ring of tiles: one warp issues copies ahead, the others consume and free the slots.
constexpr int Slots = 3;
__global__ void column_sums(const __grid_constant__ CUtensorMap map, int *sums, int tiles) {
  __shared__ alignas(128) int ring[Slots][TileRows][TileColumns];
  __shared__ uint64_t full[Slots], empty[Slots];
  namespace ptx = cuda::ptx;
  int consumers = blockDim.x - 32;
  if (threadIdx.x == 0) {
    for (int i = 0; i < Slots; ++i) {
      ptx::mbarrier_init(&full[i], 1);
      ptx::mbarrier_init(&empty[i], consumers);
    }
    ptx::fence_mbarrier_init(ptx::sem_release, ptx::scope_cluster);
  }
  __syncthreads();
  if (threadIdx.x < 32) {
    for (int t = 0; t < tiles; ++t) {
      int slot = t % Slots, phase = t / Slots & 1;
      while (!ptx::mbarrier_try_wait_parity(&empty[slot], phase ^ 1)) {
      }
      if (threadIdx.x == 0) {
        ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cta, ptx::space_shared, &full[slot], sizeof ring[0]);
        const int32_t at[2] = {int(blockIdx.x) * TileColumns, t * TileRows};
        ptx::cp_async_bulk_tensor(ptx::space_cluster, ptx::space_global, ring[slot], &map, at, &full[slot]);
      }
    }
  } else {
    int me = threadIdx.x - 32, column = me % TileColumns, sum = 0;
    for (int t = 0; t < tiles; ++t) {
      int slot = t % Slots, phase = t / Slots & 1;
      while (!ptx::mbarrier_try_wait_parity(&full[slot], phase)) {
      }
      for (int row = me / TileColumns; row < TileRows; row += consumers / TileColumns) sum += ring[slot][row][column];
      ptx::mbarrier_arrive(&empty[slot]);
    }
    atomicAdd(&sums[blockIdx.x * TileColumns + column], sum);
  }
}

// Plain bulk copies in and out, and a reduction on the way out.
__global__ void scale(const float *in, float *out, float *total, int n) {
  namespace ptx = cuda::ptx;
  __shared__ alignas(128) float part[512];
  __shared__ uint64_t bar;
  int begin = blockIdx.x * 512;
  if (threadIdx.x == 0) ptx::mbarrier_init(&bar, 1);
  __syncthreads();
  if (threadIdx.x == 0) {
    ptx::cp_async_bulk(ptx::space_cluster, ptx::space_global, part, in + begin, sizeof part, &bar);
    ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cta, ptx::space_shared, &bar, sizeof part);
  }
  while (!ptx::mbarrier_try_wait_parity(&bar, 0)) {
  }
  for (int i = threadIdx.x; i < 512; i += blockDim.x) part[i] *= 2;
  ptx::fence_proxy_async(ptx::space_shared);
  __syncthreads();
  if (threadIdx.x == 0) {
    ptx::cp_async_bulk(ptx::space_global, ptx::space_shared, out + begin, part, sizeof part);
    ptx::cp_reduce_async_bulk(ptx::space_global, ptx::space_shared, ptx::op_add, total, part, sizeof part);
    ptx::cp_async_bulk_commit_group();
    ptx::cp_async_bulk_wait_group(ptx::n32_t<0>());
  }
}

// Each block of the cluster fetches a part for several: a tile for all, a row for itself and its neighbour.
__global__ void __cluster_dims__(4) multicast(const __grid_constant__ CUtensorMap map, const int *rows, int *out) {
  namespace ptx = cuda::ptx;
  __shared__ alignas(128) int tiles[4][TileRows][TileColumns];
  __shared__ alignas(128) int pair[2][64];
  __shared__ uint64_t bar;
  auto cluster = cooperative_groups::this_cluster();
  unsigned rank = cluster.block_rank();
  if (threadIdx.x == 0) ptx::mbarrier_init(&bar, 1);
  cluster.sync();
  if (threadIdx.x == 0) {
    ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cta, ptx::space_shared, &bar, sizeof tiles + sizeof pair);
    auto shared = [](const void *at) { return unsigned(__cvta_generic_to_shared(at)); };
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1, {%2, %3}], [%4], %5;" ::"r"(
                     shared(tiles[rank])), "l"(&map), "r"(blockIdx.x / 4 * TileColumns), "r"(rank * TileRows), "r"(shared(&bar)), "h"(uint16_t(15)) : "memory");
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1], %2, [%3], %4;" ::"r"(shared(pair[rank % 2])),
                 "l"(rows + 64 * blockIdx.x), "r"(unsigned(sizeof pair[0])), "r"(shared(&bar)), "h"(uint16_t(1 << rank | 1 << (rank ^ 1))) : "memory");
  }
  while (!ptx::mbarrier_try_wait_parity(&bar, 0)) {
  }
  int sum = 0;
  for (int i = threadIdx.x; i < 4 * TileRows * TileColumns; i += blockDim.x) sum += tiles[i / (TileRows * TileColumns)][i / TileColumns % TileRows][i % TileColumns];
  out[blockIdx.x * blockDim.x + threadIdx.x] = sum + pair[0][threadIdx.x] - 3 * pair[1][threadIdx.x];
  cluster.sync();
}

CUtensorMap describe(int *address) {
  cudaDriverEntryPointQueryResult found;
  void *entry = nullptr;
  CUDA(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &entry, 12000, cudaEnableDefault, &found));
  auto encode = reinterpret_cast<PFN_cuTensorMapEncodeTiled_v12000>(entry);
  CUtensorMap map{};
  cuuint64_t sizes[] = {Columns, Rows}, strides[] = {Columns * sizeof(int)};
  cuuint32_t box[] = {TileColumns, TileRows}, steps[] = {1, 1};
  EXPECT(encode(&map, CU_TENSOR_MAP_DATA_TYPE_INT32, 2, address, sizes, strides, box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_NONE,
                CU_TENSOR_MAP_L2_PROMOTION_NONE, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) == CUDA_SUCCESS);
  return map;
}

int main() {
  Mirror<int> data(Rows * Columns), sums(Columns);
  for (int i = 0; i < Rows * Columns; ++i) data[i] = i % 1013;
  data.up();
  CUtensorMap map = describe(data.device);
  add_one<<<dim3(Columns / TileColumns, (Rows + TileRows - 1) / TileRows), 128>>>(map);
  column_sums<<<Columns / TileColumns, 32 + 128>>>(map, sums.device, (Rows + TileRows - 1) / TileRows);
  data.down();
  sums.down();
  std::vector<int> want(Columns);
  for (int i = 0; i < Rows * Columns; ++i) {
    EXPECT(data[i] == i % 1013 + 1);
    want[i % Columns] += i % 1013 + 1;
  }
  expect_same("column_sums", sums.host, want, Columns);

  Mirror<int> shares(8 * 64);
  multicast<<<8, 64>>>(map, data.device, shares.device);
  shares.down();
  for (int b = 0; b < 8; ++b)
    for (int i = 0; i < 64; ++i) {
      int sum = data[64 * (b & ~1) + i] - 3 * data[64 * (b | 1) + i];
      for (int row = i / 32; row < 4 * TileRows; row += 2) sum += data[row * Columns + b / 4 * TileColumns + i % 32];
      EXPECT(shares[64 * b + i] == sum);
    }

  Mirror<float> in(4096), out(4096), total(512);
  for (int i = 0; i < 4096; ++i) in[i] = float(i % 97);
  in.up();
  scale<<<8, 64>>>(in.device, out.device, total.device, 4096);
  out.down();
  total.down();
  for (int i = 0; i < 4096; ++i) EXPECT(out[i] == 2 * float(i % 97));
  for (int i = 0; i < 512; ++i) {
    float sum = 0;
    for (int b = 0; b < 8; ++b) sum += 2 * float((b * 512 + i) % 97);
    EXPECT(total[i] == sum);
  }
  CUDA(cudaDeviceSynchronize());
  return finish("async_tensor");
}
