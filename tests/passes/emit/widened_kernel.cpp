// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/passes/emit/widened_kernel.h"

#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Target/TargetMachine.h>

#include "compiler/emit/native/native.h"
#include "compiler/ir/spmd.h"
#include "compiler/simt/phases.h"
#include "tests/ptx/run/machines.h"

namespace cutrans::test {
namespace {

constexpr char Around[] = R"(
declare void @cutrans.gang.barrier.sync(i32, i32, i32) convergent nounwind
declare void @cutrans.gang.barrier.arrive(i32, i32, i32) convergent nounwind
declare {i32, i32} @cutrans.gang.barrier.reduce(i32, i32, i32, i32) convergent nounwind
declare void @cutrans.gang.yield() convergent nounwind
declare i32 @cutrans.ctaid.x() nounwind willreturn memory(none)
attributes #0 = { "cutrans.kernel" "cutrans.gang-width"="8" "cutrans.block-shape"="32,1,1" }
)";

llvm::Error build(llvm::Module &module, Compiled &result, bool avx512) {
  auto description = emit::parseMachine(avx512 ? hostCodegen() : machineText("avx2"));
  if (!description) return description.takeError();
  auto machine = emit::makeTargetMachine(*description);
  if (!machine) return machine.takeError();
  llvm::Function *kernel = module.getFunction("kernel");
  ct_native_kernel record{};
  record.gang_width = simt::widthOf(*kernel);
  result.phases = simt::barriersAllowPhases(*kernel, result.reason);
  if (result.phases) kernel = simt::splitPhases(*kernel);
  else simt::makeGangsResumable(*kernel);
  record.form = result.phases ? CT_NATIVE_FORM_BLOCK : CT_NATIVE_FORM_GANG;
  kernel->getFnAttribute(simt::ScratchBytesAttr).getValueAsString().getAsInteger(10, record.scratch_bytes);
  if (auto error = emit::lowerNative(*kernel, record)) return error;
  module.setTargetTriple((*machine)->getTargetTriple());
  module.setDataLayout((*machine)->createDataLayout());
  if (auto error = emit::expandMath(module, *description)) return error;
  emit::addKernelRecord(*kernel, record, "kernel");
  std::string problem;
  llvm::raw_string_ostream out(problem);
  if (llvm::verifyModule(module, &out)) {
    module.print(llvm::errs(), nullptr);
    return llvm::createStringError(problem);
  }
  emit::optimize(module, **machine);
  emit::provideLibraryCalls(module);
  if (std::getenv("PRINT_IR")) module.print(llvm::errs(), nullptr);
  auto object = emit::emitObject(module, **machine);
  if (!object) return object.takeError();
  auto artifact = emit::linkShared(*object);
  if (!artifact) return artifact.takeError();
  result.bytes = std::move(*artifact);
  return llvm::Error::success();
}

}  // namespace

Compiled compileWidened(const std::string &body, bool avx512) {
  Compiled result;
  llvm::LLVMContext context;
  llvm::SMDiagnostic diagnostic;
  std::string text = std::string("target datalayout = \"") + ir::DataLayoutText + "\"\n" + body + Around;
  auto module = llvm::parseAssemblyString(text, diagnostic, context);
  if (!module) {
    llvm::raw_string_ostream out(result.error);
    diagnostic.print("widened", out);
    return result;
  }
  if (auto error = build(*module, result, avx512)) result.error = llvm::toString(std::move(error));
  return result;
}

}  // namespace cutrans::test
