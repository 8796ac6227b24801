// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Texture and surface references: variables of a module (`.texref`, `.surfref`) that the program binds to memory by name,
// the way before there were texture objects. The variable is the record that kernels read (cutrans/texture.h), so that
// binding writes a record and its address is the handle.
//
// A change waits for the context's work and holds for launches after it. Not locked: two threads that change one
// reference at the same time are the program's error.
#pragma once
#include <optional>
#include <string_view>

#include "cutrans/runtime/export.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/runtime/texture.h"
#include "cutrans/support/status.h"

namespace cutrans::runtime {

class CUTRANS_API TextureReference {
 public:
  // One that no module declares: it can be described and asked, and no kernel reads it.
  static Result<TextureReference *> create(Context &context);
  static TextureReference *find(const void *handle);
  // The module's variable of this name; not_found. Ends with the module.
  static Result<TextureReference *> of(Module &module, std::string_view name, ct_texture_kind kind);
  Status destroy();  // not_permitted: it belongs to a module

  ct_texture_kind kind() const { return kind_; }
  const Module *module() const { return module_; }
  // What it reads; none until it is bound.
  const std::optional<TextureSource> &source() const { return source_; }
  const TextureSampling &sampling() const { return sampling_; }
  TexelFormat format;  // of memory that is bound from now on

  // Codes as of Texture::create; then what was bound before stays. Sampling that does not fit what is bound leaves the
  // reference without a texture, which a kernel that reads it says.
  Status bind(const TextureSource &source);
  Status sample(const TextureSampling &sampling);

 private:
  friend class TextureReferenceAccess;
  TextureReference() = default;
  Status write();
  Context *context_ = nullptr;
  Module *module_ = nullptr;
  Address place_ = 0;  // of the record; 0: none
  ct_texture_kind kind_ = CT_TEXTURE_SAMPLED;
  std::optional<TextureSource> source_;
  TextureSampling sampling_;
};

}  // namespace cutrans::runtime
