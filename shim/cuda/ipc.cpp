// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory and events of other processes. docs/shared-memory.md.
#include "bodies.h"
#include "shim/common/ipc_handles.h"

namespace cutrans::driver {

CUresult body::cuIpcGetMemHandle(Call &, CUipcMemHandle *out, CUdeviceptr address) {
  if (!out || !address) return CUDA_ERROR_INVALID_VALUE;
  return error(shim::giveHandle(out, runtime::exportMemory(address)));
}

CUresult body::cuIpcOpenMemHandle_v2(Call &call, CUdeviceptr *out, CUipcMemHandle given, unsigned int flags) {
  if (!out || flags != CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Address> address = runtime::openMemory(*call.context, shim::sharedHandle(given));
  if (address.ok()) *out = *address;
  return error(address.status());
}

CUresult body::cuIpcCloseMemHandle(Call &, CUdeviceptr address) { return error(runtime::closeMemory(address)); }

CUresult body::cuIpcGetEventHandle(Call &, CUipcEventHandle *out, CUevent given) {
  runtime::Event *event = runtime::Event::find(given);
  if (!event) return CUDA_ERROR_INVALID_HANDLE;
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  return error(shim::giveHandle(out, runtime::exportEvent(*event)));
}

CUresult body::cuIpcOpenEventHandle(Call &call, CUevent *out, CUipcEventHandle given) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Event *> event = runtime::openEvent(*call.context, shim::sharedHandle(given));
  if (event.ok()) *out = handle(*event);
  return error(event.status());
}

}  // namespace cutrans::driver
