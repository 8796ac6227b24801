// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/emit/native/ternary_watch.h"

#include <llvm/CodeGen/MachineFunction.h>
#include <llvm/CodeGen/MachineFunctionPass.h>
#include <llvm/CodeGen/Passes.h>
#include <llvm/CodeGen/TargetInstrInfo.h>
#include <llvm/CodeGen/TargetPassConfig.h>
#include <llvm/CodeGen/TargetSubtargetInfo.h>
#include <llvm/Target/RegisterTargetPassConfigCallback.h>

namespace cutrans::emit {

// After a fatal error inside LLVM (contained.h) it may point to nothing until the next watch begins.
static thread_local TernaryWatch *current = nullptr;

// Right behind selection: what folds loads later does it rightly.
class TernaryWatchPass : public llvm::MachineFunctionPass {
 public:
  static inline char ID = 0;
  TernaryWatchPass() : MachineFunctionPass(ID) {}
  llvm::StringRef getPassName() const override { return "masked vpternlog watch"; }
  void getAnalysisUsage(llvm::AnalysisUsage &usage) const override {
    usage.setPreservesAll();
    MachineFunctionPass::getAnalysisUsage(usage);
  }
  bool runOnMachineFunction(llvm::MachineFunction &function) override {
    if (!current) return false;
    const llvm::TargetInstrInfo &names = *function.getSubtarget().getInstrInfo();
    for (const llvm::MachineBasicBlock &block : function)
      for (const llvm::MachineInstr &instruction : block) {
        llvm::StringRef name = names.getName(instruction.getOpcode());
        if (!name.starts_with("VPTERNLOG") || !(name.ends_with("rmik") || name.ends_with("rmbik"))) continue;
        current->found_.push_back(function.getName().str());
        return false;
      }
    return false;
  }
};

TernaryWatch::TernaryWatch() {
  static llvm::RegisterTargetPassConfigCallback hook([](llvm::TargetMachine &, llvm::PassManagerBase &, llvm::TargetPassConfig *config) {
    if (current) config->insertPass(&llvm::FinalizeISelID, new TernaryWatchPass);
  });
  current = this;
}
TernaryWatch::~TernaryWatch() { current = nullptr; }

}  // namespace cutrans::emit
