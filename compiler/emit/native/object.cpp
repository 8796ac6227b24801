// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Machine code: an object in memory, or assembly text for people.
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/Utils/Cloning.h>

#include "compiler/emit/native/native.h"
#include "compiler/simt/refusal.h"

namespace cutrans::emit {
namespace {

bool run(llvm::Module &module, llvm::TargetMachine &machine, llvm::SmallVectorImpl<char> &out, llvm::CodeGenFileType type) {
  llvm::raw_svector_ostream stream(out);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr, type, /*DisableVerify=*/true)) return false;
  passes.run(module);
  return true;
}

}  // namespace

llvm::Expected<llvm::SmallVector<char, 0>> emitObject(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::SmallVector<char, 0> object;
  if (!run(module, machine, object, llvm::CodeGenFileType::ObjectFile))
    return simt::refuse(Diag::codegen_machine, "LLVM cannot write objects for this machine");
  return object;
}

std::string emitAssembly(llvm::Module &module, llvm::TargetMachine &machine) {
  std::unique_ptr<llvm::Module> copy = llvm::CloneModule(module);
  llvm::SmallVector<char, 0> text;
  run(*copy, machine, text, llvm::CodeGenFileType::AssemblyFile);
  return std::string(text.data(), text.size());
}

}  // namespace cutrans::emit
