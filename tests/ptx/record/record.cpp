// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs the table of instruction forms (tests/ptx/values) on a GPU and prints a digest of each form's results: a line
// "digest TAB form". Stored as tests/ptx/record/DEVICE.txt they are the truth that ptx_values_test compares with.
//   ptx_record [--batch NAME] [--driver libcuda.so.1] > tests/ptx/record/sm_90.txt
// Needs the driver library only. Forms that the device does not have are left out, with a comment.
#include <cuda.h>
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/ptx/values/batch.h"

using namespace cutrans::test;

namespace {

void *driver;

template <class F>
F *entry(const char *name) {
  void *found = dlsym(driver, name);
  if (!found) std::fprintf(stderr, "ptx_record: the driver has no %s\n", name), std::exit(1);
  return reinterpret_cast<F *>(found);
}
void must(CUresult status, const char *what) {
  if (status != CUDA_SUCCESS) std::fprintf(stderr, "ptx_record: %s: error %d\n", what, status), std::exit(1);
}

// False: the device cannot run them together.
bool run(const std::vector<Form> &forms, const std::string &target, std::vector<uint64_t> &out) {
  CUmodule module;
  if (entry<decltype(cuModuleLoadData)>("cuModuleLoadData")(&module, kernelOf(forms, target).c_str()) != CUDA_SUCCESS) return false;
  CUfunction kernel;
  must(entry<decltype(cuModuleGetFunction)>("cuModuleGetFunction")(&kernel, module, "forms"), "cuModuleGetFunction");
  const std::vector<uint64_t> in = inputsOf(forms);
  out.assign(resultCount(forms), 0);
  CUdeviceptr from, to;
  auto allocate = entry<CUresult(CUdeviceptr *, size_t)>("cuMemAlloc_v2");
  auto upload = entry<CUresult(CUdeviceptr, const void *, size_t)>("cuMemcpyHtoD_v2");
  must(allocate(&from, in.size() * 8), "cuMemAlloc");
  must(allocate(&to, out.size() * 8), "cuMemAlloc");
  must(upload(from, in.data(), in.size() * 8), "cuMemcpyHtoD");
  must(upload(to, out.data(), out.size() * 8), "cuMemcpyHtoD");
  void *arguments[] = {&from, &to};
  must(entry<decltype(cuLaunchKernel)>("cuLaunchKernel")(kernel, Inputs / Block, 1, 1, Block, 1, 1, 0, nullptr, arguments, nullptr), "cuLaunchKernel");
  must(entry<CUresult(void *, CUdeviceptr, size_t)>("cuMemcpyDtoH_v2")(out.data(), to, out.size() * 8), "cuMemcpyDtoH");
  auto release = entry<CUresult(CUdeviceptr)>("cuMemFree_v2");
  must(release(from), "cuMemFree");
  must(release(to), "cuMemFree");
  must(entry<decltype(cuModuleUnload)>("cuModuleUnload")(module), "cuModuleUnload");
  return true;
}

void print(const std::vector<Form> &forms, const std::vector<uint64_t> &out) {
  for (size_t f = 0; f < forms.size(); ++f)
    std::printf("%016llx\t%s\n", static_cast<unsigned long long>(digest(forms, f, out)), titleOf(forms[f]).c_str());
}

}  // namespace

int main(int argc, char **argv) {
  std::string path = "libcuda.so.1", only;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!std::strcmp(argv[i], "--driver")) path = argv[i + 1];
    else if (!std::strcmp(argv[i], "--batch")) only = argv[i + 1];
    else return std::fputs("usage: ptx_record [--batch NAME] [--driver libcuda.so.1] > DEVICE.txt\n", stderr), 2;
  }
  driver = dlopen(path.c_str(), RTLD_NOW);
  if (!driver) return std::fprintf(stderr, "ptx_record: %s\n", dlerror()), 1;
  must(entry<decltype(cuInit)>("cuInit")(0), "cuInit");
  CUcontext context;
  must(entry<decltype(cuDevicePrimaryCtxRetain)>("cuDevicePrimaryCtxRetain")(&context, 0), "cuDevicePrimaryCtxRetain");
  must(entry<decltype(cuCtxSetCurrent)>("cuCtxSetCurrent")(context), "cuCtxSetCurrent");
  int major = 0, minor = 0;
  auto attribute = entry<decltype(cuDeviceGetAttribute)>("cuDeviceGetAttribute");
  must(attribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 0), "cuDeviceGetAttribute");
  must(attribute(&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, 0), "cuDeviceGetAttribute");
  const std::string target = "sm_" + std::to_string(major * 10 + minor);
  char name[128] = "";
  must(entry<decltype(cuDeviceGetName)>("cuDeviceGetName")(name, sizeof name, 0), "cuDeviceGetName");
  std::printf("# %s, %s\n", name, target.c_str());
  for (const Batch &batch : batches()) {
    if (!only.empty() && only != batch.name) continue;
    std::vector<uint64_t> out;
    if (run(batch.forms, target, out)) {
      print(batch.forms, out);
      continue;
    }
    for (const Form &form : batch.forms) {
      if (run({form}, target, out)) print({form}, out);
      else std::printf("# not on this device: %s\n", titleOf(form).c_str());
    }
  }
}
