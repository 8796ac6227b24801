// Copies that overlap with work, in the library's words: cuda::memcpy_async with barriers and pipelines, cooperative groups' memcpy_async.
#include <cooperative_groups.h>
#include <cooperative_groups/memcpy_async.h>
#include <cuda/barrier>
#include <cuda/pipeline>

#include "check.h"

namespace cg = cooperative_groups;

// One batch ahead: each thread copies its own element.
__global__ void own_pipeline(const int *in, int *out, int batches) {
  __shared__ int stage[2][128];
  auto pipe = cuda::make_pipeline();
  int t = threadIdx.x, n = blockDim.x;
  auto fetch = [&](int batch) {
    pipe.producer_acquire();
    cuda::memcpy_async(&stage[batch % 2][t], &in[batch * n + t], sizeof(int), pipe);
    pipe.producer_commit();
  };
  fetch(0);
  int sum = 0;
  for (int batch = 0; batch < batches; ++batch) {
    if (batch + 1 < batches) fetch(batch + 1);
    if (batch + 1 < batches) cuda::pipeline_consumer_wait_prior<1>(pipe);
    else cuda::pipeline_consumer_wait_prior<0>(pipe);
    sum += stage[batch % 2][t];
    pipe.consumer_release();
  }
  out[t] = sum;
}

// The block's pipeline, all threads in both roles, then with a role for each warp.
template <bool Roles>
__global__ void block_pipeline(const int *in, int *out, int batches) {
  constexpr int Stages = 3, Size = 64;
  __shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, Stages> state;
  __shared__ int stage[Stages][Size];
  auto block = cg::this_thread_block();
  bool produces = !Roles || threadIdx.x < 32;
  auto make = [&] {
    if constexpr (Roles) return cuda::make_pipeline(block, &state, produces ? cuda::pipeline_role::producer : cuda::pipeline_role::consumer);
    else return cuda::make_pipeline(block, &state);
  };
  auto pipe = make();
  auto fetch = [&](int batch) {
    pipe.producer_acquire();
    if constexpr (Roles) {
      for (int i = threadIdx.x; i < Size; i += 32) cuda::memcpy_async(&stage[batch % Stages][i], &in[batch * Size + i], sizeof(int), pipe);
    } else {
      cuda::memcpy_async(block, stage[batch % Stages], in + batch * Size, sizeof(int) * Size, pipe);
    }
    pipe.producer_commit();
  };
  int sum = 0;
  auto use = [&](int batch) {
    pipe.consumer_wait();
    for (int i = 0; i < Size; ++i) sum += stage[batch % Stages][i];
    pipe.consumer_release();
  };
  if constexpr (Roles) {
    for (int batch = 0; batch < batches; ++batch) produces ? fetch(batch) : use(batch);
  } else {
    int ahead = 0;
    for (int batch = 0; batch < batches; ++batch) {
      for (; ahead < batches && ahead < batch + Stages; ++ahead) fetch(ahead);
      use(batch);
    }
  }
  if (!Roles || !produces) out[threadIdx.x] = sum;
}

__global__ void with_barrier(const int4 *in, int4 *out) {
#pragma nv_diag_suppress static_var_with_dynamic_init
  __shared__ cuda::barrier<cuda::thread_scope_block> bar;
  __shared__ int4 tile[96];
  auto block = cg::this_thread_block();
  if (block.thread_rank() == 0) init(&bar, block.size());
  block.sync();
  for (int round = 0; round < 3; ++round) {
    cuda::memcpy_async(block, tile, in + round * 96, cuda::aligned_size_t<16>(sizeof tile), bar);
    bar.arrive_and_wait();
    int4 mine = tile[block.size() - 1 - block.thread_rank()];
    block.sync();
    out[round * 96 + block.thread_rank()] = mine;
  }
}

__global__ void with_groups(const int *in, int *out, int n) {
  extern __shared__ int buffer[];
  auto block = cg::this_thread_block();
  int half = n / 2, sum = 0;
  cg::memcpy_async(block, buffer, in, sizeof(int) * half);
  cg::memcpy_async(block, buffer + half, in + half, sizeof(int) * (n - half));
  cg::wait_prior<1>(block);
  for (int i = 0; i < half; ++i) sum += buffer[i];
  cg::wait(block);
  for (int i = half; i < n; ++i) sum += buffer[i];
  auto tile = cg::tiled_partition<32>(block);
  cg::memcpy_async(tile, buffer + n + 32 * tile.meta_group_rank(), in + 32 * tile.meta_group_rank(), sizeof(int) * 32);
  cg::wait(tile);
  out[block.thread_rank()] = sum + buffer[n + block.thread_rank()];
}

int main() {
  Mirror<int> in(64 * 128), out(128);
  for (int i = 0; i < 64 * 128; ++i) in[i] = i * 37 % 1009;
  in.up();
  std::vector<int> want(128);

  own_pipeline<<<1, 128>>>(in.device, out.device, 20);
  out.down();
  for (int t = 0; t < 128; ++t)
    for (int b = 0; b < 20; ++b) want[t] += in[b * 128 + t];
  expect_same("own_pipeline", out.host, want, 128);

  int sum = 0;
  for (int i = 0; i < 30 * 64; ++i) sum += in[i];
  for (bool roles : {false, true}) {
    CUDA(cudaMemset(out.device, 0, 128 * sizeof(int)));
    if (roles) block_pipeline<true><<<1, 96>>>(in.device, out.device, 30);
    else block_pipeline<false><<<1, 96>>>(in.device, out.device, 30);
    out.down();
    for (int t = 0; t < 128; ++t) want[t] = t < 96 && (!roles || t >= 32) ? sum : 0;
    expect_same(roles ? "block_pipeline with roles" : "block_pipeline", out.host, want, 128);
  }

  Mirror<int> turned(3 * 96 * 4);
  with_barrier<<<1, 96>>>(reinterpret_cast<int4 *>(in.device), reinterpret_cast<int4 *>(turned.device));
  turned.down();
  for (int i = 0; i < 3 * 96 * 4; ++i) EXPECT(turned[i] == in[(i / 384 * 96 + 95 - i / 4 % 96) * 4 + i % 4]);

  with_groups<<<1, 64, (301 + 64) * sizeof(int)>>>(in.device, out.device, 301);
  out.down();
  sum = 0;
  for (int i = 0; i < 301; ++i) sum += in[i];
  for (int t = 0; t < 64; ++t) EXPECT(out[t] == sum + in[t]);
  CUDA(cudaDeviceSynchronize());
  return finish("async_copies");
}
