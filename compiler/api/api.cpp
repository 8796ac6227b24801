// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The table of compiler.h: checks arguments, turns exceptions into a status, copies what the C side borrows.
#include <algorithm>
#include <cstring>
#include <new>

#include "compiler/api/codegen_door.h"
#include "compiler/api/handles.h"

using namespace cutrans;
using namespace cutrans::compiler;

namespace {

// No exception leaves this library.
template <class Body>
ctc_status guarded(const ctc_sink *sink, Body body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc &) {
    tell(sink, Diag::compiler_internal, "out of memory");
  } catch (const std::exception &error) {
    tell(sink, Diag::compiler_internal, error.what());
  }
  return CTC_ERR_INTERNAL;
}

// As much of the caller's structure as both sides know.
template <class T>
T readStruct(const T *given) {
  T copy{};
  if (given) std::memcpy(&copy, given, std::min<size_t>(given->struct_size, sizeof copy));
  return copy;
}
template <class T>
void writeStruct(const T &value, T *out) {
  uint32_t size = out->struct_size ? std::min<uint32_t>(out->struct_size, sizeof value) : sizeof value;
  std::memcpy(static_cast<void *>(out), &value, size);
  out->struct_size = size;
}

Options readOptions(const ctc_options &given) {
  Options options;
  if (given.compute_capability) options.compute_capability = given.compute_capability;
  auto text = [](const char *s) { return std::string(s ? s : ""); };
  options.print_after = text(given.print_after);
  options.print_kernel = text(given.print_kernel);
  options.dump_dir = text(given.dump_dir);
  options.verify = given.verify;
  options.time_passes = given.time_passes;
  options.gang_width = given.gang_width;
  options.check_bodies = given.check_bodies;
  return options;
}

ctc_status moduleCreate(const ctc_unit *units, size_t count, const ctc_options *options, const ctc_sink *sink,
                        ctc_module **out) {
  return guarded(sink, [&] {
    if (!units || !count || !out) return CTC_ERR_INTERNAL;
    *out = nullptr;
    ctc_options given = readStruct(options);
    auto module = std::make_unique<ctc_module>();
    module->options = readOptions(given);
    if (given.cache_dir && *given.cache_dir) module->cache = cacheOf(given.cache_dir, given.cache_max_bytes);

    std::vector<std::string> names(count);
    std::vector<ptx::UnitText> texts(count);
    cache::KeyBuilder key;
    for (size_t i = 0; i < count; ++i) {
      names[i] = units[i].name && *units[i].name ? units[i].name : "unit " + std::to_string(i);
      texts[i] = {names[i], {units[i].text, units[i].size}};
      key.add(texts[i].text);
    }
    module->texts = key.finish();
    ptx::Problems problems;
    std::vector<ptx::UnitText> library;
    for (size_t i = 0; i < given.library_count; ++i)
      library.push_back({given.library[i].name, {given.library[i].text, given.library[i].size}});
    module->linked = ptx::Module::create(texts, module->options.compute_capability, problems, library);
    if (module->linked && module->options.check_bodies) module->linked->check(problems);
    tell(sink, problems);
    if (!module->linked || !problems.empty()) return statusOf(problems);
    for (size_t i = 0; i < module->linked->kernels().size(); ++i) module->kernels.emplace_back();
    for (const ptx::Variable *v : module->linked->variables()) module->variable_names.emplace_back(v->name);
    for (const ptx::Relocation &r : module->linked->image().relocations)
      module->relocations.push_back({r.offset, r.bytes});
    *out = module.release();
    return CTC_OK;
  });
}

void moduleDestroy(ctc_module *module) { delete module; }

size_t kernelCount(const ctc_module *module) { return module->linked->kernels().size(); }

ctc_status kernelInfo(const ctc_module *module, size_t index, ctc_kernel *out) {
  return guarded(nullptr, [&] {
    if (index >= module->kernels.size()) return CTC_ERR_NOT_FOUND;
    KernelFacts &facts = module->kernels[index];
    std::call_once(facts.once, [&] { describeKernel(*module->linked, *module->linked->kernels()[index], facts); });
    writeStruct(facts.info, out);
    return CTC_OK;
  });
}

ctc_status kernelFind(const ctc_module *module, const char *name, size_t *out_index) {
  size_t index = module->linked->findKernel(name);
  if (index == ptx::Module::kNone) return CTC_ERR_NOT_FOUND;
  *out_index = index;
  return CTC_OK;
}

size_t variableCount(const ctc_module *module) { return module->linked->variables().size(); }

ctc_status variableInfo(const ctc_module *module, size_t index, ctc_variable *out) {
  auto variables = module->linked->variables();
  if (index >= variables.size()) return CTC_ERR_NOT_FOUND;
  const ptx::Variable &v = *variables[index];
  ctc_variable info{};
  info.struct_size = sizeof info;
  info.name = module->variable_names[index].c_str();
  info.offset = v.offset;
  info.size = v.size;
  info.align = v.align;
  info.space = v.space == ptx::Space::Const ? CTC_SPACE_CONST : CTC_SPACE_GLOBAL;
  if (v.managed) info.flags |= CTC_VARIABLE_MANAGED;
  if (v.type == ptx::Type::Texref) info.flags |= CTC_VARIABLE_TEXTURE;
  if (v.type == ptx::Type::Surfref) info.flags |= CTC_VARIABLE_SURFACE;
  if (v.linkage != ptx::Linkage::Internal) info.flags |= CTC_VARIABLE_VISIBLE;
  writeStruct(info, out);
  return CTC_OK;
}

ctc_status image(const ctc_module *module, ctc_image *out) {
  const ptx::Image &image = module->linked->image();
  ctc_image info{};
  info.struct_size = sizeof info;
  info.size = image.size;
  info.align = image.align;
  info.initial = image.initial.data();
  info.initial_size = image.initial.size();
  info.relocation_count = module->relocations.size();
  info.relocations = module->relocations.data();
  writeStruct(info, out);
  return CTC_OK;
}

ctc_status compileKernel(ctc_module *module, const ctc_request *request, const ctc_sink *sink, ctc_artifact **out) {
  return guarded(sink, [&] {
    *out = nullptr;
    ctc_request given = readStruct(request);
    if (!given.kernel || !given.formats) return CTC_ERR_NOT_FOUND;
    return compile(*module, given, sink, out);
  });
}

void artifactInfo(const ctc_artifact *artifact, ctc_artifact_info *out) {
  ctc_artifact_info info{};
  info.struct_size = sizeof info;
  info.format = artifact->format.c_str();
  info.bytes = artifact->bytes.empty() ? nullptr : artifact->bytes.data();
  info.size = artifact->size;
  info.path = artifact->path.empty() ? nullptr : artifact->path.c_str();
  info.from_cache = artifact->from_cache;
  info.compile_ns = artifact->compile_ns;
  writeStruct(info, out);
}

void artifactDestroy(ctc_artifact *artifact) { delete artifact; }

constexpr ctc_api kApi = {CTC_ABI,      sizeof(ctc_api), CUTRANS_VERSION " " CUTRANS_BUILD_ID,
                          kMaxComputeCapability,
                          moduleCreate, moduleDestroy,   kernelCount,
                          kernelInfo,   kernelFind,      variableCount,
                          variableInfo, image,           compileKernel,
                          artifactInfo, artifactDestroy};

}  // namespace

extern "C" __attribute__((visibility("default"))) const ctc_api *cutrans_compiler_query(uint32_t abi) {
  return abi == CTC_ABI ? &kApi : nullptr;
}
