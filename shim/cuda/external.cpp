// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory and semaphores of other APIs, by descriptor. docs/shared-memory.md.
#include "bodies.h"
#include "shim/common/external_import.h"
#include "shim/common/semaphores.h"

namespace cutrans::driver {

CUresult body::cuImportExternalMemory(Call &call, CUexternalMemory *out, const CUDA_EXTERNAL_MEMORY_HANDLE_DESC *wanted) {
  if (!out || !wanted) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::ExternalMemory *> memory = shim::importExternalMemory(*wanted, call.name);
  if (memory.ok()) *out = reinterpret_cast<CUexternalMemory>(*memory);
  return error(memory.status());
}

CUresult body::cuExternalMemoryGetMappedBuffer(Call &call, CUdeviceptr *out, CUexternalMemory given, const CUDA_EXTERNAL_MEMORY_BUFFER_DESC *buffer) {
  runtime::ExternalMemory *memory = runtime::ExternalMemory::find(given);
  if (!memory) return CUDA_ERROR_INVALID_HANDLE;
  if (!out || !buffer || buffer->flags != 0) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Address> address = memory->map(*call.context, buffer->offset, buffer->size);
  if (address.ok()) *out = *address;
  return error(address.status());
}

CUresult body::cuDestroyExternalMemory(Call &, CUexternalMemory given) {
  runtime::ExternalMemory *memory = runtime::ExternalMemory::find(given);
  return memory ? error(memory->destroy()) : CUDA_ERROR_INVALID_HANDLE;
}

CUresult body::cuImportExternalSemaphore(Call &call, CUexternalSemaphore *out, const CUDA_EXTERNAL_SEMAPHORE_HANDLE_DESC *wanted) {
  if (!out || !wanted) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Semaphore *> semaphore = shim::importSemaphore(*wanted, call.name);
  if (semaphore.ok()) *out = reinterpret_cast<CUexternalSemaphore>(*semaphore);
  return error(semaphore.status());
}

CUresult body::cuDestroyExternalSemaphore(Call &, CUexternalSemaphore given) {
  runtime::Semaphore *semaphore = runtime::Semaphore::find(given);
  return semaphore ? error(semaphore->destroy()) : CUDA_ERROR_INVALID_HANDLE;
}

CUresult body::cuSignalExternalSemaphoresAsync(Call &call, const CUexternalSemaphore *list, const CUDA_EXTERNAL_SEMAPHORE_SIGNAL_PARAMS *params,
                                               unsigned count, CUstream stream) {
  Result<runtime::SignalWork> work = shim::signalWork(list, params, count);
  if (!work.ok()) return error(work.status());
  return call.onQueue(stream, [&](runtime::Queue &queue) { return runtime::signalSemaphores(queue, *work); });
}

CUresult body::cuWaitExternalSemaphoresAsync(Call &call, const CUexternalSemaphore *list, const CUDA_EXTERNAL_SEMAPHORE_WAIT_PARAMS *params,
                                             unsigned count, CUstream stream) {
  Result<runtime::AwaitWork> work = shim::awaitWork(list, params, count);
  if (!work.ok()) return error(work.status());
  return call.onQueue(stream, [&](runtime::Queue &queue) { return runtime::awaitSemaphores(queue, *work); });
}

// The attribute of flush options is 0: nobody can have asked for addresses to write to.
CUresult body::cuFlushGPUDirectRDMAWrites(Call &call, CUflushGPUDirectRDMAWritesTarget target, CUflushGPUDirectRDMAWritesScope scope) {
  if (target != CU_FLUSH_GPU_DIRECT_RDMA_WRITES_TARGET_CURRENT_CTX) return CUDA_ERROR_INVALID_VALUE;
  if (scope != CU_FLUSH_GPU_DIRECT_RDMA_WRITES_TO_OWNER && scope != CU_FLUSH_GPU_DIRECT_RDMA_WRITES_TO_ALL_DEVICES) return CUDA_ERROR_INVALID_VALUE;
  return call.refuse("no device writes into this layer's memory", Diag::api_external);
}

}  // namespace cutrans::driver
