// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Hints about managed memory: where to move it, who will use it. They are checked and kept for those who ask again; nothing
// else is left to do, since both sides reach the memory at any time.
#pragma once
#include <cuda.h>

#include "cutrans/runtime/context.h"
#include "cutrans/runtime/device.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/runtime/memory.h"
#include "cutrans/runtime/platform.h"
#include "cutrans/support/status.h"

namespace cutrans::shim {

// invalid_value unless [address, address + size) lies in one managed allocation, or in memory of the program that the
// device reaches anyway.
inline Status checkHintedRange(const runtime::Context &context, runtime::Address address, uint64_t size) {
  if (!address || size == 0) return Code::invalid_value;
  std::optional<runtime::Allocation> memory = runtime::findAllocation(address);
  if (!memory) return context.device().canAccessHost() ? Code::ok : Code::invalid_value;
  const bool inside = size <= memory->size - (address - memory->base);
  return memory->managed() && inside ? Code::ok : Code::invalid_value;
}

// CUmemLocationType and cudaMemLocationType have the same numbers.
inline Status checkLocation(int type, int id) {
  switch (type) {
    case CU_MEM_LOCATION_TYPE_DEVICE:
      return runtime::Platform::loaded()->device(id).status();
    case CU_MEM_LOCATION_TYPE_HOST:
    case CU_MEM_LOCATION_TYPE_HOST_NUMA_CURRENT:
      return Code::ok;
    case CU_MEM_LOCATION_TYPE_HOST_NUMA:
      return id >= 0 ? Code::ok : Code::invalid_device;
    default:
      return Code::invalid_device;
  }
}

// CUmem_advise and cudaMemoryAdvise have the same numbers.
inline Status checkAdvice(int advice, int location_type, int location_id) {
  switch (advice) {
    case CU_MEM_ADVISE_SET_READ_MOSTLY:
    case CU_MEM_ADVISE_UNSET_READ_MOSTLY:
    case CU_MEM_ADVISE_UNSET_PREFERRED_LOCATION:
      return Code::ok;
    case CU_MEM_ADVISE_SET_PREFERRED_LOCATION:
    case CU_MEM_ADVISE_SET_ACCESSED_BY:
    case CU_MEM_ADVISE_UNSET_ACCESSED_BY:
      return checkLocation(location_type, location_id);
    default:
      return Code::invalid_value;
  }
}

// Keep what was hinted, for managed memory. Arguments have been checked.
void noteAdvice(runtime::Address address, uint64_t size, int advice, const CUmemLocation &where);
void notePrefetch(runtime::Address address, uint64_t size, const CUmemLocation &where);

// An attribute of a range of managed memory: CUmem_range_attribute and cudaMemRangeAttribute have the same numbers.
// invalid_value: other memory, or a wrong attribute or size of the answer. All of a list are checked before the first is answered.
struct RangeQuestion {
  void *answer;
  size_t size;
  int attribute;
};
Status answerAboutRange(runtime::Address address, uint64_t size, const RangeQuestion *questions, size_t count);

}  // namespace cutrans::shim
