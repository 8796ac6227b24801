// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The machine to write code for, from the target's text, and LLVM's description of it.
#include <mutex>

#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Triple.h>

#include "compiler/emit/native/native.h"
#include "compiler/simt/refusal.h"

namespace cutrans::emit {

llvm::Expected<Machine> parseMachine(llvm::StringRef codegen) {
  Machine machine;
  llvm::SmallVector<llvm::StringRef, 4> parts;
  codegen.split(parts, ';', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef part : parts) {
    auto [key, value] = part.split('=');
    if (key == "cpu") machine.cpu = value.str();
    else if (key == "features") machine.features = value.str();
    else return simt::refuse(Diag::codegen_machine, ("the target describes its machine with the unknown word '" + part + "'").str());
  }
  if (machine.cpu.empty()) machine.cpu = "x86-64";
  llvm::SmallVector<llvm::StringRef, 64> features;
  llvm::StringRef(machine.features).split(features, ',', -1, false);
  bool avx = false, avx512 = true;
  for (llvm::StringRef needed : {"+avx512f", "+avx512bw", "+avx512dq", "+avx512vl"}) avx512 &= llvm::is_contained(features, needed);
  avx = llvm::is_contained(features, "+avx2");
  for (llvm::StringRef needed : {"+avx2", "+fma", "+f16c"})
    if (!llvm::is_contained(features, needed))
      return simt::refuse(Diag::codegen_machine, ("the CPU lacks " + needed.drop_front()).str());
  machine.avx512 = avx512;
  machine.vectorBits = avx512 ? 512 : avx ? 256 : 128;
  return machine;
}

llvm::Expected<std::unique_ptr<llvm::TargetMachine>> makeTargetMachine(const Machine &machine) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
  });
  llvm::Triple triple("x86_64-unknown-linux-gnu");
  std::string error;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target) return simt::refuse(Diag::codegen_machine, "LLVM has no code generator for this machine: " + error);
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;  // a fused operation is one that the PTX says
  options.NoTrappingFPMath = true;
  std::unique_ptr<llvm::TargetMachine> result(target->createTargetMachine(
      triple, machine.cpu, machine.features, options, llvm::Reloc::PIC_, llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default));
  if (!result) return simt::refuse(Diag::codegen_machine, "LLVM does not know the CPU '" + machine.cpu + "'");
  return result;
}

}  // namespace cutrans::emit
