// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a program says about a texture, checked and turned into the record that kernels read.
#pragma once
#include "cutrans/runtime/texture.h"

namespace cutrans::runtime {

// Rules and their errors: cudaCreateTextureObject in CUDA's manual; texture.h names the codes.
Result<ct_texture> textureRecord(const Device &device, const TextureSource &source, const TextureSampling &sampling,
                                 const TextureView &view);
Result<ct_texture> surfaceRecord(const Array &array);

}  // namespace cutrans::runtime
