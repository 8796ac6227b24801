// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How the rest of runtime/core reaches arrays and textures.
#pragma once
#include <functional>

#include "cutrans/runtime/array.h"
#include "cutrans/runtime/texture.h"

namespace cutrans::runtime {

// unsupported (reported) where the device's kernels cannot sample.
Status requireTextures(const Device &device);

inline constexpr uint64_t kArrayAlign = 512;  // of each level
// How many a chain can have.
uint32_t mostLevels(const ArrayShape &shape);

class ArrayAccess {
 public:
  static Array *construct(void *place) { return new (place) Array; }
  static Array *make(Context &context, const ArrayShape &shape, Address address, bool is_level);
  // No work of the context is pending. The caller has taken it off the context's list.
  static void release(Array &array);
};

class MipmapAccess {
 public:
  static MipmappedArray *construct(void *place) { return new (place) MipmappedArray; }
  static void release(MipmappedArray &mipmap);  // as above
  // `memory(bytes)`: an address for it, or why there is none; of MemoryKind::array, at kArrayAlign.
  static Result<MipmappedArray *> make(Context &context, const ArrayShape &shape, uint32_t levels, const std::function<Result<Address>(uint64_t bytes)> &memory);
};

class TextureAccess {
 public:
  static Result<uint64_t> add(Context &context, const ct_texture &record, const Texture &texture);
};

// Ends all textures of a context that ends. Their records' memory goes with the context's other memory.
void releaseTextures(Context &context);
// Ends the references of a module that ends.
void releaseTextureReferences(const Module &module);

}  // namespace cutrans::runtime
