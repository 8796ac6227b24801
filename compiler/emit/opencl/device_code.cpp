// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Device code (compiler/emit/device, device.c) comes as bitcode inside this library; what a kernel calls is linked into its module.
#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/IR/DebugInfo.h>
#include <llvm/IR/Module.h>
#include <llvm/Linker/Linker.h>
#include <llvm/Support/MemoryBuffer.h>

#include "compiler/emit/opencl/opencl.h"
#include "compiler/simt/refusal.h"

namespace cutrans::emit::opencl {
namespace {

constexpr unsigned char Messages[] = {
#include "messages.bc.inc"
};
constexpr unsigned char Rounding[] = {
#include "rounding.bc.inc"
};
constexpr unsigned char Slots[] = {
#include "device.bc.inc"
};

template <size_t N>
llvm::StringRef text(const unsigned char (&bytes)[N]) {
  return {reinterpret_cast<const char *>(bytes), N};
}

constexpr llvm::StringLiteral Prefix = "cutrans_device_";

}  // namespace

llvm::Error linkDeviceCode(llvm::Module &module) {
  auto wanted = [&](llvm::Function &function) { return function.isDeclaration() && function.getName().starts_with(Prefix); };
  if (llvm::none_of(module, wanted)) return llvm::Error::success();
  for (llvm::StringRef bytes : {text(Messages), text(Rounding), text(Slots)}) {
    auto code = llvm::parseBitcodeFile(llvm::MemoryBufferRef(bytes, "device code"), module.getContext());
    if (!code) return code.takeError();
    bool used = false;
    for (llvm::Function &function : **code) {
      llvm::Function *call = module.getFunction(function.getName());
      used |= call && wanted(*call);
      // What the C compiler said of its own machine does not hold for the device.
      function.setAttributes({});
      function.setDSOLocal(false);
    }
    if (!used) continue;
    (*code)->setDataLayout(module.getDataLayout());
    (*code)->setTargetTriple(module.getTargetTriple());
    llvm::StripDebugInfo(**code);
    if (llvm::NamedMDNode *flags = (*code)->getModuleFlagsMetadata()) flags->eraseFromParent();
    if (llvm::NamedMDNode *ident = (*code)->getNamedMetadata("llvm.ident")) ident->eraseFromParent();
    if (llvm::Linker::linkModules(module, std::move(*code), llvm::Linker::LinkOnlyNeeded))
      return simt::refuse(Diag::codegen_verify, "device code does not link");
  }
  for (llvm::Function &function : module)
    if (function.getName().starts_with(Prefix)) {
      if (function.isDeclaration()) return simt::refuse(Diag::codegen_verify, ("no device code " + function.getName()).str());
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
      function.setDoesNotThrow();
    }
  return llvm::Error::success();
}

}  // namespace cutrans::emit::opencl
