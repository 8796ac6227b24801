// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The settings that cuParamSet* and their kin keep for a function.
#pragma once

namespace cutrans::driver {

// Some modules are gone, and their functions' settings with them: their handles will be used again.
void forgetOldLaunches();

}  // namespace cutrans::driver
