// Surfaces: kernels write arrays of all dimensions and read them back, as surfaces and as textures; boundary modes.
#include "check.h"

static cudaArray_t make_array(cudaChannelFormatDesc format, cudaExtent extent, unsigned flags) {
  cudaArray_t array;
  CUDA(cudaMalloc3DArray(&array, &format, extent, flags | cudaArraySurfaceLoadStore));
  return array;
}
static cudaSurfaceObject_t surface_of(cudaArray_t array) {
  cudaResourceDesc resource = {};
  resource.resType = cudaResourceTypeArray;
  resource.res.array.array = array;
  cudaSurfaceObject_t surface = 0;
  CUDA(cudaCreateSurfaceObject(&surface, &resource));
  return surface;
}

__global__ void fill_2d(cudaSurfaceObject_t surface, int width, int height) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x < width && y < height) surf2Dwrite(make_float4(x, y, x * y, x - y), surface, x * sizeof(float4), y);
}
__global__ void flip_2d(cudaSurfaceObject_t from, cudaSurfaceObject_t to, int width, int height) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x >= width || y >= height) return;
  float4 texel;
  surf2Dread(&texel, from, x * sizeof(float4), y);
  surf2Dwrite(texel, to, (width - 1 - x) * sizeof(float4), y);
}

static void two_dimensions() {
  const int width = 37, height = 21;
  cudaExtent extent = make_cudaExtent(width, height, 0);
  cudaArray_t from = make_array(cudaCreateChannelDesc<float4>(), extent, 0), to = make_array(cudaCreateChannelDesc<float4>(), extent, 0);
  cudaSurfaceObject_t a = surface_of(from), b = surface_of(to);
  dim3 block(16, 8), grid(3, 3);
  fill_2d<<<grid, block>>>(a, width, height);
  flip_2d<<<grid, block>>>(a, b, width, height);
  std::vector<float4> host(width * height);
  CUDA(cudaMemcpy2DFromArray(host.data(), width * 16, to, 0, 0, width * 16, height, cudaMemcpyDeviceToHost));
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      float4 got = host[y * width + width - 1 - x];
      EXPECT(got.x == x && got.y == y && got.z == x * y && got.w == x - y);
    }
  CUDA(cudaDestroySurfaceObject(a));
  CUDA(cudaDestroySurfaceObject(b));
  CUDA(cudaFreeArray(from));
  CUDA(cudaFreeArray(to));
}

__global__ void fill_3d(cudaSurfaceObject_t surface) {
  surf3Dwrite(static_cast<unsigned char>(threadIdx.x + 10 * threadIdx.y + 50 * threadIdx.z), surface, threadIdx.x, threadIdx.y, threadIdx.z);
}
__global__ void fill_layers(cudaSurfaceObject_t surface) {
  surf2DLayeredwrite(static_cast<short>(threadIdx.x - 10 * threadIdx.y - 100 * blockIdx.x), surface, threadIdx.x * 2, threadIdx.y, blockIdx.x);
}
__global__ void fill_row(cudaSurfaceObject_t surface) { surf1Dwrite(make_int2(threadIdx.x, -threadIdx.x), surface, threadIdx.x * 8); }
__global__ void fill_faces(cudaSurfaceObject_t surface) {
  surfCubemapwrite(100 * blockIdx.x + 10 * threadIdx.y + threadIdx.x, surface, threadIdx.x * 4, threadIdx.y, blockIdx.x);
}

template <class T>
static std::vector<T> contents(cudaArray_t array, cudaExtent extent) {
  std::vector<T> host(extent.width * extent.height * extent.depth);
  cudaMemcpy3DParms copy = {};
  copy.srcArray = array;
  copy.dstPtr = make_cudaPitchedPtr(host.data(), extent.width * sizeof(T), extent.width, extent.height);
  copy.extent = extent;
  copy.kind = cudaMemcpyDeviceToHost;
  CUDA(cudaMemcpy3D(&copy));
  return host;
}

static void other_shapes() {
  cudaArray_t array = make_array(cudaCreateChannelDesc<unsigned char>(), make_cudaExtent(7, 5, 3), 0);
  cudaSurfaceObject_t surface = surface_of(array);
  fill_3d<<<1, dim3(7, 5, 3)>>>(surface);
  std::vector<unsigned char> bytes = contents<unsigned char>(array, make_cudaExtent(7, 5, 3));
  for (int i = 0; i < 7 * 5 * 3; ++i) EXPECT(bytes[i] == i % 7 + 10 * (i / 7 % 5) + 50 * (i / 35));
  CUDA(cudaDestroySurfaceObject(surface));
  CUDA(cudaFreeArray(array));

  array = make_array(cudaCreateChannelDesc<short>(), make_cudaExtent(7, 5, 4), cudaArrayLayered);
  surface = surface_of(array);
  fill_layers<<<4, dim3(7, 5)>>>(surface);
  std::vector<short> shorts = contents<short>(array, make_cudaExtent(7, 5, 4));
  for (int i = 0; i < 7 * 5 * 4; ++i) EXPECT(shorts[i] == i % 7 - 10 * (i / 7 % 5) - 100 * (i / 35));
  CUDA(cudaDestroySurfaceObject(surface));
  CUDA(cudaFreeArray(array));

  array = make_array(cudaCreateChannelDesc<int2>(), make_cudaExtent(33, 0, 0), 0);
  surface = surface_of(array);
  fill_row<<<1, 33>>>(surface);
  std::vector<int2> pairs = contents<int2>(array, make_cudaExtent(33, 1, 1));
  for (int i = 0; i < 33; ++i) EXPECT(pairs[i].x == i && pairs[i].y == -i);
  CUDA(cudaDestroySurfaceObject(surface));
  CUDA(cudaFreeArray(array));

  array = make_array(cudaCreateChannelDesc<int>(), make_cudaExtent(4, 4, 6), cudaArrayCubemap);
  surface = surface_of(array);
  fill_faces<<<6, dim3(4, 4)>>>(surface);
  std::vector<int> faces = contents<int>(array, make_cudaExtent(4, 4, 6));
  for (int i = 0; i < 96; ++i) EXPECT(faces[i] == 100 * (i / 16) + 10 * (i / 4 % 4) + i % 4);
  CUDA(cudaDestroySurfaceObject(surface));
  CUDA(cudaFreeArray(array));
}

__global__ void outside(cudaSurfaceObject_t surface, int *clamped, int *zeroed) {
  int x = int(threadIdx.x) - 4;
  clamped[threadIdx.x] = surf1Dread<int>(surface, x * 4, cudaBoundaryModeClamp);
  zeroed[threadIdx.x] = surf1Dread<int>(surface, x * 4, cudaBoundaryModeZero);
}
__global__ void write_outside(cudaSurfaceObject_t surface) { surf1Dwrite(7, surface, 4000); }

static void boundaries() {
  cudaArray_t array = make_array(cudaCreateChannelDesc<int>(), make_cudaExtent(8, 0, 0), 0);
  int host[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  CUDA(cudaMemcpy2DToArray(array, 0, 0, host, sizeof host, sizeof host, 1, cudaMemcpyHostToDevice));
  cudaSurfaceObject_t surface = surface_of(array);
  Mirror<int> clamped(16), zeroed(16);
  outside<<<1, 16>>>(surface, clamped.device, zeroed.device);
  CUDA(cudaDeviceSynchronize());
  clamped.down(), zeroed.down();
  for (int i = 0; i < 16; ++i) {
    int x = i - 4;
    EXPECT(clamped[i] == (x < 0 ? 1 : x > 7 ? 8 : x + 1));
    EXPECT(zeroed[i] == (x < 0 || x > 7 ? 0 : x + 1));
  }
  // The default mode ends the kernel; the error stays.
  write_outside<<<1, 1>>>(surface);
  EXPECT(cudaDeviceSynchronize() != cudaSuccess);
}

int main() {
  two_dimensions();
  other_shapes();
  boundaries();
  return finish("surfaces");
}
