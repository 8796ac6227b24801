// Barriers: after early exits, in loops, under block-wide conditions that only memory knows, with counts and votes.
#include "check.h"

__global__ void early_exit(const int *in, int *out, int n) {
  __shared__ int tile[128];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  tile[threadIdx.x] = in[i];
  __syncthreads();
  int left = threadIdx.x ? tile[threadIdx.x - 1] : 0;
  __syncthreads();
  tile[threadIdx.x] = left * 2;
  __syncthreads();
  out[i] = tile[threadIdx.x] + in[i];
}

// The loop ends when a value in shared memory says so.
__global__ void until_sorted(int *data, int *rounds) {
  __shared__ int swapped;
  int t = threadIdx.x, n = 2 * blockDim.x, count = 0;
  int *mine = data + blockIdx.x * n;
  for (;;) {
    if (t == 0) swapped = 0;
    __syncthreads();
    for (int phase = 0; phase < 2; ++phase) {
      int i = 2 * t + phase;
      if (i + 1 < n && mine[i] > mine[i + 1]) {
        int v = mine[i];
        mine[i] = mine[i + 1];
        mine[i + 1] = v;
        swapped = 1;
      }
      __syncthreads();
    }
    ++count;
    bool again = swapped;
    __syncthreads();
    if (!again) break;
  }
  if (t == 0) rounds[blockIdx.x] = count;
}

__global__ void votes(const int *in, int *counts, int *ors, int *ands) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int c = __syncthreads_count(in[i] > 50);
  int o = __syncthreads_or(in[i] > 97);
  int a = __syncthreads_and(in[i] < 99);
  if (threadIdx.x == blockDim.x / 2) counts[blockIdx.x] = c, ors[blockIdx.x] = o != 0, ands[blockIdx.x] = a != 0;
}

// Half of the warps produce, half consume, over named barriers with counts.
__global__ void producer_consumer(const int *in, int *out, int rounds) {
  __shared__ int buffer[64];
  int t = threadIdx.x;
  if (t < 64) {
    for (int r = 0; r < rounds; ++r) {
      buffer[t] = in[r * 64 + t] * 3;
      asm volatile("barrier.sync 1, 128;" ::: "memory");
      asm volatile("barrier.sync 2, 128;" ::: "memory");
    }
  } else {
    for (int r = 0; r < rounds; ++r) {
      asm volatile("barrier.sync 1, 128;" ::: "memory");
      out[r * 64 + t - 64] = buffer[127 - t] + 1;
      asm volatile("barrier.sync 2, 128;" ::: "memory");
    }
  }
}

// The barrier sits in a branch that whole blocks take or leave.
__global__ void block_branch(const int *choice, int *out) {
  __shared__ int s[96];
  int t = threadIdx.x;
  s[t] = t;
  int v = 0;
  if (choice[blockIdx.x] & 1) {
    __syncthreads();
    v = s[95 - t];
    if (choice[blockIdx.x] & 2) {
      __syncthreads();
      s[t] = v * 10;
      __syncthreads();
      v += s[(t + 1) % 96];
    }
  } else {
    v = -t;
  }
  out[blockIdx.x * 96 + t] = v;
}

int main() {
  {
    const int n = 1000;
    Mirror<int> in(n), out(n);
    for (int i = 0; i < n; ++i) in[i] = i * 3 % 101;
    in.up();
    early_exit<<<(n + 127) / 128, 128>>>(in.device, out.device, n);
    out.down();
    for (int i = 0; i < n; ++i) EXPECT(out[i] == (i % 128 ? in[i - 1] * 2 : 0) + in[i]);
  }
  {
    const int blocks = 5, threads = 48, n = 2 * threads;
    Mirror<int> data(blocks * n), rounds(blocks);
    for (int i = 0; i < blocks * n; ++i) data[i] = (i * 7919) % 1009;
    for (int i = 0; i < n; ++i) data[i] = i;  // block 0 is sorted already
    data.up();
    std::vector<int> want = data.host;
    until_sorted<<<blocks, threads>>>(data.device, rounds.device);
    data.down();
    rounds.down();
    EXPECT(rounds[0] == 1);
    EXPECT(rounds[1] > 1);
    for (int b = 0; b < blocks; ++b)
      for (int i = 1; i < n; ++i) EXPECT(data[b * n + i - 1] <= data[b * n + i]);
    long sum = 0, wanted = 0;
    for (int v : data.host) sum += v;
    for (int v : want) wanted += v;
    EXPECT(sum == wanted);
  }
  {
    const int blocks = 6, threads = 160;
    Mirror<int> in(blocks * threads), c(blocks), o(blocks), a(blocks);
    for (int i = 0; i < blocks * threads; ++i) in[i] = (i * 37 + i / threads * 11) % (90 + i / threads * 2);
    in.up();
    votes<<<blocks, threads>>>(in.device, c.device, o.device, a.device);
    c.down(), o.down(), a.down();
    for (int b = 0; b < blocks; ++b) {
      int count = 0, any = 0, all = 1;
      for (int t = 0; t < threads; ++t) {
        int v = in[b * threads + t];
        count += v > 50, any |= v > 97, all &= v < 99;
      }
      EXPECT(c[b] == count && o[b] == any && a[b] == all);
    }
  }
  {
    const int rounds = 7;
    Mirror<int> in(rounds * 64), out(rounds * 64);
    for (int i = 0; i < rounds * 64; ++i) in[i] = i * i % 77;
    in.up();
    producer_consumer<<<1, 128>>>(in.device, out.device, rounds);
    out.down();
    for (int r = 0; r < rounds; ++r)
      for (int t = 0; t < 64; ++t) EXPECT(out[r * 64 + t] == in[r * 64 + 63 - t] * 3 + 1);
  }
  {
    const int blocks = 8;
    Mirror<int> choice(blocks), out(blocks * 96);
    for (int b = 0; b < blocks; ++b) choice[b] = b;
    choice.up();
    block_branch<<<blocks, 96>>>(choice.device, out.device);
    out.down();
    for (int b = 0; b < blocks; ++b)
      for (int t = 0; t < 96; ++t) {
        int want = !(b & 1) ? -t : !(b & 2) ? 95 - t : 95 - t + (95 - (t + 1) % 96) * 10;
        EXPECT(out[b * 96 + t] == want);
      }
  }
  return finish("barriers");
}
