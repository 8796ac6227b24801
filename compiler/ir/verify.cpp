// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Checks the rules of docs/spmd-ir.md that every backend relies on: a closed list of intrinsics with their own types
// and attributes, known address spaces and sync scopes, the form of kernels and device functions, variables with a
// place.
#include "compiler/ir/verify.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/DataLayout.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/ir/spmd.h"

namespace cutrans::ir {

namespace {

bool knownSpace(unsigned number) {
  switch (number) {
    case space::Generic:
    case space::Global:
    case space::Shared:
    case space::Const:
    case space::Local:
    case space::Param:
      return true;
    default:
      return false;
  }
}

class Checker {
 public:
  Checker(const llvm::Module &module, Stage stage) : module(module), stage(stage) {}

  std::vector<std::string> run() {
    if (module.getDataLayoutStr() != DataLayoutText) fail("the data layout is not that of the SPMD IR");
    if (!module.getModuleFlag(TripleFlag)) fail(std::string("the module flag ") + TripleFlag + " is missing");
    for (const llvm::GlobalVariable &variable : module.globals()) checkVariable(variable);
    for (const llvm::Function &function : module) {
      if (function.isDeclaration())
        checkDeclaration(function);
      else
        checkFunction(function);
    }
    return std::move(problems);
  }

 private:
  void fail(const std::string &text) { problems.push_back(text); }

  void fail(const llvm::Function &function, const std::string &text) {
    problems.push_back((function.getName() + ": " + text).str());
  }

  void fail(const llvm::Instruction &instruction, const std::string &text) {
    std::string printed;
    llvm::raw_string_ostream(printed) << instruction;
    fail(*instruction.getFunction(), llvm::StringRef(printed).trim().str() + ": " + text);
  }

  void checkVariable(const llvm::GlobalVariable &variable) {
    std::string name = variable.getName().str();
    switch (variable.getAddressSpace()) {
      case space::Global:
      case space::Const:
        if (!variable.getMetadata(OffsetMetadata)) fail(name + ": a variable without !cutrans.offset");
        break;
      case space::Shared:
        if (!variable.hasInternalLinkage()) fail(name + ": a shared variable that is not internal");
        if (variable.hasInitializer() && !llvm::isa<llvm::UndefValue>(variable.getInitializer()))
          fail(name + ": a shared variable with an initial value");
        break;
      default:
        fail(name + ": a variable in address space " + std::to_string(variable.getAddressSpace()));
    }
  }

  void checkDeclaration(const llvm::Function &function) {
    if (function.isIntrinsic()) return;  // LLVM's own
    Intrinsic id = intrinsicOf(&function);
    if (id == Intrinsic::None) return fail(function, "an external function that is not in intrinsics.def");
    if (isInternal(id) && stage == Stage::Front) fail(function, "an internal intrinsic before compiler/simt");
    if (function.getFunctionType() != typeOf(id, module.getContext())) fail(function, "not the type of intrinsics.def");
    if (function.isConvergent() != isConvergent(id)) fail(function, "convergent does not agree with intrinsics.def");
  }

  void checkFunction(const llvm::Function &function) {
    if (function.hasFnAttribute(KernelAttr)) {
      if (!function.getReturnType()->isVoidTy() || function.arg_size() != 1 || !isPointer(function, 0, space::Param))
        fail(function, "a kernel takes one ptr addrspace(101) and returns nothing");
      uint64_t bytes = 0;
      if (function.getFnAttribute(ParamsSizeAttr).getValueAsString().getAsInteger(10, bytes))
        fail(function, std::string("a kernel without ") + ParamsSizeAttr);
    } else {
      if (!function.hasInternalLinkage()) fail(function, "a device function that is not internal");
      if (!function.getReturnType()->isVoidTy())
        fail(function, "a device function returns through its first arguments");
      for (unsigned i = 0; i < function.arg_size(); ++i)
        if (!isPointer(function, i, space::Local)) fail(function, "an argument that is not a ptr addrspace(5)");
    }
    for (const llvm::Instruction &instruction : llvm::instructions(function)) checkInstruction(instruction);
  }

  static bool isPointer(const llvm::Function &function, unsigned index, unsigned number) {
    auto *type = llvm::dyn_cast<llvm::PointerType>(function.getArg(index)->getType());
    return type && type->getAddressSpace() == number;
  }

  void checkInstruction(const llvm::Instruction &instruction) {
    if (stage == Stage::Front) {
      if (instruction.getType()->isVectorTy()) fail(instruction, "a vector");
      if (llvm::isa<llvm::UnreachableInst>(instruction) && intrinsicOf(instruction.getPrevNode()) != Intrinsic::Exit)
        fail(instruction, "unreachable without cutrans.exit before it");
    }
    if (llvm::isa<llvm::InvokeInst, llvm::CallBrInst, llvm::IndirectBrInst, llvm::ResumeInst>(instruction))
      fail(instruction, "a terminator that the IR does not have");
    if (auto *type = llvm::dyn_cast<llvm::PointerType>(instruction.getType()->getScalarType()))
      if (!knownSpace(type->getAddressSpace())) fail(instruction, "an unknown address space");
    if (auto *floating = llvm::dyn_cast<llvm::FPMathOperator>(&instruction))
      if (floating->getFastMathFlags().any()) fail(instruction, "fast-math flags");
    if (auto *site = llvm::dyn_cast<llvm::CallBase>(&instruction)) {
      if (site->isInlineAsm())
        fail(instruction, "inline assembly");
      else if (!site->getCalledFunction())
        fail(instruction, "an indirect call");
      if (intrinsicOf(&instruction) == Intrinsic::EnvReg && !llvm::isa<llvm::ConstantInt>(site->getArgOperand(0)))
        fail(instruction, "the register number is not a constant");
    }
    checkScope(instruction);
    if (!llvm::isa<llvm::AllocaInst>(instruction)) return;
    const auto &slot = llvm::cast<llvm::AllocaInst>(instruction);
    unsigned number = slot.getAddressSpace();
    if (number != space::Local && number != space::Generic) fail(instruction, "an alloca outside spaces 0 and 5");
    if (!slot.isStaticAlloca()) fail(instruction, "an alloca outside the entry block or of variable size");
  }

  void checkScope(const llvm::Instruction &instruction) {
    auto scope = llvm::getAtomicSyncScopeID(&instruction);
    if (!scope || *scope == llvm::SyncScope::System) return;
    llvm::SmallVector<llvm::StringRef, 8> names;
    module.getContext().getSyncScopeNames(names);
    llvm::StringRef name = *scope < names.size() ? names[*scope] : "";
    if (name != ScopeBlock && name != ScopeCluster && name != ScopeDevice)
      fail(instruction, "sync scope \"" + name.str() + "\"");
  }

  const llvm::Module &module;
  Stage stage;
  std::vector<std::string> problems;
};

}  // namespace

std::vector<std::string> verify(const llvm::Module &module, Stage stage) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (llvm::verifyModule(module, &stream)) return {"LLVM's verifier: " + text};
  return Checker(module, stage).run();
}

}  // namespace cutrans::ir
