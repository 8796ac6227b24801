// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory and semaphores of other APIs, by descriptor. docs/shared-memory.md.
#include "bodies.h"
#include "shim/common/external_import.h"
#include "shim/common/semaphores.h"
#include "shim/cudart/graph_types.h"

namespace cutrans::cudart {

static_assert(static_cast<int>(cudaExternalMemoryHandleTypeOpaqueFd) == CU_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD &&
              cudaExternalMemoryDedicated == CUDA_EXTERNAL_MEMORY_DEDICATED);
static_assert(static_cast<int>(cudaExternalSemaphoreHandleTypeOpaqueFd) == CU_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD &&
              static_cast<int>(cudaExternalSemaphoreHandleTypeTimelineSemaphoreFd) == CU_EXTERNAL_SEMAPHORE_HANDLE_TYPE_TIMELINE_SEMAPHORE_FD);

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

cudaError_t body::cudaImportExternalSemaphore(Call &call, cudaExternalSemaphore_t *out, const cudaExternalSemaphoreHandleDesc *wanted) {
  if (!out || !wanted) return cudaErrorInvalidValue;
  Result<runtime::Semaphore *> semaphore = shim::importSemaphore(*wanted, call.name);
  if (semaphore.ok()) *out = reinterpret_cast<cudaExternalSemaphore_t>(*semaphore);
  return error(semaphore.status());
}

cudaError_t body::cudaDestroyExternalSemaphore(Call &, cudaExternalSemaphore_t given) {
  runtime::Semaphore *semaphore = runtime::Semaphore::find(given);
  return semaphore ? error(semaphore->destroy()) : cudaErrorInvalidResourceHandle;
}

cudaError_t body::cudaSignalExternalSemaphoresAsync(Call &call, const cudaExternalSemaphore_t *list, const cudaExternalSemaphoreSignalParams *params,
                                                    unsigned count, cudaStream_t stream) {
  Result<runtime::SignalWork> work = shim::signalWork(of(list), of(params), count);
  if (!work.ok()) return error(work.status());
  return call.onQueue(stream, [&](runtime::Queue &queue) { return runtime::signalSemaphores(queue, *work); });
}

cudaError_t body::cudaWaitExternalSemaphoresAsync(Call &call, const cudaExternalSemaphore_t *list, const cudaExternalSemaphoreWaitParams *params,
                                                  unsigned count, cudaStream_t stream) {
  Result<runtime::AwaitWork> work = shim::awaitWork(of(list), of(params), count);
  if (!work.ok()) return error(work.status());
  return call.onQueue(stream, [&](runtime::Queue &queue) { return runtime::awaitSemaphores(queue, *work); });
}

// The attribute of flush options is 0: nobody can have asked for addresses to write to.
cudaError_t body::cudaDeviceFlushGPUDirectRDMAWrites(Call &call, cudaFlushGPUDirectRDMAWritesTarget target, cudaFlushGPUDirectRDMAWritesScope scope) {
  if (target != cudaFlushGPUDirectRDMAWritesTargetCurrentDevice) return cudaErrorInvalidValue;
  if (scope != cudaFlushGPUDirectRDMAWritesToOwner && scope != cudaFlushGPUDirectRDMAWritesToAllDevices) return cudaErrorInvalidValue;
  return call.refuse("no device writes into this layer's memory", Diag::api_external);
}

}  // namespace cutrans::cudart
