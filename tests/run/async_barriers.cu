// Barriers with phases: cuda::barrier between threads, split arrive and wait, dropping out, producers and consumers in different
// warps, and the mbarrier instructions behind them.
#include <cuda/barrier>
#include <cuda/ptx>

#include "check.h"

using block_barrier = cuda::barrier<cuda::thread_scope_block>;
namespace ptx = cuda::ptx;

// Each phase reads what the neighbours wrote in the one before.
__global__ void rotate(int *data, int rounds) {
#pragma nv_diag_suppress static_var_with_dynamic_init
  __shared__ block_barrier bar;
  __shared__ int cells[2][256];
  if (threadIdx.x == 0) init(&bar, blockDim.x);
  __syncthreads();
  int n = blockDim.x, me = threadIdx.x;
  cells[0][me] = data[blockIdx.x * n + me];
  bar.arrive_and_wait();
  for (int i = 0; i < rounds; ++i) {
    cells[(i + 1) & 1][me] = cells[i & 1][(me + 1) % n] + 1;
    auto token = bar.arrive();
    // Work that needs nothing of the others stands here.
    bar.wait(std::move(token));
  }
  data[blockIdx.x * n + me] = cells[rounds & 1][me];
}

// Threads leave one by one; the rest must still meet.
__global__ void leave(int *counts, int n) {
  __shared__ block_barrier bar;
  __shared__ int here[64];
  if (threadIdx.x == 0) init(&bar, blockDim.x);
  if (threadIdx.x < 64) here[threadIdx.x] = 0;
  __syncthreads();
  for (int round = 0; round < n; ++round) {
    if (threadIdx.x % n == round) {
      bar.arrive_and_drop();
      return;
    }
    atomicAdd(&here[round], 1);
    bar.arrive_and_wait();
    if (threadIdx.x == blockDim.x - 1) counts[round] = here[round];
  }
}

// The guide's pattern: the first warp fills two buffers, the others sum them.
constexpr int Chunk = 128;
__global__ void specialised(const int *in, int *out, int chunks) {
  __shared__ block_barrier bars[4];  // ready, ready, filled, filled
  __shared__ int buffer[2][Chunk];
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  if (threadIdx.x < 4) init(&bars[threadIdx.x], blockDim.x);
  __syncthreads();
  if (warp == 0) {
    for (int i = 0; i < chunks; ++i) {
      bars[i % 2].arrive_and_wait();  // the buffer is free
      for (int k = lane; k < Chunk; k += 32) buffer[i % 2][k] = in[i * Chunk + k];
      auto filled = bars[i % 2 + 2].arrive();
    }
  } else {
    auto ready0 = bars[0].arrive(), ready1 = bars[1].arrive();
    int sum = 0;
    for (int i = 0; i < chunks; ++i) {
      bars[i % 2 + 2].arrive_and_wait();  // it is full
      for (int k = threadIdx.x - 32; k < Chunk; k += blockDim.x - 32) sum += buffer[i % 2][k];
      auto ready = bars[i % 2].arrive();
    }
    atomicAdd(out, sum);
  }
}

// One elected thread waits for all others by parity, then lets them on through a second barrier.
__global__ void elected(int *out, int rounds) {
  __shared__ uint64_t up, down;
  __shared__ int value, seen;
  if (threadIdx.x == 0) {
    ptx::mbarrier_init(&up, blockDim.x - 1);
    ptx::mbarrier_init(&down, 1);
    value = seen = 0;
  }
  __syncthreads();
  for (int i = 0; i < rounds; ++i) {
    if (threadIdx.x == 32) {
      while (!ptx::mbarrier_try_wait_parity(ptx::sem_acquire, ptx::scope_cta, &up, i & 1)) {
      }
      seen = value;
      ptx::mbarrier_arrive(ptx::sem_release, ptx::scope_cta, ptx::space_shared, &down, 1);
    } else {
      atomicAdd(&value, int(threadIdx.x) + i);
      ptx::mbarrier_arrive(&up);
      while (!ptx::mbarrier_test_wait_parity(&down, i & 1)) {
      }
    }
  }
  __syncthreads();
  if (threadIdx.x == 0) *out = seen;
}

__global__ void counts(unsigned *out) {
  __shared__ uint64_t bar;
  if (threadIdx.x == 0) {
    ptx::mbarrier_init(&bar, 10);
    uint64_t first = ptx::mbarrier_arrive_no_complete(&bar, 3);
    uint64_t second = ptx::mbarrier_arrive(ptx::sem_release, ptx::scope_cta, ptx::space_shared, &bar, 2u);
    out[0] = ptx::mbarrier_test_wait(&bar, first);
    uint64_t third = ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cta, ptx::space_shared, &bar, 64u);
    ptx::mbarrier_arrive(ptx::sem_release, ptx::scope_cta, ptx::space_shared, &bar, 4u);
    out[1] = ptx::mbarrier_test_wait(&bar, second);  // bytes are missing
    asm volatile("mbarrier.complete_tx.relaxed.cta.shared::cta.b64 [%0], 64;" ::"r"(uint32_t(__cvta_generic_to_shared(&bar))) : "memory");
    out[2] = ptx::mbarrier_test_wait(&bar, third);
    out[3] = ptx::mbarrier_test_wait_parity(&bar, 0) * 2 + ptx::mbarrier_test_wait_parity(&bar, 1);
    unsigned pending;
    asm volatile("mbarrier.pending_count.b64 %0, %1;" : "=r"(pending) : "l"(first));
    out[4] = pending;
    asm volatile("mbarrier.pending_count.b64 %0, %1;" : "=r"(pending) : "l"(second));
    out[5] = pending;
    asm volatile("mbarrier.inval.shared.b64 [%0];" ::"r"(uint32_t(__cvta_generic_to_shared(&bar))) : "memory");
  }
}

int main() {
  {
    Mirror<int> data(4 * 192);
    for (int i = 0; i < 4 * 192; ++i) data[i] = i * 7;
    data.up();
    rotate<<<4, 192>>>(data.device, 9);
    std::vector<int> want(4 * 192);
    for (int b = 0; b < 4; ++b)
      for (int i = 0; i < 192; ++i) want[b * 192 + i] = (b * 192 + (i + 9) % 192) * 7 + 9;
    data.down();
    expect_same("rotate", data.host, want, want.size());
  }
  {
    Mirror<int> data(16);
    leave<<<1, 128>>>(data.device, 8);
    data.down();
    for (int round = 0; round < 7; ++round) EXPECT(data[round] == 128 - 16 * (round + 1));
  }
  for (int threads : {64, 160, 288}) {
    Mirror<int> in(17 * Chunk), out(1);
    int want = 0;
    for (int i = 0; i < 17 * Chunk; ++i) want += in[i] = i * i % 1001;
    in.up();
    specialised<<<1, threads>>>(in.device, out.device, 17);
    out.down();
    EXPECT(out[0] == want);
  }
  {
    Mirror<int> out(1);
    elected<<<1, 256>>>(out.device, 5);
    out.down();
    int want = 0;
    for (int i = 0; i < 5; ++i)
      for (int t = 0; t < 256; ++t) want += t == 32 ? 0 : t + i;
    EXPECT(out[0] == want);
  }
  {
    Mirror<unsigned> out(6);
    counts<<<1, 32>>>(out.device);
    out.down();
    unsigned want[] = {0, 0, 1, 2, 10, 7};
    expect_same("counts", out.host, want, 6);
  }
  CUDA(cudaDeviceSynchronize());
  return finish("async_barriers");
}
