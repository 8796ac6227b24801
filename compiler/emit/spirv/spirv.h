// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The parts of the format "spirv", in the order in which emit_spirv.cpp uses them: one thread's SPMD IR becomes an OpenCL kernel with sub-groups of 32 in
// SPIR-V 1.3, for devices that are like GPUs. docs/spirv-emit.md.
//
// LLVM's SPIR-V back end writes it. It gets some of LLVM's IR wrong without a word and ends the process on other parts, so what reaches it is what
// checkForWriter knows; the rest is expanded before, or refused (CT1480).
#pragma once

#include <memory>
#include <string>

#include <llvm/Support/Error.h>

#include "compiler/emit/thread/thread.h"
#include "cutrans/opencl_kernel.h"

namespace llvm {
class Function;
class Module;
class TargetMachine;
}  // namespace llvm

namespace cutrans::emit::spirv {

// Address spaces of the back end.
namespace space {
inline constexpr unsigned Private = 0, Global = 1, Local = 3, Generic = 4;
}

// What `ct_device_info.codegen` says; words that mean nothing here are left to others.
struct Device {
  bool fp64 = true, fp16 = false, int64Atomics = true;
};
llvm::Expected<Device> parseDevice(llvm::StringRef codegen);

// A device with sub-groups as thread form sees it.
std::unique_ptr<thread::Machine> makeMachine();

// Replaces the kernel by `spir_kernel void @cutrans_kernel(ptr addrspace(1) launch, ptr addrspace(3) shared)`, in thread form; address spaces are still the
// IR's. Fills the header but for what the payload is.
llvm::Expected<llvm::Function *> lowerKernel(llvm::Function &kernel, const simt::SimtOptions &options, thread::Machine &machine, ct_opencl_header &header);

// All device code becomes part of the kernel; pointers become those of SPIR-V, and the module's layout its.
llvm::Error placePointers(llvm::Module &module, llvm::Function &kernel, const thread::Machine &machine, const llvm::TargetMachine &target);

// Atomic accesses and fences become what the back end writes right: relaxed operations on words between barriers of memory.
llvm::Error expandAtomics(llvm::Function &kernel);

// Operations that the back end gets wrong or does not know, as others.
llvm::Error expandOperations(llvm::Function &kernel, const Device &device);

// Refuses what is left and not known to be written right.
llvm::Error checkForWriter(llvm::Function &kernel, const Device &device);

llvm::Expected<std::unique_ptr<llvm::TargetMachine>> makeTargetMachine();

// In a module of SPIR-V: numbers of labels that nothing else has.
llvm::Error numberLabels(llvm::SmallVectorImpl<char> &module);

}  // namespace cutrans::emit::spirv
