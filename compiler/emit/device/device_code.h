// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Device code: what kernels call where their format has no calls out of them (docs/artifacts.md). C files of this folder, compiled to bitcode with
// the project for each kind of machine (CMakeLists.txt has the list); functions that kernels may call are named cutrans_device_*.
#pragma once

#include <cstdint>

#include <llvm/Support/Error.h>

namespace llvm {
class Module;
}

namespace cutrans::emit {

enum class DeviceMachine {
  cpu,     // one address space; functions stay functions, for the optimiser to judge
  amdgcn,  // local variables have their own space; all is inlined but the sampler
};

// Links what the module calls of the device code. A function that there is none of is refused.
llvm::Error linkDeviceCode(llvm::Module &module, DeviceMachine machine);

// The sampler's function for instructions of this form (texture_ops.h): i32 fault(i32 form, i32 lanes, i32 mask, ptr handles, ptr words, ptr results).
const char *textureFunction(uint32_t form);

}  // namespace cutrans::emit
