// Matrix product in tiles: 16x16 with static and 32x32 with dynamic shared memory.
#include <cuda_runtime.h>

#include <cmath>
#include <cstdio>
#include <vector>

__global__ void matmul_static(const float *A, const float *B, float *C, int n) {
  __shared__ float As[16][16];
  __shared__ float Bs[16][16];
  int tx = threadIdx.x, ty = threadIdx.y;
  int row = blockIdx.y * 16 + ty, col = blockIdx.x * 16 + tx;
  float sum = 0.0f;
  for (int t = 0; t < n / 16; ++t) {
    As[ty][tx] = A[row * n + t * 16 + tx];
    Bs[ty][tx] = B[(t * 16 + ty) * n + col];
    __syncthreads();
    for (int k = 0; k < 16; ++k) sum += As[ty][k] * Bs[k][tx];
    __syncthreads();
  }
  C[row * n + col] = sum;
}

// Any n, any square tile: the edge is padded with zeros.
__global__ void matmul_dynamic(const float *A, const float *B, float *C, int n) {
  extern __shared__ float tiles[];
  int tile = blockDim.x;
  float *As = tiles, *Bs = tiles + tile * tile;
  int tx = threadIdx.x, ty = threadIdx.y;
  int row = blockIdx.y * tile + ty, col = blockIdx.x * tile + tx;
  float sum = 0.0f;
  for (int t = 0; t < (n + tile - 1) / tile; ++t) {
    int k0 = t * tile;
    As[ty * tile + tx] = row < n && k0 + tx < n ? A[row * n + k0 + tx] : 0.0f;
    Bs[ty * tile + tx] = k0 + ty < n && col < n ? B[(k0 + ty) * n + col] : 0.0f;
    __syncthreads();
    for (int k = 0; k < tile; ++k) sum += As[ty * tile + k] * Bs[k * tile + tx];
    __syncthreads();
  }
  if (row < n && col < n) C[row * n + col] = sum;
}

static int run(const char *name, int n, int tile, bool dynamic) {
  std::vector<float> a(n * n), b(n * n), c(n * n, -1.0f);
  for (int i = 0; i < n * n; ++i) {
    a[i] = float((i * 7) % 13) - 6.0f;
    b[i] = float((i * 5) % 11) - 5.0f;
  }
  float *da, *db, *dc;
  size_t bytes = n * n * sizeof(float);
  cudaMalloc(&da, bytes);
  cudaMalloc(&db, bytes);
  cudaMalloc(&dc, bytes);
  cudaMemcpy(da, a.data(), bytes, cudaMemcpyHostToDevice);
  cudaMemcpy(db, b.data(), bytes, cudaMemcpyHostToDevice);
  dim3 block(tile, tile), grid((n + tile - 1) / tile, (n + tile - 1) / tile);
  if (dynamic)
    matmul_dynamic<<<grid, block, 2 * tile * tile * sizeof(float)>>>(da, db, dc, n);
  else
    matmul_static<<<grid, block>>>(da, db, dc, n);
  cudaError_t status = cudaMemcpy(c.data(), dc, bytes, cudaMemcpyDeviceToHost);
  int wrong = status != cudaSuccess;
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) {
      float sum = 0.0f;  // small integers: exact
      for (int k = 0; k < n; ++k) sum += a[i * n + k] * b[k * n + j];
      wrong += c[i * n + j] != sum;
    }
  cudaFree(da);
  cudaFree(db);
  cudaFree(dc);
  if (wrong) std::printf("  %s n=%d: %d wrong (%s)\n", name, n, wrong, cudaGetErrorString(status));
  return wrong;
}

int main() {
  int wrong = run("static 16x16", 256, 16, false);
  wrong += run("dynamic 32x32", 224, 32, true);
  wrong += run("dynamic 32x32, ragged", 157, 32, true);
  wrong += run("dynamic 8x8, ragged", 61, 8, true);
  std::printf("matmul_tiled: %s\n", wrong ? "FAILED" : "PASSED");
  return wrong != 0;
}
