// Threads of one warp that wait for each other, meet on different ways, or end early (independent thread scheduling).
#include "check.h"

#include <cooperative_groups.h>

namespace cg = cooperative_groups;

// ---- waiting for a thread of the same warp ----

__global__ void producer_and_consumers(int *out) {
  __shared__ volatile int flag, data;
  if (threadIdx.x == 0) flag = 0;
  __syncthreads();
  if (threadIdx.x == 7) {
    data = 42 + blockIdx.x;
    __threadfence_block();
    flag = 1;
  } else {
    while (flag == 0) {}
  }
  __threadfence_block();
  out[blockIdx.x * blockDim.x + threadIdx.x] = data;
}

// Each thread waits for its turn.
__global__ void turns(int *turn, int *out) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  volatile int *now = turn;
  while (*now != i) {}
  out[i] = i ? out[i - 1] + i : 0;
  __threadfence();
  *now = i + 1;
}

// A plain flag with a fence in the loop.
__global__ void chain(int *flags, int *out) {
  int t = threadIdx.x;
  if (t > 0) {
    while (atomicAdd(&flags[t - 1], 0) == 0) {}
    __threadfence();
  }
  out[t] = t ? out[t - 1] * 3 % 1001 : 1;
  __threadfence();
  atomicExch(&flags[t], 1);
}

// ---- locks that each thread takes, beside warp operations ----

__global__ void locks(int *lock, int *sum, int *ballots) {
  unsigned half = __ballot_sync(0xffffffff, threadIdx.x % 2);
  bool done = false;
  while (atomicCAS(lock, 0, 1) != 0) {}
  __threadfence();
  *(volatile int *)sum += int(threadIdx.x);
  __threadfence();
  atomicExch(lock, 0);
  done = true;
  __syncwarp();
  unsigned all = __ballot_sync(0xffffffff, done);
  if (threadIdx.x % 32 == 0) ballots[threadIdx.x / 32] = half == 0xaaaaaaaa && all == 0xffffffff;
}

// ---- warp operations that are met on different ways ----

__global__ void shuffles_apart(int *out) {
  int lane = threadIdx.x % 32, v;
  if (lane < 16) {
    v = __shfl_sync(0xffffffff, lane * 10, lane ^ 16);
  } else {
    int mine = lane * 10 + 1;
    v = __shfl_sync(0xffffffff, mine, lane ^ 16);
  }
  out[threadIdx.x] = v;
}

__global__ void syncwarp_apart(int *out) {
  __shared__ int cell[32];
  int lane = threadIdx.x;
  cell[lane] = lane;
  if (lane & 1) {
    cell[lane] = lane * 2;
    __syncwarp();
    out[lane] = cell[lane - 1];
  } else {
    cell[lane] = lane * 3;
    __syncwarp();
    out[lane] = cell[lane + 1];
  }
}

// Every third lane leaves with work of its own; the others name all.
__global__ void leave_with_work(int *out, int *left) {
  int lane = threadIdx.x % 32;
  if (lane % 3 == 0) {
    left[threadIdx.x] = lane + 1;
    return;
  }
  unsigned votes = __ballot_sync(0xffffffff, lane > 10);
  out[threadIdx.x] = int(votes) ^ __shfl_xor_sync(0xffffffff, lane, 0);
}

// Those who leave vote once more before.
__global__ void leave_after_voting(unsigned *out) {
  int lane = threadIdx.x % 32;
  if (lane < 8) {
    out[threadIdx.x] = __ballot_sync(0x000000ff, lane & 1);
    return;
  }
  unsigned rest = __ballot_sync(0xffffff00, lane & 2);
  if (lane < 12) return;
  out[threadIdx.x] = rest ^ __ballot_sync(0xffffffff, lane & 4);
}

__global__ void groups(int *out) {
  auto block = cg::this_thread_block();
  auto tile = cg::tiled_partition<8>(block);
  int rank = tile.thread_rank();
  int sum = 0;
  if (tile.meta_group_rank() % 2) {
    for (int i = tile.size() / 2; i; i /= 2) rank += tile.shfl_xor(rank, i);
    sum = rank;
  } else {
    sum = tile.any(rank == 3) + tile.ballot(rank & 1);
  }
  out[threadIdx.x] = sum;
}

// Aggregated atomics: whoever is together adds once.
__global__ void aggregate(int *counter, int *order, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n && i % 3 != 1) {
    auto active = cg::coalesced_threads();
    int first = 0;
    if (active.thread_rank() == 0) first = atomicAdd(counter, active.size());
    order[active.shfl(first, 0) + active.thread_rank()] = i;
  }
}

// More blocks than units, all of which wait for what another stream does.
__global__ void wait_for_stream(volatile int *flag, int *count) {
  while (!*flag) {
  }
  atomicAdd(count, 1);
}

__global__ void set(int *flag) { *flag = 1; }

int main() {
  {
    Mirror<int> out(3 * 64);
    producer_and_consumers<<<3, 64>>>(out.device);
    CUDA(cudaDeviceSynchronize());
    out.down();
    for (int i = 0; i < 3 * 64; ++i) EXPECT(out[i] == 42 + i / 64);
  }
  {
    Mirror<int> turn(1), out(96);
    turns<<<2, 48>>>(turn.device, out.device);
    CUDA(cudaDeviceSynchronize());
    out.down();
    for (int i = 0; i < 96; ++i) EXPECT(out[i] == i * (i + 1) / 2);
  }
  {
    Mirror<int> flags(128), out(128);
    chain<<<1, 128>>>(flags.device, out.device);
    CUDA(cudaDeviceSynchronize());
    out.down();
    for (int i = 0, want = 1; i < 128; ++i, want = want * 3 % 1001) EXPECT(out[i] == want);
  }
  {
    Mirror<int> lock(1), sum(1), ballots(4);
    locks<<<2, 128>>>(lock.device, sum.device, ballots.device);
    CUDA(cudaDeviceSynchronize());
    sum.down();
    ballots.down();
    EXPECT(sum[0] == 128 * 127);
    for (int w = 0; w < 4; ++w) EXPECT(ballots[w] == 1);
  }
  {
    Mirror<int> out(64);
    shuffles_apart<<<1, 64>>>(out.device);
    CUDA(cudaDeviceSynchronize());
    out.down();
    for (int i = 0; i < 64; ++i) EXPECT(out[i] == (i % 32 ^ 16) * 10 + (i % 32 < 16));
  }
  {
    Mirror<int> out(32);
    syncwarp_apart<<<1, 32>>>(out.device);
    CUDA(cudaDeviceSynchronize());
    out.down();
    for (int i = 0; i < 32; ++i) EXPECT(out[i] == (i & 1 ? (i - 1) * 3 : (i + 1) * 2));
  }
  {
    Mirror<int> out(64), left(64);
    leave_with_work<<<1, 64>>>(out.device, left.device);
    CUDA(cudaDeviceSynchronize());
    out.down();
    left.down();
    unsigned votes = 0;
    for (int i = 11; i < 32; ++i) votes |= (i % 3 != 0) << i;
    for (int i = 0; i < 64; ++i) EXPECT(i % 32 % 3 ? out[i] == int(votes ^ unsigned(i % 32)) : left[i] == i % 32 + 1);
  }
  {
    Mirror<unsigned> out(32);
    leave_after_voting<<<1, 32>>>(out.device);
    CUDA(cudaDeviceSynchronize());
    out.down();
    for (int i = 0; i < 32; ++i)
      if (i < 8 || i >= 12) EXPECT(out[i] == (i < 8 ? 0xaau : 0xcccccc00u ^ 0xf0f0f000u));
  }
  {
    Mirror<int> out(64);
    groups<<<1, 64>>>(out.device);
    CUDA(cudaDeviceSynchronize());
    out.down();
    for (int i = 0; i < 64; ++i) EXPECT(out[i] == (i / 8 % 2 ? 28 : 1 + 0xaa));
  }
  {
    const int n = 1000;
    Mirror<int> counter(1), order(n);
    aggregate<<<4, 256>>>(counter.device, order.device, n);
    CUDA(cudaDeviceSynchronize());
    counter.down();
    order.down();
    int want = 0;
    std::vector<int> seen(n);
    for (int i = 0; i < n; ++i) want += i % 3 != 1;
    EXPECT(counter[0] == want);
    for (int i = 0; i < want; ++i) ++seen[order[i]];
    for (int i = 0; i < n; ++i) EXPECT(seen[i] == (i % 3 != 1));
  }
  {
    Mirror<int> flag(1), count(1);
    cudaStream_t waiting, other;
    CUDA(cudaStreamCreateWithFlags(&waiting, cudaStreamNonBlocking));
    CUDA(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
    wait_for_stream<<<50, 64, 0, waiting>>>(flag.device, count.device);
    set<<<1, 1, 0, other>>>(flag.device);
    CUDA(cudaStreamSynchronize(waiting));
    CUDA(cudaStreamSynchronize(other));
    count.down();
    EXPECT(count[0] == 50 * 64);
    CUDA(cudaStreamDestroy(waiting));
    CUDA(cudaStreamDestroy(other));
  }
  return finish("thread_scheduling");
}
