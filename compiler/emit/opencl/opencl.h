// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The parts of the formats "spir-bitcode" and "opencl-c", in the order in which emit_opencl.cpp uses them: widened code of a whole
// block becomes one OpenCL kernel that runs as a work-group of one work-item. docs/opencl-emit.md.
//
// What both writers get is a module with one function that can be seen from outside,
//
//     define spir_kernel void @cutrans_kernel(ptr addrspace(1) %launch, ptr addrspace(3) %shared)
//
// and perhaps internal ones that it calls (no recursion). All other pointers are 64-bit numbers in space 0, wherever they point; allocas are of fixed
// size, in entry blocks. No variables but constants (the tables of the sampler). Calls that leave the module: LLVM's intrinsics, and `i64 @_Z12get_group_idj(i32)`.
#pragma once

#include <string>

#include <llvm/ADT/STLFunctionalExtras.h>
#include <llvm/ADT/StringRef.h>
#include <llvm/IR/PassManager.h>
#include <llvm/Support/Error.h>

#include "compiler/ir/intrinsics.h"
#include "cutrans/native_kernel.h"
#include "cutrans/opencl_kernel.h"

namespace llvm {
class CallInst;
class Function;
class IntrinsicInst;
class Module;
class PassBuilder;
class Value;
}  // namespace llvm

namespace cutrans::emit::opencl {

inline constexpr char GroupId[] = "_Z12get_group_idj";  // i64(i32): get_group_id, as SPIR mangles it

// What `ct_device_info.codegen` says. Words that mean nothing here are left to others.
struct Device {
  unsigned vectorBits = 128;
  bool fp64 = true;
  bool int64Atomics = true;
  bool x86 = false;
};
llvm::Expected<Device> parseDevice(llvm::StringRef codegen);

// `void(ptr block)`, or `void(ptr block, i32 gang)` after callGangServices, becomes the kernel; the module's data layout becomes the device's.
// cutrans.* that are left: expandMath's.
struct GangOptions {
  bool clusters;  // the kernel looks at its cluster
  bool yields;    // work-items are threads of this machine's Linux, and the format holds its instructions
};
llvm::Expected<llvm::Function *> lowerKernel(llvm::Function &body, const GangOptions *gangs, ct_native_kernel &record, ct_opencl_header &header);

// simt::makeGangsResumable with calls of device code (gangs.c) and of `cutrans_device_suspend`.
void callGangServices(llvm::Function &body);
// The gang as a coroutine in two functions without suspensions, as gangs.c calls them. Returns the bytes of a frame. `body` is used up.
llvm::Expected<uint32_t> splitGangs(llvm::Function &body);

// Shared addresses of the kernel, which count from `window` (an i64 in its entry block), become generic ones; or `window` is the argument in space 3
// whose first byte has the number `first`: then they are addresses in it. Scalars only then.
void addSharedWindow(llvm::Function &kernel, llvm::Value *window, uint32_t first = 0);

// Approximate functions; directed rounding by exact sequences.
llvm::Error expandMath(llvm::Module &module);

// LLVM's own pipeline without a machine: nothing that changes a floating-point result, no vectorisers, no variables made. `flatSpace`: a space whose
// pointers may be of others, which are found first; ~0: none.
void optimize(llvm::Module &module, unsigned flatSpace = ~0u);
// The same for other passes.
void runPasses(llvm::Module &module, llvm::function_ref<void(llvm::PassBuilder &, llvm::ModulePassManager &)> build);

// In place, what not every reader of LLVM's IR understands: comparisons that give -1, 0, 1 and extremes of IEEE 754-2019 as selections. False: it is
// none of these.
bool expandToSelections(llvm::IntrinsicInst &call);

// Metadata of 32-bit numbers, as OpenCL's notes at kernels are.
llvm::MDNode *words(llvm::LLVMContext &context, llvm::ArrayRef<unsigned> values);

// Bitcode that LLVM 15 reads. The module is used up.
llvm::Expected<std::string> writeSpirBitcode(llvm::Module &module, llvm::Function &kernel, const Device &device);

}  // namespace cutrans::emit::opencl
