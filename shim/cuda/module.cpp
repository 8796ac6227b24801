// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Modules: loading, kernels, variables.
#include <algorithm>

#include "bodies.h"
#include "cutrans/fatbin/scan.h"
#include "shim/common/jit_options.h"
#include "shim/common/ptx_units.h"
#include "shim/cuda/old_launch.h"

namespace cutrans::driver {

namespace {

CUresult load(Call &call, CUmodule *out, const void *image) {
  if (!out || !image) return CUDA_ERROR_INVALID_VALUE;
  Result<unsigned> capability = runtime::Platform::loaded()->computeCapability();
  if (!capability.ok()) return error(capability.status());
  Result<std::vector<runtime::Unit>> units = shim::unitsOfImage(image, *capability, "");
  if (!units.ok()) return error(units.status());
  Result<runtime::Module *> module = runtime::Module::load(*call.context, *units);
  if (!module.ok()) return error(module.status());
  *out = handle(*module);
  return CUDA_SUCCESS;
}

}  // namespace

CUresult body::cuModuleLoad(Call &call, CUmodule *out, const char *path) {
  if (!out || !path) return CUDA_ERROR_INVALID_VALUE;
  fatbin::Expected<std::string> bytes = fatbin::readFile(path);
  if (!bytes.ok()) {
    report(bytes.error().diag, std::string(call.name) + ": " + bytes.error().text);
    return CUDA_ERROR_FILE_NOT_FOUND;
  }
  return load(call, out, bytes->c_str());
}

CUresult body::cuModuleLoadData(Call &call, CUmodule *out, const void *image) {
  return load(call, out, image);
}

CUresult body::cuModuleLoadFatBinary(Call &call, CUmodule *out, const void *image) {
  return load(call, out, image);
}

CUresult body::cuModuleLoadDataEx(Call &call, CUmodule *out, const void *image, unsigned int count,
                                  CUjit_option *options, void **values) {
  shim::JitOptions jit(count, options, values);
  if (Status status = jit.check(call.name); !status.ok()) return error(status);
  CUresult result = load(call, out, image);
  jit.finish();
  return result;
}

CUresult body::cuModuleUnload(Call &, CUmodule given) {
  runtime::Module *module = runtime::Module::find(given);
  if (!module) return CUDA_ERROR_INVALID_HANDLE;
  Status last = module->unload();
  forgetOldLaunches();
  return error(last);
}

CUresult body::cuModuleGetFunction(Call &, CUfunction *out, CUmodule given, const char *name) {
  if (!out || !name) return CUDA_ERROR_INVALID_VALUE;
  runtime::Module *module = runtime::Module::find(given);
  if (!module) return CUDA_ERROR_INVALID_HANDLE;
  Result<runtime::Kernel *> kernel = module->kernel(name);
  if (!kernel.ok()) return error(kernel.status());
  *out = handle(*kernel);
  return CUDA_SUCCESS;
}

CUresult body::cuModuleGetFunctionCount(Call &, unsigned int *count, CUmodule given) {
  if (!count) return CUDA_ERROR_INVALID_VALUE;
  runtime::Module *module = runtime::Module::find(given);
  if (!module) return CUDA_ERROR_INVALID_HANDLE;
  *count = static_cast<unsigned>(module->kernelCount());
  return CUDA_SUCCESS;
}

CUresult body::cuModuleEnumerateFunctions(Call &, CUfunction *out, unsigned int count, CUmodule given) {
  if (!out && count) return CUDA_ERROR_INVALID_VALUE;
  runtime::Module *module = runtime::Module::find(given);
  if (!module) return CUDA_ERROR_INVALID_HANDLE;
  const size_t n = std::min<size_t>(count, module->kernelCount());
  for (size_t i = 0; i < n; ++i) {
    Result<runtime::Kernel *> kernel = module->kernelAt(i);
    if (!kernel.ok()) return error(kernel.status());
    out[i] = handle(*kernel);
  }
  return CUDA_SUCCESS;
}

CUresult body::cuModuleGetGlobal_v2(Call &, CUdeviceptr *address, size_t *size, CUmodule given, const char *name) {
  if (!name || (!address && !size)) return CUDA_ERROR_INVALID_VALUE;
  runtime::Module *module = runtime::Module::find(given);
  if (!module) return CUDA_ERROR_INVALID_HANDLE;
  Result<runtime::Variable> variable = module->variable(name);
  if (!variable.ok()) return error(variable.status());
  if (address) *address = variable->address;
  if (size) *size = variable->size;
  return CUDA_SUCCESS;
}

// Kernels are compiled when they are first launched.
CUresult body::cuModuleGetLoadingMode(Call &, CUmoduleLoadingMode *out) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  *out = CU_MODULE_LAZY_LOADING;
  return CUDA_SUCCESS;
}

}  // namespace cutrans::driver
