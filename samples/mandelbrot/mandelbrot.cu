// The Mandelbrot set: a loop that every thread leaves at its own time. Prints a small picture.
#include <cuda_runtime.h>

#include <cstdio>
#include <vector>

__host__ __device__ int escape_time(float cx, float cy, int limit) {
  float x = 0.0f, y = 0.0f;
  int i = 0;
  while (i < limit) {
#ifdef __CUDA_ARCH__
    float xx = __fmul_rn(x, x), yy = __fmul_rn(y, y), xy = __fmul_rn(x, y);  // no fused multiply-add: as on the host
    if (__fadd_rn(xx, yy) > 4.0f) break;
    y = __fadd_rn(__fadd_rn(xy, xy), cy);
    x = __fadd_rn(__fadd_rn(xx, -yy), cx);
#else
    volatile float xx = x * x, yy = y * y, xy = x * y;
    volatile float norm = xx + yy, twice = xy + xy, difference = xx - yy;
    if (norm > 4.0f) break;
    y = twice + cy;
    x = difference + cx;
#endif
    ++i;
  }
  return i;
}

__global__ void mandelbrot(int *image, int width, int height, int limit) {
  int px = blockIdx.x * blockDim.x + threadIdx.x;
  int py = blockIdx.y * blockDim.y + threadIdx.y;
  if (px >= width || py >= height) return;
  image[py * width + px] = escape_time(-2.2f + 3.0f * px / width, -1.2f + 2.4f * py / height, limit);
}

int main() {
  const int width = 300, height = 200, limit = 500;
  std::vector<int> image(width * height);
  int *device;
  cudaMalloc(&device, image.size() * sizeof(int));
  dim3 block(32, 4), grid((width + 31) / 32, (height + 3) / 4);
  mandelbrot<<<grid, block>>>(device, width, height, limit);
  cudaError_t status = cudaMemcpy(image.data(), device, image.size() * sizeof(int), cudaMemcpyDeviceToHost);
  cudaFree(device);
  // The pixel's coordinates may be contracted differently on the two sides: allow the boundary to differ.
  int differ = 0;
  for (int py = 0; py < height; ++py)
    for (int px = 0; px < width; ++px)
      differ += image[py * width + px] != escape_time(-2.2f + 3.0f * px / width, -1.2f + 2.4f * py / height, limit);
  for (int y = 0; y < height; y += 12) {
    for (int x = 0; x < width; x += 5) std::putchar(" .:-=+*#%@"[image[y * width + x] * 9 / limit]);
    std::putchar('\n');
  }
  bool ok = status == cudaSuccess && differ < width * height / 200;
  std::printf("mandelbrot: %s (%d pixels differ)\n", ok ? "PASSED" : "FAILED", differ);
  return !ok;
}
