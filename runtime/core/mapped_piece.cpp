// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A piece of another process's memory file (or of any memory file) as an allocation of this process.
#include <unistd.h>

#include <map>
#include <vector>

#include "cutrans/runtime/platform.h"
#include "mapping_state.h"
#include "memory_map.h"
#include "state.h"

namespace cutrans::runtime {
namespace {

// By base; under mappingLock().
std::map<Address, FilePiece> &pieces() {
  static auto *const all = new std::map<Address, FilePiece>;
  return *all;
}

uint64_t pageSize() { return static_cast<uint64_t>(sysconf(_SC_PAGESIZE)); }
uint64_t pageOf(uint64_t offset) { return offset / pageSize() * pageSize(); }
uint64_t roundUp(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }

void end(const FilePiece &piece) {
  const ct_mapping_ops &ops = target().mapping;
  if (piece.mapped) ops.unmap(piece.memory, piece.range, piece.mapped);
  if (piece.reserved) ops.unreserve(piece.range, piece.reserved);
  ops.release(piece.memory);
}

}  // namespace

Result<FilePiece> mapFile(int file, bool any_file, uint64_t offset, uint64_t size) {
  const ct_mapping_ops &ops = target().mapping;
  const uint64_t begin = pageOf(offset);
  std::lock_guard hold(mappingLock());
  FilePiece piece{};
  uint64_t file_size = 0;
  ct_memory_kind kind = CT_MEMORY_DEVICE;
  uint32_t device = 0;
  ct_status status = ops.import_file(file, any_file ? CT_IMPORT_ANY_FILE : 0, &piece.memory, &file_size, &kind, &device);
  if (status != CT_OK) return fromTarget(status);
  if (size == 0 || offset > file_size || size > file_size - offset) {
    end(piece);
    return Code::invalid_value;
  }
  const uint64_t bytes = roundUp(offset + size, pageSize()) - begin, room = roundUp(bytes, ops.granularity);
  status = ops.reserve(room, 0, 0, &piece.range);
  if (status == CT_OK) piece.reserved = room;
  if (status == CT_OK) status = ops.map(piece.memory, begin, piece.range, bytes);
  if (status == CT_OK) {
    piece.mapped = bytes;
    std::vector<ct_access> all{{CT_ACCESS_HOST, CT_ACCESS_READ_WRITE}};
    for (int i = 0; i < Platform::loaded()->deviceCount(); ++i) all.push_back({static_cast<uint32_t>(i), CT_ACCESS_READ_WRITE});
    status = ops.access(piece.memory, piece.range, bytes, all.data(), static_cast<uint32_t>(all.size()));
  }
  if (status == CT_OK) return piece;
  end(piece);
  return fromTarget(status);
}

void unmapFile(const FilePiece &piece) {
  std::lock_guard hold(mappingLock());
  end(piece);
}

Result<Address> mapPiece(int file, bool any_file, uint64_t offset, uint64_t size, Allocation allocation) {
  Result<FilePiece> piece = mapFile(file, any_file, offset, size);
  if (!piece.ok()) return piece.status();
  const Address base = piece->range + (offset - pageOf(offset));
  std::lock_guard hold(mappingLock());
  pieces()[base] = *piece;
  allocation.base = allocation.device = base;
  allocation.size = size;
  allocation.host = allocation.context->device().hostCanAccess() ? base : 0;
  allocation.id = nextAllocationId();
  insertAllocation(allocation);
  return base;
}

void unmapPiece(Address base) {
  std::lock_guard hold(mappingLock());
  auto found = pieces().find(base);
  if (found == pieces().end()) return;
  end(found->second);
  pieces().erase(found);
}

}  // namespace cutrans::runtime
