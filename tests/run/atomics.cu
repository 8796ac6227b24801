// Atomics of every operation and type, on shared and global memory; a lock; blocks that wait for earlier blocks.
#include <cuda_fp16.h>

#include "check.h"

__global__ void integers(int *i, unsigned *u, unsigned long long *ull, long long *ll, int *old_sum) {
  int g = blockIdx.x * blockDim.x + threadIdx.x;
  int old = atomicAdd(&i[0], g % 7);
  atomicSub(&i[1], 2);
  atomicMin(&i[2], -g);
  atomicMax(&i[3], g);
  atomicAnd(&i[4], ~(1 << g % 20));
  atomicOr(&i[5], 1 << g % 30);
  atomicXor(&i[6], g);
  atomicInc(&u[0], 99);
  atomicDec(&u[1], 41);
  atomicMax(&u[2], g * 3u);
  atomicAdd(&ull[0], 1ull << 33);
  atomicMax(&ull[1], (unsigned long long)g << 32);
  atomicMin(&ll[0], -(1ll << 40) - g);
  atomicExch(&i[7], g);
  atomicAdd(old_sum, old >= 0);
}

__global__ void floating(float *f, double *d, __half *h) {
  __shared__ float sf;
  __shared__ int claimed[8];
  if (threadIdx.x == 0) sf = 0;
  if (threadIdx.x < 8) claimed[threadIdx.x] = -1;
  __syncthreads();
  atomicAdd(&sf, 0.5f);
  atomicCAS(&claimed[threadIdx.x % 8], -1, int(threadIdx.x));
  __syncthreads();
  if (threadIdx.x == 0) atomicAdd(f, sf);
  atomicAdd(d, 0.25);
  if (threadIdx.x < 8) atomicAdd(f + 1, claimed[threadIdx.x] % 8 == threadIdx.x ? 1.0f : 0.0f);
  if (threadIdx.x == 3) atomicAdd(h, __float2half(1.0f));
}

__device__ int mutex = 0;
__device__ volatile int protected_value = 0;

// A lock taken by one thread of each block.
__global__ void locked(int rounds) {
  if (threadIdx.x == 0) {
    for (int r = 0; r < rounds; ++r) {
      while (atomicCAS(&mutex, 0, 1) != 0) {}
      __threadfence();
      protected_value = protected_value + 1;
      __threadfence();
      atomicExch(&mutex, 0);
    }
  }
  __syncthreads();
}

__device__ int ticket = 0;

// Each block adds to what the block before it left: a chain in the order of the tickets.
__global__ void chained(volatile int *state, int *out) {
  __shared__ int mine;
  if (threadIdx.x == 0) {
    mine = atomicAdd(&ticket, 1);
    int before = 0;
    if (mine > 0)
      while ((before = state[mine - 1]) == 0) {}
    __threadfence();
    state[mine] = before + mine + 1;
  }
  __syncthreads();
  if (threadIdx.x == 1) out[mine] = state[mine];
}

// The last block to finish sums what the others left (the pattern of the threadFenceReduction sample).
__device__ unsigned finished = 0;
__global__ void last_block(const int *in, int *partial, int *result, int n) {
  __shared__ int s[128];
  __shared__ bool last;
  int t = threadIdx.x, sum = 0;
  for (int i = blockIdx.x * blockDim.x + t; i < n; i += gridDim.x * blockDim.x) sum += in[i];
  s[t] = sum;
  __syncthreads();
  for (int o = 64; o; o >>= 1) {
    if (t < o) s[t] += s[t + o];
    __syncthreads();
  }
  if (t == 0) {
    partial[blockIdx.x] = s[0];
    __threadfence();
    last = atomicInc(&finished, gridDim.x) == gridDim.x - 1;
  }
  __syncthreads();
  if (last && t == 0) {
    int total = 0;
    for (unsigned b = 0; b < gridDim.x; ++b) total += ((volatile int *)partial)[b];
    *result = total;
    finished = 0;
  }
}

int main() {
  const int blocks = 6, threads = 96, n = blocks * threads;
  Mirror<int> i(8), olds(1, 0);
  Mirror<unsigned> u(3, 0);
  Mirror<unsigned long long> ull(2, 0);
  Mirror<long long> ll(1, 0);
  i.host = {0, 0, 0, 0, -1, 0, 0, -1};
  i.up();
  u[1] = 7;
  u.up();
  integers<<<blocks, threads>>>(i.device, u.device, ull.device, ll.device, olds.device);
  i.down(), u.down(), ull.down(), ll.down(), olds.down();
  int add = 0, x = 0;
  unsigned inc = 0, dec = 7;
  for (int g = 0; g < n; ++g) {
    add += g % 7, x ^= g;
    inc = inc >= 99 ? 0 : inc + 1;
    dec = dec == 0 || dec > 41 ? 41 : dec - 1;
  }
  EXPECT(i[0] == add && i[1] == -2 * n && i[2] == -(n - 1) && i[3] == n - 1 && i[4] == ~((1 << 20) - 1) && i[5] == (1 << 30) - 1 && i[6] == x);
  EXPECT(i[7] >= 0 && i[7] < n && u[0] == inc && u[1] == dec && u[2] == (n - 1) * 3u);
  EXPECT(ull[0] == (unsigned long long)n << 33 && ull[1] == (unsigned long long)(n - 1) << 32 && ll[0] == -(1ll << 40) - (n - 1) && olds[0] == n);
  Mirror<float> f(2, 0);
  Mirror<double> d(1, 0);
  Mirror<__half> h(1, __float2half(0));
  floating<<<10, 64>>>(f.device, d.device, h.device);
  f.down(), d.down(), h.down();
  EXPECT(f[0] == 320 && f[1] == 80 && d[0] == 160 && __half2float(h[0]) == 10);
  locked<<<12, 64>>>(9);
  int value = 0;
  CUDA(cudaMemcpyFromSymbol(&value, protected_value, sizeof value));
  EXPECT(value == 108);
  Mirror<int> state(40, 0), out(40);
  chained<<<40, 32>>>(state.device, out.device);
  out.down();
  for (int b = 0; b < 40; ++b) EXPECT(out[b] == (b + 1) * (b + 2) / 2);
  Mirror<int> in(10000), partial(9), result(1, -1);
  int want = 0;
  for (int k = 0; k < 10000; ++k) want += in[k] = k % 17;
  in.up();
  for (int round = 0; round < 3; ++round) {
    last_block<<<9, 128>>>(in.device, partial.device, result.device, 10000);
    result.down();
    EXPECT(result[0] == want);
  }
  return finish("atomics");
}
