// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
extern "C" __global__ void histogram(const unsigned char *in, int *out, int n) {
  __shared__ int bins[256];
  for (int b = threadIdx.x; b < 256; b += blockDim.x) bins[b] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) atomicAdd(&bins[in[i]], 1);
  __syncthreads();
  for (int b = threadIdx.x; b < 256; b += blockDim.x) atomicAdd(&out[b], bins[b]);
}
extern "C" __global__ void tickets(int *counter, int *taken) {
  int ticket = atomicAdd(counter, 1);
  taken[ticket] = 1;
}
extern "C" __global__ void extremes(const int *in, int *out, unsigned long long *wide) {
  int i = blockIdx.x * blockDim.x + threadIdx.x, v = in[i];
  atomicMax(&out[0], v);
  atomicMin(&out[1], v);
  atomicXor(&out[2], v);
  atomicOr(&out[3], v);
  atomicAnd(&out[4], v | 0xff);
  atomicAdd(wide, (unsigned long long)v << 20);
  atomicExch(&out[5], 77);
  atomicInc((unsigned *)&out[6], 9);
}
// A product by compare and swap: lock-free, so it is no wait.
extern "C" __global__ void by_swap(const int *in, unsigned *out) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned old = *out, seen;
  do {
    seen = old;
    old = atomicCAS(out, seen, seen * 3 + in[i]);
  } while (old != seen);
}
extern "C" __global__ void float_sum(const float *in, float *out, double *wide) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  atomicAdd(out, in[i]);
  atomicAdd(wide, (double)in[i]);
}
