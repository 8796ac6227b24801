// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A loaded artifact and its kernel.
#pragma once

#include <cutrans/opencl_kernel.h>
#include <cutrans/target.h>

#include <mutex>
#include <string>

#include "api.h"

struct ct_kernel {
  ct_opencl_header header{};
  std::string name;
  // OpenCL's kernel objects hold arguments, so setting them and enqueueing are one step.
  std::mutex lock;
  cl_kernel object = nullptr;
  uint64_t announced = 0;      // Strategy::announce
  size_t most_threads = 0;     // of a work-group, by the kernel's own needs
  uint32_t local_bytes = 0;    // the size that argument 1 was given last

  // The driver makes its code now, for grids below 65535 in each dimension. PoCL does that at the first launch otherwise (and for larger grids), on a thread
  // of its own, which loads the code with dlopen: that thread waits for whoever is in dlclose, and a library whose kernels run waits in dlclose for them.
  // A driver that cannot will say so at the launch. Before the kernel is given out.
  void makeReady(ct_device &device);
};

struct ct_module {
  ~ct_module();
  ct_kernel kernel;
  cl_program program = nullptr;
};

namespace cutrans::opencl {
extern const ct_module_ops module_ops;
// What is wrong with an artifact's bytes, or null; `out` is its header.
const char *headerProblem(const void *bytes, uint64_t size, ct_opencl_header &out);
}
