/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * The CUDA version that the catalogue describes, and that all APIs answer when asked, on the device (C) too. */
#pragma once

#define CT_CUDA_VERSION 13000

#ifdef __cplusplus
namespace cutrans::shim {
inline constexpr int kCudaVersion = CT_CUDA_VERSION;
}
#endif
