// The device side of the kernel benchmark: the samples' kernels and how each is launched.
#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>

#include "kernels.h"

static void check(cudaError_t status, const char *what) {
  if (status == cudaSuccess) return;
  std::fprintf(stderr, "%s: %s\n", what, cudaGetErrorString(status));
  std::exit(1);
}

extern "C" void *shared_memory(unsigned long long bytes) {
  void *p = nullptr;
  check(cudaMallocManaged(&p, bytes), "cudaMallocManaged");
  return p;
}

extern "C" void wait_for_device() { check(cudaDeviceSynchronize(), "kernel"); }

__global__ void vector_add(const float *a, const float *b, float *c, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) c[i] = a[i] + b[i];
}
extern "C" void device_vector_add(const float *a, const float *b, float *c, int n) { vector_add<<<(n + 255) / 256, 256>>>(a, b, c, n); }

__global__ void saxpy(float a, const float *x, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = a * x[i] + y[i];
}
extern "C" void device_saxpy(float a, const float *x, float *y, int n) { saxpy<<<(n + 255) / 256, 256>>>(a, x, y, n); }

template <int T>
__global__ void matmul(const float *A, const float *B, float *C, int n) {
  __shared__ float As[T][T];
  __shared__ float Bs[T][T];
  int tx = threadIdx.x, ty = threadIdx.y;
  int row = blockIdx.y * T + ty, col = blockIdx.x * T + tx;
  float sum = 0.0f;
  for (int t = 0; t < n / T; ++t) {
    As[ty][tx] = A[row * n + t * T + tx];
    Bs[ty][tx] = B[(t * T + ty) * n + col];
    __syncthreads();
    for (int k = 0; k < T; ++k) sum += As[ty][k] * Bs[k][tx];
    __syncthreads();
  }
  C[row * n + col] = sum;
}
extern "C" void device_matmul_16(const float *a, const float *b, float *c, int n) { matmul<16><<<dim3(n / 16, n / 16), dim3(16, 16)>>>(a, b, c, n); }
extern "C" void device_matmul_32(const float *a, const float *b, float *c, int n) { matmul<32><<<dim3(n / 32, n / 32), dim3(32, 32)>>>(a, b, c, n); }

__global__ void transpose(const float *in, float *out, int n) {
  __shared__ float tile[32][33];
  int x = blockIdx.x * 32 + threadIdx.x, y = blockIdx.y * 32 + threadIdx.y;
  for (int j = 0; j < 32; j += 8) tile[threadIdx.y + j][threadIdx.x] = in[(y + j) * n + x];
  __syncthreads();
  x = blockIdx.y * 32 + threadIdx.x;
  y = blockIdx.x * 32 + threadIdx.y;
  for (int j = 0; j < 32; j += 8) out[(y + j) * n + x] = tile[threadIdx.x][threadIdx.y + j];
}
extern "C" void device_transpose(const float *in, float *out, int n) { transpose<<<dim3(n / 32, n / 32), dim3(32, 8)>>>(in, out, n); }

__global__ void reduce(const float *in, float *out, int n) {
  __shared__ float warps[32];
  float sum = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) sum += in[i];
  for (int o = 16; o > 0; o >>= 1) sum += __shfl_down_sync(~0u, sum, o);
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x < 32) {
    sum = threadIdx.x < blockDim.x / 32 ? warps[threadIdx.x] : 0.0f;
    for (int o = 16; o > 0; o >>= 1) sum += __shfl_down_sync(~0u, sum, o);
    if (threadIdx.x == 0) atomicAdd(out, sum);
  }
}
extern "C" void device_reduce(const float *in, float *out, int n) { reduce<<<32, 256>>>(in, out, n); }

__global__ void scan(const int *in, int *out, int *totals, int n) {
  __shared__ int buffer[2][256];
  int t = threadIdx.x, i = blockIdx.x * 256 + t, from = 0;
  buffer[0][t] = i < n ? in[i] : 0;
  __syncthreads();
  for (int o = 1; o < 256; o *= 2) {
    int v = buffer[from][t];
    if (t >= o) v += buffer[from][t - o];
    buffer[1 - from][t] = v;
    from = 1 - from;
    __syncthreads();
  }
  if (i < n) out[i] = buffer[from][t];
  if (t == 255) totals[blockIdx.x] = buffer[from][t];
}
__global__ void add_offsets(int *out, const int *offsets, int n) {
  int i = blockIdx.x * 256 + threadIdx.x;
  if (blockIdx.x > 0 && i < n) out[i] += offsets[blockIdx.x - 1];
}
extern "C" void device_scan(const int *in, int *out, int *totals, int n) {  // up to 2^24 elements
  int blocks = (n + 255) / 256, upper = (blocks + 255) / 256;
  int *second = totals + blocks, *third = second + upper;
  scan<<<blocks, 256>>>(in, out, totals, n);
  scan<<<upper, 256>>>(totals, totals, second, blocks);
  scan<<<1, 256>>>(second, second, third, upper);
  add_offsets<<<upper, 256>>>(totals, second, blocks);
  add_offsets<<<blocks, 256>>>(out, totals, n);
}

__global__ void histogram(const unsigned char *in, unsigned *bins, int n) {
  __shared__ unsigned local[256];
  local[threadIdx.x] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) atomicAdd(&local[in[i]], 1u);
  __syncthreads();
  atomicAdd(&bins[threadIdx.x], local[threadIdx.x]);
}
extern "C" void device_histogram(const unsigned char *in, unsigned *bins, int n) { histogram<<<32, 256>>>(in, bins, n); }

__global__ void mandelbrot(int *image, int width, int height, int limit) {
  int px = blockIdx.x * blockDim.x + threadIdx.x, py = blockIdx.y * blockDim.y + threadIdx.y;
  if (px >= width || py >= height) return;
  float cx = -2.2f + 3.0f * px / width, cy = -1.2f + 2.4f * py / height, x = 0, y = 0;
  int i = 0;
  while (i < limit && x * x + y * y <= 4.0f) {
    float t = x * x - y * y + cx;
    y = 2 * x * y + cy;
    x = t;
    ++i;
  }
  image[py * width + px] = i;
}
extern "C" void device_mandelbrot(int *image, int width, int height, int limit) {
  mandelbrot<<<dim3((width + 31) / 32, (height + 7) / 8), dim3(32, 8)>>>(image, width, height, limit);
}

__global__ void nbody(const float *x, const float *y, const float *z, const float *m, float *ax, float *ay, float *az, int n) {
  __shared__ float4 tile[128];
  int i = blockIdx.x * 128 + threadIdx.x;
  float mx = x[i], my = y[i], mz = z[i], fx = 0, fy = 0, fz = 0;
  for (int base = 0; base < n; base += 128) {
    int j = base + threadIdx.x;
    tile[threadIdx.x] = make_float4(x[j], y[j], z[j], m[j]);
    __syncthreads();
#pragma unroll 8
    for (int k = 0; k < 128; ++k) {
      float4 o = tile[k];
      float dx = o.x - mx, dy = o.y - my, dz = o.z - mz;
      float inverse = rsqrtf(dx * dx + dy * dy + dz * dz + 0.01f);
      float f = o.w * inverse * inverse * inverse;
      fx += dx * f, fy += dy * f, fz += dz * f;
    }
    __syncthreads();
  }
  ax[i] = fx, ay[i] = fy, az[i] = fz;
}
extern "C" void device_nbody(const float *x, const float *y, const float *z, const float *m, float *ax, float *ay, float *az, int n) {
  nbody<<<n / 128, 128>>>(x, y, z, m, ax, ay, az, n);
}

__device__ float cumulative_normal(float d) {
  float k = 1.0f / (1.0f + 0.2316419f * fabsf(d));
  float v = 0.39894228f * expf(-0.5f * d * d) * (k * (0.31938153f + k * (-0.356563782f + k * (1.781477937f + k * (-1.821255978f + k * 1.330274429f)))));
  return d > 0 ? 1.0f - v : v;
}
__global__ void black_scholes(float *call, float *put, const float *spot, const float *strike, const float *years, int n) {
  const float rate = 0.02f, vol = 0.3f;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    float s = spot[i], k = strike[i], t = years[i], root = sqrtf(t);
    float d1 = (logf(s / k) + (rate + 0.5f * vol * vol) * t) / (vol * root), d2 = d1 - vol * root;
    float n1 = cumulative_normal(d1), n2 = cumulative_normal(d2), discount = k * expf(-rate * t);
    call[i] = s * n1 - discount * n2;
    put[i] = discount * (1.0f - n2) - s * (1.0f - n1);
  }
}
extern "C" void device_black_scholes(float *call, float *put, const float *spot, const float *strike, const float *years, int n) {
  black_scholes<<<64, 128>>>(call, put, spot, strike, years, n);
}

__global__ void stencil(const float *in, float *out, int width, int height) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x >= width || y >= height) return;
  int i = y * width + x;
  if (x == 0 || y == 0 || x == width - 1 || y == height - 1)
    out[i] = in[i];
  else
    out[i] = 0.5f * in[i] + 0.125f * (in[i - 1] + in[i + 1] + in[i - width] + in[i + width]);
}
extern "C" void device_stencil(const float *in, float *out, int width, int height) {
  stencil<<<dim3((width + 31) / 32, (height + 7) / 8), dim3(32, 8)>>>(in, out, width, height);
}

__global__ void empty() {}
extern "C" void device_empty() { empty<<<1, 32>>>(); }
