// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Importing memory by descriptor, for both APIs, whose descriptors of it have the same fields.
#pragma once
#include <cuda.h>

#include "cutrans/runtime/external_memory.h"
#include "shim/common/refusal.h"

namespace cutrans::shim {

template <class Description>
Result<runtime::ExternalMemory *> importExternalMemory(const Description &wanted, const char *entry) {
  const int type = static_cast<int>(wanted.type);
  if (type < CU_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD || type > CU_EXTERNAL_MEMORY_HANDLE_TYPE_DMABUF_FD || (wanted.flags & ~CUDA_EXTERNAL_MEMORY_DEDICATED))
    return Code::invalid_value;
  if (type != CU_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD) {
    refuseArgument(entry, Diag::api_external, "a handle of Windows, Direct3D, NvSci or dma_buf");
    return Code::unsupported;
  }
  Result<runtime::ExternalMemory *> memory = runtime::ExternalMemory::import(wanted.handle.fd, wanted.size);
  if (memory.code() == Code::invalid_value && wanted.size != 0)
    refuseArgument(entry, Diag::api_external, "a descriptor that is no memory file of exactly the size that is said");
  return memory;
}

}  // namespace cutrans::shim
