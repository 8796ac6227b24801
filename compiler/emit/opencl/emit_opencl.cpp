// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The formats "spir-bitcode" and "opencl-c": the passes behind the shared ones, in order, with the reason for their place.
#include <cstring>

#include <llvm/IR/Module.h>

#include "compiler/emit/device/device_code.h"
#include "compiler/emit/emitters.h"
#include "compiler/emit/native/native.h"
#include "compiler/emit/opencl/opencl.h"
#include "compiler/emit/opencl/text/opencl_c.h"
#include "compiler/simt/pipeline.h"
#include "compiler/simt/widened.h"

namespace cutrans::emit {
namespace {

using opencl::Device;
using simt::Form;

struct Lowered {
  ct_opencl_header header{};
  llvm::Function *kernel = nullptr;
  Device device;
};

// Up to where the writers part.
llvm::Expected<Lowered> lower(simt::PassDriver &driver, bool text) {
  llvm::Expected<Device> device = opencl::parseDevice(driver.options().codegen);
  if (!device) return device.takeError();
  Lowered lowered;
  lowered.device = *device;
  simt::SimtOptions simt = driver.options().simt;
  simt.vectorBits = device->vectorBits;
  simt.x86 = false;
  if (auto e = simt::makeThread(driver, simt)) return e;
  llvm::Expected<simt::BlockForm> form = simt::makeBlock(driver, simt);
  if (!form) return form.takeError();

  llvm::Module &module = driver.module();
  auto run = [&](const char *pass, auto body) { return driver.run(pass, Form::Widened, body); };
  auto done = [] { return llvm::Error::success(); };
  const bool gangs = *form == simt::BlockForm::Gangs;
  if (gangs)
    if (auto e = run("make-gangs-resumable", [&] { return opencl::callGangServices(*driver.kernel), done(); })) return e;
  ct_native_kernel record = describeKernel(*driver.kernel, simt);
  // After the form, because barriers must be gone.
  auto lowerKernel = [&]() -> llvm::Error {
    const opencl::GangOptions options{.clusters = driver.kernel->hasFnAttribute(simt::widened::ClusterAttr), .yields = device->x86 && !text};
    auto kernel = opencl::lowerKernel(*driver.kernel, gangs ? &options : nullptr, record, lowered.header);
    if (!kernel) return kernel.takeError();
    driver.kernel = lowered.kernel = *kernel;
    return done();
  };
  if (auto e = run("lower-opencl", lowerKernel)) return e;
  if (auto e = run("expand-math", [&] { return opencl::expandMath(module); })) return e;
  // Before the optimiser, which makes one function of the kernel and small device code.
  if (auto e = run("link-device-code", [&] { return linkDeviceCode(module, DeviceMachine::cpu); })) return e;
  if (auto e = driver.verifyAlways("link-device-code", Form::Widened)) return e;
  if (auto e = run("optimize", [&] { return opencl::optimize(module), done(); })) return e;
  if (driver.options().dumpDir) {
    std::string text;
    llvm::raw_string_ostream(text) << module;
    driver.dump("ll", text);
  }
  if (auto e = driver.llvmErrors()) return e;
  return lowered;
}

std::string artifact(ct_opencl_header &header, llvm::StringRef options, const std::string &payload) {
  std::memcpy(header.build_options, options.data(), std::min(options.size(), sizeof header.build_options - 1));
  header.payload_bytes = payload.size();
  return std::string(reinterpret_cast<const char *>(&header), sizeof header) + payload;
}

}  // namespace

llvm::Expected<std::string> emitSpirBitcode(simt::PassDriver &driver) {
  llvm::Expected<Lowered> lowered = lower(driver, /*text=*/false);
  if (!lowered) return lowered.takeError();
  std::string payload;
  auto write = [&]() -> llvm::Error {
    auto result = opencl::writeSpirBitcode(driver.module(), *lowered->kernel, lowered->device);
    if (!result) return result.takeError();
    payload = std::move(*result);
    return llvm::Error::success();
  };
  // No verifier behind it: intrinsics have their old types there.
  if (auto e = write()) return std::move(e);
  driver.dump("bc", payload);
  return artifact(lowered->header, "-x spir -spir-std=1.2", payload);
}

llvm::Expected<std::string> emitOpenclC(simt::PassDriver &driver) {
  llvm::Expected<Lowered> lowered = lower(driver, /*text=*/true);
  if (!lowered) return lowered.takeError();
  llvm::Expected<std::string> text = writeOpenclC(driver.module(), {lowered->device.fp64, lowered->device.int64Atomics});
  if (!text) return text.takeError();
  driver.dump("cl", *text);
  return artifact(lowered->header, OpenclCBuildOptions, *text);
}

}  // namespace cutrans::emit
