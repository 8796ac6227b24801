// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once
extern __device__ int offset;
extern __managed__ int results[2];
extern __constant__ int table[3];
__device__ int twice(int n);
void run_other(int n);
float both_elsewhere(float value);

// Instantiated in both files: two registrations of one kernel.
template <class T>
__global__ void add_to_itself(T *value) {
  *value += *value;
}
template <class T>
T both(T value) {
  T *memory;
  cudaMallocManaged(&memory, sizeof(T));
  *memory = value;
  add_to_itself<<<1, 1>>>(memory);
  cudaDeviceSynchronize();
  value = *memory;
  cudaFree(memory);
  return value;
}
