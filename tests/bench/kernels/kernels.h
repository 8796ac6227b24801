// The samples' kernels, twice: on the device through CUDA (device.cu) and as plain C++ on one core (native.cpp).
// Both sides take the same arguments; pointers are managed memory, so either side may read them.
#pragma once

#define BENCH_KERNELS(X)                                                                                   \
  X(vector_add, (const float *a, const float *b, float *c, int n))                                         \
  X(saxpy, (float a, const float *x, float *y, int n))                                                     \
  X(matmul_16, (const float *a, const float *b, float *c, int n))                                          \
  X(matmul_32, (const float *a, const float *b, float *c, int n))                                          \
  X(transpose, (const float *in, float *out, int n))                                                       \
  X(reduce, (const float *in, float *out, int n))                                                          \
  X(scan, (const int *in, int *out, int *totals, int n))                                                   \
  X(histogram, (const unsigned char *in, unsigned *bins, int n))                                           \
  X(mandelbrot, (int *image, int width, int height, int limit))                                            \
  X(nbody, (const float *x, const float *y, const float *z, const float *m, float *ax, float *ay, float *az, int n)) \
  X(black_scholes, (float *call, float *put, const float *spot, const float *strike, const float *years, int n)) \
  X(stencil, (const float *in, float *out, int width, int height))

#define BENCH_DECLARE(name, arguments)     \
  extern "C" void device_##name arguments; \
  extern "C" void native_##name arguments;
BENCH_KERNELS(BENCH_DECLARE)
#undef BENCH_DECLARE

extern "C" void *shared_memory(unsigned long long bytes);
extern "C" void wait_for_device();

// One empty kernel of one small block: queue it, or queue it and wait.
extern "C" void device_empty();
