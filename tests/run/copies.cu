// Every way to copy and fill: linear, pitched, 3-D, by symbol, pinned, registered, mapped, managed, pools.
#include <cstring>

#include "check.h"

__device__ int device_array[100];
__managed__ int managed_counter = 5;
__managed__ float managed_table[3] = {1.5f, 2.5f, 3.5f};

__global__ void bump(int *p, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) p[i] += 1; }
__global__ void use_managed() { managed_counter += int(managed_table[1] * 2); managed_table[2] = 9; }

int main() {
  // pitched
  char *pitched;
  size_t pitch;
  CUDA(cudaMallocPitch(&pitched, &pitch, 100, 20));
  EXPECT(pitch >= 100 && pitch % 32 == 0);
  std::vector<char> rows(70 * 20), back(90 * 20, 0);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = char(i % 101);
  CUDA(cudaMemset2D(pitched, pitch, 7, 100, 20));
  CUDA(cudaMemcpy2D(pitched + 5, pitch, rows.data(), 70, 70, 20, cudaMemcpyHostToDevice));
  CUDA(cudaMemcpy2D(back.data(), 90, pitched, pitch, 90, 20, cudaMemcpyDeviceToHost));
  for (int y = 0; y < 20; ++y)
    for (int x = 0; x < 90; ++x) EXPECT(back[y * 90 + x] == (x < 5 || x >= 75 ? 7 : rows[y * 70 + x - 5]));
  EXPECT(cudaMemcpy2D(pitched, 50, rows.data(), 70, 70, 20, cudaMemcpyHostToDevice) == cudaErrorInvalidPitchValue);
  cudaGetLastError();
  CUDA(cudaFree(pitched));
  // 3-D
  cudaExtent extent = make_cudaExtent(24, 5, 4);
  cudaPitchedPtr cube;
  CUDA(cudaMalloc3D(&cube, extent));
  std::vector<char> flat(24 * 5 * 4), again(24 * 5 * 4, 0);
  for (size_t i = 0; i < flat.size(); ++i) flat[i] = char(i * 3);
  cudaMemcpy3DParms copy = {};
  copy.srcPtr = make_cudaPitchedPtr(flat.data(), 24, 24, 5);
  copy.dstPtr = cube;
  copy.extent = extent;
  copy.kind = cudaMemcpyHostToDevice;
  CUDA(cudaMemcpy3D(&copy));
  copy.srcPtr = cube;
  copy.dstPtr = make_cudaPitchedPtr(again.data(), 24, 24, 5);
  copy.kind = cudaMemcpyDeviceToHost;
  CUDA(cudaMemcpy3D(&copy));
  EXPECT(flat == again);
  CUDA(cudaFree(cube.ptr));
  // host memory of each kind
  int *pinned, *mapped, *mapped_device;
  CUDA(cudaMallocHost(&pinned, 400));
  CUDA(cudaHostAlloc(&mapped, 400, cudaHostAllocMapped | cudaHostAllocPortable));
  CUDA(cudaHostGetDevicePointer(&mapped_device, mapped, 0));
  for (int i = 0; i < 100; ++i) pinned[i] = mapped[i] = i;
  bump<<<1, 100>>>(mapped_device, 100);
  CUDA(cudaDeviceSynchronize());
  for (int i = 0; i < 100; ++i) EXPECT(mapped[i] == i + 1);
  std::vector<int> plain(1000, 4);
  CUDA(cudaHostRegister(plain.data(), 4000, cudaHostRegisterDefault));
  int *device;
  CUDA(cudaMalloc(&device, 4000));
  CUDA(cudaMemcpyAsync(device, plain.data(), 4000, cudaMemcpyHostToDevice));
  bump<<<4, 256>>>(device, 1000);
  CUDA(cudaMemcpyAsync(plain.data(), device, 4000, cudaMemcpyDefault));
  CUDA(cudaStreamSynchronize(0));
  for (int v : plain) EXPECT(v == 5);
  CUDA(cudaHostUnregister(plain.data()));
  cudaPointerAttributes attributes;
  CUDA(cudaPointerGetAttributes(&attributes, device + 10));
  EXPECT(attributes.type == cudaMemoryTypeDevice && attributes.devicePointer == device + 10);
  CUDA(cudaPointerGetAttributes(&attributes, pinned));
  EXPECT(attributes.type == cudaMemoryTypeHost && attributes.hostPointer == pinned);
  CUDA(cudaPointerGetAttributes(&attributes, plain.data()));
  EXPECT(attributes.type == cudaMemoryTypeUnregistered);
  CUDA(cudaFreeHost(pinned));
  CUDA(cudaFreeHost(mapped));
  // fills
  CUDA(cudaMemset(device, 0xab, 4000));
  CUDA(cudaMemsetAsync(device + 3, 0, 8));
  CUDA(cudaMemcpy(plain.data(), device, 4000, cudaMemcpyDeviceToHost));
  EXPECT(plain[2] == int(0xabababab) && plain[3] == 0 && plain[4] == 0 && plain[5] == int(0xabababab) && plain[999] == int(0xabababab));
  // device to device, overlapping offsets in one allocation
  for (int i = 0; i < 1000; ++i) plain[i] = i;
  CUDA(cudaMemcpy(device, plain.data(), 4000, cudaMemcpyHostToDevice));
  CUDA(cudaMemcpy(device + 500, device, 2000, cudaMemcpyDeviceToDevice));
  CUDA(cudaMemcpy(plain.data(), device, 4000, cudaMemcpyDeviceToHost));
  EXPECT(plain[499] == 499 && plain[500] == 0 && plain[999] == 499);
  // symbols
  int values[100];
  for (int i = 0; i < 100; ++i) values[i] = i * i;
  CUDA(cudaMemcpyToSymbol(device_array, values, sizeof values));
  void *address;
  CUDA(cudaGetSymbolAddress(&address, device_array));
  bump<<<1, 100>>>(static_cast<int *>(address), 100);
  CUDA(cudaMemcpyFromSymbol(values, device_array, 40, 20));
  EXPECT(values[0] == 26 && values[9] == 14 * 14 + 1 && values[10] == 100);
  // managed
  use_managed<<<1, 1>>>();
  CUDA(cudaDeviceSynchronize());
  EXPECT(managed_counter == 10 && managed_table[2] == 9 && managed_table[0] == 1.5f);
  int *managed;
  CUDA(cudaMallocManaged(&managed, 400));
  for (int i = 0; i < 100; ++i) managed[i] = i;
  bump<<<1, 100>>>(managed, 100);
  CUDA(cudaDeviceSynchronize());
  EXPECT(managed[0] == 1 && managed[99] == 100);
  CUDA(cudaFree(managed));
  // stream-ordered
  cudaStream_t stream;
  CUDA(cudaStreamCreate(&stream));
  int *ordered;
  CUDA(cudaMallocAsync(&ordered, 400, stream));
  CUDA(cudaMemsetAsync(ordered, 0, 400, stream));
  bump<<<1, 100, 0, stream>>>(ordered, 100);
  CUDA(cudaMemcpyAsync(values, ordered, 400, cudaMemcpyDeviceToHost, stream));
  CUDA(cudaFreeAsync(ordered, stream));
  CUDA(cudaStreamSynchronize(stream));
  EXPECT(values[0] == 1 && values[99] == 1);
  size_t free_bytes, total;
  CUDA(cudaMemGetInfo(&free_bytes, &total));
  EXPECT(free_bytes > 0 && free_bytes <= total);
  void *chunk;
  CUDA(cudaMalloc(&chunk, 64 << 20));
  size_t less;
  CUDA(cudaMemGetInfo(&less, &total));
  EXPECT(less + (60 << 20) <= free_bytes);
  CUDA(cudaFree(chunk));
  return finish("copies");
}
