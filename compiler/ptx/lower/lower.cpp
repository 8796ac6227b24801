// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The door: sets up the module, refuses what no body can show (recursion, clusters), lowers each body.
#include "compiler/ptx/lower/lower.h"

#include <algorithm>

#include <llvm/ADT/DenseSet.h>
#include <llvm/IR/Module.h>

#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx {

namespace lowering {

const RuleTable &rules() {
  static const RuleTable table = [] {
    RuleTable made{};
    addIntegerRules(made);
    addBitRules(made);
    addCarryRules(made);
    addFloatRules(made);
    addCompareRules(made);
    addConvertRules(made);
    addMoveRules(made);
    addMemoryRules(made);
    addAtomicRules(made);
    addControlRules(made);
    addCallRules(made);
    addWarpRules(made);
    addVideoRules(made);
    return made;
  }();
  return table;
}

llvm::BasicBlock *BodyLowering::following() { return blocks.lookup(index + 1); }

namespace {

// Finds a cycle of calls from `function`; `path` holds those that are being visited.
void findRecursion(ModuleState &state, const Function &function, llvm::DenseSet<const Function *> &done,
                   std::vector<const Function *> &path) {
  if (std::find(path.begin(), path.end(), &function) != path.end())
    return state.refuse(Diag::ptx_recursion, function.location, function.name, "the function calls itself, directly or through others");
  if (!function.body() || !done.insert(&function).second) return;
  path.push_back(&function);
  for (const Function *callee : function.body()->functions) findRecursion(state, *callee, done, path);
  path.pop_back();
}

void checkKernel(ModuleState &state) {
  const Function &kernel = *state.program.kernel;
  const Performance &limits = kernel.performance;
  uint64_t blocks = 1;
  for (uint32_t n : limits.reqnctapercluster) blocks *= std::max(1u, n);
  if (blocks > 1 || limits.explicitcluster || limits.blocksareclusters)
    state.refuse(Diag::ptx_cluster, kernel.location, kernel.name, "the kernel runs in clusters of blocks");
  if (kernel.location.unit < state.program.units.size() && state.program.units[kernel.location.unit].address_size != 64)
    state.refuse(Diag::ptx_form, kernel.location, kernel.name, "32-bit addresses are not supported");
  llvm::DenseSet<const Function *> done;
  std::vector<const Function *> path;
  findRecursion(state, kernel, done, path);
}

}  // namespace
}  // namespace lowering

Lowered lower(const Program &program, llvm::LLVMContext &context) {
  Lowered result;
  auto module = std::make_unique<llvm::Module>(llvm::StringRef(program.kernel->name.data(), program.kernel->name.size()), context);
  module->setDataLayout(ir::DataLayoutText);
  module->addModuleFlag(llvm::Module::Error, ir::TripleFlag, ir::Version);
  lowering::ModuleState state(program, *module);
  lowering::checkKernel(state);
  for (const Function *function : program.functions) {
    if (!function->has_body || !function->body()) continue;
    lowering::BodyLowering(state, *function).run();
  }
  result.refusals = std::move(state.refusals);
  if (result.refusals.empty()) result.module = std::move(module);
  return result;
}

}  // namespace cutrans::ptx
