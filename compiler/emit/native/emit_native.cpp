// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The format "native-so": the passes behind the shared ones, in order, with the reason for their place.
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include "compiler/emit/emitters.h"
#include "compiler/emit/native/native.h"
#include "compiler/simt/phases.h"
#include "compiler/simt/pipeline.h"
#include "compiler/simt/widened.h"

namespace cutrans::emit {
namespace {

using simt::Form;
namespace widened = simt::widened;

unsigned numberAttribute(const llvm::Function &function, llvm::StringRef name) {
  unsigned value = 0;
  function.getFnAttribute(name).getValueAsString().getAsInteger(10, value);
  return value;
}

// What LLVM may rely on, and what the instruction selector must know.
void setNativeAttributes(llvm::Function &kernel, const llvm::TargetMachine &machine, const Machine &description) {
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

ct_native_kernel describeKernel(const llvm::Function &kernel, const simt::SimtOptions &options) {
  ct_native_kernel record{};
  record.gang_width = numberAttribute(kernel, widened::GangWidthAttr);
  record.local_bytes = numberAttribute(kernel, widened::LocalBytesAttr);
  record.scratch_bytes = numberAttribute(kernel, simt::ScratchBytesAttr);
  if (kernel.hasFnAttribute(widened::ResumableAttr)) record.flags |= CT_NATIVE_WAITS_ON_GRID;
  if (kernel.hasFnAttribute(simt::UsesStackAttr)) record.flags |= CT_NATIVE_USES_STACK;
  for (unsigned i = 0; i < 3; ++i) record.block[i] = options.block[i];
  // Only x can break the promise: the other extents of a grid end at 65535.
  if (!options.anyGrid) record.max_grid[0] = 0x7fffffffu / (options.anyShape() ? 1024 : options.block[0]);
  return record;
}

llvm::Expected<std::string> emitNative(simt::PassDriver &driver) {
  llvm::Expected<Machine> machine = parseMachine(driver.options().codegen);
  if (!machine) return machine.takeError();
  auto targetMachine = makeTargetMachine(*machine);
  if (!targetMachine) return targetMachine.takeError();
  simt::SimtOptions simt = driver.options().simt;
  simt.vectorBits = machine->vectorBits;
  if (auto e = simt::makeThread(driver, simt)) return e;
  llvm::Expected<simt::BlockForm> form = simt::makeBlock(driver, simt);
  if (!form) return form.takeError();

  llvm::Module &module = driver.module();
  llvm::Function &kernel = *driver.kernel;
  auto run = [&](const char *pass, auto body) { return driver.run(pass, Form::Widened, body); };
  auto done = [] { return llvm::Error::success(); };
  if (*form == simt::BlockForm::Gangs)
    if (auto e = run("make-gangs-resumable", [&] { return simt::makeGangsResumable(kernel), done(); })) return e;
  ct_native_kernel record = describeKernel(kernel, simt);
  record.form = *form == simt::BlockForm::Gangs ? CT_NATIVE_FORM_GANG : CT_NATIVE_FORM_BLOCK;
  // Before the math, which wants the machine's data layout; after the forms, because barriers must be gone.
  auto lower = [&]() -> llvm::Error {
    if (auto e = lowerNative(kernel, record)) return e;
    setNativeAttributes(kernel, **targetMachine, *machine);
    return done();
  };
  if (auto e = run("lower-native", lower)) return e;
  if (auto e = run("expand-math", [&] { return expandMath(module, *machine); })) return e;
  // Bodies that instruction selection may call; before the optimiser, so that they are compiled with it.
  if (auto e = run("add-record", [&] { return addKernelRecord(kernel, record, driver.name()), done(); })) return e;
  if (auto e = driver.verifyAlways("add-record", Form::Widened)) return e;
  if (auto e = run("optimize", [&] { return optimize(module, **targetMachine), done(); })) return e;
  if (auto e = run("shield-selects", [&] { return shieldSelects(module, *machine), done(); })) return e;
  if (auto e = run("provide-library-calls", [&] { return provideLibraryCalls(module), done(); })) return e;
  if (driver.options().dumpDir) {
    std::string text;
    llvm::raw_string_ostream(text) << module;
    driver.dump("ll", text);
    driver.dump("s", emitAssembly(module, **targetMachine));
  }
  llvm::SmallVector<char, 0> object;
  auto emitCode = [&]() -> llvm::Error {
    auto result = emitObject(module, **targetMachine);
    if (!result) return result.takeError();
    object = std::move(*result);
    return driver.llvmErrors();
  };
  if (auto e = run("emit-object", emitCode)) return e;
  std::string artifact;
  auto link = [&]() -> llvm::Error {
    auto result = linkShared(object);
    if (!result) return result.takeError();
    artifact = std::move(*result);
    return done();
  };
  if (auto e = run("link", link)) return e;
  driver.dump("so", artifact);
  return artifact;
}

}  // namespace cutrans::emit
