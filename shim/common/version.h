// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The CUDA version that the catalogue describes, and that both APIs answer when asked.
#pragma once

namespace cutrans::shim {
inline constexpr int kCudaVersion = 13000;
}
