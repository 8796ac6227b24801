// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The runtime of CUDA 12 calls the bodies of CUDA 13, around which the same happens.
#pragma once
#include "cudart/bodies.h"
#include "shim/cudart12/structures.h"

namespace cutrans::cudart12 {

using cudart::Call;
using cudart::enter;
using cudart::Needs;

}  // namespace cutrans::cudart12
