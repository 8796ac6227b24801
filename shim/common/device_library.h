// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The functions that CUDA programs call on the device and leave to be linked (shim/device), as PTX.
#pragma once

namespace cutrans::shim {

// Gives it to the runtime; before the first module is loaded, any number of times.
void useDeviceLibrary();

}  // namespace cutrans::shim
