// Warp operations with full, partial and sub-warp masks, in and after divergent code.
#include "check.h"

__global__ void shuffles(int *out) {
  int t = threadIdx.x, lane = t % 32, v = t * 10;
  int *mine = out + t * 8;
  mine[0] = __shfl_sync(~0u, v, 5);
  mine[1] = __shfl_up_sync(~0u, v, 3);
  mine[2] = __shfl_down_sync(~0u, v, 7);
  mine[3] = __shfl_xor_sync(~0u, v, 9);
  mine[4] = __shfl_sync(~0u, v, lane * 3, 8);
  mine[5] = __shfl_up_sync(~0u, v, 2, 16);
  mine[6] = __shfl_down_sync(~0u, v, 1, 4);
  mine[7] = __shfl_xor_sync(~0u, v, 6, 8);
}

__global__ void wide(double *d, long long *l, float *f) {
  int t = threadIdx.x;
  d[t] = __shfl_down_sync(~0u, t * 0.5, 4);
  l[t] = __shfl_xor_sync(~0u, (1ll << 40) * t, 1);
  f[t] = __shfl_up_sync(~0u, t * 0.25f, 1);
}

__global__ void divergent(int *out) {
  int t = threadIdx.x, lane = t % 32;
  int r = -1;
  if (lane % 3 == 0) {
    unsigned mask = 0x49249249u;  // lanes 0, 3, 6...
    r = __shfl_sync(mask, t, (lane + 3) % 33 % 32 / 3 * 3);
    r += __popc(__ballot_sync(mask, lane > 10)) * 1000;
  } else {
    r = __popc(__activemask());
  }
  __syncwarp();
  out[t] = r + (__any_sync(~0u, lane == 31) ? 100000 : 0) + (__all_sync(~0u, lane < 31) ? 1000000 : 0);
}

__global__ void matches(const int *in, unsigned *any, int *all) {
  int t = threadIdx.x, pred = 0;
  any[t] = __match_any_sync(~0u, in[t]);
  unsigned same = __match_all_sync(~0u, in[t] / 1000, &pred);
  all[t] = pred * 2 + (same != 0);
}

// Lanes that meet one key elect a leader, one atomic for all of them.
__global__ void aggregated(const int *keys, int *counts, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  unsigned peers = __match_any_sync(__activemask(), keys[i]);
  int leader = __ffs(peers) - 1;
  if ((threadIdx.x & 31) == leader) atomicAdd(&counts[keys[i]], __popc(peers));
}

__global__ void masks(unsigned *out) {
  unsigned lt, le, gt, ge, eq;
  asm("mov.u32 %0, %%lanemask_lt;" : "=r"(lt));
  asm("mov.u32 %0, %%lanemask_le;" : "=r"(le));
  asm("mov.u32 %0, %%lanemask_gt;" : "=r"(gt));
  asm("mov.u32 %0, %%lanemask_ge;" : "=r"(ge));
  asm("mov.u32 %0, %%lanemask_eq;" : "=r"(eq));
  unsigned *mine = out + threadIdx.x * 5;
  mine[0] = lt, mine[1] = le, mine[2] = gt, mine[3] = ge, mine[4] = eq;
}

// Warp-synchronous code of the old school: volatile shared memory without barriers.
__global__ void volatile_reduce(const int *in, int *out) {
  __shared__ int s[64];
  int t = threadIdx.x;
  s[t] = in[t];
  __syncthreads();
  if (t < 32) {
    volatile int *v = s;
    v[t] += v[t + 32];
    v[t] += v[t + 16];
    v[t] += v[t + 8];
    v[t] += v[t + 4];
    v[t] += v[t + 2];
    v[t] += v[t + 1];
  }
  if (t == 0) out[0] = s[0];
}

int main() {
  const int n = 96;
  Mirror<int> out(n * 8);
  shuffles<<<1, n>>>(out.device);
  out.down();
  for (int t = 0; t < n; ++t) {
    int base = t / 32 * 32, l = t % 32;
    auto at = [&](int lane) { return (base + lane) * 10; };
    int want[8] = {at(5), l >= 3 ? at(l - 3) : at(l), l + 7 < 32 ? at(l + 7) : at(l), at(l ^ 9), at(l / 8 * 8 + l * 3 % 8),
                   l % 16 >= 2 ? at(l - 2) : at(l), l % 4 < 3 ? at(l + 1) : at(l), at(l ^ 6)};
    for (int k = 0; k < 8; ++k) EXPECT(out[t * 8 + k] == want[k]);
  }
  Mirror<double> d(32);
  Mirror<long long> l(32);
  Mirror<float> f(32);
  wide<<<1, 32>>>(d.device, l.device, f.device);
  d.down(), l.down(), f.down();
  for (int t = 0; t < 32; ++t) EXPECT(d[t] == (t < 28 ? t + 4 : t) * 0.5 && l[t] == (1ll << 40) * (t ^ 1) && f[t] == (t ? t - 1 : 0) * 0.25f);
  divergent<<<1, 64>>>(out.device);
  out.down();
  for (int t = 0; t < 64; ++t) {
    int lane = t % 32;
    int want = lane % 3 == 0 ? t / 32 * 32 + (lane + 3) % 33 % 32 / 3 * 3 + 7000 : 21;
    EXPECT(out[t] == want + 100000);
  }
  Mirror<int> in(64), all(64);
  Mirror<unsigned> any(64);
  for (int t = 0; t < 64; ++t) in[t] = t < 32 ? t * t % 7 : (t == 40 ? 5000 : 3);
  in.up();
  matches<<<1, 64>>>(in.device, any.device, all.device);
  any.down(), all.down();
  for (int t = 0; t < 64; ++t) {
    unsigned want = 0;
    for (int o = 0; o < 32; ++o)
      if (in[t / 32 * 32 + o] == in[t]) want |= 1u << o;
    EXPECT(any[t] == want);
    EXPECT(all[t] == (t < 32 ? 3 : 0));
  }
  const int m = 5000;
  Mirror<int> keys(m), counts(10, 0);
  std::vector<int> want(10, 0);
  for (int i = 0; i < m; ++i) want[keys[i] = (i * i + 3 * i) % 10]++;
  keys.up();
  aggregated<<<(m + 127) / 128, 128>>>(keys.device, counts.device, m);
  counts.down();
  expect_same("aggregated", counts.host, want, 10);
  Mirror<unsigned> lanes(64 * 5);
  masks<<<1, 64>>>(lanes.device);
  lanes.down();
  for (int t = 0; t < 64; ++t) {
    unsigned bit = 1u << t % 32;
    EXPECT(lanes[t * 5] == bit - 1 && lanes[t * 5 + 1] == (bit | (bit - 1)) && lanes[t * 5 + 4] == bit);
    EXPECT(lanes[t * 5 + 2] == ~(bit | (bit - 1)) && lanes[t * 5 + 3] == ~(bit - 1));
  }
  Mirror<int> sum(1);
  int total = 0;
  for (int t = 0; t < 64; ++t) total += in[t];
  volatile_reduce<<<1, 64>>>(in.device, sum.device);
  sum.down();
  EXPECT(sum[0] == total);
  return finish("warp_operations");
}
