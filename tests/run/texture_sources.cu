// What textures and surfaces are made of: linear and pitched memory, layers, cubes, mipmaps whose levels surfaces wrote;
// and where handles travel: in arguments, structures, constant and device memory.
#include <cmath>

#include "check.h"

struct Scene {
  cudaTextureObject_t textures[3];
  float scale;
};
__constant__ Scene scene;
__device__ cudaTextureObject_t table[2];

__global__ void fetch(cudaTextureObject_t texture, float4 *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = tex1Dfetch<float4>(texture, i);
}
__global__ void pitched(cudaTextureObject_t texture, unsigned short *out, int w, int h) {
  int x = threadIdx.x, y = blockIdx.x;
  if (x < w && y < h) out[y * w + x] = tex2D<unsigned short>(texture, x + 0.25f, y + 0.75f);
}
__global__ void write_layers(cudaSurfaceObject_t surface, int w, int h) {
  int x = threadIdx.x, y = threadIdx.y, layer = blockIdx.x;
  if (x < w && y < h) surf2DLayeredwrite(float(100 * layer + 10 * y + x), surface, x * 4, y, layer);
}
__global__ void read_layers(cudaTextureObject_t texture, float *out, int w, int h) {
  int x = threadIdx.x, y = threadIdx.y, layer = blockIdx.x;
  if (x < w && y < h) out[(layer * h + y) * w + x] = tex2DLayered<float>(texture, x + 0.5f, y + 0.5f, layer);
}
__global__ void halve(cudaSurfaceObject_t to, cudaTextureObject_t from, int w, int h) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x >= w || y >= h) return;
  float4 color = tex2D<float4>(from, (x + 0.5f) / w, (y + 0.5f) / h);
  surf2Dwrite(make_uchar4(color.x * 255 + 0.5f, color.y * 255 + 0.5f, color.z * 255 + 0.5f, color.w * 255 + 0.5f), to, x * 4, y);
}
__global__ void read_lod(cudaTextureObject_t texture, float *out) {
  out[threadIdx.x] = tex2DLod<float4>(texture, 0.5f, 0.5f, threadIdx.x * 0.5f).x;
}
__global__ void faces(cudaTextureObject_t texture, float *out) {
  const float3 to[6] = {{1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}};
  float3 d = to[threadIdx.x];
  out[threadIdx.x] = texCubemap<float>(texture, d.x, d.y, d.z);
}
__global__ void travelled(float *out) {
  float sum = 0;
  for (int i = 0; i < 3; ++i) sum += tex1D<float>(scene.textures[i], 0.5f);
  out[0] = sum * scene.scale;
  out[1] = tex1D<float>(table[threadIdx.x], 0.5f);
}
__global__ void gathers(cudaTextureObject_t texture, float4 *out) { out[0] = tex2Dgather<float4>(texture, 1.0f, 1.0f, 0); }
__global__ void surface_sum(cudaSurfaceObject_t surface, int *out) {
  int x = threadIdx.x;
  int v = surf2Dread<int>(surface, x * 4, 0);
  surf2Dwrite(v * 2, surface, x * 4, 1);
  out[x] = surf2Dread<int>(surface, (x + 100) * 4, 0, cudaBoundaryModeZero) + surf2Dread<int>(surface, (x + 100) * 4, 0, cudaBoundaryModeClamp);
}

cudaTextureObject_t texture_of(cudaArray_t array, bool normalized = false, cudaTextureReadMode read = cudaReadModeElementType,
                               cudaTextureFilterMode filter = cudaFilterModePoint) {
  cudaResourceDesc resource = {};
  resource.resType = cudaResourceTypeArray;
  resource.res.array.array = array;
  cudaTextureDesc description = {};
  for (auto &mode : description.addressMode) mode = cudaAddressModeClamp;
  description.normalizedCoords = normalized;
  description.readMode = read;
  description.filterMode = filter;
  cudaTextureObject_t texture;
  CUDA(cudaCreateTextureObject(&texture, &resource, &description, nullptr));
  return texture;
}
cudaSurfaceObject_t surface_of(cudaArray_t array) {
  cudaResourceDesc resource = {};
  resource.resType = cudaResourceTypeArray;
  resource.res.array.array = array;
  cudaSurfaceObject_t surface;
  CUDA(cudaCreateSurfaceObject(&surface, &resource));
  return surface;
}

void memory() {
  Mirror<float4> linear(1000), out(1010, make_float4(9, 9, 9, 9));
  for (int i = 0; i < 1000; ++i) linear[i] = make_float4(i, -i, i * 0.5f, 1);
  linear.up();
  cudaResourceDesc resource = {};
  resource.resType = cudaResourceTypeLinear;
  resource.res.linear.devPtr = linear.device;
  resource.res.linear.desc = cudaCreateChannelDesc<float4>();
  resource.res.linear.sizeInBytes = 16000;
  cudaTextureDesc description = {};
  cudaTextureObject_t texture;
  CUDA(cudaCreateTextureObject(&texture, &resource, &description, nullptr));
  fetch<<<8, 128>>>(texture, out.device, 1010);
  out.down();
  for (int i = 0; i < 1000; ++i) EXPECT(out[i].x == i && out[i].y == -i && out[i].z == i * 0.5f && out[i].w == 1);
  for (int i = 1000; i < 1010; ++i) EXPECT(out[i].x == 0 && out[i].w == 0);
  CUDA(cudaDestroyTextureObject(texture));

  constexpr int w = 50, h = 9;
  std::vector<unsigned short> host(w * h);
  for (int i = 0; i < w * h; ++i) host[i] = i * 131;
  unsigned short *device;
  size_t pitch;
  CUDA(cudaMallocPitch(&device, &pitch, w * 2, h));
  CUDA(cudaMemcpy2D(device, pitch, host.data(), w * 2, w * 2, h, cudaMemcpyHostToDevice));
  resource = {};
  resource.resType = cudaResourceTypePitch2D;
  resource.res.pitch2D.devPtr = device;
  resource.res.pitch2D.desc = cudaCreateChannelDesc<unsigned short>();
  resource.res.pitch2D.width = w;
  resource.res.pitch2D.height = h;
  resource.res.pitch2D.pitchInBytes = pitch;
  CUDA(cudaCreateTextureObject(&texture, &resource, &description, nullptr));
  Mirror<unsigned short> got(w * h);
  pitched<<<h, 64>>>(texture, got.device, w, h);
  got.down();
  expect_same("pitched", got.host, host, host.size());
  CUDA(cudaDestroyTextureObject(texture));
  CUDA(cudaFree(device));
}

void layers() {
  constexpr int w = 10, h = 6, n = 4;
  cudaArray_t array;
  cudaChannelFormatDesc channel = cudaCreateChannelDesc<float>();
  CUDA(cudaMalloc3DArray(&array, &channel, make_cudaExtent(w, h, n), cudaArrayLayered | cudaArraySurfaceLoadStore));
  cudaSurfaceObject_t surface = surface_of(array);
  write_layers<<<n, dim3(16, 8)>>>(surface, w, h);
  cudaTextureObject_t texture = texture_of(array);
  Mirror<float> out(w * h * n);
  read_layers<<<n, dim3(16, 8)>>>(texture, out.device, w, h);
  out.down();
  std::vector<float> host(w * h * n), want(w * h * n);
  for (int i = 0; i < w * h * n; ++i) want[i] = 100 * (i / (w * h)) + 10 * (i / w % h) + i % w;
  expect_same("layers", out.host, want, want.size());
  cudaMemcpy3DParms copy = {};
  copy.srcArray = array;
  copy.dstPtr = make_cudaPitchedPtr(host.data(), w * 4, w, h);
  copy.extent = make_cudaExtent(w, h, n);
  copy.kind = cudaMemcpyDeviceToHost;
  CUDA(cudaMemcpy3D(&copy));
  expect_same("layers copied", host, want, want.size());
  CUDA(cudaDestroyTextureObject(texture));
  // A view of the last two layers.
  cudaResourceDesc resource = {};
  resource.resType = cudaResourceTypeArray;
  resource.res.array.array = array;
  cudaTextureDesc description = {};
  cudaResourceViewDesc view = {};
  view.width = w;
  view.height = h;
  view.depth = n;
  view.firstLayer = 2;
  view.lastLayer = 3;
  CUDA(cudaCreateTextureObject(&texture, &resource, &description, &view));
  read_layers<<<2, dim3(16, 8)>>>(texture, out.device, w, h);
  out.down();
  for (int i = 0; i < 2 * w * h; ++i) EXPECT(out[i] == want[i + 2 * w * h]);
  CUDA(cudaDestroyTextureObject(texture));
  CUDA(cudaDestroySurfaceObject(surface));
  CUDA(cudaFreeArray(array));
}

void cubes() {
  constexpr int edge = 4;
  std::vector<float> texels(edge * edge * 6);
  for (size_t i = 0; i < texels.size(); ++i) texels[i] = float(i / (edge * edge)) + 1;
  cudaArray_t array;
  cudaChannelFormatDesc channel = cudaCreateChannelDesc<float>();
  CUDA(cudaMalloc3DArray(&array, &channel, make_cudaExtent(edge, edge, 6), cudaArrayCubemap));
  cudaMemcpy3DParms copy = {};
  copy.srcPtr = make_cudaPitchedPtr(texels.data(), edge * 4, edge, edge);
  copy.dstArray = array;
  copy.extent = make_cudaExtent(edge, edge, 6);
  copy.kind = cudaMemcpyHostToDevice;
  CUDA(cudaMemcpy3D(&copy));
  cudaTextureObject_t texture = texture_of(array, true);
  Mirror<float> out(6);
  faces<<<1, 6>>>(texture, out.device);
  out.down();
  for (int i = 0; i < 6; ++i) EXPECT(out[i] == i + 1);
  CUDA(cudaDestroyTextureObject(texture));
  CUDA(cudaFreeArray(array));
}

void mipmaps() {
  constexpr int edge = 32, levels = 4;
  std::vector<uchar4> image(edge * edge);
  for (int i = 0; i < edge * edge; ++i) {
    const unsigned char v = (i % edge / 2 + i / edge / 2) % 2 ? 200 : 100;  // squares of 2 x 2
    image[i] = make_uchar4(v, 0, 0, 255);
  }
  cudaMipmappedArray_t mipmap;
  cudaChannelFormatDesc channel = cudaCreateChannelDesc<uchar4>();
  CUDA(cudaMallocMipmappedArray(&mipmap, &channel, make_cudaExtent(edge, edge, 0), levels, cudaArraySurfaceLoadStore));
  cudaArray_t level;
  CUDA(cudaGetMipmappedArrayLevel(&level, mipmap, 0));
  CUDA(cudaMemcpy2DToArray(level, 0, 0, image.data(), edge * 4, edge * 4, edge, cudaMemcpyHostToDevice));
  for (int i = 1, size = edge / 2; i < levels; ++i, size /= 2) {
    cudaArray_t from, to;
    CUDA(cudaGetMipmappedArrayLevel(&from, mipmap, i - 1));
    CUDA(cudaGetMipmappedArrayLevel(&to, mipmap, i));
    cudaTextureObject_t texture = texture_of(from, true, cudaReadModeNormalizedFloat, cudaFilterModeLinear);
    cudaSurfaceObject_t surface = surface_of(to);
    halve<<<dim3((size + 7) / 8, (size + 7) / 8), dim3(8, 8)>>>(surface, texture, size, size);
    CUDA(cudaDeviceSynchronize());
    CUDA(cudaDestroySurfaceObject(surface));
    CUDA(cudaDestroyTextureObject(texture));
  }
  std::vector<uchar4> small(8 * 8);
  CUDA(cudaGetMipmappedArrayLevel(&level, mipmap, 1));
  std::vector<uchar4> half(16 * 16);
  CUDA(cudaMemcpy2DFromArray(half.data(), 64, level, 0, 0, 64, 16, cudaMemcpyDeviceToHost));
  for (int i = 0; i < 256; ++i) EXPECT(half[i].x == ((i % 16 + i / 16) % 2 ? 200 : 100) && half[i].w == 255);
  CUDA(cudaGetMipmappedArrayLevel(&level, mipmap, 2));
  CUDA(cudaMemcpy2DFromArray(small.data(), 32, level, 0, 0, 32, 8, cudaMemcpyDeviceToHost));
  for (uchar4 v : small) EXPECT(v.x == 150);
  cudaResourceDesc resource = {};
  resource.resType = cudaResourceTypeMipmappedArray;
  resource.res.mipmap.mipmap = mipmap;
  cudaTextureDesc description = {};
  description.normalizedCoords = 1;
  description.readMode = cudaReadModeNormalizedFloat;
  description.filterMode = description.mipmapFilterMode = cudaFilterModeLinear;
  description.maxMipmapLevelClamp = levels - 1;
  cudaTextureObject_t texture;
  CUDA(cudaCreateTextureObject(&texture, &resource, &description, nullptr));
  Mirror<float> out(8);
  read_lod<<<1, 8>>>(texture, out.device);
  out.down();
  // The middle of the image is a corner of four squares: level 0 and 1 give their mean, as 2 and 3 do everywhere.
  for (int i = 0; i < 8; ++i) EXPECT(std::fabs(out[i] * 255 - 150) < 0.01f);
  CUDA(cudaDestroyTextureObject(texture));
  CUDA(cudaFreeMipmappedArray(mipmap));
}

void handles() {
  cudaArray_t arrays[3];
  Scene host = {};
  cudaChannelFormatDesc channel = cudaCreateChannelDesc<float>();
  for (int i = 0; i < 3; ++i) {
    const float value = float(1 << i);
    CUDA(cudaMallocArray(&arrays[i], &channel, 1));
    CUDA(cudaMemcpyToArray(arrays[i], 0, 0, &value, 4, cudaMemcpyHostToDevice));
    host.textures[i] = texture_of(arrays[i]);
  }
  host.scale = 0.5f;
  CUDA(cudaMemcpyToSymbol(scene, &host, sizeof host));
  CUDA(cudaMemcpyToSymbol(table, &host.textures[2], 8));
  Mirror<float> out(2);
  travelled<<<1, 1>>>(out.device);
  out.down();
  EXPECT(out[0] == 3.5f && out[1] == 4);
  for (int i = 0; i < 3; ++i) {
    CUDA(cudaDestroyTextureObject(host.textures[i]));
    CUDA(cudaFreeArray(arrays[i]));
  }
}

void gathering_and_surfaces() {
  const float four[4] = {1, 2, 3, 4};
  cudaArray_t array;
  cudaChannelFormatDesc channel = cudaCreateChannelDesc<float>();
  CUDA(cudaMallocArray(&array, &channel, 2, 2, cudaArrayTextureGather));
  CUDA(cudaMemcpy2DToArray(array, 0, 0, four, 8, 8, 2, cudaMemcpyHostToDevice));
  cudaTextureObject_t texture = texture_of(array);
  Mirror<float4> gathered(1);
  gathers<<<1, 1>>>(texture, gathered.device);
  gathered.down();
  EXPECT(gathered[0].x == 3 && gathered[0].y == 4 && gathered[0].z == 2 && gathered[0].w == 1);
  CUDA(cudaDestroyTextureObject(texture));
  CUDA(cudaFreeArray(array));

  channel = cudaCreateChannelDesc<int>();
  CUDA(cudaMallocArray(&array, &channel, 32, 2, cudaArraySurfaceLoadStore));
  std::vector<int> in(32), back(32);
  for (int i = 0; i < 32; ++i) in[i] = i * i;
  CUDA(cudaMemcpyToArray(array, 0, 0, in.data(), 128, cudaMemcpyHostToDevice));
  cudaSurfaceObject_t surface = surface_of(array);
  Mirror<int> out(32);
  surface_sum<<<1, 32>>>(surface, out.device);
  out.down();
  CUDA(cudaMemcpyFromArray(back.data(), array, 0, 1, 128, cudaMemcpyDeviceToHost));
  for (int i = 0; i < 32; ++i) EXPECT(back[i] == 2 * in[i] && out[i] == in[31]);
  CUDA(cudaDestroySurfaceObject(surface));
  CUDA(cudaFreeArray(array));
}

int main() {
  memory();
  layers();
  cubes();
  mipmaps();
  handles();
  gathering_and_surfaces();
  return finish("texture_sources");
}
