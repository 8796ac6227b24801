// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What may go into LLVM's SPIR-V back end, and its description of the machine. The list is of what was looked at: the back end ends the process
// on what it cannot select, and widens integers of other sizes without a word.
#include <mutex>

#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>

#include "compiler/emit/spirv/spirv.h"

namespace cutrans::emit::spirv {
namespace {

namespace in = llvm::Intrinsic;

// Null: it may pass.
const char *whyNotType(llvm::Type *type, const Device &device) {
  if (auto *vector = llvm::dyn_cast<llvm::FixedVectorType>(type)) {
    const unsigned lanes = vector->getNumElements();
    if (lanes != 2 && lanes != 3 && lanes != 4 && lanes != 8 && lanes != 16) return "a vector of a size that OpenCL has not";
    type = vector->getElementType();
  }
  if (type->isVoidTy() || type->isLabelTy() || type->isPointerTy() || type->isFloatTy() || type->isMetadataTy()) return nullptr;
  if (type->isDoubleTy()) return device.fp64 ? nullptr : "double precision, which the device lacks";
  if (type->isHalfTy()) return device.fp16 ? nullptr : "half precision, which the device lacks";
  if (auto *integer = llvm::dyn_cast<llvm::IntegerType>(type)) {
    const unsigned bits = integer->getBitWidth();
    return bits == 1 || bits == 8 || bits == 16 || bits == 32 || bits == 64 ? nullptr : "an integer of a size that OpenCL has not";
  }
  return "a type that OpenCL has not";
}

bool isKnown(in::ID id) {
  switch (id) {
    case in::fma: case in::fabs: case in::copysign: case in::floor: case in::ceil: case in::trunc: case in::rint: case in::round: case in::roundeven:
    case in::minnum: case in::maxnum: case in::sqrt: case in::ctpop: case in::ctlz: case in::cttz: case in::bswap: case in::smin: case in::smax: case in::umin:
    case in::umax: case in::abs: case in::sadd_sat: case in::uadd_sat: case in::ssub_sat: case in::usub_sat: case in::is_fpclass: return true;
    default: return false;
  }
}

const char *whyNot(const llvm::Instruction &instruction, const Device &device) {
  if (auto *exchange = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&instruction)) {
    if (exchange->getCompareOperand()->getType()->isIntegerTy(64) && !device.int64Atomics) return "an atomic operation of 64 bits, which the device lacks";
    return nullptr;
  }
  if (instruction.isAtomic() && instruction.getType()->isIntegerTy(64) && !device.int64Atomics) return "an atomic operation of 64 bits, which the device lacks";
  if (const char *why = whyNotType(instruction.getType(), device)) return why;
  for (const llvm::Use &use : instruction.operands()) {
    if (llvm::isa<llvm::Function>(use) || llvm::isa<llvm::BasicBlock>(use)) continue;
    if (auto *part = llvm::dyn_cast<llvm::ExtractValueInst>(&instruction); part && llvm::isa<llvm::AtomicCmpXchgInst>(part->getAggregateOperand())) continue;
    if (const char *why = whyNotType(use->getType(), device)) return why;
  }
  if (auto *local = llvm::dyn_cast<llvm::AllocaInst>(&instruction)) return local->isStaticAlloca() ? nullptr : "a variable of a size that is not constant";
  if (auto *call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction)) {
    if (!isKnown(call->getIntrinsicID())) return "an operation that the writer of SPIR-V does not know";
    if (call->getIntrinsicID() == in::sqrt && call->getType()->getScalarType()->isFloatTy()) return "a root of a float, exact only with doubles, which the device lacks";
  }
  if (auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction); call && (!call->getCalledFunction() || !call->getCalledFunction()->isDeclaration()))
    return "a call through a pointer";
  switch (instruction.getOpcode()) {
    case llvm::Instruction::FDiv:
      return instruction.getType()->getScalarType()->isFloatTy() ? "a division of floats, exact only with doubles, which the device lacks" : nullptr;
    case llvm::Instruction::Fence:
    case llvm::Instruction::IndirectBr:
    case llvm::Instruction::Invoke:
    case llvm::Instruction::Switch:
    case llvm::Instruction::InsertValue: return "an operation that the writer of SPIR-V does not know";
    default: return nullptr;
  }
}

}  // namespace

llvm::Error checkForWriter(llvm::Function &kernel, const Device &device) {
  // Names of blocks would be written, and under ids that others have.
  for (llvm::BasicBlock &block : kernel) block.setName("");
  for (llvm::Instruction &instruction : llvm::instructions(kernel))
    if (const char *why = whyNot(instruction, device)) {
      std::string text;
      llvm::raw_string_ostream(text) << why << ":" << instruction;
      return simt::refuse(Diag::codegen_spirv, instruction, text);
    }
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<llvm::TargetMachine>> makeTargetMachine() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeSPIRVTargetInfo();
    LLVMInitializeSPIRVTarget();
    LLVMInitializeSPIRVTargetMC();
    LLVMInitializeSPIRVAsmPrinter();
  });
  // 1.3 has the operations of sub-groups without extensions.
  llvm::Triple triple("spirv64v1.3-unknown-unknown");
  std::string error;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target) return simt::refuse(Diag::codegen_machine, "LLVM has no code generator for SPIR-V: " + error);
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  std::unique_ptr<llvm::TargetMachine> result(target->createTargetMachine(triple, "", "", options, std::nullopt, std::nullopt, llvm::CodeGenOptLevel::Default));
  if (!result) return simt::refuse(Diag::codegen_machine, "LLVM has no code generator for SPIR-V");
  return result;
}

}  // namespace cutrans::emit::spirv
