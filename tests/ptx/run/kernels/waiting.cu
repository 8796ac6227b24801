// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What needs resumable gangs: barriers that not all threads reach, and threads that wait for others.
extern "C" __global__ void partial_barrier(const int *in, int *out) {
  __shared__ int s[128];
  int t = threadIdx.x;
  s[t] = in[t];
  if (t < 64) {
    asm volatile("bar.sync 1, 64;" ::: "memory");
    out[t] = s[63 - t];
  } else {
    asm volatile("bar.sync 2, 64;" ::: "memory");
    out[t] = s[64 + 127 - t] * 2;
  }
}
// Warps 1 to 3 produce, warp 0 waits for them.
extern "C" __global__ void producers(const int *in, int *out) {
  __shared__ int s[128];
  int t = threadIdx.x;
  if (t >= 32) {
    s[t] = in[t] * 3;
    __threadfence_block();
    asm volatile("bar.arrive 3, 128;" ::: "memory");
  } else {
    asm volatile("bar.sync 3, 128;" ::: "memory");
    out[t] = s[t + 32] + s[t + 64] + s[t + 96];
  }
}
extern "C" __global__ void warp_by_warp_barriers(const int *in, int *out) {
  __shared__ int s[64];
  int t = threadIdx.x, v = 0;
  s[t] = in[t];
  __syncthreads();
  if (t < 32) {
    v = s[t + 32];
    __syncthreads();
    v += s[t + 32];
  } else {
    __syncthreads();
    v = -s[t - 32];
  }
  out[t] = v;
}
// What the second half writes before its barrier is read by the first half behind its own.
extern "C" __global__ void meeting(const int *in, int *out) {
  __shared__ int s[64];
  int t = threadIdx.x;
  if (t < 32) {
    __syncthreads();
    out[t] = s[t + 32];
  } else {
    s[t] = in[t] * 2;
    __syncthreads();
    out[t] = t;
  }
}
// Block b waits until block b - 1 has added its part.
extern "C" __global__ void chain(const int *in, volatile int *flags, int *sums) {
  if (threadIdx.x == 0) {
    int b = blockIdx.x, before = 0;
    if (b) {
      while (flags[b - 1] == 0) {}
      __threadfence();
      before = ((volatile int *)sums)[b - 1];
    }
    sums[b] = before + in[b];
    __threadfence();
    flags[b] = 1;
  }
}
// All blocks wait for all: needs a launch in which they run together.
extern "C" __global__ void grid_barrier(const int *in, int *out, unsigned *arrived) {
  int i = blockIdx.x * blockDim.x + threadIdx.x, n = gridDim.x * blockDim.x;
  out[i] = in[i] * 2;
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    atomicAdd(arrived, 1);
    while (*(volatile unsigned *)arrived < gridDim.x) {}
    __threadfence();
  }
  __syncthreads();
  int other = ((volatile int *)out)[n - 1 - i];
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    atomicAdd(arrived + 1, 1);
    while (*(volatile unsigned *)(arrived + 1) < gridDim.x) __nanosleep(20);
    __threadfence();
  }
  __syncthreads();
  out[i] = other + 1;
}
// One thread of each block takes a lock.
extern "C" __global__ void block_lock(int *lock, int *value) {
  if (threadIdx.x == 0) {
    while (atomicCAS(lock, 0, 1) != 0) {}
    *(volatile int *)value = *(volatile int *)value * 3 + 1;
    __threadfence();
    atomicExch(lock, 0);
  }
}
// Every thread takes the lock, also those of one warp.
extern "C" __global__ void thread_lock(int *lock, int *value) {
  while (atomicCAS(lock, 0, 1) != 0) {}
  *(volatile int *)value = *(volatile int *)value * 3 + 1;
  __threadfence();
  atomicExch(lock, 0);
}
