// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
template <int T>
__device__ void product(const float *A, const float *B, float *C, int n) {
  __shared__ float As[T][T], Bs[T][T];
  int r = blockIdx.y * T + threadIdx.y, c = blockIdx.x * T + threadIdx.x;
  float s = 0;
  for (int t = 0; t < n / T; ++t) {
    As[threadIdx.y][threadIdx.x] = A[r * n + t * T + threadIdx.x];
    Bs[threadIdx.y][threadIdx.x] = B[(t * T + threadIdx.y) * n + c];
    __syncthreads();
    for (int k = 0; k < T; ++k) s += As[threadIdx.y][k] * Bs[k][threadIdx.x];
    __syncthreads();
  }
  C[r * n + c] = s;
}
extern "C" __global__ void matmul16(const float *A, const float *B, float *C, int n) { product<16>(A, B, C, n); }
extern "C" __global__ void matmul32(const float *A, const float *B, float *C, int n) { product<32>(A, B, C, n); }
extern "C" __global__ void matmul8(const float *A, const float *B, float *C, int n) { product<8>(A, B, C, n); }
extern "C" __global__ void reduce(const int *in, int *out, int n) {
  extern __shared__ int s[];
  int t = threadIdx.x, v = 0;
  for (int i = blockIdx.x * blockDim.x + t; i < n; i += gridDim.x * blockDim.x) v += in[i];
  s[t] = v;
  __syncthreads();
  for (int o = blockDim.x / 2; o > 0; o >>= 1) {
    if (t < o) s[t] += s[t + o];
    __syncthreads();
  }
  if (t == 0) out[blockIdx.x] = s[0];
}
extern "C" __global__ void transpose(const int *in, int *out, int n) {
  __shared__ int tile[16][17];
  int x = blockIdx.x * 16 + threadIdx.x, y = blockIdx.y * 16 + threadIdx.y;
  tile[threadIdx.y][threadIdx.x] = in[y * n + x];
  __syncthreads();
  out[(blockIdx.x * 16 + threadIdx.y) * n + blockIdx.y * 16 + threadIdx.x] = tile[threadIdx.x][threadIdx.y];
}
extern "C" __global__ void scan(const int *in, int *out) {
  __shared__ int s[2][128];
  int t = threadIdx.x, from = 0;
  s[0][t] = in[blockIdx.x * 128 + t];
  __syncthreads();
  for (int d = 1; d < 128; d *= 2) {
    s[1 - from][t] = s[from][t] + (t >= d ? s[from][t - d] : 0);
    from = 1 - from;
    __syncthreads();
  }
  out[blockIdx.x * 128 + t] = s[from][t];
}
// Threads past the end leave before the barrier that the others wait at.
extern "C" __global__ void early_exit(const int *in, int *out, int n) {
  __shared__ int s[128];
  int t = threadIdx.x;
  if (t >= n) return;
  s[t] = in[t];
  __syncthreads();
  out[t] = s[n - 1 - t];
}
extern "C" __global__ void barrier_in_uniform_branch(const int *in, int *out) {
  __shared__ int s[64];
  int t = threadIdx.x, i = blockIdx.x * 64 + t, v = in[i];
  if (blockIdx.x % 2) {
    s[t] = v;
    __syncthreads();
    v += s[63 - t];
    __syncthreads();
  }
  for (unsigned k = 0; k < blockIdx.x; ++k) {
    s[t] = v;
    __syncthreads();
    v = s[(t + 1) % 64] + k;
    __syncthreads();
  }
  out[i] = v;
}
extern "C" __global__ void counts(const int *in, int *out) {
  int t = threadIdx.x, v = in[t];
  int odd = __syncthreads_count(v & 1);
  int all = __syncthreads_and(v < 1000);
  int any = __syncthreads_or(v == 17);
  out[t] = odd + 1000 * (all != 0) + 10000 * (any != 0) + v;
}
// The loop ends when the block finds nothing more to do: the condition comes from shared memory.
extern "C" __global__ void until_stable(int *data, int *turns) {
  __shared__ int s[64], changed;
  int t = threadIdx.x, n = 0;
  s[t] = data[t];
  do {
    __syncthreads();
    if (t == 0) changed = 0;
    __syncthreads();
    int left = t ? s[t - 1] : s[t];
    __syncthreads();
    if (left < s[t]) {
      s[t] = left;
      changed = 1;
    }
    __syncthreads();
    ++n;
  } while (changed);
  data[t] = s[t];
  if (t == 0) *turns = n;
}
