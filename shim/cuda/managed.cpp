// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Hints about managed memory.
#include "bodies.h"
#include "shim/common/memory_hints.h"

namespace cutrans::driver {

namespace {

// The forms before CUDA 12.2 name a device, or the host by a number of its own.
CUmemLocation locationOf(CUdevice device) {
  CUmemLocation where{};
  where.type = device == CU_DEVICE_CPU ? CU_MEM_LOCATION_TYPE_HOST : CU_MEM_LOCATION_TYPE_DEVICE;
  where.id = device == CU_DEVICE_CPU ? 0 : device;
  return where;
}

CUresult prefetch(Call &call, CUdeviceptr address, size_t size, CUmemLocation where, CUstream stream) {
  if (Status status = shim::checkHintedRange(*call.context, address, size); !status.ok()) return error(status);
  if (Status status = shim::checkLocation(where.type, where.id); !status.ok()) return error(status);
  return call.onQueue(stream, [](runtime::Queue &) -> Status { return Code::ok; });
}

CUresult advise(Call &call, CUdeviceptr address, size_t size, CUmem_advise advice, CUmemLocation where) {
  if (Status status = shim::checkHintedRange(*call.context, address, size); !status.ok()) return error(status);
  return error(shim::checkAdvice(advice, where.type, where.id));
}

}  // namespace

CUresult body::cuMemPrefetchAsync(Call &call, CUdeviceptr address, size_t size, CUdevice device, CUstream stream) {
  return prefetch(call, address, size, locationOf(device), stream);
}

CUresult body::cuMemPrefetchAsync_v2(Call &call, CUdeviceptr address, size_t size, CUmemLocation where,
                                     unsigned int flags, CUstream stream) {
  return flags ? CUDA_ERROR_INVALID_VALUE : prefetch(call, address, size, where, stream);
}

CUresult body::cuMemAdvise(Call &call, CUdeviceptr address, size_t size, CUmem_advise advice, CUdevice device) {
  return advise(call, address, size, advice, locationOf(device));
}

CUresult body::cuMemAdvise_v2(Call &call, CUdeviceptr address, size_t size, CUmem_advise advice, CUmemLocation where) {
  return advise(call, address, size, advice, where);
}

}  // namespace cutrans::driver
