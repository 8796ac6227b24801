// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Compiled by `nvcc -ptx -arch=sm_75`; the .ptx beside it is what the tests read.
extern "C" __global__ void vadd(const float *a, const float *b, float *c, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) c[i] = a[i] + b[i];
}
extern "C" __global__ void saxpy(int n, float a, const float *x, float *y) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = a * x[i] + y[i];
}
extern "C" __global__ void ids(int *out) {
  int block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  int thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  int threads = blockDim.x * blockDim.y * blockDim.z;
  out[block * threads + thread] = threadIdx.x + 10 * threadIdx.y + 100 * threadIdx.z + 1000 * block;
}
extern "C" __global__ void integers(const int *a, const int *b, int *out) {
  int i = threadIdx.x, x = a[i], y = b[i];
  int r = x + y;
  r ^= x * y;
  r += y ? x / y : 7;
  r += y ? (int)((unsigned)x % (unsigned)y) : 9;
  r ^= (int)(((long long)x * y) >> 17);
  r += __popc(x) + 3 * __clz(y) + 5 * __ffs(x);
  r ^= (x >> (y & 31)) + (int)((unsigned)x << (x & 31));
  r += min(x, y) - max(x, y) + abs(x % 1000);
  r ^= __brev(x) + __byte_perm(x, y, 0x2541);
  r += __mulhi(x, y) + __umulhi(x, y);
  out[i] = r;
}
extern "C" __global__ void floats(const float *a, const float *b, float *out) {
  int i = threadIdx.x;
  float x = a[i], y = b[i];
  float r = x * y + x / y - sqrtf(fabsf(x));
  r = fmaf(r, x, y) + fminf(x, y) * fmaxf(x, -y);
  r += (float)(int)(x * 3.0f) + floorf(y) + rintf(x) + truncf(y * 7.0f);
  double d = (double)x * y + 1.0 / ((double)y + 3.0);
  out[i] = r + (float)d;
}
extern "C" __global__ void strided(const float *in, float *out, int n, int stride) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) out[i] = in[(long long)i * stride % n] * 2;
}
struct Pair { short low; long long wide; char tail[3]; };
extern "C" __global__ void structs(const Pair *in, Pair *out, Pair by_value) {
  int i = threadIdx.x;
  Pair p = in[i];
  p.low += by_value.low;
  p.wide ^= by_value.wide;
  p.tail[i % 3] = by_value.tail[2];
  out[i] = p;
}
__constant__ float coefficients[4] = {1, 2, 3, 4};
__device__ int counter_start = 5;
__device__ int *counter_address = &counter_start;
extern "C" __global__ void variables(float *out) {
  int i = threadIdx.x;
  out[i] = coefficients[i & 3] * i + *counter_address;
}
extern "C" __global__ void local_array(const int *in, int *out) {
  int i = threadIdx.x, own[8];
  for (int k = 0; k < 8; ++k) own[k] = in[(i + k) & 31];
  int sum = 0;
  for (int k = 0; k < 8; ++k) sum = sum * 3 + own[(in[i] + k) & 7];
  out[i] = sum;
}
