// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The programs here check themselves: the first thing that is not as it should be ends them with a line that says where.
#pragma once
#include <cstdio>
#include <cstdlib>

#define CHECK(condition)                                                         \
  do {                                                                           \
    if (!(condition)) {                                                          \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);       \
      std::exit(1);                                                              \
    }                                                                            \
  } while (0)

#define CUDA(call)                                                                              \
  do {                                                                                          \
    cudaError_t failed_ = (call);                                                               \
    if (failed_ != cudaSuccess) {                                                               \
      std::fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, cudaGetErrorName(failed_)); \
      std::exit(1);                                                                             \
    }                                                                                           \
  } while (0)

inline int passed() {
  std::puts("PASSED");
  return 0;
}
