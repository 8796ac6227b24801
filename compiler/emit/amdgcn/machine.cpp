// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The chip to write code for, from the target's text, and LLVM's description of it.
#include <mutex>

#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/TargetParser.h>
#include <llvm/TargetParser/Triple.h>

#include "compiler/emit/amdgcn/amdgcn.h"
#include "compiler/simt/refusal.h"

namespace cutrans::emit::amdgcn {

llvm::Expected<Chip> parseChip(llvm::StringRef codegen) {
  Chip chip;
  auto refuse = [](const llvm::Twine &why) { return simt::refuse(Diag::codegen_machine, why.str()); };
  llvm::SmallVector<llvm::StringRef, 4> parts;
  codegen.split(parts, ';', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef part : parts) {
    auto [key, value] = part.split('=');
    bool understood = true;
    if (key == "gpu") {
      // As HIP names it: "gfx90a:sramecc+:xnack-".
      llvm::SmallVector<llvm::StringRef, 3> words;
      value.split(words, ':');
      chip.name = words[0].str();
      for (llvm::StringRef word : llvm::ArrayRef(words).drop_front()) {
        understood &= word == "sramecc+" || word == "sramecc-" || word == "xnack+" || word == "xnack-";
        chip.features += (chip.features.empty() ? "" : ",") + word.take_back().str() + word.drop_back().str();
      }
    }
    else if (key == "features") chip.features += (chip.features.empty() ? "" : ",") + value.str();
    else if (key == "wave") understood = !value.getAsInteger(10, chip.wave) && (chip.wave == 32 || chip.wave == 64);
    else if (key == "embed-ir") {
      understood = value == "0" || value == "1" || value == "2";
      if (understood) chip.embedIr = EmbedIr(value.front() - '0');
    }
    else understood = false;
    if (!understood) return refuse("the target describes its machine with the unknown word '" + part + "'");
  }
  llvm::AMDGPU::GPUKind kind = llvm::AMDGPU::parseArchAMDGCN(chip.name);
  if (kind == llvm::AMDGPU::GK_NONE) return refuse("LLVM does not know the chip '" + chip.name + "'");
  llvm::AMDGPU::IsaVersion version = llvm::AMDGPU::getIsaVersion(chip.name);
  chip.generation = version.Major;
  // Older ones have no registers that say where the windows of the generic address space lie.
  if (chip.generation < 9) return refuse("the chip '" + chip.name + "' is older than gfx900");
  bool narrow = llvm::AMDGPU::getArchAttrAMDGCN(kind) & llvm::AMDGPU::FEATURE_WAVE32;
  chip.multipleDies = chip.generation == 9 && version.Minor >= 4;
  if (!chip.wave) chip.wave = narrow ? 32 : 64;
  if (chip.wave == 32 && !narrow) return refuse("the chip '" + chip.name + "' has no waves of 32");
  return chip;
}

llvm::Expected<std::unique_ptr<llvm::TargetMachine>> makeTargetMachine(const Chip &chip) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeAMDGPUTargetInfo();
    LLVMInitializeAMDGPUTarget();
    LLVMInitializeAMDGPUTargetMC();
    LLVMInitializeAMDGPUAsmPrinter();
    LLVMInitializeAMDGPUAsmParser();
  });
  llvm::Triple triple("amdgcn-amd-amdhsa");
  std::string error;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target) return simt::refuse(Diag::codegen_machine, "LLVM has no code generator for AMD's chips: " + error);
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;  // a fused operation is one that the PTX says
  options.NoTrappingFPMath = true;
  // Local arrays stay in scratch memory: LLVM would put some at the start of the shared memory, whose layout is ours.
  std::string features = "-promote-alloca" + (chip.features.empty() ? "" : "," + chip.features);
  if (chip.generation >= 10) features += chip.wave == 32 ? ",+wavefrontsize32,-wavefrontsize64" : ",-wavefrontsize32,+wavefrontsize64";
  std::unique_ptr<llvm::TargetMachine> result(
      target->createTargetMachine(triple, chip.name, features, options, llvm::Reloc::PIC_, std::nullopt, llvm::CodeGenOptLevel::Default));
  if (!result) return simt::refuse(Diag::codegen_machine, "LLVM does not know the chip '" + chip.name + "'");
  return result;
}

}  // namespace cutrans::emit::amdgcn
