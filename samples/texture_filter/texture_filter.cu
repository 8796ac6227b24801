// An image filter with textures: a picture is turned and scaled with bilinear filtering, smoothed by a 5x5 Gaussian whose
// reads past the edge are clamped by the hardware, and written through a surface.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <cuda_runtime.h>

#define CHECK(call)                                                                        \
  do {                                                                                     \
    cudaError_t status = (call);                                                           \
    if (status != cudaSuccess) {                                                           \
      std::printf("%s failed: %s\n", #call, cudaGetErrorString(status));                   \
      std::exit(1);                                                                        \
    }                                                                                      \
  } while (0)

constexpr int Width = 256, Height = 192;

__constant__ float weights[5];

__global__ void rotate(cudaTextureObject_t picture, cudaSurfaceObject_t out, float angle) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x >= Width || y >= Height) return;
  float u = x - Width / 2 + 0.5f, v = y - Height / 2 + 0.5f;
  float s = (u * cosf(angle) - v * sinf(angle) + Width / 2) / Width;
  float t = (u * sinf(angle) + v * cosf(angle) + Height / 2) / Height;
  surf2Dwrite(tex2D<float>(picture, s, t), out, x * sizeof(float), y);
}

__global__ void smooth(cudaTextureObject_t picture, float *out) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x >= Width || y >= Height) return;
  float sum = 0;
  for (int j = -2; j <= 2; ++j)
    for (int i = -2; i <= 2; ++i) sum += weights[i + 2] * weights[j + 2] * tex2D<float>(picture, x + i + 0.5f, y + j + 0.5f);
  out[y * Width + x] = sum;
}

static cudaArray_t make_picture(cudaResourceDesc &resource) {
  cudaArray_t array;
  cudaChannelFormatDesc format = cudaCreateChannelDesc<float>();
  CHECK(cudaMallocArray(&array, &format, Width, Height, cudaArraySurfaceLoadStore));
  resource = {};
  resource.resType = cudaResourceTypeArray;
  resource.res.array.array = array;
  return array;
}

static cudaTextureObject_t make_texture(const cudaResourceDesc &resource, bool normalized) {
  cudaTextureDesc texture = {};
  texture.addressMode[0] = texture.addressMode[1] = normalized ? cudaAddressModeWrap : cudaAddressModeClamp;
  texture.filterMode = normalized ? cudaFilterModeLinear : cudaFilterModePoint;
  texture.readMode = cudaReadModeElementType;
  texture.normalizedCoords = normalized;
  cudaTextureObject_t object;
  CHECK(cudaCreateTextureObject(&object, &resource, &texture, nullptr));
  return object;
}

// The same on the host, in double: what the filters mean.
static double at(const std::vector<float> &image, int x, int y) {
  return image[((y % Height + Height) % Height) * Width + (x % Width + Width) % Width];
}
static double bilinear(const std::vector<float> &image, double x, double y) {
  x -= 0.5, y -= 0.5;
  int i = int(std::floor(x)), j = int(std::floor(y));
  double a = x - i, b = y - j;
  return (1 - a) * (1 - b) * at(image, i, j) + a * (1 - b) * at(image, i + 1, j) + (1 - a) * b * at(image, i, j + 1) + a * b * at(image, i + 1, j + 1);
}

int main() {
  const float angle = 0.3f, gauss[5] = {0.0625f, 0.25f, 0.375f, 0.25f, 0.0625f};
  std::vector<float> image(Width * Height);
  for (int y = 0; y < Height; ++y)
    for (int x = 0; x < Width; ++x) image[y * Width + x] = 0.5f + 0.25f * std::sin(x * 0.2f) + 0.25f * std::cos(y * 0.15f);
  CHECK(cudaMemcpyToSymbol(weights, gauss, sizeof gauss));

  cudaResourceDesc source, turned;
  cudaArray_t source_array = make_picture(source), turned_array = make_picture(turned);
  CHECK(cudaMemcpy2DToArray(source_array, 0, 0, image.data(), Width * 4, Width * 4, Height, cudaMemcpyHostToDevice));
  cudaTextureObject_t source_texture = make_texture(source, true), turned_texture = make_texture(turned, false);
  cudaSurfaceObject_t turned_surface;
  CHECK(cudaCreateSurfaceObject(&turned_surface, &turned));
  float *device;
  CHECK(cudaMalloc(&device, Width * Height * sizeof(float)));

  dim3 block(16, 16), grid((Width + 15) / 16, (Height + 15) / 16);
  rotate<<<grid, block>>>(source_texture, turned_surface, angle);
  smooth<<<grid, block>>>(turned_texture, device);
  std::vector<float> result(Width * Height);
  CHECK(cudaMemcpy(result.data(), device, Width * Height * sizeof(float), cudaMemcpyDeviceToHost));

  double worst = 0;
  std::vector<double> expected(Width * Height);
  for (int y = 0; y < Height; ++y)
    for (int x = 0; x < Width; ++x) {
      double u = x - Width / 2 + 0.5, v = y - Height / 2 + 0.5, c = std::cos(double(angle)), s = std::sin(double(angle));
      expected[y * Width + x] = bilinear(image, u * c - v * s + Width / 2, u * s + v * c + Height / 2);
    }
  for (int y = 0; y < Height; ++y)
    for (int x = 0; x < Width; ++x) {
      double sum = 0;
      for (int j = -2; j <= 2; ++j)
        for (int i = -2; i <= 2; ++i) {
          int cx = x + i < 0 ? 0 : x + i >= Width ? Width - 1 : x + i, cy = y + j < 0 ? 0 : y + j >= Height ? Height - 1 : y + j;
          sum += double(gauss[i + 2]) * gauss[j + 2] * expected[cy * Width + cx];
        }
      worst = std::fmax(worst, std::fabs(sum - result[y * Width + x]));
    }
  // Weights have 8 bits of fraction: an error below the picture's slope times 1/512, in two directions.
  std::printf("largest difference %.5f\n", worst);

  CHECK(cudaDestroyTextureObject(source_texture));
  CHECK(cudaDestroyTextureObject(turned_texture));
  CHECK(cudaDestroySurfaceObject(turned_surface));
  CHECK(cudaFreeArray(source_array));
  CHECK(cudaFreeArray(turned_array));
  CHECK(cudaFree(device));
  std::printf("texture_filter: %s\n", worst < 0.001 ? "PASSED" : "FAILED");
  return worst < 0.001 ? 0 : 1;
}
