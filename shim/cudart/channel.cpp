// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Channel descriptions: only a structure. The arrays and textures that they are for are refused elsewhere.
#include "bodies.h"

namespace cutrans::cudart {

cudaChannelFormatDesc body::cudaCreateChannelDesc(Call &, int x, int y, int z, int w, cudaChannelFormatKind kind) {
  return {x, y, z, w, kind};
}

}  // namespace cutrans::cudart
