// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The parts of native emission, in the order in which emit_native.cpp uses them: widened code of a whole block (or of one
// gang) becomes a shared library for this CPU. docs/native-code.md.
#pragma once

#include <memory>
#include <string>

#include <llvm/ADT/SmallVector.h>
#include <llvm/ADT/StringRef.h>
#include <llvm/Support/Error.h>

#include "cutrans/native_kernel.h"

namespace llvm {
class Function;
class Module;
class TargetMachine;
}  // namespace llvm

namespace cutrans::simt {
struct SimtOptions;
}

namespace cutrans::emit {

// What `ct_device_info.codegen` says ("cpu=znver5;features=+avx512f,..."). Unknown words are refused.
struct Machine {
  std::string cpu, features;
  unsigned vectorBits = 128;  // widest registers
  bool avx512 = false;
};
llvm::Expected<Machine> parseMachine(llvm::StringRef codegen);
llvm::Expected<std::unique_ptr<llvm::TargetMachine>> makeTargetMachine(const Machine &machine);

// What the attributes of a kernel in block or gang form say; form and static_shared_bytes are left at 0.
ct_native_kernel describeKernel(const llvm::Function &kernel, const simt::SimtOptions &options);

// Shared memory laid out; fills static_shared_bytes. Before lowerNative. The dynamic array starts behind the static ones.
// After it: no address spaces, no module variables, no cutrans.* but those that expandMath takes, all memory operations plain x86 ones.
// `kernel` is `void(ptr block)` or `void(ptr block, i32 gang)`.
llvm::Error lowerNative(llvm::Function &kernel, ct_native_kernel &record);

// Approximate functions, directed rounding, ftz and sat as IR for this machine.
llvm::Error expandMath(llvm::Module &module, const Machine &machine);

// LLVM's own pipeline: scalar and loop optimisations, no vectorisers, nothing that changes a floating-point result.
void optimize(llvm::Module &module, llvm::TargetMachine &machine);

// The exported record `cutrans_kernel`.
void addKernelRecord(llvm::Function &kernel, const ct_native_kernel &record, llvm::StringRef name);

// Bodies for memcpy, memset and their like where the code generator wants them: an artifact imports nothing.
void provideLibraryCalls(llvm::Module &module);

// Keeps selects of bitwise operations apart from them: instruction selection gets some of them wrong (shield_selects.cpp).
void shieldSelects(llvm::Module &module, const Machine &machine);

llvm::Expected<llvm::SmallVector<char, 0>> emitObject(llvm::Module &module, llvm::TargetMachine &machine);
std::string emitAssembly(llvm::Module &module, llvm::TargetMachine &machine);

// In process. One at a time: lld keeps its state in globals. Refuses objects that need symbols from elsewhere.
llvm::Expected<std::string> linkShared(llvm::ArrayRef<char> object, const char *hashStyle = "--hash-style=gnu");

}  // namespace cutrans::emit
