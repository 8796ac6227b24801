// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A compiler for tests of the runtime: its "PTX" is a list of lines, its artifacts are files that were built by hand.
//   kernel NAME ARTIFACT SHARED MAX_THREADS REQUIRED_X PARAM_SIZE...   (sizes in bytes, each aligned to itself)
//   word NAME VALUE | pointer NAME TO | managed NAME VALUE             (variables of 8 bytes)
// Anything else is a syntax error. `refuse` as an artifact makes the compile fail.
#include <cutrans/compiler.h>

#include <atomic>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

struct ctc_module {
  struct Kernel {
    std::string name, artifact;
    std::vector<ctc_param> params;
    ctc_kernel info{};
  };
  struct Variable {
    std::string name;
    uint32_t flags;
  };
  std::vector<std::unique_ptr<Kernel>> kernels;
  std::vector<Variable> variables;
  std::vector<uint64_t> image;
  std::vector<ctc_relocation> relocations;
};

struct ctc_artifact {
  std::string path, bytes;
};

namespace {

std::atomic<int> compiles{0};

bool readLine(ctc_module &module, std::istringstream &words) {
  std::string verb, name;
  if (!(words >> verb)) return true;
  if (!(words >> name)) return false;
  if (verb == "kernel") {
    auto kernel = std::make_unique<ctc_module::Kernel>();
    ctc_kernel &info = kernel->info;
    kernel->name = name;
    if (!(words >> kernel->artifact >> info.static_shared_bytes >> info.max_threads >> info.required_block[0])) return false;
    if (info.required_block[0]) info.required_block[1] = info.required_block[2] = 1;
    uint32_t size, at = 0;
    while (words >> size) {
      at = (at + size - 1) / size * size;
      kernel->params.push_back({at, size, size});
      at += size;
    }
    info.params_size = at;
    info.param_count = static_cast<uint32_t>(kernel->params.size());
    info.params = kernel->params.data();
    info.name = kernel->name.c_str();
    module.kernels.push_back(std::move(kernel));
    return true;
  }
  uint64_t value = 0;
  if (verb == "pointer") {
    std::string to;
    words >> to;
    for (size_t i = 0; i < module.variables.size(); ++i)
      if (module.variables[i].name == to) value = i * 8;
    module.relocations.push_back({module.image.size() * 8, 8});
  } else if (verb == "word" || verb == "managed") {
    words >> value;
  } else {
    return false;
  }
  module.variables.push_back({name, verb == "managed" ? uint32_t{CTC_VARIABLE_MANAGED} : 0u});
  module.image.push_back(value);
  return true;
}

ctc_status create(const ctc_unit *units, size_t count, const ctc_options *, const ctc_sink *sink, ctc_module **out) {
  auto module = std::make_unique<ctc_module>();
  for (size_t i = 0; i < count; ++i) {
    std::istringstream text(std::string(units[i].text, units[i].size));
    std::string line;
    while (std::getline(text, line)) {
      std::istringstream words(line);
      if (readLine(*module, words)) continue;
      sink->diagnostic(sink->ctx, "CT9001", (std::string(units[i].name) + ": what is " + line).c_str());
      return CTC_ERR_SYNTAX;
    }
  }
  *out = module.release();
  return CTC_OK;
}

void destroy(ctc_module *module) { delete module; }
size_t kernelCount(const ctc_module *module) { return module->kernels.size(); }

ctc_status kernelInfo(const ctc_module *module, size_t index, ctc_kernel *out) {
  *out = module->kernels[index]->info;
  return CTC_OK;
}

ctc_status kernelFind(const ctc_module *module, const char *name, size_t *out_index) {
  for (size_t i = 0; i < module->kernels.size(); ++i)
    if (module->kernels[i]->name == name) {
      *out_index = i;
      return CTC_OK;
    }
  return CTC_ERR_NOT_FOUND;
}

size_t variableCount(const ctc_module *module) { return module->variables.size(); }

ctc_status variableInfo(const ctc_module *module, size_t index, ctc_variable *out) {
  if (index >= module->variables.size()) return CTC_ERR_NOT_FOUND;
  *out = {sizeof *out, module->variables[index].name.c_str(), index * 8, 8, 8, CTC_SPACE_GLOBAL, module->variables[index].flags};
  return CTC_OK;
}

ctc_status image(const ctc_module *module, ctc_image *out) {
  *out = {sizeof *out, module->image.size() * 8, 8, module->image.data(), module->image.size() * 8, module->relocations.size(),
          module->relocations.data()};
  return CTC_OK;
}

ctc_status compile(ctc_module *module, const ctc_request *request, const ctc_sink *sink, ctc_artifact **out) {
  ++compiles;
  size_t index = 0;
  if (kernelFind(module, request->kernel, &index) != CTC_OK) return CTC_ERR_NOT_FOUND;
  const std::string &name = module->kernels[index]->artifact;
  if (name == "refuse") {
    sink->diagnostic(sink->ctx, "CT9002", "refused as the test wants it");
    return CTC_ERR_UNSUPPORTED;
  }
  auto artifact = std::make_unique<ctc_artifact>();
  artifact->path = std::string(CUTRANS_TEST_KERNELS) + "/" + name + ".so";
  std::ifstream file(artifact->path, std::ios::binary);
  artifact->bytes.assign(std::istreambuf_iterator<char>(file), {});
  *out = artifact.release();
  return CTC_OK;
}

void artifactInfo(const ctc_artifact *artifact, ctc_artifact_info *out) {
  *out = {sizeof *out, "native-so", artifact->bytes.data(), artifact->bytes.size(), artifact->path.c_str(), 0, 0};
}

void artifactDestroy(ctc_artifact *artifact) { delete artifact; }

const ctc_api api = {CTC_ABI,       sizeof(ctc_api), "fake",     90,    create,  destroy,      kernelCount,    kernelInfo,
                     kernelFind,    variableCount,   variableInfo, image, compile, artifactInfo, artifactDestroy};

}  // namespace

extern "C" __attribute__((visibility("default"))) const ctc_api *cutrans_compiler_query(uint32_t) { return &api; }
extern "C" __attribute__((visibility("default"))) int fake_compiles() { return compiles; }
