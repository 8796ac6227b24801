// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Textures and surfaces: their records in device memory, and the table that knows the handles.
//
// Records lie in blocks of memory of the context, are used again late, and never while work of the context is pending.
// The table is one for the process, as handles are addresses and those never clash.
#include "cutrans/runtime/texture.h"

#include <map>
#include <mutex>

#include "array_state.h"
#include "memory_map.h"
#include "state.h"
#include "texture_record.h"

namespace cutrans::runtime {
namespace {

constexpr uint64_t kStride = (sizeof(ct_texture) + CT_TEXTURE_ALIGN - 1) / CT_TEXTURE_ALIGN * CT_TEXTURE_ALIGN;
constexpr uint64_t kRecordsPerBlock = 64;
constexpr size_t kQuarantine = 32;  // free places that are left alone, so that a stale handle is noticed

struct Table {
  std::mutex lock;
  std::map<uint64_t, Texture> by_handle;
};
// Never destroyed: the program's destructors still ask.
Table &table() {
  static Table *const instance = new Table;
  return *instance;
}

// A place for a record. The block goes with the context's memory.
Result<Address> takePlace(Context &context) {
  Context::State &owner = ContextAccess::state(context);
  {
    std::lock_guard hold(owner.lists);
    if (owner.texture_records.size() > kQuarantine) {
      Address place = owner.texture_records.front();
      owner.texture_records.pop_front();
      return place;
    }
  }
  Result<Address> block = allocateMemory(context, MemoryKind::array, kStride * kRecordsPerBlock);
  if (!block.ok()) return block;
  std::lock_guard hold(owner.lists);
  for (uint64_t i = 1; i < kRecordsPerBlock; ++i) owner.texture_records.push_back(*block + i * kStride);
  return *block;
}

void givePlace(Context &context, Address place) {
  Context::State &owner = ContextAccess::state(context);
  std::lock_guard hold(owner.lists);
  owner.texture_records.push_back(place);
}

}  // namespace

Result<uint64_t> TextureAccess::add(Context &context, const ct_texture &record, const Texture &texture) {
  Result<Address> place = takePlace(context);
  if (!place.ok()) return place.status();
  if (Status written = uploadNow(context, *place, &record, sizeof record); !written.ok()) {
    givePlace(context, *place);
    return written;
  }
  Texture made = texture;
  made.context_ = &context;
  made.kind_ = static_cast<ct_texture_kind>(record.kind);
  std::lock_guard hold(table().lock);
  table().by_handle.insert_or_assign(*place, made);
  return *place;
}

Result<uint64_t> Texture::create(Context &context, const TextureSource &source, const TextureSampling &sampling,
                                  const TextureView &view) {
  if (Status healthy = context.check(); !healthy.ok()) return healthy;
  if (Status have = requireTextures(context.device()); !have.ok()) return have;
  Result<ct_texture> record = textureRecord(context.device(), source, sampling, view);
  if (!record.ok()) return record.status();
  Texture texture;
  texture.source_ = source;
  texture.sampling_ = sampling;
  texture.view_ = view;
  return TextureAccess::add(context, *record, texture);
}

Result<uint64_t> Texture::createSurface(Context &context, Array &array) {
  if (Status healthy = context.check(); !healthy.ok()) return healthy;
  Result<ct_texture> record = surfaceRecord(array);
  if (!record.ok()) return record.status();
  Texture texture;
  texture.source_.array = &array;
  return TextureAccess::add(context, *record, texture);
}

std::optional<Texture> Texture::find(uint64_t handle, ct_texture_kind kind) {
  std::lock_guard hold(table().lock);
  auto found = table().by_handle.find(handle);
  if (found == table().by_handle.end() || found->second.kind_ != kind) return std::nullopt;
  return found->second;
}

Status Texture::destroy(uint64_t handle, ct_texture_kind kind) {
  std::optional<Texture> known = find(handle, kind);
  if (!known) return Code::invalid_handle;
  if (Status last = waitForAll(*known->context_); !last.ok()) return last;
  {
    std::lock_guard hold(table().lock);
    auto found = table().by_handle.find(handle);
    if (found == table().by_handle.end() || found->second.kind_ != kind) return Code::invalid_handle;
    table().by_handle.erase(found);
  }
  constexpr uint32_t kNoMagic = 0;
  Status cleared = uploadNow(*known->context_, handle, &kNoMagic, sizeof kNoMagic);
  givePlace(*known->context_, handle);
  return cleared;
}

void releaseTextures(Context &context) {
  ContextAccess::state(context).texture_records.clear();
  std::lock_guard hold(table().lock);
  std::erase_if(table().by_handle, [&](const auto &entry) { return &entry.second.context() == &context; });
}

}  // namespace cutrans::runtime
