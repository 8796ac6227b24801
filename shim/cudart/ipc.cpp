// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory and events of other processes. docs/shared-memory.md.
#include "bodies.h"
#include "cutrans/runtime/event.h"
#include "shim/common/ipc_handles.h"
#include "shim/cudart/copies.h"

namespace cutrans::cudart {

cudaError_t body::cudaIpcGetMemHandle(Call &, cudaIpcMemHandle_t *out, void *address) {
  if (!out || !address) return cudaErrorInvalidValue;
  return error(shim::giveHandle(out, runtime::exportMemory(addressOf(address))));
}

cudaError_t body::cudaIpcOpenMemHandle(Call &call, void **out, cudaIpcMemHandle_t given, unsigned int flags) {
  if (!out || flags != cudaIpcMemLazyEnablePeerAccess) return cudaErrorInvalidValue;
  Result<runtime::Address> address = runtime::openMemory(*call.context, shim::sharedHandle(given));
  if (address.ok()) *out = reinterpret_cast<void *>(*address);
  return error(address.status());
}

cudaError_t body::cudaIpcCloseMemHandle(Call &, void *address) { return error(runtime::closeMemory(addressOf(address))); }

cudaError_t body::cudaIpcGetEventHandle(Call &, cudaIpcEventHandle_t *out, cudaEvent_t given) {
  runtime::Event *event = runtime::Event::find(given);
  if (!event) return cudaErrorInvalidResourceHandle;
  if (!out) return cudaErrorInvalidValue;
  return error(shim::giveHandle(out, runtime::exportEvent(*event)));
}

cudaError_t body::cudaIpcOpenEventHandle(Call &call, cudaEvent_t *out, cudaIpcEventHandle_t given) {
  if (!out) return cudaErrorInvalidValue;
  Result<runtime::Event *> event = runtime::openEvent(*call.context, shim::sharedHandle(given));
  if (event.ok()) *out = reinterpret_cast<cudaEvent_t>(*event);
  return error(event.status());
}

}  // namespace cutrans::cudart
