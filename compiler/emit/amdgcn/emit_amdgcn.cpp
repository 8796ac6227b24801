// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The format "amdgpu-elf": the passes behind the shared ones, in order, with the reason for their place.
#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include "compiler/emit/amdgcn/amdgcn.h"
#include "compiler/emit/device/device_code.h"
#include "compiler/emit/emitters.h"
#include "compiler/emit/native/native.h"
#include "compiler/simt/pipeline.h"
#include "compiler/simt/refusal.h"

namespace cutrans::emit {

llvm::Expected<std::string> emitAmdgcn(simt::PassDriver &driver) {
  using simt::Form;
  llvm::Expected<amdgcn::Chip> chip = amdgcn::parseChip(driver.options().codegen);
  if (!chip) return chip.takeError();
  auto machine = amdgcn::makeTargetMachine(*chip);
  if (!machine) return machine.takeError();
  llvm::Module &module = driver.module();
  const simt::SimtOptions &simt = driver.options().simt;
  llvm::SmallVector<char, 0> ir, lowered;
  auto keep = [&](amdgcn::EmbedIr which, llvm::SmallVectorImpl<char> &to) {
    if (chip->embedIr != which) return;
    llvm::raw_svector_ostream out(to);
    llvm::WriteBitcodeToFile(module, out);
  };
  keep(amdgcn::EmbedIr::Spmd, ir);
  if (auto e = simt::makeThread(driver, simt)) return e;
  auto run = [&](const char *pass, Form form, auto body) { return driver.run(pass, form, body); };
  auto done = [] { return llvm::Error::success(); };
  // On scalar code, where a loop's exit condition is one value, and while the names of operations say what they wait for.
  if (auto e = run("check-waves", Form::Scalar, [&] { return thread::checkWaves(*driver.kernel, simt, *amdgcn::makeMachine(*chip)); })) return e;
  ct_amdgpu_kernel record{};
  auto lower = [&]() -> llvm::Error {
    auto kernel = amdgcn::lowerKernel(*driver.kernel, simt, *chip, record);
    if (!kernel) return kernel.takeError();
    driver.kernel = *kernel;
    module.setTargetTriple((*machine)->getTargetTriple());
    module.setDataLayout((*machine)->createDataLayout());
    return done();
  };
  if (auto e = run("lower-amdgcn", Form::Widened, lower)) return e;
  if (auto e = run("expand-math", Form::Widened, [&] { return amdgcn::expandMath(module); })) return e;
  // Behind the lowering, which calls it; before the optimiser, which makes one function of all.
  if (auto e = run("link-device-code", Form::Widened, [&] { return linkDeviceCode(module, DeviceMachine::amdgcn); })) return e;
  if (auto e = driver.verifyAlways("link-device-code", Form::Widened)) return e;
  if (auto e = run("optimize", Form::Widened, [&] { return optimize(module, **machine), done(); })) return e;
  // What the back end gets, and nothing else.
  keep(amdgcn::EmbedIr::Lowered, lowered);
  auto addRecord = [&] {
    amdgcn::addSection(module, CT_AMDGPU_RECORD_SECTION, llvm::StringRef(reinterpret_cast<const char *>(&record), sizeof record));
    if (!ir.empty()) amdgcn::addSection(module, CT_AMDGPU_IR_SECTION, llvm::StringRef(ir.data(), ir.size()));
    if (!lowered.empty()) amdgcn::addSection(module, CT_AMDGPU_LOWERED_SECTION, llvm::StringRef(lowered.data(), lowered.size()));
    return done();
  };
  if (auto e = run("add-record", Form::Widened, addRecord)) return e;
  if (driver.options().dumpDir) {
    std::string text;
    llvm::raw_string_ostream(text) << module;
    driver.dump("ll", text);
    driver.dump("s", emitAssembly(module, **machine));
  }
  llvm::SmallVector<char, 0> object;
  auto emitCode = [&]() -> llvm::Error {
    auto result = emitObject(module, **machine);
    if (!result) return result.takeError();
    object = std::move(*result);
    return driver.llvmErrors();
  };
  if (auto e = run("emit-object", Form::Widened, emitCode)) return e;
  std::string artifact;
  auto link = [&]() -> llvm::Error {
    auto result = amdgcn::finish(object, record);
    if (!result) return result.takeError();
    artifact = std::move(*result);
    return done();
  };
  if (auto e = run("link", Form::Widened, link)) return e;
  driver.dump("hsaco", artifact);
  return artifact;
}

}  // namespace cutrans::emit
