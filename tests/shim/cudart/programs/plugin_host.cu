// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loads a library with kernels again and again: each time it is registered anew and its variables start over.
#include <dlfcn.h>

#include <string>

#include "check.h"

__global__ void own(int *out) { *out = 1; }

int main(int, char **argv) {
  std::string path = argv[0];
  path = path.substr(0, path.rfind('/')) + "/libplugin.so";
  int *out;
  CUDA(cudaMallocManaged(&out, sizeof(int)));
  for (int i = 0; i < 5; i++) {
    void *library = dlopen(path.c_str(), RTLD_NOW);
    CHECK(library != nullptr);
    auto run = reinterpret_cast<int (*)()>(dlsym(library, "run"));
    CHECK(run() == 32);
    CHECK(run() == 64);
    CHECK(dlclose(library) == 0);
    *out = 0;
    own<<<1, 1>>>(out);
    CUDA(cudaDeviceSynchronize());
    CHECK(*out == 1);
  }
  return passed();
}
