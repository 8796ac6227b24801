// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels that launch kernels: order, arguments, recursion, streams, tail launches, errors on the device, a quicksort.
#include <algorithm>
#include <cstdio>
#include <vector>

#include "check.h"

struct Box {
  double scale;
  char tag;
  int3 by;
};

__global__ void add(int *data, int by) { data[blockIdx.x * blockDim.x + threadIdx.x] += by; }
__global__ void scale(int *data, Box box) { data[threadIdx.x] = int(data[threadIdx.x] * box.scale) + box.by.z + box.tag; }
__global__ void append(int *log, int what) {
  if (threadIdx.x == 0) log[1 + atomicAdd(log, 1)] = what;
}

__global__ void parent(int *data) {
  if (threadIdx.x == 0) {
    add<<<2, 32>>>(data, 5);
    scale<<<1, 64>>>(data, Box{2.0, 1, make_int3(0, 0, 100)});
  }
}

__global__ void everyThread(int *counts) { add<<<1, 1>>>(counts + threadIdx.x, int(threadIdx.x)); }

__global__ void order(int *log) {
  cudaStream_t side;
  cudaStreamCreateWithFlags(&side, cudaStreamNonBlocking);
  append<<<1, 32, 0, cudaStreamTailLaunch>>>(log, 90);
  append<<<1, 32>>>(log, 1);
  append<<<1, 32>>>(log, 2);
  append<<<1, 32, 0, side>>>(log, 3);
  append<<<1, 32, 0, side>>>(log, 4);
  append<<<1, 32, 0, cudaStreamFireAndForget>>>(log, 5);
  append<<<1, 32, 0, cudaStreamTailLaunch>>>(log, 91);
  cudaStreamDestroy(side);
}

__global__ void countDown(int *log, int n) {
  append<<<1, 1>>>(log, n);
  if (n > 0) countDown<<<1, 1, 0, cudaStreamTailLaunch>>>(log, n - 1);
}

__global__ void tree(int *count, int depth) {
  if (threadIdx.x == 0) atomicAdd(count, 1);
  if (depth > 0) tree<<<1, 2>>>(count, depth - 1);
}

__global__ void errors(int *out) {
  add<<<0, 32>>>(out, 1);
  out[0] = cudaGetLastError();
  add<<<1, 4096>>>(out, 1);
  out[1] = cudaPeekAtLastError();
  out[2] = cudaGetLastError();
  out[3] = cudaGetLastError();
  add<<<1, 1, 10 << 20>>>(out, 1);
  out[4] = cudaGetLastError();
  const char *name = cudaGetErrorName(cudaErrorInvalidConfiguration);
  out[5] = name[0] == 'c' && name[9] == 'I';
  out[6] = cudaGetErrorString(cudaSuccess)[0] == 'n';
}

__global__ void copies(int *to, const int *from, int *fresh) {
  cudaMemsetAsync(to, 0xFF, 64 * sizeof(int), cudaStreamFireAndForget);
  cudaMemcpyAsync(to + 8, from, 8 * sizeof(int), cudaMemcpyDeviceToDevice, cudaStreamFireAndForget);
  int *heap = nullptr;
  if (cudaMalloc(&heap, 64) == cudaSuccess) {
    heap[3] = 41;
    fresh[0] = heap[3] + 1;
    cudaFree(heap);
  }
}

// The textbook one: partition in one thread, a child for each half.
__global__ void quicksort(int *data, int left, int right, int depth) {
  if (depth > 12 || right - left < 16) {
    for (int i = left; i <= right; ++i)
      for (int j = i + 1; j <= right; ++j)
        if (data[j] < data[i]) {
          int keep = data[i];
          data[i] = data[j];
          data[j] = keep;
        }
    return;
  }
  int l = left, r = right;
  const int pivot = data[(l + r) / 2];
  while (l <= r) {
    while (data[l] < pivot) ++l;
    while (data[r] > pivot) --r;
    if (l <= r) {
      int keep = data[l];
      data[l++] = data[r];
      data[r--] = keep;
    }
  }
  cudaStream_t s;
  if (left < r) {
    cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking);
    quicksort<<<1, 1, 0, s>>>(data, left, r, depth + 1);
    cudaStreamDestroy(s);
  }
  if (l < right) {
    cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking);
    quicksort<<<1, 1, 0, s>>>(data, l, right, depth + 1);
    cudaStreamDestroy(s);
  }
}

int main() {
  int *data;
  CUDA(cudaMallocManaged(&data, 1 << 20));
  auto run = [&](const char *what) {
    cudaError_t error = cudaDeviceSynchronize();
    if (error != cudaSuccess) std::printf("%s: %s\n", what, cudaGetErrorString(error));
    EXPECT(error == cudaSuccess);
  };

  for (int i = 0; i < 64; ++i) data[i] = i;
  parent<<<1, 64>>>(data);
  add<<<2, 32>>>(data, 1000);  // behind the children of the launch before it
  run("parent");
  for (int i = 0; i < 64; ++i) EXPECT(data[i] == (i + 5) * 2 + 101 + 1000);

  std::fill_n(data, 4096, 0);
  everyThread<<<3, 1024>>>(data);
  run("everyThread");
  for (int i = 0; i < 1024; ++i) EXPECT(data[i] == 3 * i);

  std::fill_n(data, 16, 0);
  order<<<1, 1>>>(data);
  run("order");
  EXPECT(data[0] == 7);
  auto place = [&](int what) { return std::find(data + 1, data + 8, what) - data; };
  EXPECT(place(1) < place(2));
  EXPECT(place(3) < place(4));
  EXPECT(data[6] == 90);
  EXPECT(data[7] == 91);

  std::fill_n(data, 2048, 0);
  countDown<<<1, 1>>>(data, 500);
  run("countDown");
  EXPECT(data[0] == 501);
  for (int i = 0; i <= 500; ++i) EXPECT(data[1 + i] == 500 - i);

  data[0] = 0;
  tree<<<1, 2>>>(data, 7);
  run("tree");
  EXPECT(data[0] == 255);

  errors<<<1, 1>>>(data);
  run("errors");
  EXPECT(data[0] == cudaErrorInvalidConfiguration);
  EXPECT(data[1] == cudaErrorInvalidConfiguration);
  EXPECT(data[2] == cudaErrorInvalidConfiguration);
  EXPECT(data[3] == cudaSuccess);
  EXPECT(data[4] != cudaSuccess);
  EXPECT(data[5] == 1);
  EXPECT(data[6] == 1);

  for (int i = 0; i < 8; ++i) data[200 + i] = 70 + i;
  copies<<<1, 1>>>(data, data + 200, data + 300);
  run("copies");
  for (int i = 0; i < 64; ++i) EXPECT(data[i] == (i >= 8 && i < 16 ? 70 + i - 8 : -1));
  EXPECT(data[300] == 42);

  std::vector<int> wanted(5000);
  unsigned seed = 7;
  for (int i = 0; i < 5000; ++i) wanted[i] = data[i] = int((seed = seed * 1664525u + 1013904223u) >> 8);
  std::sort(wanted.begin(), wanted.end());
  quicksort<<<1, 1>>>(data, 0, 4999, 0);
  run("quicksort");
  EXPECT(std::equal(wanted.begin(), wanted.end(), data));
  return finish("dynamic_parallelism");
}
