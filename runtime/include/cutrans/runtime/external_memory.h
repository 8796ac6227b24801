// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory that another API made, behind a descriptor: a memory file whose bytes are the memory. docs/shared-memory.md.
#pragma once
#include "cutrans/runtime/array.h"
#include "cutrans/runtime/export.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/runtime/memory.h"
#include "cutrans/support/status.h"

namespace cutrans::runtime {

class CUTRANS_API ExternalMemory {
 public:
  // Takes the descriptor over, if that works. invalid_value: the file is no memory file of exactly this size, which is how files
  // with a header or a layout of their own show.
  static Result<ExternalMemory *> import(int file, uint64_t size);
  static ExternalMemory *find(const void *handle);
  // What was mapped stays until it is released.
  Status destroy();

  // At least one byte of it, as device memory of the context, for releaseMemory.
  Result<Address> map(Context &context, uint64_t offset, uint64_t size);
  // As arrays of this layer lie in memory (docs/shared-memory.md). invalid_value: not so many levels, not so much memory, or an
  // offset that no array starts at.
  Result<MipmappedArray *> mapArray(Context &context, uint64_t offset, const ArrayShape &shape, uint32_t levels);

 private:
  friend class ExternalMemoryAccess;
  ExternalMemory() = default;
  Result<Address> mapAs(MemoryKind kind, Context &context, uint64_t offset, uint64_t size);
  int file_ = -1;
  uint64_t size_ = 0;
};

}  // namespace cutrans::runtime
