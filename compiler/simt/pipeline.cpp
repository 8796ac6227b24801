// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every pass in order, with the reason for its place; and the one driver that times, verifies and prints, so that no pass
// has debugging code of its own.
#include "compiler/simt/pipeline.h"

#include <chrono>

#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/Format.h>
#include <llvm/Support/Path.h>
#include <llvm/Target/TargetMachine.h>

#include "compiler/emit/native/native.h"
#include "compiler/ir/spmd.h"
#include "compiler/ir/verify.h"
#include "compiler/simt/phases.h"
#include "compiler/simt/refusal.h"
#include "compiler/simt/widened.h"

namespace cutrans::simt {
namespace {

enum class Form { Scalar, Widened };

class Driver {
 public:
  Driver(llvm::Module &module, const PipelineOptions &options, std::string kernelName)
      : module_(module), options_(options), kernelName_(std::move(kernelName)) {}

  // Runs one pass; `form` is what it leaves behind.
  template <class Pass>
  llvm::Error run(const char *name, Form form, Pass pass) {
    auto start = std::chrono::steady_clock::now();
    if (llvm::Error error = pass()) return error;
    if (options_.timePasses) {
      std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
      llvm::errs() << llvm::format("%8.2f ms  %-28s ", time.count(), name) << kernelName_ << '\n';
    }
    ++count_;
    if (options_.printAfter && (llvm::StringRef(options_.printAfter) == "all" || options_.printAfter == llvm::StringRef(name)))
      print(name);
    return options_.verify ? verify(name, form) : llvm::Error::success();
  }

  // Whatever the settings say: LLVM's later parts take broken code for granted, and end the process or write nonsense.
  llvm::Error verifyAlways(const char *name, Form form) const { return options_.verify ? llvm::Error::success() : verify(name, form); }

  void dump(const char *extension, llvm::StringRef bytes) const {
    if (!options_.dumpDir) return;
    std::error_code error;
    llvm::raw_fd_ostream file(path(extension), error);
    if (!error) file << bytes;
  }

 private:
  std::string path(const llvm::Twine &extension) const {
    llvm::SmallString<256> result(options_.dumpDir);
    llvm::sys::fs::create_directories(result);
    // Mangled names may be longer than file names.
    llvm::sys::path::append(result, llvm::Twine(llvm::StringRef(kernelName_).take_front(120)) + "." + extension);
    return std::string(result);
  }

  void print(const char *name) const {
    if (!options_.dumpDir) {
      llvm::errs() << "; IR of " << kernelName_ << " after " << name << '\n' << module_;
      return;
    }
    std::error_code error;
    llvm::raw_fd_ostream file(path(llvm::Twine(count_ / 10) + llvm::Twine(count_ % 10) + "." + name + ".ll"), error);
    if (!error) file << module_;
  }

  llvm::Error verify(const char *name, Form form) const {
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

  llvm::Module &module_;
  const PipelineOptions &options_;
  std::string kernelName_;
  unsigned count_ = 0;
};

llvm::Function *findKernel(llvm::Module &module) {
  for (llvm::Function &function : module)
    if (!function.isDeclaration() && function.hasFnAttribute(ir::KernelAttr)) return &function;
  return nullptr;
}

unsigned numberAttribute(const llvm::Function &function, llvm::StringRef name) {
  unsigned value = 0;
  function.getFnAttribute(name).getValueAsString().getAsInteger(10, value);
  return value;
}

void fillRecord(ct_native_kernel &record, const llvm::Function &kernel, const SimtOptions &options) {
  record.gang_width = numberAttribute(kernel, widened::GangWidthAttr);
  record.local_bytes = numberAttribute(kernel, widened::LocalBytesAttr);
  record.scratch_bytes = numberAttribute(kernel, ScratchBytesAttr);
  if (kernel.hasFnAttribute(widened::ResumableAttr)) record.flags |= CT_NATIVE_WAITS_ON_GRID;
  if (kernel.hasFnAttribute(UsesStackAttr)) record.flags |= CT_NATIVE_USES_STACK;
  for (unsigned i = 0; i < 3; ++i) record.block[i] = options.block[i];
  // Only x can break the promise: the other extents of a grid end at 65535.
  if (!options.anyGrid) record.max_grid[0] = 0x7fffffffu / (options.anyShape() ? 1024 : options.block[0]);
}

// What LLVM may rely on, and what the instruction selector must know.
void setNativeAttributes(llvm::Function &kernel, const llvm::TargetMachine &machine, const emit::Machine &description) {
  llvm::Module &module = *kernel.getParent();
  module.setTargetTriple(machine.getTargetTriple());
  module.setDataLayout(machine.createDataLayout());
  kernel.addFnAttr(llvm::Attribute::NoUnwind);
  kernel.removeFnAttr(llvm::Attribute::Convergent);
  kernel.addFnAttr("target-cpu", machine.getTargetCPU());
  kernel.addFnAttr("target-features", machine.getTargetFeatureString());
  kernel.addFnAttr("prefer-vector-width", std::to_string(description.vectorBits));
  kernel.addFnAttr("min-legal-vector-width", std::to_string(description.vectorBits));
  kernel.addFnAttr("no-builtins");
  llvm::Argument *block = kernel.getArg(0);
  block->addAttr(llvm::Attribute::NoAlias);
  block->addAttr(llvm::Attribute::NonNull);
  block->addAttr(llvm::Attribute::NoUndef);
  block->addAttr(llvm::Attribute::getWithDereferenceableBytes(module.getContext(), sizeof(ct_native_block)));
  block->addAttr(llvm::Attribute::getWithAlignment(module.getContext(), llvm::Align(8)));
}

}  // namespace

llvm::Expected<std::string> compileToNative(llvm::Module &module, const PipelineOptions &options) {
  llvm::Expected<emit::Machine> machine = emit::parseMachine(options.codegen);
  if (!machine) return machine.takeError();
  auto targetMachine = emit::makeTargetMachine(*machine);
  if (!targetMachine) return targetMachine.takeError();
  llvm::Function *kernel = findKernel(module);
  if (!kernel) return refuse(Diag::codegen_kernel, "no function is marked as a kernel");
  const std::string name = kernel->getName().str();
  SimtOptions simt = options.simt;
  simt.vectorBits = machine->vectorBits;
  ct_native_kernel record{};
  Driver driver(module, options, name);
  std::string failure;  // what LLVM itself reports while it compiles
  module.getContext().setDiagnosticHandlerCallBack(
      [](const llvm::DiagnosticInfo *info, void *context) {
        if (info->getSeverity() != llvm::DS_Error) return;
        llvm::raw_string_ostream out(*static_cast<std::string *>(context));
        llvm::DiagnosticPrinterRawOStream printer(out);
        info->print(printer);
      },
      &failure);

  auto run = [&](const char *pass, Form form, auto body) { return driver.run(pass, form, body); };
  auto done = [] { return llvm::Error::success(); };

  // One thread. Before inlining, which needs an end.
  if (auto e = run("turn-recursion-into-loops", Form::Scalar, [&] { return turnRecursionIntoLoops(*kernel); })) return e;
  // Because every later pass looks at one function only.
  if (auto e = run("inline-device-functions", Form::Scalar, [&] { return inlineDeviceFunctions(*kernel); })) return e;
  // The stack pointer is one of the whole kernel; the clean-up makes a value of it.
  if (auto e = run("lower-stack", Form::Scalar, [&] { return lowerStack(*kernel), done(); })) return e;
  // Before the clean-up, which folds the constants and uses the ranges.
  if (auto e = run("specialize-launch-shape", Form::Scalar, [&] { return specializeLaunchShape(*kernel, simt); })) return e;
  // Leaves the forms that the rest relies on: reducible, simplified loops, LCSSA.
  if (auto e = run("scalar-cleanup", Form::Scalar, [&] { return scalarCleanup(*kernel); })) return e;
  // On scalar code, where a loop's exit condition is one value; widened code hides it behind masks.
  if (auto e = run("mark-waiting-loops", Form::Scalar, [&] { return markWaitingLoops(*kernel), done(); })) return e;
  // Likewise: linearised, all gangs pass every barrier.
  if (auto e = run("mark-divergent-barriers", Form::Scalar, [&] { return markDivergentBarriers(*kernel), done(); })) return e;
  // Both of the next two need the width.
  if (auto e = run("choose-gang-width", Form::Scalar, [&] { return chooseGangWidth(*kernel, simt); })) return e;
  // Widening takes every branch for uniform.
  if (auto e = run("linearize-divergent-branches", Form::Scalar, [&] { return linearizeDivergentBranches(*kernel, simt); })) return e;
  auto widen = [&]() -> llvm::Error {
    auto result = widenToGang(*kernel, simt);
    if (!result) return result.takeError();
    kernel = *result;
    return done();
  };
  if (auto e = run("widen-to-gang", Form::Widened, widen)) return e;
  // The two forms exclude each other. The first is the rule, the second always works.
  std::string reason;
  bool resumable = kernel->hasFnAttribute(widened::ResumableAttr) || kernel->hasFnAttribute(widened::ClusterAttr) ||
                   !barriersAllowPhases(*kernel, reason);
  record.form = resumable ? CT_NATIVE_FORM_GANG : CT_NATIVE_FORM_BLOCK;
  if (resumable) {
    if (auto e = run("make-gangs-resumable", Form::Widened, [&] { return makeGangsResumable(*kernel), done(); })) return e;
  } else {
    auto split = [&]() -> llvm::Error {
      kernel = splitPhases(*kernel);
      return kernel ? done() : refuse(Diag::codegen_verify, "split-phases refused what its own check allowed");
    };
    if (auto e = run("split-phases", Form::Widened, split)) return e;
  }
  fillRecord(record, *kernel, simt);
  // Before the math, which wants the machine's data layout; after the forms, because barriers must be gone.
  auto lower = [&]() -> llvm::Error {
    if (auto e = emit::lowerNative(*kernel, record)) return e;
    setNativeAttributes(*kernel, **targetMachine, *machine);
    return done();
  };
  if (auto e = run("lower-native", Form::Widened, lower)) return e;
  if (auto e = run("expand-math", Form::Widened, [&] { return emit::expandMath(module, *machine); })) return e;
  // Bodies that instruction selection may call; before the optimiser, so that they are compiled with it.
  if (auto e = run("add-record", Form::Widened, [&] { return emit::addKernelRecord(*kernel, record, name), done(); })) return e;
  if (auto e = driver.verifyAlways("add-record", Form::Widened)) return e;
  if (auto e = run("optimize", Form::Widened, [&] { return emit::optimize(module, **targetMachine), done(); })) return e;
  if (auto e = run("shield-selects", Form::Widened, [&] { return emit::shieldSelects(module, *machine), done(); })) return e;
  if (auto e = run("provide-library-calls", Form::Widened, [&] { return emit::provideLibraryCalls(module), done(); })) return e;
  if (options.dumpDir) {
    std::string text;
    llvm::raw_string_ostream(text) << module;
    driver.dump("ll", text);
    driver.dump("s", emit::emitAssembly(module, **targetMachine));
  }
  llvm::SmallVector<char, 0> object;
  auto emitCode = [&]() -> llvm::Error {
    auto result = emit::emitObject(module, **targetMachine);
    if (!result) return result.takeError();
    object = std::move(*result);
    return failure.empty() ? done() : refuse(Diag::codegen_kernel, failure);
  };
  if (auto e = run("emit-object", Form::Widened, emitCode)) return e;
  std::string artifact;
  auto link = [&]() -> llvm::Error {
    auto result = emit::linkShared(object);
    if (!result) return result.takeError();
    artifact = std::move(*result);
    return done();
  };
  if (auto e = run("link", Form::Widened, link)) return e;
  driver.dump("so", artifact);
  return artifact;
}

}  // namespace cutrans::simt
