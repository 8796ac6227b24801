// Textures of every kind that a program makes with texture objects: linear memory, pitched memory, arrays of one to three
// dimensions, layers, cubes, mipmaps, gathers; point and linear filtering; all addressing modes.
#include <cmath>
#include <cstring>

#include "check.h"

static cudaTextureObject_t make(const cudaResourceDesc &resource, cudaTextureFilterMode filter, cudaTextureAddressMode mode,
                                bool normalized, cudaTextureReadMode read = cudaReadModeElementType, float last_level = 0) {
  cudaTextureDesc texture = {};
  for (cudaTextureAddressMode &one : texture.addressMode) one = mode;
  texture.filterMode = filter;
  texture.mipmapFilterMode = filter;
  texture.maxMipmapLevelClamp = last_level;
  texture.normalizedCoords = normalized;
  texture.readMode = read;
  cudaTextureObject_t object = 0;
  CUDA(cudaCreateTextureObject(&object, &resource, &texture, nullptr));
  return object;
}

static cudaResourceDesc of(cudaArray_t array) {
  cudaResourceDesc resource = {};
  resource.resType = cudaResourceTypeArray;
  resource.res.array.array = array;
  return resource;
}

// ---- linear memory ----

template <class T>
__global__ void gather_linear(cudaTextureObject_t texture, T *out, const int *index, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = tex1Dfetch<T>(texture, index[i]);
}

static void linear_memory() {
  const int n = 1000;
  Mirror<float> data(n), out(n);
  Mirror<int> index(n);
  for (int i = 0; i < n; ++i) data[i] = i * 0.5f - 7, index[i] = (i * 37) % n;
  data.up(), index.up();
  cudaResourceDesc resource = {};
  resource.resType = cudaResourceTypeLinear;
  resource.res.linear.devPtr = data.device;
  resource.res.linear.desc = cudaCreateChannelDesc<float>();
  resource.res.linear.sizeInBytes = n * sizeof(float);
  cudaTextureObject_t texture = make(resource, cudaFilterModePoint, cudaAddressModeClamp, false);
  gather_linear<<<4, 256>>>(texture, out.device, index.device, n);
  CUDA(cudaDeviceSynchronize());
  out.down();
  for (int i = 0; i < n; ++i) EXPECT(out[i] == data[index[i]]);
  CUDA(cudaDestroyTextureObject(texture));

  Mirror<int2> pairs(n), got(n);
  for (int i = 0; i < n; ++i) pairs[i] = make_int2(-i, i * i);
  pairs.up();
  resource.res.linear.devPtr = pairs.device;
  resource.res.linear.desc = cudaCreateChannelDesc<int2>();
  resource.res.linear.sizeInBytes = n * sizeof(int2);
  texture = make(resource, cudaFilterModePoint, cudaAddressModeClamp, false);
  gather_linear<<<4, 256>>>(texture, got.device, index.device, n);
  CUDA(cudaDeviceSynchronize());
  got.down();
  for (int i = 0; i < n; ++i) EXPECT(got[i].x == -index[i] && got[i].y == index[i] * index[i]);
  CUDA(cudaDestroyTextureObject(texture));
}

// ---- two dimensions ----

static int at_edge(long i, int n, cudaTextureAddressMode mode) {  // -1: the border
  if (i >= 0 && i < n) return int(i);
  if (mode == cudaAddressModeBorder) return -1;
  if (mode == cudaAddressModeClamp) return i < 0 ? 0 : n - 1;
  long tile = i >= 0 ? i / n : -((n - 1 - i) / n);
  int inside = int(i - tile * n);
  return mode == cudaAddressModeMirror && tile % 2 ? n - 1 - inside : inside;
}

struct Picture {
  int width, height;
  std::vector<float> texel;
  float at(long x, long y, cudaTextureAddressMode mode) const {
    int i = at_edge(x, width, mode), j = at_edge(y, height, mode);
    return i < 0 || j < 0 ? 0 : texel[j * width + i];
  }
  // x and y in texels
  float point(float x, float y, cudaTextureAddressMode mode) const { return at(long(std::floor(x)), long(std::floor(y)), mode); }
  float linear(float x, float y, cudaTextureAddressMode mode) const {
    long fx = long(std::floor(double(x) * 256 - 127.5)), fy = long(std::floor(double(y) * 256 - 127.5));
    long i = fx >> 8, j = fy >> 8;
    double a = (fx & 255) / 256., b = (fy & 255) / 256.;
    return float((1 - a) * (1 - b) * at(i, j, mode) + a * (1 - b) * at(i + 1, j, mode) + (1 - a) * b * at(i, j + 1, mode) +
                 a * b * at(i + 1, j + 1, mode));
  }
};

__global__ void sample_2d(cudaTextureObject_t texture, float *out, int columns, int rows, float scale_x, float scale_y) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x < columns && y < rows) out[y * columns + x] = tex2D<float>(texture, (x * 0.375f - 9) * scale_x, (y * 0.375f - 7) * scale_y);
}

static void two_dimensions() {
  Picture picture{16, 8, std::vector<float>(16 * 8)};
  for (int i = 0; i < 16 * 8; ++i) picture.texel[i] = float((i * 29) % 64);
  cudaArray_t array;
  cudaChannelFormatDesc format = cudaCreateChannelDesc<float>();
  CUDA(cudaMallocArray(&array, &format, 16, 8));
  CUDA(cudaMemcpy2DToArray(array, 0, 0, picture.texel.data(), 16 * 4, 16 * 4, 8, cudaMemcpyHostToDevice));
  const int columns = 100, rows = 70;
  Mirror<float> out(columns * rows);
  for (cudaTextureAddressMode mode : {cudaAddressModeWrap, cudaAddressModeClamp, cudaAddressModeMirror, cudaAddressModeBorder})
    for (cudaTextureFilterMode filter : {cudaFilterModePoint, cudaFilterModeLinear})
      for (bool normalized : {false, true}) {
        if (!normalized && (mode == cudaAddressModeWrap || mode == cudaAddressModeMirror)) continue;
        cudaTextureObject_t texture = make(of(array), filter, mode, normalized);
        float sx = normalized ? 1 / 16.f : 1, sy = normalized ? 1 / 8.f : 1;
        sample_2d<<<dim3(4, 9), dim3(32, 8)>>>(texture, out.device, columns, rows, sx, sy);
        CUDA(cudaDeviceSynchronize());
        out.down();
        for (int y = 0; y < rows; ++y)
          for (int x = 0; x < columns; ++x) {
            float u = x * 0.375f - 9, v = y * 0.375f - 7;  // powers of two: exact through the scale
            // Mirrored tiles run backwards: a point on the edge of a texel belongs to the other one.
            if (mode == cudaAddressModeMirror && filter == cudaFilterModePoint && (u == std::floor(u) || v == std::floor(v))) continue;
            float want = filter == cudaFilterModePoint ? picture.point(u, v, mode) : picture.linear(u, v, mode);
            EXPECT(out[y * columns + x] == want);
          }
        CUDA(cudaDestroyTextureObject(texture));
      }
  CUDA(cudaFreeArray(array));
}

__global__ void read_bytes(cudaTextureObject_t as_float, cudaTextureObject_t as_bytes, float4 *floats, uchar4 *bytes, int width) {
  int x = threadIdx.x, y = blockIdx.x;
  floats[y * width + x] = tex2D<float4>(as_float, x + 0.5f, y + 0.5f);
  bytes[y * width + x] = tex2D<uchar4>(as_bytes, x + 0.5f, y + 0.5f);
}

static void pitched_memory() {
  const int width = 50, height = 20;
  uchar4 *device;
  size_t pitch;
  CUDA(cudaMallocPitch(&device, &pitch, width * 4, height));
  std::vector<uchar4> host(width * height);
  for (int i = 0; i < width * height; ++i) host[i] = make_uchar4(i, i * 3, 255 - i, i * 7);
  CUDA(cudaMemcpy2D(device, pitch, host.data(), width * 4, width * 4, height, cudaMemcpyHostToDevice));
  cudaResourceDesc resource = {};
  resource.resType = cudaResourceTypePitch2D;
  resource.res.pitch2D.devPtr = device;
  resource.res.pitch2D.desc = cudaCreateChannelDesc<uchar4>();
  resource.res.pitch2D.width = width;
  resource.res.pitch2D.height = height;
  resource.res.pitch2D.pitchInBytes = pitch;
  cudaTextureObject_t floats = make(resource, cudaFilterModeLinear, cudaAddressModeClamp, false, cudaReadModeNormalizedFloat);
  cudaTextureObject_t bytes = make(resource, cudaFilterModePoint, cudaAddressModeClamp, false);
  Mirror<float4> f(width * height);
  Mirror<uchar4> b(width * height);
  read_bytes<<<height, width>>>(floats, bytes, f.device, b.device, width);
  CUDA(cudaDeviceSynchronize());
  f.down(), b.down();
  for (int i = 0; i < width * height; ++i) {
    EXPECT(f[i].x == host[i].x / 255.f && f[i].y == host[i].y / 255.f && f[i].z == host[i].z / 255.f && f[i].w == host[i].w / 255.f);
    EXPECT(b[i].x == host[i].x && b[i].y == host[i].y && b[i].z == host[i].z && b[i].w == host[i].w);
  }
  CUDA(cudaDestroyTextureObject(floats));
  CUDA(cudaDestroyTextureObject(bytes));
  CUDA(cudaFree(device));
}

__global__ void gather_2d(cudaTextureObject_t texture, int4 *r, int4 *g, int width, int height) {
  int i = threadIdx.x;
  float x = (i % width + 1.f) / width, y = (i / width + 1.f) / height;
  r[i] = tex2Dgather<int4>(texture, x, y, 0);
  g[i] = tex2Dgather<int4>(texture, x, y, 1);
}

static void gathers() {
  const int width = 8, height = 4;
  std::vector<int2> host(width * height);
  for (int i = 0; i < width * height; ++i) host[i] = make_int2(i, 1000 + i);
  cudaArray_t array;
  cudaChannelFormatDesc format = cudaCreateChannelDesc<int2>();
  CUDA(cudaMallocArray(&array, &format, width, height, cudaArrayTextureGather));
  CUDA(cudaMemcpy2DToArray(array, 0, 0, host.data(), width * 8, width * 8, height, cudaMemcpyHostToDevice));
  cudaTextureObject_t texture = make(of(array), cudaFilterModePoint, cudaAddressModeClamp, true);
  Mirror<int4> r(width * height), g(width * height);
  gather_2d<<<1, width * height>>>(texture, r.device, g.device, width, height);
  CUDA(cudaDeviceSynchronize());
  r.down(), g.down();
  for (int i = 0; i < width * height; ++i) {
    int x = i % width, y = i / width, x1 = x + 1 < width ? x + 1 : x, y1 = y + 1 < height ? y + 1 : y;
    int a = y1 * width + x, b = y1 * width + x1, c = y * width + x1, d = y * width + x;
    EXPECT(r[i].x == a && r[i].y == b && r[i].z == c && r[i].w == d);
    EXPECT(g[i].x == 1000 + a && g[i].w == 1000 + d);
  }
  CUDA(cudaDestroyTextureObject(texture));
  CUDA(cudaFreeArray(array));
}

// ---- three dimensions, layers, cubes ----

__global__ void sample_3d(cudaTextureObject_t texture, float *out) {
  out[threadIdx.x + 8 * threadIdx.y + 64 * threadIdx.z] = tex3D<float>(texture, threadIdx.x + 1.f, threadIdx.y + 1.f, threadIdx.z + 1.f);
}

static cudaArray_t array_3d(cudaExtent extent, const float *host, unsigned flags, int slices) {
  cudaArray_t array;
  cudaChannelFormatDesc format = cudaCreateChannelDesc<float>();
  CUDA(cudaMalloc3DArray(&array, &format, extent, flags));
  cudaMemcpy3DParms copy = {};
  copy.srcPtr = make_cudaPitchedPtr(const_cast<float *>(host), extent.width * sizeof(float), extent.width, extent.height ? extent.height : 1);
  copy.dstArray = array;
  copy.extent = make_cudaExtent(extent.width, extent.height ? extent.height : 1, slices);
  copy.kind = cudaMemcpyHostToDevice;
  CUDA(cudaMemcpy3D(&copy));
  return array;
}

static void three_dimensions() {
  std::vector<float> host(8 * 8 * 4);
  for (int i = 0; i < 8 * 8 * 4; ++i) host[i] = float((i * 11) % 97);
  cudaArray_t array = array_3d(make_cudaExtent(8, 8, 4), host.data(), 0, 4);
  cudaTextureObject_t texture = make(of(array), cudaFilterModeLinear, cudaAddressModeClamp, false);
  Mirror<float> out(8 * 8 * 4);
  sample_3d<<<1, dim3(8, 8, 4)>>>(texture, out.device);
  CUDA(cudaDeviceSynchronize());
  out.down();
  for (int z = 0; z < 4; ++z)
    for (int y = 0; y < 8; ++y)
      for (int x = 0; x < 8; ++x) {
        float sum = 0;  // half way between eight texels
        for (int corner = 0; corner < 8; ++corner)
          sum += host[std::min(x + (corner & 1), 7) + 8 * std::min(y + (corner >> 1 & 1), 7) + 64 * std::min(z + (corner >> 2), 3)];
        EXPECT(out[x + 8 * y + 64 * z] == sum / 8);
      }
  CUDA(cudaDestroyTextureObject(texture));
  CUDA(cudaFreeArray(array));
}

__global__ void sample_layers(cudaTextureObject_t texture, float *out) {
  int x = threadIdx.x, y = threadIdx.y, layer = blockIdx.x;
  out[(layer * 4 + y) * 8 + x] = tex2DLayered<float>(texture, x + 0.5f, y + 0.5f, layer);
}
__global__ void sample_rows(cudaTextureObject_t texture, float *out) {
  out[blockIdx.x * 8 + threadIdx.x] = tex1DLayered<float>(texture, threadIdx.x + 0.5f, blockIdx.x);
}

static void layers() {
  std::vector<float> host(8 * 4 * 3);
  for (size_t i = 0; i < host.size(); ++i) host[i] = float(i);
  Mirror<float> out(host.size());
  cudaArray_t array = array_3d(make_cudaExtent(8, 4, 3), host.data(), cudaArrayLayered, 3);
  cudaTextureObject_t texture = make(of(array), cudaFilterModePoint, cudaAddressModeClamp, false);
  sample_layers<<<3, dim3(8, 4)>>>(texture, out.device);
  CUDA(cudaDeviceSynchronize());
  out.down();
  expect_same("layers", out.host, host, host.size());
  CUDA(cudaDestroyTextureObject(texture));
  CUDA(cudaFreeArray(array));

  array = array_3d(make_cudaExtent(8, 0, 3), host.data(), cudaArrayLayered, 3);
  texture = make(of(array), cudaFilterModePoint, cudaAddressModeClamp, false);
  sample_rows<<<3, 8>>>(texture, out.device);
  CUDA(cudaDeviceSynchronize());
  out.down();
  expect_same("rows in layers", out.host, host, 24);
  CUDA(cudaDestroyTextureObject(texture));
  CUDA(cudaFreeArray(array));
}

__global__ void sample_cube(cudaTextureObject_t texture, const float3 *direction, float *out, int n) {
  int i = threadIdx.x;
  if (i < n) out[i] = texCubemap<float>(texture, direction[i].x, direction[i].y, direction[i].z);
}

static void cubes() {
  std::vector<float> host(2 * 2 * 6);
  for (size_t i = 0; i < host.size(); ++i) host[i] = float(i);
  cudaArray_t array = array_3d(make_cudaExtent(2, 2, 6), host.data(), cudaArrayCubemap, 6);
  cudaTextureObject_t texture = make(of(array), cudaFilterModePoint, cudaAddressModeClamp, true);
  // Face, and which of its four texels: s to the right, t down.
  struct {
    float3 direction;
    int face, texel;
  } rows[] = {{{1, 0.5f, 0.5f}, 0, 0},   {{1, 0.5f, -0.5f}, 0, 1},  {{1, -0.5f, 0.5f}, 0, 2},  {{-2, 1, 1}, 1, 1},    {{-2, -1, -1}, 1, 2},
              {{0.5f, 1, 0.5f}, 2, 3},   {{-0.5f, 1, -0.5f}, 2, 0}, {{0.5f, -1, 0.5f}, 3, 1},  {{1, 1, 4}, 4, 1},     {{-1, -1, 4}, 4, 2},
              {{1, 1, -4}, 5, 0},        {{-1, -1, -4}, 5, 3}};
  const int n = sizeof rows / sizeof rows[0];
  Mirror<float3> direction(n);
  Mirror<float> out(n);
  for (int i = 0; i < n; ++i) direction[i] = rows[i].direction;
  direction.up();
  sample_cube<<<1, 32>>>(texture, direction.device, out.device, n);
  CUDA(cudaDeviceSynchronize());
  out.down();
  for (int i = 0; i < n; ++i) EXPECT(out[i] == rows[i].face * 4 + rows[i].texel);
  CUDA(cudaDestroyTextureObject(texture));
  CUDA(cudaFreeArray(array));
}

// ---- mipmaps ----

__global__ void sample_levels(cudaTextureObject_t texture, float *out, float step) {
  out[threadIdx.x] = tex2DLod<float>(texture, 0.5f, 0.5f, threadIdx.x * step);
}
__global__ void sample_gradients(cudaTextureObject_t texture, float *out) {
  float d = exp2f(float(threadIdx.x)) / 16;  // texels of level 0
  out[threadIdx.x] = tex2DGrad<float>(texture, 0.5f, 0.5f, make_float2(d, 0), make_float2(0, d / 2));
}

static void mipmaps() {
  cudaMipmappedArray_t mipmap;
  cudaChannelFormatDesc format = cudaCreateChannelDesc<float>();
  CUDA(cudaMallocMipmappedArray(&mipmap, &format, make_cudaExtent(16, 16, 0), 5));
  for (int level = 0; level < 5; ++level) {
    cudaArray_t array;
    CUDA(cudaGetMipmappedArrayLevel(&array, mipmap, level));
    int size = 16 >> level;
    std::vector<float> host(size * size, 100.f * level);
    CUDA(cudaMemcpy2DToArray(array, 0, 0, host.data(), size * 4, size * 4, size, cudaMemcpyHostToDevice));
  }
  cudaResourceDesc resource = {};
  resource.resType = cudaResourceTypeMipmappedArray;
  resource.res.mipmap.mipmap = mipmap;
  cudaTextureObject_t texture = make(resource, cudaFilterModeLinear, cudaAddressModeClamp, true, cudaReadModeElementType, 4);
  Mirror<float> out(32);
  sample_levels<<<1, 20>>>(texture, out.device, 0.25f);
  CUDA(cudaDeviceSynchronize());
  out.down();
  for (int i = 0; i < 20; ++i) EXPECT(out[i] == std::min(25.f * i, 400.f));
  sample_gradients<<<1, 6>>>(texture, out.device);
  CUDA(cudaDeviceSynchronize());
  out.down();
  for (int i = 0; i < 6; ++i) EXPECT(out[i] == std::min(100.f * i, 400.f));
  CUDA(cudaDestroyTextureObject(texture));
  CUDA(cudaFreeMipmappedArray(mipmap));
}

int main() {
  linear_memory();
  two_dimensions();
  pitched_memory();
  gathers();
  three_dimensions();
  layers();
  cubes();
  mipmaps();
  return finish("textures");
}
