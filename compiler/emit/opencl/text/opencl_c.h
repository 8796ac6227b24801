// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A lowered module as OpenCL C text, for devices that take nothing better. docs/opencl-emit.md, section "OpenCL C".
#pragma once

#include <string>

#include <llvm/Support/Error.h>

namespace llvm {
class Module;
}

namespace cutrans::emit {

// What the device gives beyond OpenCL C 1.2.
struct OpenclCDevice {
  bool fp64 = true;          // cl_khr_fp64
  bool int64Atomics = true;  // cl_khr_int64_base_atomics and cl_khr_int64_extended_atomics
};

// clBuildProgram's options without which the text does not mean what the module means.
inline constexpr char OpenclCBuildOptions[] = "-cl-std=CL1.2 -cl-fp32-correctly-rounded-divide-sqrt";

// Functions that can be seen from outside become kernels, internal ones static functions. Pointers are 64 bits wide, in
// whatever address space; the device's spaces are one. Refused, by name: what the text cannot say (CT1460).
// The module is changed on the way and used up.
llvm::Expected<std::string> writeOpenclC(llvm::Module &module, const OpenclCDevice &device);

}  // namespace cutrans::emit
