// What a program pays for: one that launches nothing never maps LLVM; one whose kernels are cached does not either.
#include <cstring>

#include "check.h"

__global__ void set(int *p) { *p = 7; }

static bool maps(const char *library) {
  std::FILE *file = std::fopen("/proc/self/maps", "r");
  char line[4096];
  bool found = false;
  while (file && std::fgets(line, sizeof line, file)) found |= std::strstr(line, library) != nullptr;
  if (file) std::fclose(file);
  return found;
}

int main() {
  int *p = nullptr, value = 1;
  cudaDeviceProp prop;
  CUDA(cudaGetDeviceProperties(&prop, 0));
  CUDA(cudaMalloc(&p, sizeof value));
  CUDA(cudaMemcpy(p, &value, sizeof value, cudaMemcpyHostToDevice));
  CUDA(cudaDeviceSynchronize());
  EXPECT(!maps("libLLVM"));
  EXPECT(!maps("libcutrans_codegen"));
  set<<<1, 1>>>(p);
  CUDA(cudaMemcpy(&value, p, sizeof value, cudaMemcpyDeviceToHost));
  EXPECT(value == 7);
  return finish("lazy_compiler");
}
