// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// cudaChannelFormatDesc: a texel by the bits of its channels.
#pragma once
#include <driver_types.h>

#include "shim/common/array_descriptors.h"

namespace cutrans::cudart {

// cudaErrorInvalidChannelDescriptor for what is none; cudaErrorNotSupported (reported) as shim::texelFormat.
cudaError_t readChannel(const cudaChannelFormatDesc &channel, const char *entry, shim::ArrayFormat *out);
cudaChannelFormatDesc channelOf(const runtime::TexelFormat &format);

}  // namespace cutrans::cudart
