// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From what a program hands over (a registered wrapper, or the image of a module or library) to the PTX units that the
// runtime loads. Says on stderr what is wrong; the code is what the caller returns.
#pragma once

#include <string_view>
#include <vector>

#include "cutrans/runtime/module.h"
#include "cutrans/support/status.h"

namespace cutrans::shim {

// `capability`: what the devices claim, 90 for 9.0. `kernel`: whom it is for, in messages; may be empty.
// invalid_image: damaged, or no such thing. no_kernel_image: no PTX for this device.
Result<std::vector<runtime::Unit>> unitsOfWrapper(const void *wrapper, unsigned capability, std::string_view kernel);

// Wrapper, container or PTX text (all of which is then checked at load); machine code is no_kernel_image. The image is read during the call only.
Result<std::vector<runtime::Unit>> unitsOfImage(const void *image, unsigned capability, std::string_view kernel);

}  // namespace cutrans::shim
