// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Links what kernels need of compiler/emit/device into their modules, from bitcode that the build made of it. It is inlined: an artifact
// calls nothing.
#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/IR/Module.h>
#include <llvm/Linker/Linker.h>
#include <llvm/Support/MemoryBuffer.h>

#include "compiler/emit/amdgcn/amdgcn.h"
#include "compiler/simt/refusal.h"

namespace cutrans::emit::amdgcn {

constexpr unsigned char Messages[] = {
#include "messages.amdgcn.bc.inc"
};

llvm::Error linkDeviceCode(llvm::Module &module) {
  auto isOurs = [](const llvm::Function &function) { return function.getName().starts_with("cutrans_device_"); };
  if (llvm::none_of(module, isOurs)) return llvm::Error::success();
  llvm::StringRef bytes(reinterpret_cast<const char *>(Messages), sizeof Messages);
  auto code = llvm::parseBitcodeFile(llvm::MemoryBufferRef(bytes, "messages"), module.getContext());
  if (!code) return code.takeError();
  (*code)->setDataLayout(module.getDataLayout());
  (*code)->setTargetTriple(module.getTargetTriple());
  if (llvm::Linker::linkModules(module, std::move(*code), llvm::Linker::LinkOnlyNeeded))
    return simt::refuse(Diag::codegen_kernel, "device code cannot be linked into the kernel");
  for (llvm::Function &function : module) {
    if (function.isDeclaration() || function.hasFnAttribute("cutrans.kernel") || function.getCallingConv() == llvm::CallingConv::AMDGPU_KERNEL) continue;
    function.setLinkage(llvm::GlobalValue::InternalLinkage);
    function.setVisibility(llvm::GlobalValue::DefaultVisibility);
    // Nothing of another chip or mode: it becomes part of the kernel.
    function.setAttributes(llvm::AttributeList());
    function.addFnAttr(llvm::Attribute::AlwaysInline);
    function.addFnAttr(llvm::Attribute::NoUnwind);
    function.addFnAttr("denormal-fp-math", "ieee,ieee");
    function.addFnAttr("denormal-fp-math-f32", "ieee,ieee");
  }
  return llvm::Error::success();
}

}  // namespace cutrans::emit::amdgcn
