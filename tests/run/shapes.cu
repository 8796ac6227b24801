// Blocks and grids of odd shapes: every thread exists exactly once and knows its place.
#include "check.h"

__global__ void place(unsigned long long *out, int *visits) {
  int thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  int block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  int i = block * blockDim.x * blockDim.y * blockDim.z + thread;
  out[i] = threadIdx.x | threadIdx.y << 10 | (unsigned long long)threadIdx.z << 20 | (unsigned long long)blockIdx.x << 30 |
           (unsigned long long)blockIdx.y << 40 | (unsigned long long)blockIdx.z << 50;
  atomicAdd(&visits[i], 1);
}

__global__ void neighbours(int *out, int width) {
  extern __shared__ int tile[];
  int x = threadIdx.x, y = threadIdx.y, w = blockDim.x, h = blockDim.y;
  tile[y * w + x] = blockIdx.x * 1000 + y * w + x;
  __syncthreads();
  out[(blockIdx.y * h + y) * width + blockIdx.x * w + x] = tile[(h - 1 - y) * w + (x + 1) % w];
}

int main() {
  dim3 blocks[] = {dim3(1), dim3(7, 5, 3), dim3(16, 16), dim3(33), dim3(1024), dim3(1, 64), dim3(2, 2, 64), dim3(20, 3), dim3(8, 4, 2), dim3(100, 10)};
  dim3 grids[] = {dim3(1), dim3(3, 2, 4), dim3(1, 1, 5), dim3(11)};
  for (dim3 block : blocks)
    for (dim3 grid : grids) {
      int per = block.x * block.y * block.z, n = per * grid.x * grid.y * grid.z;
      Mirror<unsigned long long> out(n);
      Mirror<int> visits(n, 0);
      place<<<grid, block>>>(out.device, visits.device);
      CUDA(cudaGetLastError());
      out.down(), visits.down();
      for (int i = 0; i < n; ++i) {
        unsigned long long t = i % per, b = i / per;
        unsigned long long want = t % block.x | t / block.x % block.y << 10 | t / block.x / block.y << 20 | b % grid.x << 30 |
                                  b / grid.x % grid.y << 40 | b / grid.x / grid.y << 50;
        EXPECT(out[i] == want);
        EXPECT(visits[i] == 1);
      }
    }
  for (dim3 block : {dim3(16, 16), dim3(5, 7), dim3(32, 8), dim3(48, 2), dim3(3, 100)}) {
    int width = block.x * 3, height = block.y * 2;
    Mirror<int> out(width * height);
    neighbours<<<dim3(3, 2), block, block.x * block.y * sizeof(int)>>>(out.device, width);
    CUDA(cudaGetLastError());
    out.down();
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) {
        int tx = x % block.x, ty = y % block.y;
        EXPECT(out[y * width + x] == int(x / block.x * 1000 + (block.y - 1 - ty) * block.x + (tx + 1) % block.x));
      }
  }
  return finish("shapes");
}
