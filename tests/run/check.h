// What the run tests share: error checks and the closing line that the test looks for.
#pragma once
#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#define CUDA(call)                                                                              \
  do {                                                                                          \
    cudaError_t status_ = (call);                                                               \
    if (status_ != cudaSuccess) {                                                               \
      std::printf("FAILED: %s:%d: %s: %s\n", __FILE__, __LINE__, #call, cudaGetErrorName(status_)); \
      std::exit(1);                                                                             \
    }                                                                                           \
  } while (0)

inline int failures = 0;

#define EXPECT(condition)                                                               \
  do {                                                                                  \
    if (!(condition) && ++failures <= 20)                                               \
      std::printf("%s:%d: expected %s\n", __FILE__, __LINE__, #condition);              \
  } while (0)

template <class A, class B>
void expect_same(const char *what, const A &got, const B &want, size_t count) {
  for (size_t i = 0; i < count; ++i)
    if (!(got[i] == want[i]) && ++failures <= 20)
      std::printf("%s: at %zu got %.9g, want %.9g\n", what, i, double(got[i]), double(want[i]));
}

inline int finish(const char *name) {
  std::printf("%s: %s\n", name, failures ? "FAILED" : "PASSED");
  return failures != 0;
}

// A device array that mirrors a host vector.
template <class T>
struct Mirror {
  std::vector<T> host;
  T *device = nullptr;
  explicit Mirror(size_t n, T value = T()) : host(n, value) { CUDA(cudaMalloc(&device, n * sizeof(T))); up(); }
  ~Mirror() { cudaFree(device); }
  void up() { CUDA(cudaMemcpy(device, host.data(), host.size() * sizeof(T), cudaMemcpyHostToDevice)); }
  void down() { CUDA(cudaMemcpy(host.data(), device, host.size() * sizeof(T), cudaMemcpyDeviceToHost)); }
  T &operator[](size_t i) { return host[i]; }
};
