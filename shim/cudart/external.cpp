// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory of other APIs, by descriptor. docs/shared-memory.md.
#include "bodies.h"
#include "shim/common/external_import.h"

namespace cutrans::cudart {

static_assert(static_cast<int>(cudaExternalMemoryHandleTypeOpaqueFd) == CU_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD &&
              cudaExternalMemoryDedicated == CUDA_EXTERNAL_MEMORY_DEDICATED);

cudaError_t body::cudaImportExternalMemory(Call &call, cudaExternalMemory_t *out, const cudaExternalMemoryHandleDesc *wanted) {
  if (!out || !wanted) return cudaErrorInvalidValue;
  Result<runtime::ExternalMemory *> memory = shim::importExternalMemory(*wanted, call.name);
  if (memory.ok()) *out = reinterpret_cast<cudaExternalMemory_t>(*memory);
  return error(memory.status());
}

cudaError_t body::cudaExternalMemoryGetMappedBuffer(Call &call, void **out, cudaExternalMemory_t given, const cudaExternalMemoryBufferDesc *buffer) {
  runtime::ExternalMemory *memory = runtime::ExternalMemory::find(given);
  if (!memory) return cudaErrorInvalidResourceHandle;
  if (!out || !buffer || buffer->flags != 0) return cudaErrorInvalidValue;
  Result<runtime::Address> address = memory->map(*call.context, buffer->offset, buffer->size);
  if (address.ok()) *out = reinterpret_cast<void *>(*address);
  return error(address.status());
}

cudaError_t body::cudaDestroyExternalMemory(Call &, cudaExternalMemory_t given) {
  runtime::ExternalMemory *memory = runtime::ExternalMemory::find(given);
  return memory ? error(memory->destroy()) : cudaErrorInvalidResourceHandle;
}

// The attribute of flush options is 0: nobody can have asked for addresses to write to.
cudaError_t body::cudaDeviceFlushGPUDirectRDMAWrites(Call &call, cudaFlushGPUDirectRDMAWritesTarget target, cudaFlushGPUDirectRDMAWritesScope scope) {
  if (target != cudaFlushGPUDirectRDMAWritesTargetCurrentDevice) return cudaErrorInvalidValue;
  if (scope != cudaFlushGPUDirectRDMAWritesToOwner && scope != cudaFlushGPUDirectRDMAWritesToAllDevices) return cudaErrorInvalidValue;
  return call.refuse("no device writes into this layer's memory", Diag::api_external);
}

}  // namespace cutrans::cudart
