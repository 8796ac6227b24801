// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "shim/cudart/device_properties.h"

#include "bodies.h"

namespace cutrans::cudart {

cudaError_t body::cudaGetDeviceProperties(Call &, cudaDeviceProp *out, int index) {
  return deviceProperties(out, index);
}

}  // namespace cutrans::cudart
