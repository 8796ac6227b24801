// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The one door of libcutrans_codegen.so: a linked PTX program (or one kernel's SPMD IR) in, an artifact's bytes out.
#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include "compiler/emit/contained.h"
#include "compiler/emit/emitters.h"
#include "compiler/ptx/lower/lower.h"
#include "compiler/simt/pipeline.h"
#include "compiler/simt/refusal.h"
#include "cutrans/codegen.h"

namespace cutrans::codegen {
namespace {

void tell(const Request &request, Diag diag, const std::string &text) {
  request.sink->diagnostic(request.sink->ctx, diagnosticCode(diag).c_str(), text.c_str());
}

bool supports(const char *format) { return emit::emitterFor(format) != nullptr; }

std::unique_ptr<llvm::Module> lower(const Request &request, llvm::LLVMContext &context) {
  ptx::Lowered lowered = ptx::lower(*request.program, context);
  for (const ptx::Refusal &refusal : lowered.refusals) tell(request, refusal.code, refusal.text);
  return std::move(lowered.module);
}

std::unique_ptr<llvm::Module> parse(const Request &request, llvm::LLVMContext &context) {
  auto module = llvm::parseBitcodeFile({{request.ir.data(), request.ir.size()}, "SPMD IR"}, context);
  if (module) return std::move(*module);
  tell(request, Diag::codegen_kernel, llvm::toString(module.takeError()));
  return nullptr;
}

ctc_status compile(const Request &request, std::string &out) {
  out.clear();
  emit::Emitter emitter = emit::emitterFor(request.format);
  if (!emitter) return tell(request, Diag::artifact_format, "the format " + request.format), CTC_ERR_UNSUPPORTED;
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = request.program ? lower(request, context) : parse(request, context);
  if (!module) return CTC_ERR_UNSUPPORTED;

  simt::PipelineOptions options;
  options.simt.block = {request.block[0], request.block[1], request.block[2]};
  options.simt.anyGrid = request.any_grid;
  options.simt.cooperative = request.cooperative;
  options.simt.gangWidth = request.gang_width;
  options.codegen = request.codegen;
  options.verify = request.verify;
  options.timePasses = request.time_passes;
  options.printAfter = request.print_after;
  options.dumpDir = request.dump_dir;
  simt::PassDriver driver(*module, options);
  llvm::Expected<std::string> artifact = emitter(driver);
  if (artifact) {
    out = std::move(*artifact);
    return CTC_OK;
  }
  ctc_status status = CTC_ERR_INTERNAL;
  llvm::handleAllErrors(
      artifact.takeError(),
      [&](const simt::Refusal &refusal) {
        tell(request, refusal.diag, refusal.text);
        bool own = refusal.diag == Diag::codegen_verify || refusal.diag == Diag::codegen_link || refusal.diag == Diag::codegen_kernel;
        status = own ? CTC_ERR_INTERNAL : CTC_ERR_UNSUPPORTED;
      },
      [&](const llvm::ErrorInfoBase &error) { tell(request, Diag::codegen_kernel, error.message()); });
  return status;
}

ctc_status compileContained(const Request &request, std::string &out) {
  ctc_status status = CTC_ERR_INTERNAL;
  std::string failure = emit::contained([&] { status = compile(request, out); });
  if (failure.empty()) return status;
  out.clear();
  tell(request, Diag::codegen_kernel, (request.program ? std::string(request.program->kernel->name) : "a kernel") + ": LLVM gave up: " + failure);
  return CTC_ERR_INTERNAL;
}

constexpr Table TheTable = {sizeof(Table), CUTRANS_BUILD_ID, supports, compileContained};

}  // namespace
}  // namespace cutrans::codegen

extern "C" __attribute__((visibility("default"))) const cutrans::codegen::Table *cutrans_codegen_query() {
  return &cutrans::codegen::TheTable;
}
