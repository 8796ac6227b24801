// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
extern "C" __global__ void warp_sum(const int *in, int *out) {
  int i = blockIdx.x * blockDim.x + threadIdx.x, v = in[i];
  for (int d = 16; d; d /= 2) v += __shfl_down_sync(~0u, v, d);
  if (i % 32 == 0) out[i / 32] = v;
}
extern "C" __global__ void shuffles(const int *in, int *out) {
  int i = threadIdx.x, v = in[i];
  int a = __shfl_sync(~0u, v, i * 7 % 32), b = __shfl_up_sync(~0u, v, 3), c = __shfl_xor_sync(~0u, v, 5);
  int d = __shfl_sync(~0u, v, i + 1, 8), e = __shfl_down_sync(~0u, v, 2, 16);
  out[i] = a + 3 * b + 5 * c + 7 * d + 11 * e;
}
extern "C" __global__ void votes(const int *in, unsigned *out) {
  int i = threadIdx.x, v = in[i];
  unsigned r = __ballot_sync(~0u, v & 1);
  r += __any_sync(~0u, v == 3) + 2 * __all_sync(~0u, v < 1000);
  if (v & 2) r ^= __ballot_sync(__activemask(), v & 4);
  out[i] = r + __popc(__match_any_sync(~0u, v % 4));
}
extern "C" __global__ void block_sum(const float *in, float *out, int n) {
  __shared__ float part[32];
  float v = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) v += in[i];
  for (int d = 16; d; d /= 2) v += __shfl_xor_sync(~0u, v, d);
  if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = v;
  __syncthreads();
  if (threadIdx.x < 32) {
    v = threadIdx.x < blockDim.x / 32 ? part[threadIdx.x] : 0;
    for (int d = 16; d; d /= 2) v += __shfl_xor_sync(~0u, v, d);
    if (threadIdx.x == 0) out[blockIdx.x] = v;
  }
}
