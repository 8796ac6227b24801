// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Libraries: device code that a program loads itself, and its kernels and variables. cudaLibrary_t and CUlibrary are
// the same handles.
#include <algorithm>

#include "bodies.h"
#include "cutrans/fatbin/scan.h"
#include "shim/common/jit_options.h"
#include "shim/common/library_loading.h"

namespace cutrans::cudart {
namespace {

cudaError_t checkOptions(Call &call, unsigned count, const cudaLibraryOption *options) {
  if (count && !options) return cudaErrorInvalidValue;
  for (unsigned i = 0; i < count; i++) {
    if (options[i] == cudaLibraryHostUniversalFunctionAndDataTable)
      return call.refuse("a table of host functions and data");
    if (options[i] != cudaLibraryBinaryIsPreserved) return cudaErrorInvalidValue;
  }
  return cudaSuccess;
}

// `use(library, module)`, a Status, with the library's module in the call's context.
template <class Use>
cudaError_t with(Call &call, cudaLibrary_t handle, Use &&use) {
  runtime::Library *library = runtime::Library::find(handle);
  if (!library) return cudaErrorInvalidResourceHandle;
  Result<runtime::Module *> module = library->module(*call.context);
  return error(module.ok() ? use(*library, **module) : module.status());
}

// CUDA calls a name that is not there a missing symbol, whether it is a kernel's or a variable's.
Status missingAsNotFound(Status status) {
  Code code = status.code();
  return code == Code::invalid_symbol || code == Code::invalid_function ? Status(Code::not_found) : status;
}

cudaError_t giveVariable(Call &call, void **address, size_t *size, cudaLibrary_t library, const char *name,
                         bool managed_only) {
  if (!name || (!address && !size)) return cudaErrorInvalidValue;
  return with(call, library, [&](runtime::Library &, runtime::Module &module) -> Status {
    Result<runtime::Variable> variable = module.variable(name);
    if (!variable.ok()) return missingAsNotFound(variable.status());
    if (managed_only && !variable->managed) return Code::not_found;
    if (address) *address = reinterpret_cast<void *>(variable->address);
    if (size) *size = variable->size;
    return Code::ok;
  });
}

}  // namespace

cudaError_t body::cudaLibraryLoadData(Call &call, cudaLibrary_t *out, const void *image, cudaJitOption *jit_options,
                                      void **jit_values, unsigned jit_count, cudaLibraryOption *options, void **,
                                      unsigned count) {
  if (!out || !image) return cudaErrorInvalidValue;
  static_assert(sizeof(cudaJitOption) == sizeof(CUjit_option) &&
                static_cast<int>(cudaJitErrorLogBufferSizeBytes) == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES);
  shim::JitOptions jit(jit_count, reinterpret_cast<CUjit_option *>(jit_options), jit_values);
  if (Status status = jit.check(call.name); !status.ok()) return error(status);
  if (cudaError_t failed = checkOptions(call, count, options); failed != cudaSuccess) return failed;
  Result<runtime::Library *> library = shim::loadLibrary(image, call.context);
  jit.finish();
  if (library.ok()) *out = reinterpret_cast<cudaLibrary_t>(*library);
  return error(library.status());
}

cudaError_t body::cudaLibraryLoadFromFile(Call &call, cudaLibrary_t *out, const char *path, cudaJitOption *jit_options,
                                          void **jit_values, unsigned jit_count, cudaLibraryOption *options,
                                          void **values, unsigned count) {
  if (!out || !path) return cudaErrorInvalidValue;
  fatbin::Expected<std::string> bytes = fatbin::readFile(path);
  if (!bytes.ok()) {
    report(bytes.error().diag, std::string(call.name) + ": " + bytes.error().text);
    return cudaErrorFileNotFound;
  }
  return body::cudaLibraryLoadData(call, out, bytes->c_str(), jit_options, jit_values, jit_count, options, values,
                                   count);
}

cudaError_t body::cudaLibraryUnload(Call &, cudaLibrary_t handle) {
  runtime::Library *library = runtime::Library::find(handle);
  return library ? error(library->destroy()) : cudaErrorInvalidResourceHandle;
}

cudaError_t body::cudaLibraryGetKernel(Call &call, cudaKernel_t *out, cudaLibrary_t handle, const char *name) {
  if (!out || !name) return cudaErrorInvalidValue;
  return with(call, handle, [&](runtime::Library &library, runtime::Module &module) -> Status {
    if (Result<runtime::Kernel *> kernel = module.kernel(name); !kernel.ok()) return missingAsNotFound(kernel.status());
    *out = reinterpret_cast<cudaKernel_t>(library.kernel(name));
    return Code::ok;
  });
}

cudaError_t body::cudaLibraryGetKernelCount(Call &call, unsigned *count, cudaLibrary_t handle) {
  if (!count) return cudaErrorInvalidValue;
  return with(call, handle, [&](runtime::Library &, runtime::Module &module) -> Status {
    *count = static_cast<unsigned>(module.kernelCount());
    return Code::ok;
  });
}

cudaError_t body::cudaLibraryEnumerateKernels(Call &call, cudaKernel_t *out, unsigned count, cudaLibrary_t handle) {
  if (!out && count) return cudaErrorInvalidValue;
  return with(call, handle, [&](runtime::Library &library, runtime::Module &module) -> Status {
    for (size_t i = 0; i < std::min<size_t>(count, module.kernelCount()); i++) {
      Result<runtime::Kernel *> kernel = module.kernelAt(i);
      if (!kernel.ok()) return kernel.status();
      out[i] = reinterpret_cast<cudaKernel_t>(library.kernel((*kernel)->info().name));
    }
    return Code::ok;
  });
}

cudaError_t body::cudaLibraryGetGlobal(Call &call, void **address, size_t *size, cudaLibrary_t library,
                                       const char *name) {
  return giveVariable(call, address, size, library, name, /*managed_only=*/false);
}

cudaError_t body::cudaLibraryGetManaged(Call &call, void **address, size_t *size, cudaLibrary_t library,
                                        const char *name) {
  return giveVariable(call, address, size, library, name, /*managed_only=*/true);
}

// Functions with one address for host and device: no device of this layer has them (unified function pointers: 0).
cudaError_t body::cudaLibraryGetUnifiedFunction(Call &call, void **out, cudaLibrary_t library, const char *name) {
  if (!out || !name) return cudaErrorInvalidValue;
  return with(call, library, [](runtime::Library &, runtime::Module &) -> Status { return Code::not_found; });
}

}  // namespace cutrans::cudart
