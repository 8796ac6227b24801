// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The device, from the target's text.
#include "compiler/emit/opencl/opencl.h"
#include "compiler/simt/refusal.h"

namespace cutrans::emit::opencl {

llvm::Expected<Device> parseDevice(llvm::StringRef codegen) {
  Device device;
  llvm::SmallVector<llvm::StringRef, 8> parts;
  codegen.split(parts, ';', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef part : parts) {
    auto [key, value] = part.split('=');
    if (key == "kind" && value != "cpu")
      return simt::refuse(Diag::codegen_machine, "the device is no CPU, and block form needs pointers that are plain numbers");
    if (key == "vector" && (value.getAsInteger(10, device.vectorBits) || device.vectorBits < 128 || device.vectorBits > 512))
      device.vectorBits = 128;
    if (key == "arch") device.x86 = value == "x86_64";
    if (key == "fp64") device.fp64 = value != "0";
    if (key == "int64_atomics") device.int64Atomics = value != "0";
  }
  return device;
}

}  // namespace cutrans::emit::opencl
