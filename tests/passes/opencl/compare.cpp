// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/passes/opencl/compare.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Target/TargetMachine.h>

#include "compiler/emit/native/native.h"
#include "compiler/emit/opencl/text/opencl_c.h"
#include "tests/passes/opencl/device.h"
#include "tests/ptx/run/machines.h"

namespace cutrans::test {
namespace {

std::unique_ptr<llvm::Module> parsed(const std::string &text, llvm::LLVMContext &context, std::string &problem) {
  llvm::SMDiagnostic diagnostic;
  auto module = llvm::parseAssemblyString(text, diagnostic, context);
  if (!module) problem = "line " + std::to_string(diagnostic.getLineNo()) + ": " + diagnostic.getMessage().str() + ": " + diagnostic.getLineContents().str();
  return module;
}

struct Native {
  void *handle = nullptr;
  int file = -1;
  ~Native() {
    if (handle) dlclose(handle);
    if (file >= 0) close(file);
  }
};

std::string compileNative(const std::string &text, Native &out) {
  llvm::LLVMContext context;
  std::string problem;
  auto module = parsed(text, context, problem);
  if (!module) return problem;
  auto machine = llvm::cantFail(emit::makeTargetMachine(llvm::cantFail(emit::parseMachine(hostCodegen()))));
  module->setTargetTriple(machine->getTargetTriple());
  module->setDataLayout(machine->createDataLayout());
  emit::provideLibraryCalls(*module);
  auto object = emit::emitObject(*module, *machine);
  if (!object) return llvm::toString(object.takeError());
  auto library = emit::linkShared(*object);
  if (!library) return llvm::toString(library.takeError());
  out.file = memfd_create("native", MFD_CLOEXEC);
  if (write(out.file, library->data(), library->size()) != ssize_t(library->size())) return "cannot write the library";
  out.handle = dlopen(("/proc/self/fd/" + std::to_string(out.file)).c_str(), RTLD_NOW | RTLD_LOCAL);
  return out.handle ? "" : dlerror();
}

}  // namespace

std::string writtenText(const std::string &ir, std::string &refusal) {
  llvm::LLVMContext context;
  auto module = parsed(ir, context, refusal);
  if (!module) return "";
  std::string broken;
  llvm::raw_string_ostream out(broken);
  if (llvm::verifyModule(*module, &out)) return refusal = broken, "";
  auto text = emit::writeOpenclC(*module, {});
  if (text) return *text;
  refusal = llvm::toString(text.takeError());
  return "";
}

std::string compareModule(const Module &module, const Arrays &arrays, const std::function<void(size_t, size_t, size_t, const Arrays &, const Arrays &)> &differs) {
  std::string problem, refusal;
  std::string text = writtenText(module.text, refusal);
  if (!refusal.empty()) return refusal;
  const char *dump = std::getenv("CUTRANS_TEST_DUMP");
  if (dump) {
    static int count = 0;
    for (auto [suffix, bytes] : {std::pair<const char *, const std::string *>{".cl", &text}, {".ll", &module.text}})
      if (FILE *file = std::fopen((std::string(dump) + "/" + std::to_string(count) + suffix).c_str(), "w")) std::fputs(bytes->c_str(), file), std::fclose(file);
    ++count;
  }
  OpenclDevice *device = OpenclDevice::get(problem);
  if (!device) return "skip: " + problem;
  Native native;
  problem = compileNative(module.text, native);
  if (!problem.empty()) return "native: " + problem;
  auto start = std::chrono::steady_clock::now();
  void *program = device->build(text, emit::OpenclCBuildOptions, problem);
  if (!program) return problem;
  std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
  if (dump) std::printf("%zu bytes of text, built in %.0f ms\n", text.size(), time.count());
  for (size_t k = 0; k < module.kernels.size(); ++k) {
    Arrays here = arrays, there = arrays;
    auto pointers = [](Arrays &from) {
      std::vector<void *> result;
      for (auto &array : from) result.push_back(array.data());
      return result;
    };
    auto mine = pointers(here), theirs = pointers(there);
    auto function = reinterpret_cast<void (*)(void **)>(dlsym(native.handle, module.kernels[k].c_str()));
    if (!function) return "native code lacks " + module.kernels[k];
    function(mine.data());
    if (!device->run(program, module.kernels[k], theirs.data(), theirs.size(), problem)) return module.kernels[k] + ": " + problem;
    for (size_t a = 0; a < arrays.size(); ++a)
      for (size_t i = 0; i < here[a].size(); ++i)
        if (here[a][i] != there[a][i]) {
          differs(k, a, i, here, there);
          break;
        }
  }
  device->release(program);
  return "";
}

}  // namespace cutrans::test
