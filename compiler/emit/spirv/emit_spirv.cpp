// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The format "spirv": the passes behind the shared ones, in order, with the reason for their place.
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include "compiler/emit/device/device_code.h"
#include "compiler/emit/emitters.h"
#include "compiler/emit/native/native.h"
#include "compiler/emit/opencl/opencl.h"
#include "compiler/emit/spirv/spirv.h"
#include "compiler/simt/pipeline.h"

namespace cutrans::emit {

llvm::Expected<std::string> emitSpirv(simt::PassDriver &driver) {
  using simt::Form;
  llvm::Expected<spirv::Device> device = spirv::parseDevice(driver.options().codegen);
  if (!device) return device.takeError();
  auto target = spirv::makeTargetMachine();
  if (!target) return target.takeError();
  llvm::Module &module = driver.module();
  const simt::SimtOptions &simt = driver.options().simt;
  std::unique_ptr<thread::Machine> machine = spirv::makeMachine();
  if (auto e = simt::makeThread(driver, simt)) return e;
  auto run = [&](const char *pass, Form form, auto body) { return driver.run(pass, form, body); };
  auto done = [] { return llvm::Error::success(); };
  // On scalar code, where a loop's exit condition is one value, and while the names of operations say what they wait for.
  if (auto e = run("check-waves", Form::Scalar, [&] { return thread::checkWaves(*driver.kernel, simt, *machine); })) return e;
  ct_opencl_header header{};
  auto lower = [&]() -> llvm::Error {
    auto kernel = spirv::lowerKernel(*driver.kernel, simt, *machine, header);
    if (!kernel) return kernel.takeError();
    driver.kernel = *kernel;
    return done();
  };
  if (auto e = run("lower-spirv", Form::Widened, lower)) return e;
  if (auto e = run("expand-math", Form::Widened, [&] { return opencl::expandMath(module); })) return e;
  // Behind the lowering, which calls it, and while its one address space is the kernel's generic one.
  if (auto e = run("link-device-code", Form::Widened, [&] { return linkDeviceCode(module, DeviceMachine::cpu); })) return e;
  if (auto e = run("place-pointers", Form::Widened, [&] { return spirv::placePointers(module, *driver.kernel, *machine, **target); })) return e;
  if (auto e = driver.verifyAlways("place-pointers", Form::Widened)) return e;
  if (auto e = run("optimize", Form::Widened, [&] { return opencl::optimize(module, spirv::space::Generic), done(); })) return e;
  // Behind the optimiser, which would make of it what it was.
  if (auto e = run("expand-atomics", Form::Widened, [&] { return spirv::expandAtomics(*driver.kernel); })) return e;
  if (auto e = run("expand-operations", Form::Widened, [&] { return spirv::expandOperations(*driver.kernel, *device); })) return e;
  if (auto e = driver.verifyAlways("expand-operations", Form::Widened)) return e;
  if (auto e = run("check-for-writer", Form::Widened, [&] { return spirv::checkForWriter(*driver.kernel, *device); })) return e;
  if (driver.options().dumpDir) {
    std::string text;
    llvm::raw_string_ostream(text) << module;
    driver.dump("ll", text);
    driver.dump("s", emitAssembly(module, **target));
  }
  llvm::SmallVector<char, 0> payload;
  auto write = [&]() -> llvm::Error {
    auto result = emitObject(module, **target);
    if (!result) return result.takeError();
    payload = std::move(*result);
    if (auto e = driver.llvmErrors()) return e;
    return spirv::numberLabels(payload);
  };
  if (auto e = run("write-spirv", Form::Widened, write)) return e;
  driver.dump("spv", llvm::StringRef(payload.data(), payload.size()));
  header.payload_bytes = payload.size();
  return std::string(reinterpret_cast<const char *>(&header), sizeof header) + std::string(payload.data(), payload.size());
}

}  // namespace cutrans::emit
