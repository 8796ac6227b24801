// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Shared by the rules of textures and of surfaces.
#pragma once

#include "compiler/ptx/lower/lowering.h"
#include "cutrans/texture.h"
#include "cutrans/texture_ops.h"

namespace cutrans::ptx::lowering {

// The handle of [a, c]; null, and refused, where it is a module-scope reference.
Value *textureHandle(BodyLowering &lower, const Operand &address);
// c of [a, c]; null, and refused, for [a, b, c].
const Operand *textureCoordinates(BodyLowering &lower, const Operand &address);
// x y z layer of a surface instruction; false, and refused, for geometries that surfaces do not have.
bool surfaceCoordinates(BodyLowering &lower, const Instruction &instruction, const Operand &address, uint32_t &geometry,
                        std::array<Value *, 4> &words);

}  // namespace cutrans::ptx::lowering
