// What a program sees when it does wrong: the errors that CUDA documents, and a process that lives on.
#include <climits>

#include "check.h"

__global__ void touch(int *p) { p[threadIdx.x] = 1; }
__global__ void big_shared(int *p) { extern __shared__ int s[]; s[threadIdx.x] = 1; p[threadIdx.x] = s[threadIdx.x]; }
__global__ void __launch_bounds__(64) bounded(int *p) { p[threadIdx.x] = 2; }

#define FAILS(call, error)                                                                                   \
  do {                                                                                                       \
    cudaError_t got_ = (call);                                                                               \
    if (got_ != error && ++failures)                                                                         \
      std::printf("%s:%d: %s gave %s, want %s\n", __FILE__, __LINE__, #call, cudaGetErrorName(got_), #error); \
    cudaGetLastError();                                                                                      \
  } while (0)

int main() {
  int *p = nullptr;
  CUDA(cudaMalloc(&p, 4096));
  FAILS((touch<<<1, 2000>>>(p), cudaGetLastError()), cudaErrorInvalidConfiguration);
  FAILS((touch<<<0, 32>>>(p), cudaGetLastError()), cudaErrorInvalidConfiguration);
  FAILS((touch<<<1, 0>>>(p), cudaGetLastError()), cudaErrorInvalidConfiguration);
  FAILS((touch<<<dim3(1, 70000), 32>>>(p), cudaGetLastError()), cudaErrorInvalidConfiguration);
  FAILS((touch<<<1, dim3(1, 1, 65)>>>(p), cudaGetLastError()), cudaErrorInvalidConfiguration);
  FAILS((big_shared<<<1, 32, 60000>>>(p), cudaGetLastError()), cudaErrorInvalidValue);
  FAILS(cudaFuncSetAttribute(big_shared, cudaFuncAttributeMaxDynamicSharedMemorySize, 60000), cudaSuccess);
  FAILS((big_shared<<<1, 32, 60000>>>(p), cudaGetLastError()), cudaSuccess);
  bounded<<<1, 65>>>(p);
  EXPECT(cudaGetLastError() != cudaSuccess);
  FAILS(cudaDeviceSynchronize(), cudaSuccess);
  FAILS(cudaMalloc(&p, size_t(1) << 60), cudaErrorMemoryAllocation);
  FAILS(cudaMalloc(nullptr, 16), cudaErrorInvalidValue);
  CUDA(cudaMalloc(&p, 1000));
  FAILS(cudaFree(p), cudaSuccess);
  FAILS(cudaFree(p), cudaErrorInvalidValue);
  FAILS(cudaFree(nullptr), cudaSuccess);
  int local = 0;
  FAILS(cudaFree(&local), cudaErrorInvalidValue);
  FAILS(cudaSetDevice(100), cudaErrorInvalidDevice);
  FAILS(cudaMemcpy(nullptr, &local, 4, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  FAILS(cudaMemcpy(&local, &local, 4, static_cast<cudaMemcpyKind>(77)), cudaErrorInvalidMemcpyDirection);
  FAILS(cudaEventElapsedTime(nullptr, nullptr, nullptr), cudaErrorInvalidValue);
  cudaEvent_t event, never;
  CUDA(cudaEventCreate(&event));
  CUDA(cudaEventCreate(&never));
  float ms;
  CUDA(cudaEventRecord(event));
  CUDA(cudaEventSynchronize(event));
  FAILS(cudaEventElapsedTime(&ms, event, never), cudaErrorInvalidResourceHandle);
  FAILS(cudaEventQuery(never), cudaSuccess);
  cudaDeviceProp prop;
  FAILS(cudaGetDeviceProperties(&prop, -1), cudaErrorInvalidDevice);
  FAILS(cudaGetDeviceProperties(&prop, 0), cudaSuccess);
  EXPECT(prop.warpSize == 32 && prop.maxThreadsPerBlock == 1024 && prop.totalGlobalMem > 0 && prop.multiProcessorCount > 0 && prop.major >= 5 && prop.name[0]);
  EXPECT(cudaPeekAtLastError() == cudaSuccess);
  int host[4] = {1, 2, 3, 4};
  CUDA(cudaMalloc(&p, 64));
  CUDA(cudaMemcpy(p, host, sizeof host, cudaMemcpyHostToDevice));
  EXPECT(cudaGetLastError() == cudaSuccess);
  // A bad access is an error of the device, for good; the process lives.
  touch<<<1, 32>>>(nullptr);
  FAILS(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
  FAILS(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
  FAILS(cudaMalloc(&p, 16), cudaErrorIllegalAddress);
  FAILS((touch<<<1, 1>>>(p), cudaGetLastError()), cudaErrorIllegalAddress);
  std::printf("%s\n", cudaGetErrorString(cudaErrorIllegalAddress));
  return finish("errors");
}
