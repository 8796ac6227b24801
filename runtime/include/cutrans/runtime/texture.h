// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Textures and surfaces: how kernels read and write arrays and other memory by coordinate. A handle is the device
// address of a record (cutrans/texture.h) that the runtime keeps in memory of the context.
#pragma once
#include <optional>

#include "cutrans/runtime/array.h"
#include "cutrans/runtime/export.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/support/status.h"
#include "cutrans/texture.h"

namespace cutrans::runtime {

// What is read. Exactly what the program said, so that it can be asked for again.
struct TextureSource {
  enum class Sort : uint8_t { array, mipmapped, linear, pitched };
  Sort sort = Sort::array;
  Array *array = nullptr;
  MipmappedArray *mipmapped = nullptr;
  // linear and pitched: memory of the program.
  Address address = 0;
  TexelFormat format;
  uint64_t bytes = 0;                         // linear
  uint64_t width = 0, height = 0, pitch = 0;  // pitched: texels, rows, bytes
};

// How it is read. `flags` are CT_TEXTURE_NORMALIZED, READ_FLOAT, SRGB, SEAMLESS and NO_TRILINEAR_OPTIMIZATION.
struct TextureSampling {
  // ct_texture_address and ct_texture_filter, or any number that a program wrote there: invalid_value when a texture is made.
  uint32_t address[3] = {CT_ADDRESS_WRAP, CT_ADDRESS_WRAP, CT_ADDRESS_WRAP};
  uint32_t filter = CT_FILTER_POINT, mip_filter = CT_FILTER_POINT;
  uint32_t flags = 0;
  uint32_t max_anisotropy = 0;
  float mip_bias = 0, min_level = 0, max_level = 0;
  float border[4] = {};
};

// A part of an array, perhaps as texels of another format.
struct TextureView {
  bool given = false;
  uint32_t number = 0;  // the API's own for the format
  bool reinterprets = false;
  TexelFormat format;   // where it does; as large as the array's
  uint64_t width = 0, height = 0, depth = 0;
  uint32_t first_level = 0, last_level = 0, first_layer = 0, last_layer = 0;
};

// A copy of what the layer knows about one: the table behind it may change at any time.
class CUTRANS_API Texture {
 public:
  // Give the number that kernels hold. invalid_value for what the manual forbids; invalid_filter: a linear filter over
  // integers; unsupported (reported) where the device has no textures.
  static Result<uint64_t> create(Context &context, const TextureSource &source, const TextureSampling &sampling,
                                 const TextureView &view);
  static Result<uint64_t> createSurface(Context &context, Array &array);  // an array with kArraySurface
  // Take a lock: not for hot paths.
  static std::optional<Texture> find(uint64_t handle, ct_texture_kind kind);
  static Status destroy(uint64_t handle, ct_texture_kind kind);  // waits for the context's work, which may still use it

  Context &context() const { return *context_; }
  const TextureSource &source() const { return source_; }
  const TextureSampling &sampling() const { return sampling_; }
  const TextureView &view() const { return view_; }

 private:
  friend class TextureAccess;
  Texture() = default;
  Context *context_ = nullptr;
  ct_texture_kind kind_ = CT_TEXTURE_SAMPLED;
  TextureSource source_;
  TextureSampling sampling_;
  TextureView view_;
};

}  // namespace cutrans::runtime
