// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls that are known only at run time: pointers in tables, in arguments and from the host; virtual functions; lambdas.
#include <cstdint>
#include <vector>

#include "check.h"

using Op = int (*)(int, int);

__device__ int add(int a, int b) { return a + b; }
__device__ int subtract(int a, int b) { return a - b; }
__device__ __noinline__ int multiply(int a, int b) { return a * b; }
__device__ int larger(int a, int b) { return a > b ? a : b; }

__device__ Op table[4] = {add, subtract, multiply, larger};
__constant__ Op constantTable[2] = {multiply, add};
__device__ Op one = larger;

__global__ void byTable(const int *which, int *out) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = table[which[i] & 3](i, 7) + constantTable[which[i] & 1](i, 3);
}

__global__ void byArgument(Op op, int *out) {
  int i = threadIdx.x;
  out[i] = op(i, 5);
}

__global__ void fill(Op *place, int which) { *place = which ? subtract : multiply; }

// The same function has the same address in every kernel.
__global__ void same(Op *places, int *equal) {
  equal[0] = places[0] == subtract;
  equal[1] = places[1] == multiply;
  equal[2] = places[0] == places[1];
}

struct Shape {
  __device__ virtual float area() const = 0;
  __device__ virtual float scaled(float by) const { return area() * by; }
  __device__ virtual ~Shape() {}
};
struct Square : Shape {
  float side;
  __device__ Square(float s) : side(s) {}
  __device__ float area() const override { return side * side; }
};
struct Circle : Shape {
  float radius;
  __device__ Circle(float r) : radius(r) {}
  __device__ float area() const override { return 3 * radius * radius; }
  __device__ float scaled(float by) const override { return area() + by; }
};

__global__ void build(Shape **shapes, int n) {
  for (int i = threadIdx.x; i < n; i += blockDim.x) {
    if (i % 2)
      shapes[i] = new Square(float(i));
    else
      shapes[i] = new Circle(float(i));
  }
}
__global__ void measure(Shape **shapes, float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = shapes[i]->area() + shapes[i]->scaled(2);
}
__global__ void destroy(Shape **shapes, int n) {
  for (int i = threadIdx.x; i < n; i += blockDim.x) delete shapes[i];
}

struct Counter {
  int value;
  __device__ int up(int by) { return value += by; }
  __device__ int down(int by) { return value -= by; }
};
__global__ void members(int *out, int n) {
  int (Counter::*steps[2])(int) = {&Counter::up, &Counter::down};
  int i = threadIdx.x;
  Counter counter{100};
  for (int k = 0; k < n; ++k) (counter.*steps[(i + k) & 1])(k);
  out[i] = counter.value;
}

template <class F>
__device__ __noinline__ double apply(F f, double x) { return f(f(x)); }
__global__ void lambdas(double *out, int n) {
  double (*steps[3])(double) = {[](double x) { return x + 1; }, [](double x) { return x * x; }, [](double x) { return -x; }};
  int i = threadIdx.x;
  double x = i;
  for (int k = 0; k < n; ++k) x = apply(steps[(i + k) % 3], x);
  out[i] = x;
}

struct Wide {
  double a[5];
  int b;
  char c[3];
};
using WideOp = Wide (*)(Wide, short);
__device__ __noinline__ Wide shift(Wide w, short by) {
  for (double &x : w.a) x += by;
  w.b -= by;
  w.c[by % 3] = 'x';
  return w;
}
__device__ __noinline__ Wide grow(Wide w, short by) {
  for (double &x : w.a) x *= by;
  w.b *= by;
  w.c[0] = char(by);
  return w;
}
__device__ WideOp wideTable[2] = {shift, grow};
__global__ void wide(Wide *out) {
  int i = threadIdx.x;
  Wide w{{1, 2, 3, 4, 5}, 6, {'a', 'b', 'c'}};
  out[i] = wideTable[i & 1](w, short(i));
}

int main() {
  constexpr int N = 256;
  std::vector<int> which(N), out(N);
  for (int i = 0; i < N; ++i) which[i] = (i * 7) / 3;
  int *device_which, *device_out;
  CUDA(cudaMalloc(&device_which, N * sizeof(int)));
  CUDA(cudaMalloc(&device_out, N * sizeof(int)));
  CUDA(cudaMemcpy(device_which, which.data(), N * sizeof(int), cudaMemcpyHostToDevice));
  auto host = [](int op, int a, int b) { return op == 0 ? a + b : op == 1 ? a - b : op == 2 ? a * b : a > b ? a : b; };

  byTable<<<2, N / 2>>>(device_which, device_out);
  CUDA(cudaMemcpy(out.data(), device_out, N * sizeof(int), cudaMemcpyDeviceToHost));
  for (int i = 0; i < N; ++i) EXPECT(out[i] == host(which[i] & 3, i, 7) + host(which[i] & 1 ? 0 : 2, i, 3));

  Op op, from_table[4];
  CUDA(cudaMemcpyFromSymbol(&op, one, sizeof op));
  CUDA(cudaMemcpyFromSymbol(from_table, table, sizeof from_table));
  EXPECT(op == from_table[3] && op != from_table[0] && op != nullptr);
  for (int k = 0; k < 4; ++k) {
    byArgument<<<1, 64>>>(from_table[k], device_out);
    CUDA(cudaMemcpy(out.data(), device_out, 64 * sizeof(int), cudaMemcpyDeviceToHost));
    for (int i = 0; i < 64; ++i) EXPECT(out[i] == host(k, i, 5));
  }
  Op *places;
  CUDA(cudaMalloc(&places, 2 * sizeof(Op)));
  fill<<<1, 1>>>(places, 1);
  fill<<<1, 1>>>(places + 1, 0);
  same<<<1, 1>>>(places, device_out);
  CUDA(cudaMemcpy(out.data(), device_out, 3 * sizeof(int), cudaMemcpyDeviceToHost));
  EXPECT(out[0] && out[1] && !out[2]);
  // A table that the host puts together.
  Op mixed[4] = {from_table[3], from_table[2], from_table[1], from_table[0]};
  CUDA(cudaMemcpyToSymbol(table, mixed, sizeof mixed));
  byTable<<<2, N / 2>>>(device_which, device_out);
  CUDA(cudaMemcpy(out.data(), device_out, N * sizeof(int), cudaMemcpyDeviceToHost));
  for (int i = 0; i < N; ++i) EXPECT(out[i] == host(3 - (which[i] & 3), i, 7) + host(which[i] & 1 ? 0 : 2, i, 3));

  Shape **shapes;
  float *areas;
  CUDA(cudaMalloc(&shapes, N * sizeof(Shape *)));
  CUDA(cudaMalloc(&areas, N * sizeof(float)));
  build<<<1, 32>>>(shapes, N);
  measure<<<4, N / 4>>>(shapes, areas, N);
  destroy<<<1, 32>>>(shapes, N);
  std::vector<float> got(N);
  CUDA(cudaMemcpy(got.data(), areas, N * sizeof(float), cudaMemcpyDeviceToHost));
  for (int i = 0; i < N; ++i) {
    float area = i % 2 ? float(i) * i : 3.0f * i * i;
    EXPECT(got[i] == area + (i % 2 ? area * 2 : area + 2));
  }

  members<<<1, 64>>>(device_out, 5);
  CUDA(cudaMemcpy(out.data(), device_out, 64 * sizeof(int), cudaMemcpyDeviceToHost));
  for (int i = 0; i < 64; ++i) {
    int value = 100;
    for (int k = 0; k < 5; ++k) value += (i + k) & 1 ? -k : k;
    EXPECT(out[i] == value);
  }

  double *numbers;
  CUDA(cudaMalloc(&numbers, 64 * sizeof(double)));
  lambdas<<<1, 64>>>(numbers, 4);
  std::vector<double> real(64);
  CUDA(cudaMemcpy(real.data(), numbers, 64 * sizeof(double), cudaMemcpyDeviceToHost));
  for (int i = 0; i < 64; ++i) {
    double x = i;
    for (int k = 0; k < 4; ++k)
      for (int twice = 0; twice < 2; ++twice) x = (i + k) % 3 == 0 ? x + 1 : (i + k) % 3 == 1 ? x * x : -x;
    EXPECT(real[i] == x);
  }

  Wide *wides;
  CUDA(cudaMalloc(&wides, 32 * sizeof(Wide)));
  wide<<<1, 32>>>(wides);
  std::vector<Wide> back(32);
  CUDA(cudaMemcpy(back.data(), wides, 32 * sizeof(Wide), cudaMemcpyDeviceToHost));
  for (int i = 0; i < 32; ++i) {
    for (int k = 0; k < 5; ++k) EXPECT(back[i].a[k] == (i & 1 ? (k + 1.0) * i : k + 1.0 + i));
    EXPECT(back[i].b == (i & 1 ? 6 * i : 6 - i));
    EXPECT(back[i].c[i & 1 ? 0 : i % 3] == (i & 1 ? char(i) : 'x'));
  }
  return finish("function_pointers");
}
