// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Device attributes by their number, which CUdevice_attribute and cudaDeviceAttr share. Rows: device_attributes.def.
#pragma once
#include "cutrans/runtime/device.h"
#include "cutrans/support/status.h"

namespace cutrans::shim {

// invalid_value for a number that is no attribute; else what Platform::computeCapability says when it fails.
Result<int> deviceAttribute(const runtime::Device &device, int attribute);

}  // namespace cutrans::shim
