// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Developer tool: prints the SPMD IR of the kernels of a PTX file, or says why there is none. The lowering tests run
// it. Registers are promoted before printing, unless --raw is given. Exit status: 0 printed, 1 refused or wrong PTX, 2
// the IR breaks its own rules.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include <llvm/IR/Dominators.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Transforms/Utils/PromoteMemToReg.h>
#include <CLI/CLI.hpp>

#include "compiler/ir/spmd.h"
#include "compiler/ir/verify.h"
#include "compiler/ptx/lower/lower.h"
#include "compiler/ptx/module.h"

namespace {

void promoteRegisters(llvm::Module &module) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration()) continue;
    std::vector<llvm::AllocaInst *> slots;
    for (llvm::Instruction &instruction : function.getEntryBlock())
      if (auto *slot = llvm::dyn_cast<llvm::AllocaInst>(&instruction))
        if (slot->getAddressSpace() == cutrans::ir::space::Generic && llvm::isAllocaPromotable(slot))
          slots.push_back(slot);
    llvm::DominatorTree tree(function);
    llvm::PromoteMemToReg(slots, tree);
  }
}

}  // namespace

int main(int argc, char **argv) {
  CLI::App app("Prints the SPMD IR of a PTX file.");
  std::string path, kernel;
  bool raw = false, coverage = false;
  uint32_t capability = 121;
  app.add_option("file", path, "PTX text")->check(CLI::ExistingFile);
  app.add_option("--kernel", kernel, "only this one");
  app.add_option("--compute-capability", capability, "refuse PTX for more than this");
  app.add_flag("--coverage", coverage, "print docs/ptx-coverage.md instead");
  app.add_flag("--raw", raw, "keep registers in allocas");
  CLI11_PARSE(app, argc, argv);
  if (coverage) {
    std::fputs(cutrans::ptx::coveragePage().c_str(), stdout);
    return 0;
  }

  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), {});
  cutrans::ptx::UnitText unit{"", text};
  cutrans::ptx::Problems problems;
  auto report = [&](cutrans::Diag code, const std::string &line) {
    std::fprintf(stderr, "%s: %s\n", cutrans::diagnosticCode(code).c_str(), line.c_str());
  };
  auto module = cutrans::ptx::Module::create({&unit, 1}, capability, problems);
  int status = 0;
  if (module)
    for (const cutrans::ptx::Function *entry : module->kernels()) {
      if (!kernel.empty() && entry->name != kernel) continue;
      cutrans::ptx::Program program;
      if (!module->program(*entry, program, problems)) continue;
      llvm::LLVMContext context;
      cutrans::ptx::Lowered lowered = cutrans::ptx::lower(program, context);
      for (const auto &refusal : lowered.refusals) report(refusal.code, refusal.text);
      if (!lowered.module) {
        status = std::max(status, 1);
        continue;
      }
      for (const std::string &broken : cutrans::ir::verify(*lowered.module, cutrans::ir::Stage::Front)) {
        std::fprintf(stderr, "verifier: %s\n", broken.c_str());
        status = 2;
      }
      if (!raw) promoteRegisters(*lowered.module);
      lowered.module->print(llvm::outs(), nullptr);
    }
  for (const auto &problem : problems) {
    report(problem.code, problem.text);
    status = std::max(status, 1);
  }
  return status;
}
