// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The artifact formats that this library writes, one emitter each: a module with one kernel's SPMD IR in, the artifact's bytes out.
#pragma once

#include <string>

#include <llvm/ADT/StringRef.h>
#include <llvm/Support/Error.h>

namespace llvm {
class Module;
}

namespace cutrans::simt {
class PassDriver;
struct PipelineOptions;
}

namespace cutrans::emit {

// The module is used up. A refusal of the kernel is a simt::Refusal; another format may hold the kernel then.
using Emitter = llvm::Expected<std::string> (*)(simt::PassDriver &driver);

llvm::Expected<std::string> emitNative(simt::PassDriver &driver);       // native/
llvm::Expected<std::string> emitSpirBitcode(simt::PassDriver &driver);  // opencl/
llvm::Expected<std::string> emitOpenclC(simt::PassDriver &driver);
llvm::Expected<std::string> emitSpirv(simt::PassDriver &driver);
llvm::Expected<std::string> emitAmdgcn(simt::PassDriver &driver);       // amdgcn/

// Null: not one of ours.
Emitter emitterFor(llvm::StringRef format);

}  // namespace cutrans::emit
