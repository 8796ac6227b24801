// A heat stencil on two independent fields, each in its own stream with pinned memory, asynchronous copies and events.
#include <cuda_runtime.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

#define CHECK(call)                                                                          \
  do {                                                                                       \
    cudaError_t status = (call);                                                             \
    if (status != cudaSuccess) {                                                             \
      std::printf("stencil_streams: FAILED (%s: %s)\n", #call, cudaGetErrorString(status)); \
      std::exit(1);                                                                          \
    }                                                                                        \
  } while (0)

__global__ void heat(const float *in, float *out, int width, int height) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x >= width || y >= height) return;
  int i = y * width + x;
  if (x == 0 || y == 0 || x == width - 1 || y == height - 1)
    out[i] = in[i];
  else
    out[i] = 0.5f * in[i] + 0.125f * (in[i - 1] + in[i + 1] + in[i - width] + in[i + width]);
}

static void heat_host(const float *in, float *out, int width, int height) {
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      int i = y * width + x;
      if (x == 0 || y == 0 || x == width - 1 || y == height - 1)
        out[i] = in[i];
      else
        out[i] = 0.5f * in[i] + 0.125f * (in[i - 1] + in[i + 1] + in[i - width] + in[i + width]);
    }
}

static void CUDART_CB count_finished(void *user) { ++*static_cast<int *>(user); }

int main() {
  const int width = 250, height = 130, steps = 20, fields = 2;
  const size_t bytes = width * height * sizeof(float);
  float *host[fields], *result[fields], *device[fields][2];
  cudaStream_t stream[fields];
  cudaEvent_t start[fields], stop[fields];
  int finished[fields] = {0, 0};
  for (int f = 0; f < fields; ++f) {
    CHECK(cudaMallocHost(&host[f], bytes));
    CHECK(cudaHostAlloc(&result[f], bytes, cudaHostAllocDefault));
    CHECK(cudaMalloc(&device[f][0], bytes));
    CHECK(cudaMalloc(&device[f][1], bytes));
    CHECK(cudaStreamCreateWithFlags(&stream[f], f == 0 ? cudaStreamDefault : cudaStreamNonBlocking));
    CHECK(cudaEventCreate(&start[f]));
    CHECK(cudaEventCreate(&stop[f]));
    for (int i = 0; i < width * height; ++i) host[f][i] = float((i * (31 + f)) % 100);
  }
  dim3 block(32, 8), grid((width + 31) / 32, (height + 7) / 8);
  for (int f = 0; f < fields; ++f) {
    CHECK(cudaEventRecord(start[f], stream[f]));
    CHECK(cudaMemcpyAsync(device[f][0], host[f], bytes, cudaMemcpyHostToDevice, stream[f]));
    for (int s = 0; s < steps; ++s) heat<<<grid, block, 0, stream[f]>>>(device[f][s % 2], device[f][1 - s % 2], width, height);
    CHECK(cudaMemcpyAsync(result[f], device[f][steps % 2], bytes, cudaMemcpyDeviceToHost, stream[f]));
    CHECK(cudaEventRecord(stop[f], stream[f]));
    CHECK(cudaLaunchHostFunc(stream[f], count_finished, &finished[f]));
  }
  CHECK(cudaStreamWaitEvent(stream[0], stop[1], 0));
  int wrong = 0;
  for (int f = 0; f < fields; ++f) {
    CHECK(cudaStreamSynchronize(stream[f]));
    float milliseconds = -1;
    CHECK(cudaEventElapsedTime(&milliseconds, start[f], stop[f]));
    wrong += !(milliseconds >= 0) || finished[f] != 1 || cudaEventQuery(stop[f]) != cudaSuccess;
    float *a = static_cast<float *>(std::malloc(bytes)), *b = static_cast<float *>(std::malloc(bytes));
    for (int i = 0; i < width * height; ++i) a[i] = host[f][i];
    for (int s = 0; s < steps; ++s) {
      heat_host(a, b, width, height);
      float *t = a;
      a = b;
      b = t;
    }
    for (int i = 0; i < width * height; ++i) wrong += std::fabs(result[f][i] - a[i]) > 1e-3f;
    std::free(a);
    std::free(b);
  }
  for (int f = 0; f < fields; ++f) {
    CHECK(cudaEventDestroy(start[f]));
    CHECK(cudaEventDestroy(stop[f]));
    CHECK(cudaStreamDestroy(stream[f]));
    CHECK(cudaFreeHost(host[f]));
    CHECK(cudaFreeHost(result[f]));
    CHECK(cudaFree(device[f][0]));
    CHECK(cudaFree(device[f][1]));
  }
  std::printf("stencil_streams: %s\n", wrong ? "FAILED" : "PASSED");
  return wrong != 0;
}
