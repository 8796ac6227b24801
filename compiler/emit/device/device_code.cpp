// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The bitcode lies inside this library; what a kernel calls is linked into its module.
#include "compiler/emit/device/device_code.h"

#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/IR/DebugInfo.h>
#include <llvm/IR/Module.h>
#include <llvm/Linker/Linker.h>
#include <llvm/Support/MemoryBuffer.h>

#include "compiler/simt/refusal.h"
#include "cutrans/texture_ops.h"

namespace cutrans::emit {
namespace {

struct Code {
  DeviceMachine machine;
  const char *name;
  const unsigned char *bytes;
  size_t size;
};

// `Codes`, a row for each file and machine; written by CMake.
#include "device_code_table.inc"

constexpr llvm::StringLiteral Prefix = "cutrans_device_";

bool isWanted(const llvm::Function *function) { return function && function->isDeclaration() && function->getName().starts_with(Prefix); }

llvm::Error linkIfWanted(llvm::Module &module, const Code &code) {
  llvm::StringRef bytes(reinterpret_cast<const char *>(code.bytes), code.size);
  auto parsed = llvm::parseBitcodeFile(llvm::MemoryBufferRef(bytes, code.name), module.getContext());
  if (!parsed) return parsed.takeError();
  std::unique_ptr<llvm::Module> device = std::move(*parsed);
  if (llvm::none_of(*device, [&](llvm::Function &function) { return !function.isDeclaration() && isWanted(module.getFunction(function.getName())); }))
    return llvm::Error::success();
  // What C says is not to be inlined is too large to be copied into kernels, and so is all that it calls.
  const bool large = llvm::any_of(*device, [](llvm::Function &function) { return function.getName().starts_with(Prefix) && function.hasFnAttribute(llvm::Attribute::NoInline); });
  for (llvm::Function &function : *device) {
    if (function.isIntrinsic()) continue;
    // What the C compiler said of its own machine and modes does not hold for the device.
    function.setAttributes({});
    function.setDSOLocal(false);
    if (function.isDeclaration()) continue;
    function.setVisibility(llvm::GlobalValue::DefaultVisibility);
    if (!function.getName().starts_with(Prefix)) function.setLinkage(llvm::GlobalValue::InternalLinkage);
    function.setDoesNotThrow();
    if (code.machine == DeviceMachine::amdgcn) {
      function.addFnAttr(large ? llvm::Attribute::NoInline : llvm::Attribute::AlwaysInline);
      function.addFnAttr("denormal-fp-math", "ieee,ieee");
      function.addFnAttr("denormal-fp-math-f32", "ieee,ieee");
    }
  }
  device->setDataLayout(module.getDataLayout());
  device->setTargetTriple(module.getTargetTriple());
  llvm::StripDebugInfo(*device);
  if (llvm::NamedMDNode *flags = device->getModuleFlagsMetadata()) flags->eraseFromParent();
  if (llvm::NamedMDNode *ident = device->getNamedMetadata("llvm.ident")) ident->eraseFromParent();
  if (llvm::Linker::linkModules(module, std::move(device), llvm::Linker::LinkOnlyNeeded))
    return simt::refuse(Diag::codegen_verify, "device code does not link");
  return llvm::Error::success();
}

}  // namespace

llvm::Error linkDeviceCode(llvm::Module &module, DeviceMachine machine) {
  // A file may call what a later one has.
  for (const Code &code : Codes) {
    if (llvm::none_of(module, [](llvm::Function &function) { return isWanted(&function); })) break;
    if (code.machine != machine) continue;
    if (llvm::Error error = linkIfWanted(module, code)) return error;
  }
  for (llvm::Function &function : module) {
    if (!function.getName().starts_with(Prefix)) continue;
    if (function.isDeclaration()) return simt::refuse(Diag::codegen_verify, ("no device code " + function.getName()).str());
    function.setLinkage(llvm::GlobalValue::InternalLinkage);
  }
  return llvm::Error::success();
}

const char *textureFunction(uint32_t form) {
  switch (form >> CT_TEX_OP_SHIFT) {
    case CT_TEX_SAMPLE: return "cutrans_device_tex_sample";
    case CT_TEX_QUERY: return "cutrans_device_tex_query";
    case CT_TEX_LOAD: return "cutrans_device_surf_load";
    default: return "cutrans_device_surf_store";
  }
}

}  // namespace cutrans::emit
