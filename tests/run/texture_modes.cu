// Arrays of one, two and three dimensions read with every addressing and filter mode, against a reference on the host.
// Coordinates are multiples of 1/128, so that the weights of linear filters are exact and so are all sums.
#include <cmath>
#include <cstring>

#include "check.h"

template <int D>
__global__ void sample(cudaTextureObject_t texture, const float *at, float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  if (D == 1) out[i] = tex1D<float>(texture, at[3 * i]);
  if (D == 2) out[i] = tex2D<float>(texture, at[3 * i], at[3 * i + 1]);
  if (D == 3) out[i] = tex3D<float>(texture, at[3 * i], at[3 * i + 1], at[3 * i + 2]);
}

__global__ void sample_bytes(cudaTextureObject_t texture, const float *at, float4 *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = tex2D<float4>(texture, at[3 * i], at[3 * i + 1]);
}

__global__ void sample_ints(cudaTextureObject_t texture, const float *at, int2 *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = tex2D<int2>(texture, at[3 * i], at[3 * i + 1]);
}

constexpr int kSizes[3] = {16, 8, 4};
constexpr float kBorder = 777;

struct Reference {
  int dimensions;
  const std::vector<float> &texels;
  cudaTextureAddressMode mode[3];
  bool linear, normalized;

  // The texel index on one axis, or -1: the border.
  int place(int axis, int i) const {
    const int n = kSizes[axis];
    cudaTextureAddressMode m = mode[axis];
    if (!normalized && (m == cudaAddressModeWrap || m == cudaAddressModeMirror)) m = cudaAddressModeClamp;
    switch (m) {
      case cudaAddressModeWrap: return ((i % n) + n) % n;
      case cudaAddressModeMirror: {
        int j = ((i % (2 * n)) + 2 * n) % (2 * n);
        return j < n ? j : 2 * n - 1 - j;
      }
      case cudaAddressModeClamp: return i < 0 ? 0 : i >= n ? n - 1 : i;
      default: return i < 0 || i >= n ? -1 : i;
    }
  }
  double texel(const int *i) const {
    size_t index = 0, stride = 1;
    for (int d = 0; d < dimensions; ++d) {
      int p = place(d, i[d]);
      if (p < 0) return kBorder;
      index += size_t(p) * stride;
      stride *= kSizes[d];
    }
    return texels[index];
  }
  double at(const float *coordinate) const {
    int base[3] = {}, corner[3] = {};
    double weight[3] = {}, sum = 0;
    for (int d = 0; d < dimensions; ++d) {
      double x = normalized ? double(coordinate[d]) * kSizes[d] : coordinate[d];
      if (linear) x -= 0.5;
      base[d] = int(std::floor(x));
      weight[d] = linear ? x - base[d] : 0;
    }
    for (int c = 0; c < (1 << dimensions); ++c) {
      double w = 1;
      for (int d = 0; d < dimensions; ++d) {
        corner[d] = base[d] + (c >> d & 1);
        w *= c >> d & 1 ? weight[d] : 1 - weight[d];
      }
      if (w != 0) sum += w * texel(corner);
    }
    return sum;
  }
};

std::vector<float> coordinates(bool normalized, int n) {
  std::vector<float> out(3 * n);
  unsigned state = 12345;
  for (int i = 0; i < 3 * n; ++i) {
    state = state * 1664525u + 1013904223u;
    const int size = kSizes[i % 3];
    // From one size below to three above; never on an edge between texels, which a mirror would turn to its other side.
    const float texels = (float(int(state >> 8) % (size * 4 * 64) - size * 64) + 0.5f) / 64;
    out[i] = normalized ? texels / size : texels;
  }
  return out;
}

template <int D>
void modes() {
  constexpr int kPoints = 512;
  size_t count = 1;
  for (int d = 0; d < D; ++d) count *= kSizes[d];
  std::vector<float> texels(count);
  for (size_t i = 0; i < count; ++i) texels[i] = float((i * 37) % 256);
  cudaChannelFormatDesc channel = cudaCreateChannelDesc<float>();
  cudaArray_t array;
  cudaExtent extent = make_cudaExtent(kSizes[0], D > 1 ? kSizes[1] : 0, D > 2 ? kSizes[2] : 0);
  CUDA(cudaMalloc3DArray(&array, &channel, extent));
  cudaMemcpy3DParms copy = {};
  copy.srcPtr = make_cudaPitchedPtr(texels.data(), kSizes[0] * 4, kSizes[0], D > 1 ? kSizes[1] : 1);
  copy.dstArray = array;
  copy.extent = make_cudaExtent(kSizes[0], D > 1 ? kSizes[1] : 1, D > 2 ? kSizes[2] : 1);
  copy.kind = cudaMemcpyHostToDevice;
  CUDA(cudaMemcpy3D(&copy));
  cudaResourceDesc resource = {};
  resource.resType = cudaResourceTypeArray;
  resource.res.array.array = array;
  const cudaTextureAddressMode all[] = {cudaAddressModeWrap, cudaAddressModeClamp, cudaAddressModeMirror, cudaAddressModeBorder};
  for (int combination = 0; combination < 64; ++combination) {
    for (int k = 0; k < 4; ++k) {
      cudaTextureDesc description = {};
      for (int d = 0; d < 3; ++d) description.addressMode[d] = all[combination >> (2 * d) & 3];
      description.filterMode = k & 1 ? cudaFilterModeLinear : cudaFilterModePoint;
      description.normalizedCoords = k >> 1;
      description.borderColor[0] = kBorder;
      cudaTextureObject_t texture;
      CUDA(cudaCreateTextureObject(&texture, &resource, &description, nullptr));
      Reference reference{D, texels, {description.addressMode[0], description.addressMode[1], description.addressMode[2]}, (k & 1) != 0, k > 1};
      Mirror<float> at(3 * kPoints), out(kPoints);
      at.host = coordinates(k > 1, kPoints);
      at.up();
      sample<D><<<4, kPoints / 4>>>(texture, at.device, out.device, kPoints);
      out.down();
      CUDA(cudaDestroyTextureObject(texture));
      int wrong = 0;
      for (int i = 0; i < kPoints; ++i) {
        const double want = reference.at(&at[3 * i]);
        if (std::fabs(out[i] - want) > 1e-4 && wrong++ < 2)
          std::printf("%d-D modes %d filter %d normalized %d at %g %g %g: got %g, want %g\n", D, combination, k & 1, k >> 1, at[3 * i],
                      at[3 * i + 1], at[3 * i + 2], out[i], want);
      }
      failures += wrong;
    }
    if (D == 1 && combination == 3) break;
    if (D == 2 && combination == 15) break;
  }
  CUDA(cudaFreeArray(array));
}

void formats() {
  constexpr int kPoints = 128;
  Mirror<float> at(3 * kPoints);
  for (int i = 0; i < kPoints; ++i) {
    at[3 * i] = float(i % 16) + 0.5f;
    at[3 * i + 1] = float(i / 16) + 0.5f;
  }
  at.up();
  cudaTextureDesc description = {};
  description.addressMode[0] = description.addressMode[1] = cudaAddressModeClamp;
  cudaResourceDesc resource = {};
  resource.resType = cudaResourceTypeArray;

  std::vector<uchar4> bytes(kPoints);
  for (int i = 0; i < kPoints; ++i) bytes[i] = make_uchar4(i, 255 - i, i * 2, 255);
  cudaChannelFormatDesc channel = cudaCreateChannelDesc<uchar4>();
  CUDA(cudaMallocArray(&resource.res.array.array, &channel, 16, 8));
  CUDA(cudaMemcpy2DToArray(resource.res.array.array, 0, 0, bytes.data(), 64, 64, 8, cudaMemcpyHostToDevice));
  description.readMode = cudaReadModeNormalizedFloat;
  cudaTextureObject_t texture;
  CUDA(cudaCreateTextureObject(&texture, &resource, &description, nullptr));
  Mirror<float4> colors(kPoints);
  sample_bytes<<<1, kPoints>>>(texture, at.device, colors.device, kPoints);
  colors.down();
  for (int i = 0; i < kPoints; ++i) {
    EXPECT(colors[i].x == bytes[i].x / 255.0f && colors[i].y == bytes[i].y / 255.0f);
    EXPECT(colors[i].z == bytes[i].z / 255.0f && colors[i].w == 1.0f);
  }
  CUDA(cudaDestroyTextureObject(texture));
  CUDA(cudaFreeArray(resource.res.array.array));

  std::vector<int2> words(kPoints);
  for (int i = 0; i < kPoints; ++i) words[i] = make_int2(-i * 1000003, i);
  channel = cudaCreateChannelDesc<int2>();
  CUDA(cudaMallocArray(&resource.res.array.array, &channel, 16, 8));
  CUDA(cudaMemcpyToArray(resource.res.array.array, 0, 0, words.data(), words.size() * 8, cudaMemcpyHostToDevice));
  description.readMode = cudaReadModeElementType;
  description.addressMode[0] = cudaAddressModeBorder;
  const int border = -5;
  std::memcpy(&description.borderColor[0], &border, 4);
  at[0] = -3;
  at.up();
  CUDA(cudaCreateTextureObject(&texture, &resource, &description, nullptr));
  Mirror<int2> got(kPoints);
  sample_ints<<<1, kPoints>>>(texture, at.device, got.device, kPoints);
  got.down();
  EXPECT(got[0].x == border && got[0].y == 0);
  for (int i = 1; i < kPoints; ++i) EXPECT(got[i].x == words[i].x && got[i].y == words[i].y);
  CUDA(cudaDestroyTextureObject(texture));
  CUDA(cudaFreeArray(resource.res.array.array));
}

int main() {
  modes<1>();
  modes<2>();
  modes<3>();
  formats();
  return finish("texture_modes");
}
