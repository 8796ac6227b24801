// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arrays: texels in one to three dimensions, in layers or as cubes, alone or as the levels of a mipmap. Kernels reach
// them through textures and surfaces (texture.h), the program through copies. They lie in device memory as plain rows
// (cutrans/texture.h), so that a copy to or from one is an ordinary copy of a box; their addresses are never shown.
#pragma once
#include <vector>

#include "cutrans/runtime/export.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/support/status.h"
#include "cutrans/texture.h"

namespace cutrans::runtime {

struct TexelFormat {
  ct_texel_format kind = CT_TEXEL_UNSIGNED;
  uint8_t bits = 8;         // of one channel: 8, 16 or 32; floats have 16 or 32
  uint8_t channels = 1;     // 1, 2 or 4
  bool normalized = false;  // integers of 8 or 16 bits that every read gives as floats
  uint32_t bytes() const { return bits / 8u * channels; }
  bool operator==(const TexelFormat &) const = default;
};

enum ArrayFlags : uint32_t {
  kArrayLayered = 1,  // depth counts layers
  kArraySurface = 2,  // surfaces may be made of it
  kArrayCube = 4,     // width = height, depth = 6, layered: a multiple of 6
  kArrayGather = 8,   // for gathering reads; 2-D only
  kArrayColorTarget = 0x20  // for graphics: of no meaning here, kept for questions
};

// In texels. height = 0: one dimension; depth = 0: no third one, and no layers.
struct ArrayShape {
  TexelFormat format;
  uint64_t width = 0, height = 0, depth = 0;
  uint32_t flags = 0;
  bool layered() const { return flags & kArrayLayered; }
  bool cube() const { return flags & kArrayCube; }
  uint64_t rows() const { return height ? height : 1; }
  uint64_t slices() const { return depth ? depth : 1; }  // depth, layers or faces
};

class CUTRANS_API Array {
 public:
  // invalid_value for a shape that is none or goes beyond the limits; unsupported (reported) where the device has no textures.
  static Result<Array *> create(Context &context, const ArrayShape &shape);
  static Array *find(const void *handle);
  // Waits for the context's work. invalid_handle for a level of a mipmap, which goes with the whole.
  Status destroy();

  Context &context() const { return *context_; }
  const ArrayShape &shape() const { return shape_; }
  uint64_t rowBytes() const { return shape_.width * shape_.format.bytes(); }
  Address address() const { return address_; }
  uint64_t rowPitch() const { return row_pitch_; }
  uint64_t slicePitch() const { return row_pitch_ * shape_.rows(); }
  uint64_t bytes() const { return slicePitch() * shape_.slices(); }

  // The address of a box in it, for copies: x and width in bytes, whole texels. invalid_value where it does not lie inside.
  struct Box {
    uint64_t x = 0, y = 0, z = 0;
    uint64_t width = 0, height = 1, depth = 1;
  };
  Result<Address> locate(const Box &box) const;

 private:
  friend class ArrayAccess;
  Array() = default;
  Context *context_ = nullptr;
  ArrayShape shape_;
  Address address_ = 0;
  uint64_t row_pitch_ = 0;
  bool is_level_ = false;
};

class CUTRANS_API MipmappedArray {
 public:
  // `levels` is brought into [1, 1 + log2 of the largest edge].
  static Result<MipmappedArray *> create(Context &context, const ArrayShape &shape, uint32_t levels);
  static MipmappedArray *find(const void *handle);
  Status destroy();  // waits for the context's work; the levels' handles end too

  Context &context() const { return *context_; }
  const ArrayShape &shape() const { return levels_.front()->shape(); }
  const std::vector<Array *> &levels() const { return levels_; }
  uint64_t bytes() const { return bytes_; }

 private:
  friend class MipmapAccess;
  MipmappedArray() = default;
  Context *context_ = nullptr;
  std::vector<Array *> levels_;
  Address address_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace cutrans::runtime
