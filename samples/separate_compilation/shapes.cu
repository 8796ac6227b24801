// The other half of separate_compilation: device functions and variables for main.cu.
#include "shapes.cuh"

__device__ float scale = 1.5f;
__constant__ int offsets[4] = {10, 20, 30, 40};
static __device__ int private_bias = 3;  // main.cu has one of the same name

__device__ float area(int kind, float x) {
  switch (kind) {
    case 0: return x * x + private_bias;
    case 1: return 3.0f * x;
    case 2: return x / 2.0f;
    default: return -x;
  }
}
