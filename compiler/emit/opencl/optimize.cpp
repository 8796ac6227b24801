// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LLVM's passes over the kernel, without a machine: the device's own compiler does what needs one. As for native code, no vectorisers
// and no library.
#include <llvm/Analysis/CGSCCPassManager.h>
#include <llvm/Analysis/LoopAnalysisManager.h>
#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/Analysis/TargetTransformInfoImpl.h>
#include <llvm/IR/Module.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Transforms/Scalar/InferAddressSpaces.h>

#include "compiler/emit/opencl/opencl.h"

namespace cutrans::emit::opencl {
namespace {

// Tables would be variables, which the formats have not.
class Costs final : public llvm::TargetTransformInfoImplCRTPBase<Costs> {
 public:
  explicit Costs(const llvm::Function &function) : TargetTransformInfoImplCRTPBase<Costs>(function.getDataLayout()) {}
  bool shouldBuildLookupTables() const override { return false; }
  bool shouldBuildLookupTablesForConstant(llvm::Constant *) const override { return false; }
};

}  // namespace

void optimize(llvm::Module &module, unsigned flatSpace) {
  runPasses(module, [&](llvm::PassBuilder &builder, llvm::ModulePassManager &passes) {
    if (flatSpace != ~0u) passes.addPass(llvm::createModuleToFunctionPassAdaptor(llvm::InferAddressSpacesPass(flatSpace)));
    passes.addPass(builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2));
  });
}

void runPasses(llvm::Module &module, llvm::function_ref<void(llvm::PassBuilder &, llvm::ModulePassManager &)> build) {
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  tuning.LoopInterleaving = false;
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(nullptr, tuning);
  llvm::TargetLibraryInfoImpl library(module.getTargetTriple());
  library.disableAllFunctions();
  functions.registerPass([&] { return llvm::TargetLibraryAnalysis(library); });
  functions.registerPass([&] {
    return llvm::TargetIRAnalysis([](const llvm::Function &function) { return llvm::TargetTransformInfo(std::make_unique<Costs>(function)); });
  });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  llvm::ModulePassManager passes;
  build(builder, passes);
  passes.run(module, modules);
}

}  // namespace cutrans::emit::opencl
