// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Recursion on the device: direct, mutual, through pointers and virtual functions; local arrays, barriers and warp
// operations under way; depths that need cudaLimitStackSize, and what happens without it.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "check.h"

__device__ __noinline__ unsigned fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
__global__ void fibs(unsigned *out) { out[threadIdx.x] = fib(threadIdx.x % 16) + fib(3); }

__device__ __noinline__ bool odd(int n);
__device__ __noinline__ bool even(int n) { return n == 0 || odd(n - 1); }
__device__ __noinline__ bool odd(int n) { return n != 0 && even(n - 1); }
__global__ void parity(int *out) {
  int i = threadIdx.x;
  out[i] = even(i) * 2 + odd(i / 2);
}

__device__ __noinline__ int ackermann(int m, int n) {
  if (m == 0) return n + 1;
  if (n == 0) return ackermann(m - 1, 1);
  return ackermann(m - 1, ackermann(m, n - 1));
}
__global__ void ackermanns(int *out) { out[threadIdx.x] = ackermann(threadIdx.x % 3, threadIdx.x / 3 % 4); }

__device__ void quicksort(int *a, int low, int high) {
  if (low >= high) return;
  int pivot = a[(low + high) / 2], i = low, k = high;
  while (i <= k) {
    while (a[i] < pivot) ++i;
    while (a[k] > pivot) --k;
    if (i <= k) {
      int t = a[i];
      a[i++] = a[k];
      a[k--] = t;
    }
  }
  quicksort(a, low, k);
  quicksort(a, i, high);
}
__global__ void sorts(int *data, int each) {
  int *mine = data + (blockIdx.x * blockDim.x + threadIdx.x) * each;
  quicksort(mine, 0, each - 1);
}

// Local arrays whose address goes down the calls.
__device__ __noinline__ void permute(int *chosen, int depth, int n, int used, unsigned *sum) {
  if (depth == n) {
    unsigned value = 0;
    for (int i = 0; i < n; ++i) value = value * 7 + chosen[i];
    *sum ^= value;
    return;
  }
  int copy[6];
  for (int i = 0; i < depth; ++i) copy[i] = chosen[i];
  for (int k = 0; k < n; ++k) {
    if (used >> k & 1) continue;
    copy[depth] = k;
    permute(copy, depth + 1, n, used | 1 << k, sum);
  }
}
__global__ void permutations(unsigned *out) {
  int start[6] = {};
  unsigned sum = 0;
  permute(start, 0, 1 + threadIdx.x % 5, 0, &sum);
  out[threadIdx.x] = sum;
}

// A tree of expressions: virtual functions that call themselves through pointers.
struct Node {
  __device__ virtual double value(double x) const = 0;
};
struct Constant : Node {
  double c;
  __device__ Constant(double c) : c(c) {}
  __device__ double value(double) const override { return c; }
};
struct Variable : Node {
  __device__ double value(double x) const override { return x; }
};
struct Sum : Node {
  Node *a, *b;
  __device__ Sum(Node *a, Node *b) : a(a), b(b) {}
  __device__ double value(double x) const override { return a->value(x) + b->value(x); }
};
struct Product : Node {
  Node *a, *b;
  __device__ Product(Node *a, Node *b) : a(a), b(b) {}
  __device__ double value(double x) const override { return a->value(x) * b->value(x); }
};
__device__ Node *polynomial(int degree) {  // Horner: (..(x + d) * x + ..) * x + 1
  if (degree == 0) return new Constant(1);
  return new Sum(new Product(polynomial(degree - 1), new Variable), new Constant(degree + 1));
}
__global__ void makeTree(Node **root, int degree) { *root = polynomial(degree); }
__global__ void evaluate(Node **root, double *out) { out[threadIdx.x] = (*root)->value(threadIdx.x * 0.25); }

// A barrier at each level, and a reduction of the warp: all threads go down together.
__device__ __noinline__ int levels(int depth, int *shared) {
  shared[threadIdx.x] = depth * 1000 + threadIdx.x;
  __syncthreads();
  int seen = shared[(threadIdx.x + depth) % blockDim.x];
  __syncthreads();
  seen += __shfl_xor_sync(0xFFFFFFFF, seen, 1);
  if (depth == 0) return seen;
  return seen + levels(depth - 1, shared);
}
__global__ void together(int *out) {
  __shared__ int shared[64];
  out[threadIdx.x] = levels(5, shared);
}

__device__ __noinline__ unsigned deep(unsigned n, unsigned *memory) {
  if (n == 0) return 1;
  unsigned below = deep(n - 1, memory);
  return below * 3 + memory[n % 4];
}
__global__ void dive(unsigned n, unsigned *memory, unsigned *out) { out[threadIdx.x] = deep(n, memory); }

template <class T>
struct Device {
  T *at = nullptr;
  explicit Device(size_t n) { CUDA(cudaMalloc(&at, n * sizeof(T))); }
  std::vector<T> read(size_t n) const {
    std::vector<T> out(n);
    CUDA(cudaMemcpy(out.data(), at, n * sizeof(T), cudaMemcpyDeviceToHost));
    return out;
  }
};

int main() {
  Device<unsigned> numbers(64);
  fibs<<<1, 64>>>(numbers.at);
  unsigned known[16] = {0, 1};
  for (int i = 2; i < 16; ++i) known[i] = known[i - 1] + known[i - 2];
  auto fibs = numbers.read(64);
  for (int i = 0; i < 64; ++i) EXPECT(fibs[i] == known[i % 16] + 2);

  Device<int> signed_numbers(64);
  parity<<<1, 64>>>(signed_numbers.at);
  auto got = signed_numbers.read(64);
  for (int i = 0; i < 64; ++i) EXPECT(got[i] == (i % 2 == 0) * 2 + (i / 2 % 2));

  ackermanns<<<1, 64>>>(signed_numbers.at);
  got = signed_numbers.read(64);
  for (int i = 0; i < 64; ++i) {
    int m = i % 3, n = i / 3 % 4;
    EXPECT(got[i] == (m == 0 ? n + 1 : m == 1 ? n + 2 : 2 * n + 3));
  }

  constexpr int Each = 40, Threads = 96;
  std::vector<int> data(Each * Threads);
  for (size_t i = 0; i < data.size(); ++i) data[i] = int(i * 2654435761u >> 20) % 500;
  Device<int> sorted(data.size());
  CUDA(cudaMemcpy(sorted.at, data.data(), data.size() * sizeof(int), cudaMemcpyHostToDevice));
  sorts<<<3, 32>>>(sorted.at, Each);
  auto back = sorted.read(data.size());
  for (int t = 0; t < Threads; ++t) std::sort(&data[t * Each], &data[t * Each] + Each);
  EXPECT(back == data);

  permutations<<<1, 32>>>(numbers.at);
  auto sums = numbers.read(32);
  for (int i = 0; i < 32; ++i) {
    int n = 1 + i % 5, order[5] = {0, 1, 2, 3, 4};
    unsigned sum = 0;
    do {
      unsigned value = 0;
      for (int k = 0; k < n; ++k) value = value * 7 + order[k];
      sum ^= value;
    } while (std::next_permutation(order, order + n));
    EXPECT(sums[i] == sum);
  }

  Device<Node *> root(1);
  Device<double> values(32);
  makeTree<<<1, 1>>>(root.at, 6);
  evaluate<<<1, 32>>>(root.at, values.at);
  auto polynomial = values.read(32);
  for (int i = 0; i < 32; ++i) {
    double x = i * 0.25, y = 1;
    for (int k = 1; k <= 6; ++k) y = y * x + (k + 1);
    EXPECT(polynomial[i] == y);
  }

  together<<<1, 64>>>(signed_numbers.at);
  got = signed_numbers.read(64);
  for (int i = 0; i < 64; ++i) {
    int sum = 0;
    for (int d = 0; d <= 5; ++d) sum += 2 * d * 1000 + (i + d) % 64 + ((i ^ 1) + d) % 64;
    EXPECT(got[i] == sum);
  }

  unsigned weights[4] = {1, 2, 3, 4};
  Device<unsigned> memory(4);
  CUDA(cudaMemcpy(memory.at, weights, sizeof weights, cudaMemcpyHostToDevice));
  auto truth = [&](unsigned n) {
    unsigned value = 1;
    for (unsigned k = 1; k <= n; ++k) value = value * 3 + weights[k % 4];
    return value;
  };
  CUDA(cudaDeviceSetLimit(cudaLimitStackSize, 256 << 10));
  size_t limit = 0;
  CUDA(cudaDeviceGetLimit(&limit, cudaLimitStackSize));
  EXPECT(limit == 256 << 10);
  dive<<<1, 32>>>(5000, memory.at, numbers.at);
  auto deep = numbers.read(32);
  for (int i = 0; i < 32; ++i) EXPECT(deep[i] == truth(5000));

  // Too deep is a fault of the kernel, nothing else.
  CUDA(cudaDeviceSetLimit(cudaLimitStackSize, 1024));
  dive<<<1, 32>>>(1000000, memory.at, numbers.at);
  EXPECT(cudaDeviceSynchronize() != cudaSuccess);
  return finish("recursion");
}
