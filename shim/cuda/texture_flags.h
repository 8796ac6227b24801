// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The flags of the driver API's textures, objects and references (CU_TRSF_*), to and from the runtime's.
#pragma once
#include <cuda.h>

#include "cutrans/runtime/texture.h"

namespace cutrans::driver {

// Reading integers as floats is CUDA's default here: its flag means the opposite of ours, and is not in this table.
inline constexpr struct {
  unsigned driver;
  uint32_t flag;
} kTextureFlags[] = {
    {CU_TRSF_NORMALIZED_COORDINATES, CT_TEXTURE_NORMALIZED},
    {CU_TRSF_SRGB, CT_TEXTURE_SRGB},
    {CU_TRSF_DISABLE_TRILINEAR_OPTIMIZATION, CT_TEXTURE_NO_TRILINEAR_OPTIMIZATION},
    {CU_TRSF_SEAMLESS_CUBEMAP, CT_TEXTURE_SEAMLESS},
};

// Replaces the flags of `sampling`; false: a flag that there is not.
inline bool readTextureFlags(unsigned flags, runtime::TextureSampling *sampling) {
  uint32_t read = flags & CU_TRSF_READ_AS_INTEGER ? 0u : uint32_t{CT_TEXTURE_READ_FLOAT};
  unsigned known = CU_TRSF_READ_AS_INTEGER;
  for (const auto &row : kTextureFlags) {
    known |= row.driver;
    if (flags & row.driver) read |= row.flag;
  }
  if (flags & ~known) return false;
  sampling->flags = read;
  return true;
}

inline unsigned textureFlags(const runtime::TextureSampling &sampling) {
  unsigned flags = sampling.flags & CT_TEXTURE_READ_FLOAT ? 0 : CU_TRSF_READ_AS_INTEGER;
  for (const auto &row : kTextureFlags)
    if (sampling.flags & row.flag) flags |= row.driver;
  return flags;
}

}  // namespace cutrans::driver
