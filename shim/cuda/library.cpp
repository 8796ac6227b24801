// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Libraries: code that belongs to no context, and its kernels.
#include <algorithm>

#include "bodies.h"
#include "cutrans/fatbin/scan.h"
#include "shim/common/jit_options.h"
#include "shim/common/kernel_attributes.h"
#include "shim/common/library_loading.h"
#include "shim/cuda/old_launch.h"

namespace cutrans::driver {

namespace {

CUresult load(CUlibrary *out, const void *image) {
  if (!out || !image) return CUDA_ERROR_INVALID_VALUE;
  runtime::Context *context = runtime::currentContext();
  Result<runtime::Library *> library = shim::loadLibrary(image, context && context->check().ok() ? context : nullptr);
  if (library.ok()) *out = handle(*library);
  return error(library.status());
}

CUresult checkOptions(Call &call, unsigned count, CUlibraryOption *options, void **values) {
  if (count && !options) return CUDA_ERROR_INVALID_VALUE;
  for (unsigned i = 0; i < count; ++i) {
    if (options[i] == CU_LIBRARY_HOST_UNIVERSAL_FUNCTION_AND_DATA_TABLE)
      return call.refuse("a table of host functions and data");
    if (options[i] != CU_LIBRARY_BINARY_IS_PRESERVED) return CUDA_ERROR_INVALID_VALUE;
  }
  return CUDA_SUCCESS;
}

Result<runtime::Module *> moduleOf(Call &call, CUlibrary given) {
  runtime::Library *library = runtime::Library::find(given);
  if (!library) return Code::invalid_handle;
  return library->module(*call.context);
}

// The kernel on a device: in the current context if that is on it, else in the device's primary one.
Result<runtime::Kernel *> kernelOn(Call &call, CUkernel given, CUdevice ordinal) {
  runtime::LibraryKernel *kernel = runtime::LibraryKernel::find(given);
  if (!kernel) return Code::invalid_handle;
  Result<runtime::Device *> device = call.device(ordinal);
  if (!device.ok()) return device.status();
  runtime::Context *context = runtime::currentContext();
  if (context && &context->device() == *device && context->check().ok()) return kernel->in(*context);
  Result<runtime::Context *> primary = (*device)->usePrimary();
  if (!primary.ok()) return primary.status();
  return kernel->in(**primary);
}

CUresult giveVariable(Result<runtime::Variable> variable, CUdeviceptr *address, size_t *size) {
  if (!variable.ok()) return error(variable.status());
  if (address) *address = variable->address;
  if (size) *size = variable->size;
  return CUDA_SUCCESS;
}

}  // namespace

CUresult body::cuLibraryLoadData(Call &call, CUlibrary *out, const void *image, CUjit_option *jit_options,
                                 void **jit_values, unsigned int jit_count, CUlibraryOption *options, void **values,
                                 unsigned int count) {
  shim::JitOptions jit(jit_count, jit_options, jit_values);
  if (Status status = jit.check(call.name); !status.ok()) return error(status);
  if (CUresult result = checkOptions(call, count, options, values); result != CUDA_SUCCESS) return result;
  CUresult result = load(out, image);
  jit.finish();
  return result;
}

CUresult body::cuLibraryLoadFromFile(Call &call, CUlibrary *out, const char *path, CUjit_option *jit_options,
                                     void **jit_values, unsigned int jit_count, CUlibraryOption *options, void **values,
                                     unsigned int count) {
  if (!out || !path) return CUDA_ERROR_INVALID_VALUE;
  fatbin::Expected<std::string> bytes = fatbin::readFile(path);
  if (!bytes.ok()) {
    report(bytes.error().diag, std::string(call.name) + ": " + bytes.error().text);
    return CUDA_ERROR_FILE_NOT_FOUND;
  }
  return body::cuLibraryLoadData(call, out, bytes->c_str(), jit_options, jit_values, jit_count, options, values, count);
}

CUresult body::cuLibraryUnload(Call &, CUlibrary given) {
  runtime::Library *library = runtime::Library::find(given);
  if (!library) return CUDA_ERROR_INVALID_HANDLE;
  Status last = library->destroy();
  forgetOldLaunches();
  return error(last);
}

CUresult body::cuLibraryGetKernel(Call &, CUkernel *out, CUlibrary given, const char *name) {
  if (!out || !name) return CUDA_ERROR_INVALID_VALUE;
  runtime::Library *library = runtime::Library::find(given);
  if (!library) return CUDA_ERROR_INVALID_HANDLE;
  runtime::LibraryKernel *kernel = library->kernel(name);
  // Without a context nobody can look yet; the first use will say so.
  if (runtime::Context *context = runtime::currentContext(); context && context->check().ok()) {
    if (Result<runtime::Kernel *> here = kernel->in(*context); !here.ok()) return error(here.status());
  }
  *out = handle(kernel);
  return CUDA_SUCCESS;
}

CUresult body::cuLibraryGetKernelCount(Call &call, unsigned int *count, CUlibrary given) {
  if (!count) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Module *> module = moduleOf(call, given);
  if (!module.ok()) return error(module.status());
  *count = static_cast<unsigned>((*module)->kernelCount());
  return CUDA_SUCCESS;
}

CUresult body::cuLibraryEnumerateKernels(Call &call, CUkernel *out, unsigned int count, CUlibrary given) {
  if (!out && count) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Module *> module = moduleOf(call, given);
  if (!module.ok()) return error(module.status());
  runtime::Library *library = runtime::Library::find(given);
  const size_t n = std::min<size_t>(count, (*module)->kernelCount());
  for (size_t i = 0; i < n; ++i) {
    Result<runtime::Kernel *> kernel = (*module)->kernelAt(i);
    if (!kernel.ok()) return error(kernel.status());
    out[i] = handle(library->kernel((*kernel)->info().name));
  }
  return CUDA_SUCCESS;
}

CUresult body::cuLibraryGetModule(Call &call, CUmodule *out, CUlibrary given) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Module *> module = moduleOf(call, given);
  if (!module.ok()) return error(module.status());
  *out = handle(*module);
  return CUDA_SUCCESS;
}

CUresult body::cuLibraryGetGlobal(Call &call, CUdeviceptr *address, size_t *size, CUlibrary given, const char *name) {
  if (!name || (!address && !size)) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Module *> module = moduleOf(call, given);
  if (!module.ok()) return error(module.status());
  return giveVariable((*module)->variable(name), address, size);
}

CUresult body::cuLibraryGetManaged(Call &call, CUdeviceptr *address, size_t *size, CUlibrary given, const char *name) {
  if (!name || (!address && !size)) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Module *> module = moduleOf(call, given);
  if (!module.ok()) return error(module.status());
  Result<runtime::Variable> variable = (*module)->variable(name);
  if (variable.ok() && !variable->managed) return CUDA_ERROR_NOT_FOUND;
  return giveVariable(variable, address, size);
}

// Functions with one address for host and device: no device of this layer has them (unified function pointers: 0).
CUresult body::cuLibraryGetUnifiedFunction(Call &call, void **out, CUlibrary given, const char *name) {
  if (!out || !name) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Module *> module = moduleOf(call, given);
  return module.ok() ? CUDA_ERROR_NOT_FOUND : error(module.status());
}

CUresult body::cuKernelGetFunction(Call &call, CUfunction *out, CUkernel given) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  runtime::LibraryKernel *kernel = runtime::LibraryKernel::find(given);
  if (!kernel) return CUDA_ERROR_INVALID_HANDLE;
  Result<runtime::Kernel *> here = kernel->in(*call.context);
  if (!here.ok()) return error(here.status());
  *out = handle(*here);
  return CUDA_SUCCESS;
}

CUresult body::cuKernelGetLibrary(Call &, CUlibrary *out, CUkernel given) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  runtime::LibraryKernel *kernel = runtime::LibraryKernel::find(given);
  if (!kernel) return CUDA_ERROR_INVALID_HANDLE;
  *out = handle(&kernel->library());
  return CUDA_SUCCESS;
}

CUresult body::cuKernelGetName(Call &, const char **out, CUkernel given) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  runtime::LibraryKernel *kernel = runtime::LibraryKernel::find(given);
  if (!kernel) return CUDA_ERROR_INVALID_HANDLE;
  *out = kernel->name();
  return CUDA_SUCCESS;
}

CUresult body::cuKernelGetParamInfo(Call &call, CUkernel given, size_t index, size_t *offset, size_t *size) {
  return body::cuFuncGetParamInfo(call, reinterpret_cast<CUfunction>(given), index, offset, size);
}

CUresult body::cuKernelGetAttribute(Call &call, int *out, CUfunction_attribute attribute, CUkernel given,
                                    CUdevice device) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Kernel *> kernel = kernelOn(call, given, device);
  if (!kernel.ok()) return error(kernel.status());
  Result<int> value = shim::kernelAttribute(**kernel, attribute);
  if (!value.ok()) return error(value.status());
  *out = *value;
  return CUDA_SUCCESS;
}

CUresult body::cuKernelSetAttribute(Call &call, CUfunction_attribute attribute, int value, CUkernel given,
                                    CUdevice device) {
  Result<runtime::Kernel *> kernel = kernelOn(call, given, device);
  return error(kernel.ok() ? shim::setKernelAttribute(**kernel, attribute, value, call.name) : kernel.status());
}

CUresult body::cuKernelSetCacheConfig(Call &call, CUkernel given, CUfunc_cache config, CUdevice device) {
  Result<runtime::Kernel *> kernel = kernelOn(call, given, device);
  return error(kernel.ok() ? shim::setCachePreference(**kernel, config) : kernel.status());
}

}  // namespace cutrans::driver
