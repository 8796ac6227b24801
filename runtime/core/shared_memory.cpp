// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Exporting memory to other processes, and opening theirs.
#include "cutrans/runtime/shared_memory.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "mapping_state.h"
#include "memory_map.h"
#include "shared_handle.h"
#include "state.h"

namespace cutrans::runtime {
namespace {

// What is open, by what it is: two handles of one allocation are the same memory.
struct Key {
  uint64_t context, inode, offset, tag;
  friend auto operator<=>(const Key &, const Key &) = default;
};
struct Opened {
  Address base = 0;
  unsigned count = 0;
};
struct State {
  std::mutex lock;  // above mappingLock()
  std::map<Key, Opened> opened;
};
State &state() {
  static State *const instance = new State;
  return *instance;
}

Result<SharedHandle> exportPiece(Address address, SharedKind kind, uint64_t id) {
  if (Status has = requireMapping("sharing memory with other processes"); !has.ok()) return has;
  std::optional<Allocation> known = findAllocation(address);
  if (!known || known->kind != MemoryKind::device || known->origin != Origin::allocated || (known->piece != nullptr) != (kind == SharedKind::pool_memory)) return Code::invalid_value;
  if (Status healthy = known->context->check(); !healthy.ok()) return healthy;
  ct_file_piece piece{};
  piece.struct_size = sizeof piece;
  uint64_t offset = 0;
  ct_status status = target().mapping.share(ContextAccess::state(*known->context).device, known->base, &piece, &offset);
  if (status != CT_OK) return fromTarget(status);
  SharedPiece shared;
  shared.kind = kind;
  shared.file = piece.file;
  shared.offset = piece.offset + offset;
  shared.size = known->size;
  shared.tag = kind == SharedKind::pool_memory ? id : known->id;
  return makeHandle(shared);
}

Result<Address> mapShared(Context &context, const SharedPiece &piece, Origin origin, uint64_t pool) {
  Result<int> file = openPiece(piece, origin == Origin::imported);
  if (!file.ok()) return file.status();
  Allocation allocation;
  allocation.kind = MemoryKind::device;
  allocation.origin = origin;
  allocation.imported_from = pool;
  allocation.context = &context;
  allocation.context_id = context.id();
  Result<Address> base = mapPiece(*file, false, piece.offset, piece.size, allocation);
  close(*file);
  return base;
}

bool isOpened(const Allocation &a) { return a.origin == Origin::opened; }

}  // namespace

Result<SharedHandle> exportMemory(Address address) { return exportPiece(address, SharedKind::memory, 0); }

Result<SharedHandle> exportPoolMemory(Address address, uint64_t id) { return exportPiece(address, SharedKind::pool_memory, id); }

Result<Address> openMemory(Context &context, const SharedHandle &handle) {
  if (Status has = requireMapping("memory of other processes"); !has.ok()) return has;
  if (Status healthy = context.check(); !healthy.ok()) return healthy;
  Result<SharedPiece> piece = readHandle(handle, SharedKind::memory);
  if (!piece.ok()) return piece.status();
  State &s = state();
  std::lock_guard hold(s.lock);
  const Key key{context.id(), piece->inode, piece->offset, piece->tag};
  if (auto found = s.opened.find(key); found != s.opened.end()) {
    ++found->second.count;
    return found->second.base;
  }
  Result<Address> base = mapShared(context, *piece, Origin::opened, 0);
  if (base.ok()) s.opened[key] = {*base, 1};
  return base;
}

Status closeMemory(Address address) {
  std::optional<Allocation> known = findAllocation(address);
  if (!known || known->base != address || !isOpened(*known)) return Code::invalid_value;
  State &s = state();
  {
    std::lock_guard hold(s.lock);
    auto found = std::find_if(s.opened.begin(), s.opened.end(), [&](const auto &each) { return each.second.base == address; });
    if (found == s.opened.end()) return Code::invalid_value;
    if (--found->second.count > 0) return {};
    s.opened.erase(found);
  }
  // Work under way may use it; a fault of the context is no reason to keep it.
  Status last = waitForAll(*known->context);
  if (takeAllocation(address, isOpened)) unmapPiece(address);
  return last;
}

void forgetOpened(Address base) {
  std::lock_guard hold(state().lock);
  std::erase_if(state().opened, [&](const auto &each) { return each.second.base == base; });
}

Result<Address> importPoolMemory(Context &context, const SharedHandle &handle, uint64_t id, uint64_t pool) {
  if (Status has = requireMapping("memory of other processes"); !has.ok()) return has;
  if (Status healthy = context.check(); !healthy.ok()) return healthy;
  Result<SharedPiece> piece = readHandle(handle, SharedKind::pool_memory);
  if (!piece.ok()) return piece.status();
  return piece->tag == id ? mapShared(context, *piece, Origin::imported, pool) : Code::invalid_value;
}

}  // namespace cutrans::runtime
