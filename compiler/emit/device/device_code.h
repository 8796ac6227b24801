// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Device code: what kernels call where their format has no calls out of them (docs/artifacts.md). C files of this folder, compiled to bitcode with
// the project for each kind of machine (CMakeLists.txt has the list); functions that kernels may call are named cutrans_device_*.
#pragma once

#include <llvm/Support/Error.h>

namespace llvm {
class Module;
}

namespace cutrans::emit {

enum class DeviceMachine {
  cpu,     // one address space; functions stay functions, for the optimiser to judge
  amdgcn,  // local variables have their own space; all is inlined, an artifact calls nothing
};

// Links what the module calls of the device code. A function that there is none of is refused.
llvm::Error linkDeviceCode(llvm::Module &module, DeviceMachine machine);

}  // namespace cutrans::emit
