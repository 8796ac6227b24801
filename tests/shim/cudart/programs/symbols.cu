// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Device, constant and managed variables, by the templates of the CUDA headers.
#include "check.h"

struct Point {
  float x, y;
};
__device__ int scalar = 3;
__device__ Point points[4] = {{1, 2}, {3, 4}, {5, 6}, {7, 8}};
__constant__ double factors[3] = {0.5, 0.25, 0.125};
__managed__ int managed_counter = 10;
__managed__ Point managed_points[2];
static __device__ short hidden[5];
namespace inner {
__device__ unsigned long long wide;
}
template <class T>
__device__ T of_type = T(9);

__global__ void use(double *out) {
  out[0] = scalar + points[2].y + factors[1];
  atomicAdd(&managed_counter, 5);
  managed_points[1].x = points[0].x + hidden[4];
  inner::wide += 1ull << 40;
  of_type<int> += 1;
  of_type<float> += 0.5f;
}

int main() {
  CHECK(managed_counter == 10);
  managed_counter = 20;
  const double changed[3] = {1, 2, 3};
  CUDA(cudaMemcpyToSymbol(factors, changed, sizeof changed));
  short last = 40;
  CUDA(cudaMemcpyToSymbol(hidden, &last, sizeof last, 4 * sizeof(short)));
  double *out;
  CUDA(cudaMallocManaged(&out, sizeof(double)));
  use<<<1, 1>>>(out);
  CUDA(cudaDeviceSynchronize());
  CHECK(*out == 3 + 6 + 2);
  CHECK(managed_counter == 25);
  CHECK(managed_points[1].x == 41);
  unsigned long long wide;
  CUDA(cudaMemcpyFromSymbol(&wide, inner::wide, sizeof wide));
  CHECK(wide == 1ull << 40);
  int as_int;
  float as_float;
  CUDA(cudaMemcpyFromSymbol(&as_int, of_type<int>, sizeof as_int));
  CUDA(cudaMemcpyFromSymbol(&as_float, of_type<float>, sizeof as_float));
  CHECK(as_int == 10 && as_float == 9.5f);
  void *address;
  size_t size;
  CUDA(cudaGetSymbolAddress(&address, points));
  CUDA(cudaGetSymbolSize(&size, points));
  CHECK(size == 4 * sizeof(Point));
  cudaPointerAttributes where;
  CUDA(cudaPointerGetAttributes(&where, &managed_counter));
  CHECK(where.type == cudaMemoryTypeManaged && where.devicePointer == &managed_counter);
  CUDA(cudaPointerGetAttributes(&where, address));
  CHECK(where.type == cudaMemoryTypeDevice);
  return passed();
}
