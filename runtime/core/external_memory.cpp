// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cutrans/runtime/external_memory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array_state.h"
#include "cutrans/support/diagnostics.h"
#include "handle_pool.h"
#include "mapping_state.h"
#include "state.h"

namespace cutrans::runtime {

class ExternalMemoryAccess {
 public:
  static ExternalMemory *construct(void *place) { return new (place) ExternalMemory; }
};

namespace {

constinit HandlePool<ExternalMemory, ExternalMemoryAccess> pool;

}  // namespace

ExternalMemory *ExternalMemory::find(const void *handle) { return pool.find(handle); }

Result<ExternalMemory *> ExternalMemory::import(int file, uint64_t size) {
  if (Status has = requireMapping("memory of other APIs"); !has.ok()) return has;
  struct stat about {};
  if (size == 0 || fstat(file, &about) != 0 || !S_ISREG(about.st_mode) || fcntl(file, F_GET_SEALS) < 0) return Code::invalid_value;
  if (static_cast<uint64_t>(about.st_size) != size) return Code::invalid_value;
  ExternalMemory *memory = pool.allocate();
  if (!memory) {
    report(Diag::too_many_handles, "importing memory");
    return Code::out_of_memory;
  }
  memory->file_ = file;
  memory->size_ = size;
  pool.publish(memory);
  return memory;
}

Status ExternalMemory::destroy() {
  if (!pool.retire(this)) return Code::invalid_handle;
  close(std::exchange(file_, -1));
  pool.recycle(this);
  return {};
}

Result<Address> ExternalMemory::mapAs(MemoryKind kind, Context &context, uint64_t offset, uint64_t size) {
  if (Status healthy = context.check(); !healthy.ok()) return healthy;
  if (size == 0 || offset > size_ || size > size_ - offset) return Code::invalid_value;
  Allocation allocation;
  allocation.kind = kind;
  allocation.origin = Origin::imported;
  allocation.context = &context;
  allocation.context_id = context.id();
  return mapPiece(file_, true, offset, size, allocation);
}

Result<Address> ExternalMemory::map(Context &context, uint64_t offset, uint64_t size) { return mapAs(MemoryKind::device, context, offset, size); }

Result<MipmappedArray *> ExternalMemory::mapArray(Context &context, uint64_t offset, const ArrayShape &shape, uint32_t levels) {
  if (levels == 0 || levels > mostLevels(shape) || offset % kArrayAlign != 0) return Code::invalid_value;
  return MipmapAccess::make(context, shape, levels, [&](uint64_t bytes) { return mapAs(MemoryKind::array, context, offset, bytes); });
}

}  // namespace cutrans::runtime
