// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The address spaces of the SPMD IR become those of a machine, in place.
#pragma once

#include <llvm/ADT/STLFunctionalExtras.h>

namespace llvm {
class Function;
}

namespace cutrans::emit {

// Every pointer of the kernel into space n becomes one into space to(n), which has pointers of the same size. Casts between spaces
// that become one are gone. Allocas stay in the space where they are; with `to` of that space another one, their users are given a cast.
// Arguments and module variables are the caller's.
void mapAddressSpaces(llvm::Function &kernel, llvm::function_ref<unsigned(unsigned)> to);

}  // namespace cutrans::emit
