// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/ptx/run/compile_ptx.h"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include <dlfcn.h>

#include "cutrans/native_kernel.h"
#include "tests/ptx/run/machines.h"

namespace cutrans::test {
namespace {

std::string listed(const ptx::Problems &problems) {
  std::string text;
  for (const ptx::Problem &problem : problems) text += diagnosticCode(problem.code) + ": " + problem.text + "\n";
  return text;
}

const codegen::Table *codegenTable() {
  static const codegen::Table *table = [] {
    void *library = dlopen(CUTRANS_CODEGEN_PATH, RTLD_NOW | RTLD_LOCAL);
    auto query = library ? reinterpret_cast<codegen::QueryFn>(dlsym(library, codegen::kQuerySymbol)) : nullptr;
    if (!query) std::fprintf(stderr, "%s\n", dlerror());
    return query ? query() : nullptr;
  }();
  return table;
}

}  // namespace

std::string PtxModule::readFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

bool PtxModule::load() { return codegenTable(); }

std::vector<std::string> PtxModule::kernels() const {
  std::vector<std::string> names;
  for (const ptx::Function *kernel : module_->kernels()) names.emplace_back(kernel->name);
  return names;
}

PtxModule::PtxModule(const std::string &text) {
  ptx::Problems problems;
  ptx::UnitText unit{"test", text};
  module_ = ptx::Module::create({&unit, 1}, 999, problems);
  problems_ = listed(problems);
}

PtxArtifact PtxModule::compile(const std::string &kernel, const CompileOptions &options) const {
  PtxArtifact result;
  const ptx::Function *function = nullptr;
  if (module_)
    for (const ptx::Function *candidate : module_->kernels())
      if (candidate->name == kernel) function = candidate;
  ptx::Problems problems;
  ptx::Program program;
  if (!function || !module_->program(*function, program, problems)) {
    result.diagnostics = problems_ + listed(problems) + (function ? "" : "no kernel " + kernel);
    return result;
  }
  ctc_sink sink{&result.diagnostics, [](void *context, const char *code, const char *text) {
                  *static_cast<std::string *>(context) += std::string(code) + ": " + text + "\n";
                }};
  codegen::Request request;
  request.program = &program;
  request.format = options.format.empty() ? CT_NATIVE_FORMAT : options.format;
  if (!options.codegen.empty()) request.codegen = options.codegen;
  else request.codegen = options.machine.empty() ? hostCodegen() : machineText(options.machine);
  for (int i = 0; i < 3; ++i) request.block[i] = options.block[i];
  request.cooperative = options.cooperative;
  request.any_grid = options.anyGrid;
  request.gang_width = options.gangWidth;
  request.verify = true;
  request.print_after = std::getenv("PRINT_AFTER");
  request.dump_dir = std::getenv("DUMP_DIR");
  request.time_passes = std::getenv("TIME_PASSES") != nullptr;
  request.sink = &sink;
  if (!codegenTable()) result.diagnostics = "no code generator";
  else codegenTable()->compile(request, result.bytes);
  return result;
}

size_t PtxModule::imageBytes() const { return module_->image().size; }

std::shared_ptr<void> PtxModule::image() const {
  const ptx::Image &image = module_->image();
  if (!image.size) return nullptr;
  std::shared_ptr<void> memory(std::aligned_alloc(4096, (image.size + 4095) / 4096 * 4096), std::free);
  std::memset(memory.get(), 0, image.size);
  std::memcpy(memory.get(), image.initial.data(), image.initial.size());
  for (const ptx::Relocation &relocation : image.relocations) {
    uint64_t value = 0;
    char *place = static_cast<char *>(memory.get()) + relocation.offset;
    std::memcpy(&value, place, relocation.bytes);
    value += reinterpret_cast<uint64_t>(memory.get());
    std::memcpy(place, &value, relocation.bytes);
  }
  return memory;
}

}  // namespace cutrans::test
