// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Times, verifies, prints and dumps.
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/Format.h>
#include <llvm/Support/Path.h>

#include "compiler/ir/spmd.h"
#include "compiler/ir/verify.h"
#include "compiler/simt/pipeline.h"
#include "compiler/simt/refusal.h"

namespace cutrans::simt {

PassDriver::PassDriver(llvm::Module &module, const PipelineOptions &options) : module_(module), options_(options) {
  for (llvm::Function &function : module)
    if (!kernel && !function.isDeclaration() && function.hasFnAttribute(ir::KernelAttr)) kernel = &function;
  if (kernel) name_ = kernel->getName().str();
  module.getContext().setDiagnosticHandlerCallBack(
      [](const llvm::DiagnosticInfo *info, void *context) {
        if (info->getSeverity() != llvm::DS_Error) return;
        llvm::raw_string_ostream out(*static_cast<std::string *>(context));
        llvm::DiagnosticPrinterRawOStream printer(out);
        info->print(printer);
      },
      &failure_);
}

PassDriver::~PassDriver() { module_.getContext().setDiagnosticHandlerCallBack(nullptr); }

llvm::Error PassDriver::after(const char *name, Form form, std::chrono::duration<double, std::milli> time) {
  if (options_.timePasses) llvm::errs() << llvm::format("%8.2f ms  %-28s ", time.count(), name) << name_ << '\n';
  ++count_;
  if (options_.printAfter && (llvm::StringRef(options_.printAfter) == "all" || options_.printAfter == llvm::StringRef(name)))
    print(name);
  return options_.verify ? verify(name, form) : llvm::Error::success();
}

llvm::Error PassDriver::verifyAlways(const char *name, Form form) const {
  return options_.verify ? llvm::Error::success() : verify(name, form);
}

void PassDriver::dump(const char *extension, llvm::StringRef bytes) const {
  if (!options_.dumpDir) return;
  std::error_code error;
  llvm::raw_fd_ostream file(path(extension), error);
  if (!error) file << bytes;
}

llvm::Error PassDriver::llvmErrors() const {
  return failure_.empty() ? llvm::Error::success() : refuse(Diag::codegen_kernel, failure_);
}

std::string PassDriver::path(const llvm::Twine &extension) const {
  llvm::SmallString<256> result(options_.dumpDir);
  llvm::sys::fs::create_directories(result);
  // Mangled names may be longer than file names.
  llvm::sys::path::append(result, llvm::Twine(llvm::StringRef(name_).take_front(120)) + "." + extension);
  return std::string(result);
}

void PassDriver::print(const char *name) const {
  if (!options_.dumpDir) {
    llvm::errs() << "; IR of " << name_ << " after " << name << '\n' << module_;
    return;
  }
  std::error_code error;
  llvm::raw_fd_ostream file(path(llvm::Twine(count_ / 10) + llvm::Twine(count_ % 10) + "." + name + ".ll"), error);
  if (!error) file << module_;
}

llvm::Error PassDriver::verify(const char *name, Form form) const {
  std::string problem;
  if (form == Form::Scalar) {
    std::vector<std::string> problems = ir::verify(module_, ir::Stage::Passes);
    if (!problems.empty()) problem = problems.front();
  } else {
    llvm::raw_string_ostream out(problem);
    if (!llvm::verifyModule(module_, &out)) problem.clear();
  }
  if (problem.empty()) return llvm::Error::success();
  return refuse(Diag::codegen_verify, std::string("after ") + name + ": " + llvm::StringRef(problem).split('\n').first.str());
}

}  // namespace cutrans::simt
