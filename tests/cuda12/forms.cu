// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a program says differently in CUDA 12 than in CUDA 13, written as programs of that time were.
#include <cstdio>
#include <cstring>

#include "../run/check.h"

static_assert(CUDART_VERSION / 1000 == 12, "built with the headers of CUDA 12");

__global__ void fill(int *p, int value) { p[threadIdx.x] = value + threadIdx.x; }
__global__ void sample(cudaTextureObject_t texture, float *out) { out[threadIdx.x] = tex1Dfetch<float>(texture, threadIdx.x); }

static void properties() {
  struct {
    cudaDeviceProp p;
    unsigned guard[16];
  } s;
  memset(&s, 0x5a, sizeof s);
  EXPECT(cudaGetDeviceProperties(&s.p, 0) == cudaSuccess);
  EXPECT(s.guard[0] == 0x5a5a5a5au);
  int clock = 0, sms = 0, minor = -1;
  cudaDeviceGetAttribute(&clock, cudaDevAttrClockRate, 0);
  cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, 0);
  cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, 0);
  EXPECT(s.p.clockRate == clock && s.p.multiProcessorCount == sms && s.p.minor == minor);
  EXPECT(s.p.warpSize == 32 && s.p.maxThreadsPerBlock == 1024 && s.p.totalGlobalMem > 0);
  EXPECT(s.p.deviceOverlap == 1 && s.p.unifiedAddressing == 1 && s.p.reserved[0] == 0);
  int device = -1;
  EXPECT(cudaChooseDevice(&device, &s.p) == cudaSuccess && device == 0);
}

static void versions() {
  int runtime = 0, driver = 0;
  EXPECT(cudaRuntimeGetVersion(&runtime) == cudaSuccess && runtime / 1000 == 12);
  EXPECT(cudaDriverGetVersion(&driver) == cudaSuccess && driver >= runtime);
}

static void managed() {
  int *p = nullptr;
  EXPECT(cudaMallocManaged(&p, 64 * sizeof(int)) == cudaSuccess);
  EXPECT(cudaMemAdvise(p, 64 * sizeof(int), cudaMemAdviseSetPreferredLocation, 0) == cudaSuccess);
  EXPECT(cudaMemAdvise(p, 64 * sizeof(int), cudaMemAdviseSetAccessedBy, cudaCpuDeviceId) == cudaSuccess);
  EXPECT(cudaMemPrefetchAsync(p, 64 * sizeof(int), 0) == cudaSuccess);
  fill<<<1, 64>>>(p, 5);
  EXPECT(cudaMemPrefetchAsync(p, 64 * sizeof(int), cudaCpuDeviceId) == cudaSuccess);
  EXPECT(cudaDeviceSynchronize() == cudaSuccess);
  EXPECT(p[0] == 5 && p[63] == 68);
  struct {
    cudaPointerAttributes a;
    unsigned guard[16];
  } s;
  memset(&s, 0x5a, sizeof s);
  EXPECT(cudaPointerGetAttributes(&s.a, p) == cudaSuccess);
  EXPECT(s.a.type == cudaMemoryTypeManaged && s.a.devicePointer == p && s.guard[0] == 0x5a5a5a5au);
  EXPECT(cudaFree(p) == cudaSuccess);
}

static void texture() {
  float in[32], *p = nullptr, *out = nullptr;
  for (int i = 0; i < 32; ++i) in[i] = i * 0.5f;
  EXPECT(cudaMalloc(&p, sizeof in) == cudaSuccess && cudaMalloc(&out, sizeof in) == cudaSuccess);
  EXPECT(cudaMemcpy(p, in, sizeof in, cudaMemcpyHostToDevice) == cudaSuccess);
  cudaResourceDesc resource;
  memset(&resource, 0, sizeof resource);
  resource.resType = cudaResourceTypeLinear;
  resource.res.linear.devPtr = p;
  resource.res.linear.desc = cudaCreateChannelDesc<float>();
  resource.res.linear.sizeInBytes = sizeof in;
  cudaTextureDesc description;
  memset(&description, 0, sizeof description);
  cudaTextureObject_t object = 0;
  EXPECT(cudaCreateTextureObject(&object, &resource, &description, nullptr) == cudaSuccess);
  sample<<<1, 32>>>(object, out);
  float back[32] = {};
  EXPECT(cudaMemcpy(back, out, sizeof back, cudaMemcpyDeviceToHost) == cudaSuccess);
  EXPECT(memcmp(in, back, sizeof in) == 0);
  cudaResourceDesc asked;
  EXPECT(cudaGetTextureObjectResourceDesc(&asked, object) == cudaSuccess && asked.res.linear.devPtr == p);
  cudaDestroyTextureObject(object);
  cudaFree(p), cudaFree(out);
}

static void oldNames() {
  EXPECT(cudaThreadSynchronize() == cudaSuccess);
  size_t stack = 0;
  EXPECT(cudaThreadGetLimit(&stack, cudaLimitStackSize) == cudaSuccess && stack > 0);
  cudaStreamCaptureStatus status;
  unsigned long long id;
  EXPECT(cudaStreamGetCaptureInfo(0, &status, &id) == cudaSuccess && status == cudaStreamCaptureStatusNone);
  cudaEvent_t a, b;
  float ms = -1;
  EXPECT(cudaEventCreate(&a) == cudaSuccess && cudaEventCreate(&b) == cudaSuccess);
  cudaEventRecord(a), cudaEventRecord(b);
  EXPECT(cudaEventSynchronize(b) == cudaSuccess && cudaEventElapsedTime(&ms, a, b) == cudaSuccess && ms >= 0);
  cudaEventDestroy(a), cudaEventDestroy(b);
  typedef int (*Version)(int *);
  void *entry = nullptr;
  EXPECT(cudaGetDriverEntryPoint("cuDriverGetVersion", &entry, cudaEnableDefault) == cudaSuccess);
  int driver = 0;
  EXPECT(entry && ((Version)entry)(&driver) == 0 && driver >= 12000);
  EXPECT(cudaThreadExit() == cudaSuccess);
}

int main() {
  properties();
  versions();
  managed();
  texture();
  oldNames();
  return finish("forms");
}
