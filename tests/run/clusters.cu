// Clusters of blocks: shared memory of other blocks, the barrier of the cluster, ids, launches with and without an attribute.
#include "check.h"

#include <cooperative_groups.h>
#include <numeric>

namespace cg = cooperative_groups;

// Each block of the cluster holds a part of the bins.
__global__ void histogram(const int *in, int n, int *bins, int nbins, int per_block) {
  extern __shared__ int mine[];
  cg::cluster_group cluster = cg::this_cluster();
  unsigned rank = cluster.block_rank(), blocks = cluster.dim_blocks().x;
  for (int i = threadIdx.x; i < per_block; i += blockDim.x) mine[i] = 0;
  cluster.sync();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    int bin = in[i] % nbins;
    atomicAdd(cluster.map_shared_rank(mine, bin / per_block) + bin % per_block, 1);
  }
  cluster.sync();
  for (int i = threadIdx.x; i < per_block; i += blockDim.x)
    if (int(rank) * per_block + i < nbins) atomicAdd(&bins[rank * per_block + i], mine[i]);
  if (blocks != cluster.num_blocks()) bins[0] = -1;
}

// A ring: every block reads its neighbour's value, which it may change only after all have read.
__global__ void __cluster_dims__(4, 1, 1) ring(int *out) {
  __shared__ int value;
  cg::cluster_group cluster = cg::this_cluster();
  if (threadIdx.x == 0) value = blockIdx.x * 10;
  for (int round = 0; round < 3; ++round) {
    cluster.sync();
    int got = *cluster.map_shared_rank(&value, (cluster.block_rank() + 1) % cluster.num_blocks());
    auto token = cluster.barrier_arrive();
    int extra = round + 1;
    cluster.barrier_wait(std::move(token));
    if (threadIdx.x == 0) value = got + extra;
  }
  cluster.sync();
  if (threadIdx.x == 0) out[blockIdx.x] = value;
}

__global__ void ids(unsigned *out) {
  unsigned rank, x, y, z, cx, cy, nx, ny, ncx, is;
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  asm("mov.u32 %0, %%cluster_ctaid.x;" : "=r"(x));
  asm("mov.u32 %0, %%cluster_ctaid.y;" : "=r"(y));
  asm("mov.u32 %0, %%cluster_ctaid.z;" : "=r"(z));
  asm("mov.u32 %0, %%clusterid.x;" : "=r"(cx));
  asm("mov.u32 %0, %%clusterid.y;" : "=r"(cy));
  asm("mov.u32 %0, %%nclusterid.x;" : "=r"(nx));
  asm("mov.u32 %0, %%nclusterid.y;" : "=r"(ny));
  asm("mov.u32 %0, %%cluster_nctarank;" : "=r"(ncx));
  asm("{.reg .pred p; mov.pred p, %%is_explicit_cluster; selp.u32 %0, 1, 0, p;}" : "=r"(is));
  unsigned *at = out + 10 * (blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z));
  unsigned all[] = {rank, x, y, z, cx, cy, nx, ny, ncx, is};
  for (int i = 0; i < 10; ++i) at[i] = all[i];
}

// Addresses: of which block they are, and whether they are shared at all.
__global__ void __cluster_dims__(2, 2, 1) addresses(int *bad, int *global) {
  __shared__ int cell[33];
  cg::cluster_group cluster = cg::this_cluster();
  unsigned n = cluster.num_blocks();
  for (unsigned r = 0; r < n; ++r) {
    int *there = cluster.map_shared_rank(&cell[threadIdx.x], r);
    if (cluster.query_shared_rank(there) != r) atomicAdd(bad, 1);
    if (cluster.map_shared_rank(there, cluster.block_rank()) != &cell[threadIdx.x]) atomicAdd(bad, 1);
    if (__isShared(there) != (r == cluster.block_rank())) atomicAdd(bad, 1);
    if (!__isClusterShared(there) || __isGlobal(there)) atomicAdd(bad, 1);
  }
  if (__isClusterShared(global) || !__isGlobal(global)) atomicAdd(bad, 1);
  cluster.sync();
}

// Blocks in which threads leave early do not keep the barrier open.
__global__ void __cluster_dims__(2) leavers(int *out) {
  __shared__ int count;
  if (threadIdx.x == 0) count = 0;
  cg::this_cluster().sync();
  if (threadIdx.x >= 64 && blockIdx.x % 2) return;
  atomicAdd(cg::this_cluster().map_shared_rank(&count, 0), 1);
  cg::this_cluster().sync();
  if (cg::this_cluster().block_rank() == 0 && threadIdx.x == 0) out[blockIdx.x / 2] = count;
  cg::this_cluster().sync();
}

// A block waits for a flag in its own shared memory, which the other one sets.
__global__ void __cluster_dims__(2) flag(int *out) {
  __shared__ int word[2];
  cg::cluster_group cluster = cg::this_cluster();
  if (threadIdx.x == 0) word[0] = 0;
  cluster.sync();
  if (cluster.block_rank() == 0 && threadIdx.x == 0) {
    volatile int *own = word;
    while (own[0] == 0) {}
    out[blockIdx.x / 2] = own[1];
  }
  if (cluster.block_rank() == 1 && threadIdx.x == 0) {
    volatile int *other = cluster.map_shared_rank(word, 0);
    other[1] = blockIdx.x;
    __threadfence();
    other[0] = 1;
  }
  cluster.sync();
}

template <class... A, class... B>
cudaError_t launch(void (*kernel)(A...), dim3 grid, dim3 block, dim3 cluster, size_t shared, B... arguments) {
  cudaLaunchConfig_t config = {};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared;
  cudaLaunchAttribute attribute = {};
  attribute.id = cudaLaunchAttributeClusterDimension;
  attribute.val.clusterDim.x = cluster.x;
  attribute.val.clusterDim.y = cluster.y;
  attribute.val.clusterDim.z = cluster.z;
  config.attrs = &attribute;
  config.numAttrs = 1;
  return cudaLaunchKernelEx(&config, kernel, A(arguments)...);
}

void run_histogram(int blocks) {
  const int n = 5000, nbins = 100, per_block = (nbins + blocks - 1) / blocks;
  Mirror<int> in(n), bins(nbins);
  std::vector<int> want(nbins);
  for (int i = 0; i < n; ++i) ++want[(in[i] = (i * 7919) & 0xffff) % nbins];
  in.up();
  if (blocks > 8) CUDA(cudaFuncSetAttribute(histogram, cudaFuncAttributeNonPortableClusterSizeAllowed, 1));
  CUDA(launch(histogram, 2 * blocks, 128, blocks, per_block * sizeof(int), in.device, n, bins.device, nbins, per_block));
  CUDA(cudaDeviceSynchronize());
  bins.down();
  expect_same("histogram", bins.host, want, nbins);
}

void run_ids() {
  Mirror<unsigned> out(10 * 4 * 6 * 2);
  CUDA(launch(ids, dim3(4, 6, 2), 32, dim3(2, 3, 1), 0, out.device));
  CUDA(cudaDeviceSynchronize());
  out.down();
  for (unsigned z = 0; z < 2; ++z)
    for (unsigned y = 0; y < 6; ++y)
      for (unsigned x = 0; x < 4; ++x) {
        unsigned want[] = {x % 2 + 2 * (y % 3), x % 2, y % 3, 0, x / 2, y / 3, 2, 2, 6, 1};
        expect_same("ids", &out.host[10 * (x + 4 * (y + 6 * z))], want, 10);
      }
  ids<<<dim3(3, 2), 32>>>(out.device);
  CUDA(cudaDeviceSynchronize());
  out.down();
  for (unsigned i = 0; i < 6; ++i) {
    unsigned want[] = {0, 0, 0, 0, i % 3, i / 3, 3, 2, 1, 0};
    expect_same("ids without clusters", &out.host[10 * i], want, 10);
  }
}

void limits() {
  cudaDeviceProp properties;
  CUDA(cudaGetDeviceProperties(&properties, 0));
  EXPECT(properties.clusterLaunch == 1);
  cudaLaunchConfig_t config = {};
  config.gridDim = 16;
  config.blockDim = 128;
  int size = 0, count = 0;
  CUDA(cudaOccupancyMaxPotentialClusterSize(&size, ids, &config));
  EXPECT(size == 8);
  CUDA(cudaFuncSetAttribute(ids, cudaFuncAttributeNonPortableClusterSizeAllowed, 1));
  CUDA(cudaOccupancyMaxPotentialClusterSize(&size, ids, &config));
  EXPECT(size == 16);
  CUDA(cudaFuncSetAttribute(ids, cudaFuncAttributeNonPortableClusterSizeAllowed, 0));
  cudaLaunchAttribute attribute = {};
  attribute.id = cudaLaunchAttributeClusterDimension;
  attribute.val.clusterDim.x = 4;
  attribute.val.clusterDim.y = attribute.val.clusterDim.z = 1;
  config.attrs = &attribute;
  config.numAttrs = 1;
  CUDA(cudaOccupancyMaxActiveClusters(&count, ids, &config));
  EXPECT(count >= properties.multiProcessorCount);
  cudaFuncAttributes attributes;
  CUDA(cudaFuncGetAttributes(&attributes, ring));
  EXPECT(attributes.requiredClusterWidth == 4 && attributes.requiredClusterHeight == 1);
  EXPECT(cudaFuncSetAttribute(ring, cudaFuncAttributeRequiredClusterWidth, 2) == cudaErrorNotPermitted);
  Mirror<unsigned> out(640);
  Mirror<int> cells(8);
  EXPECT(launch(ids, 32, 32, 16, 0, out.device) == cudaErrorInvalidClusterSize);
  EXPECT(launch(ids, 3, 32, 2, 0, out.device) == cudaErrorInvalidClusterSize);
  EXPECT(launch(ring, 8, 32, 2, 0, cells.device) == cudaErrorInvalidClusterSize);
  ring<<<6, 32>>>(cells.device);
  EXPECT(cudaGetLastError() == cudaErrorInvalidClusterSize);
}

int main() {
  run_histogram(1);
  run_histogram(2);
  run_histogram(8);
  run_histogram(16);
  run_ids();
  {
    Mirror<int> out(8);
    ring<<<8, 64>>>(out.device);
    CUDA(cudaDeviceSynchronize());
    out.down();
    for (int b = 0; b < 8; ++b) EXPECT(out[b] == (b / 4 * 4 + (b + 3) % 4) * 10 + 6);
  }
  {
    Mirror<int> bad(1), global(1);
    addresses<<<dim3(4, 2), 33>>>(bad.device, global.device);
    CUDA(cudaDeviceSynchronize());
    bad.down();
    EXPECT(bad[0] == 0);
  }
  {
    Mirror<int> out(3), words(3);
    leavers<<<6, 128>>>(out.device);
    flag<<<6, 64>>>(words.device);
    CUDA(cudaDeviceSynchronize());
    out.down();
    words.down();
    for (int c = 0; c < 3; ++c) EXPECT(out[c] == 192 && words[c] == 2 * c + 1);
  }
  limits();
  return finish("clusters");
}
