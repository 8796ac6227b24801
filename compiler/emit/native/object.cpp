// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Machine code: an object in memory, or assembly text for people.
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/Utils/Cloning.h>

#include "compiler/emit/native/native.h"
#include "compiler/emit/native/ternary_watch.h"
#include "compiler/simt/refusal.h"

namespace cutrans::emit {
namespace {

using Bytes = llvm::SmallVector<char, 0>;

llvm::Error runOnce(llvm::Module &module, llvm::TargetMachine &machine, Bytes &out, llvm::CodeGenFileType type) {
  llvm::raw_svector_ostream stream(out);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr, type, /*DisableVerify=*/true))
    return simt::refuse(Diag::codegen_machine, "LLVM cannot write objects for this machine");
  passes.run(module);
  return llvm::Error::success();
}

bool hasMasks(const llvm::TargetMachine &machine) { return machine.getTargetFeatureString().contains("+avx512f"); }

// Functions in which LLVM may have got a vpternlog wrong are selected again without optimisation, when it folds no loads: slower code,
// but right. shieldSelects keeps that rare.
llvm::Error run(llvm::Module &module, llvm::TargetMachine &machine, Bytes &out, llvm::CodeGenFileType type) {
  if (!hasMasks(machine)) return runOnce(module, machine, out, type);
  std::unique_ptr<llvm::Module> again = llvm::CloneModule(module);
  for (bool plain : {false, true}) {
    TernaryWatch watch;
    if (llvm::Error error = runOnce(plain ? *again : module, machine, out, type)) return error;
    if (watch.found().empty()) return llvm::Error::success();
    if (plain) break;
    out.clear();
    for (const std::string &name : watch.found()) {
      llvm::Function *function = again->getFunction(name);
      function->removeFnAttr(llvm::Attribute::AlwaysInline);
      function->addFnAttr(llvm::Attribute::NoInline);
      function->addFnAttr(llvm::Attribute::OptimizeNone);
    }
  }
  return simt::refuse(Diag::codegen_kernel, "LLVM selects a masked vpternlog whose table cannot be trusted");
}

}  // namespace

llvm::Expected<Bytes> emitObject(llvm::Module &module, llvm::TargetMachine &machine) {
  Bytes object;
  if (llvm::Error error = run(module, machine, object, llvm::CodeGenFileType::ObjectFile)) return std::move(error);
  return object;
}

std::string emitAssembly(llvm::Module &module, llvm::TargetMachine &machine) {
  std::unique_ptr<llvm::Module> copy = llvm::CloneModule(module);
  Bytes text;
  llvm::consumeError(run(*copy, machine, text, llvm::CodeGenFileType::AssemblyFile));
  return std::string(text.data(), text.size());
}

}  // namespace cutrans::emit
