// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Texture and surface references: the table of those that programs asked for, and writing their records.
#include "cutrans/runtime/texture_reference.h"

#include <map>
#include <mutex>
#include <string>

#include "array_state.h"
#include "cutrans/support/diagnostics.h"
#include "module_state.h"
#include "texture_record.h"

namespace cutrans::runtime {

class TextureReferenceAccess {
 public:
  static TextureReference *construct(void *place) { return new (place) TextureReference; }
  static Result<TextureReference *> make(Context &context, Module *module, Address place, ct_texture_kind kind);
  static void release(TextureReference &reference);
};

namespace {

constinit HandlePool<TextureReference, TextureReferenceAccess, size_t{1} << 16> pool;

struct Table {
  std::mutex lock;
  std::map<std::pair<const Module *, std::string>, TextureReference *> by_name;
};
// Never destroyed: the program's destructors still ask.
Table &table() {
  static Table *const instance = new Table;
  return *instance;
}

}  // namespace

Result<TextureReference *> TextureReferenceAccess::make(Context &context, Module *module, Address place, ct_texture_kind kind) {
  TextureReference *made = pool.allocate();
  if (!made) {
    report(Diag::too_many_handles, "making a texture reference");
    return Code::out_of_memory;
  }
  made->context_ = &context;
  made->module_ = module;
  made->place_ = place;
  made->kind_ = kind;
  pool.publish(made);
  return made;
}

void TextureReferenceAccess::release(TextureReference &reference) {
  if (pool.retire(&reference)) pool.recycle(&reference);
}

Result<TextureReference *> TextureReference::create(Context &context) {
  if (Status have = requireTextures(context.device()); !have.ok()) return have;
  return TextureReferenceAccess::make(context, nullptr, 0, CT_TEXTURE_SAMPLED);
}

TextureReference *TextureReference::find(const void *handle) { return pool.find(handle); }

Result<TextureReference *> TextureReference::of(Module &module, std::string_view name, ct_texture_kind kind) {
  Result<Variable> variable = module.reference(name, kind);
  if (!variable.ok()) return variable.status();
  if (Status have = requireTextures(module.context().device()); !have.ok()) return have;
  std::lock_guard hold(table().lock);
  TextureReference *&known = table().by_name[{&module, std::string(name)}];
  if (known) return known;
  Result<TextureReference *> made = TextureReferenceAccess::make(module.context(), &module, variable->address, kind);
  if (made.ok()) known = *made;
  else table().by_name.erase({&module, std::string(name)});
  return made;
}

Status TextureReference::destroy() {
  if (module_) return Code::not_permitted;
  TextureReferenceAccess::release(*this);
  return {};
}

Status TextureReference::bind(const TextureSource &source) {
  const Device &device = context_->device();
  TextureSampling any;  // what is wrong with the source is wrong whatever the sampling
  if (source.sort == TextureSource::Sort::mipmapped) any.flags = CT_TEXTURE_NORMALIZED;
  const Status possible = kind_ == CT_TEXTURE_SURFACE ? surfaceRecord(*source.array).status() : textureRecord(device, source, any, {}).status();
  if (!possible.ok()) return possible;
  source_ = source;
  return write();
}

Status TextureReference::sample(const TextureSampling &sampling) {
  sampling_ = sampling;
  return write();
}

Status TextureReference::write() {
  if (!place_ || !source_) return {};
  Result<ct_texture> record =
      kind_ == CT_TEXTURE_SURFACE ? surfaceRecord(*source_->array) : textureRecord(context_->device(), *source_, sampling_, {});
  const ct_texture none{};
  if (Status last = waitForAll(*context_); !last.ok()) return last;
  return uploadNow(*context_, place_, record.ok() ? &*record : &none, sizeof none);
}

void releaseTextureReferences(const Module &module) {
  std::lock_guard hold(table().lock);
  std::erase_if(table().by_name, [&](const auto &entry) {
    if (entry.first.first != &module) return false;
    TextureReferenceAccess::release(*entry.second);
    return true;
  });
}

}  // namespace cutrans::runtime
