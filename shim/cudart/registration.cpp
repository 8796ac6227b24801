// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What nvcc's start-up code calls before main: it only takes notes (binaries.h). Signatures: crt/host_runtime.h.
#include "bodies.h"
#include "shim/cudart/binaries.h"

namespace cutrans::cudart {

void **body::__cudaRegisterFatBinary(Call &, void *wrapper) { return registerBinary(wrapper)->handle(); }

void body::__cudaRegisterFatBinaryEnd(Call &, void **) {}

void body::__cudaUnregisterFatBinary(Call &, void **handle) {
  if (Binary *binary = Binary::of(handle)) unregisterBinary(binary);
}

void body::__cudaRegisterFunction(Call &, void **handle, const char *host, char *, const char *name, int, uint3 *,
                                  uint3 *, dim3 *, dim3 *, int *) {
  Binary *binary = Binary::of(handle);
  if (binary && host && name) binary->addKernel(host, name);
}

void body::__cudaRegisterVar(Call &, void **handle, char *host, char *, const char *name, int, size_t size,
                             int constant, int) {
  Binary *binary = Binary::of(handle);
  if (binary && host && name) binary->addVariable({binary, host, name, size, constant != 0, nullptr});
}

void body::__cudaRegisterManagedVar(Call &, void **handle, void **pointer, char *, const char *name, int, size_t size,
                                    int constant, int) {
  Binary *binary = Binary::of(handle);
  if (binary && pointer && name) binary->addVariable({binary, pointer, name, size, constant != 0, pointer});
}

// Called once for each kernel: nvcc's stub keeps the handle.
cudaError_t body::__cudaGetKernel(Call &call, cudaKernel_t *out, const void *host) {
  return body::cudaGetKernel(call, out, host);
}

// Host code calls this before it reads the pointer to a managed variable, and can take no error: where there is no
// device, the variables get plain memory, so that the program lives to see the error of its next call.
char body::__cudaInitModule(Call &call, void **handle) {
  Binary *binary = Binary::of(handle);
  if (!binary) return 0;
  Result<runtime::Context *> context = runtime::ensureContext();
  Status status = context.ok() ? binary->bindManaged(**context) : context.status();
  if (status.ok()) return 1;
  Api::remember(call, error(status));
  binary->bindManagedToHost();
  return 1;
}

}  // namespace cutrans::cudart
