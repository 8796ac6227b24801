// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels through the compiler's C door. The compiler's cache is a folder of this run: the first case that uses a kernel pays for it.
#include "kernels.h"

#include <dlfcn.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

#include "cutrans/support/diagnostics.h"

namespace cutrans::conformance {
namespace {

struct Text {
  const char *name, *ptx;
};
constexpr Text kTexts[] = {
#include "kernel_texts.inc"
};

struct Said {
  std::string code, text;
  static void hear(void *ctx, const char *code, const char *text) {
    auto *said = static_cast<Said *>(ctx);
    said->code = code;
    said->text = std::string(code) + ": " + text;
  }
};

NoKernel failed(const std::string &text) { return {Outcome::fail, text}; }

const ctc_api &compiler(const std::string &path) {
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw failed(dlerror());
  auto query = reinterpret_cast<ctc_query_fn>(dlsym(library, CTC_QUERY_SYMBOL));
  const ctc_api *api = query ? query(CTC_ABI) : nullptr;
  if (!api || api->struct_size < sizeof(ctc_api)) throw failed(path + " is of another version");
  return *api;
}

// A module of the compiler, with what it said.
struct Module {
  Module(const Options &options, const std::string &name) : api(compiler(options.compiler)) {
    const std::string text = Kernels::text(name);
    if (text.empty()) throw failed("the suite has no kernel " + name);
    ctc_unit unit = {name.c_str(), text.data(), text.size()};
    ctc_options how{};
    how.struct_size = sizeof how;
    how.compute_capability = api.max_compute_capability;
    how.cache_dir = options.scratch.empty() ? nullptr : options.scratch.c_str();
    if (api.module_create(&unit, 1, &how, &sink, &module) != CTC_OK) throw failed("kernel " + name + ": " + said.text);
  }
  ~Module() {
    if (module) api.module_destroy(module);
  }
  Module(const Module &) = delete;

  const ctc_api &api;
  ctc_module *module = nullptr;
  Said said;
  ctc_sink sink = {&said, Said::hear};
};

std::string joined(const char *const *formats) {
  std::string all;
  for (; formats && *formats; ++formats) all += (all.empty() ? "" : ", ") + std::string(*formats);
  return all.empty() ? "none" : all;
}

std::string contentOf(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::string Kernels::text(const std::string &name) {
  for (const Text &text : kTexts)
    if (name == text.name) return text.ptx;
  return "";
}

KernelArtifact Kernels::artifact(const std::string &name, const ct_device_info &device, const KernelRequest &request) const {
  for (const char *const *format = device.formats; !options_.kernels.empty() && format && *format; ++format) {
    KernelArtifact found{*format, "", options_.kernels + "/" + name + "." + *format};
    found.bytes = contentOf(found.path);
    if (!found.bytes.empty()) return found;
  }
  if (options_.compiler.empty()) throw NoKernel{Outcome::untested, "no compiler, and no " + name + " in the folder of kernels"};
  Module module(options_, name);
  ctc_request want{};
  want.struct_size = sizeof want;
  want.kernel = name.c_str();
  want.formats = device.formats;
  want.codegen = device.codegen;
  std::memcpy(want.block, request.block, sizeof want.block);
  want.cooperative = request.cooperative;
  ctc_artifact *artifact = nullptr;
  const ctc_status status = module.api.compile(module.module, &want, &module.sink, &artifact);
  if (status == CTC_ERR_UNSUPPORTED && module.said.code == diagnosticCode(Diag::artifact_format))
    throw NoKernel{Outcome::untested, "the compiler writes none of the device's formats: " + joined(device.formats)};
  if (status == CTC_ERR_UNSUPPORTED) throw NoKernel{Outcome::unsupported, "kernel " + name + ": " + module.said.text};
  if (status != CTC_OK) throw failed("kernel " + name + ": " + module.said.text);
  ctc_artifact_info info{};
  info.struct_size = sizeof info;
  module.api.artifact_info(artifact, &info);
  KernelArtifact out{info.format, "", info.path ? info.path : ""};
  if (info.bytes)
    out.bytes.assign(static_cast<const char *>(info.bytes), info.size);
  else
    out.bytes = contentOf(out.path);
  module.api.artifact_destroy(artifact);
  return out;
}

KernelImage Kernels::image(const std::string &name) const {
  KernelImage out;
  if (options_.compiler.empty()) return out;
  Module module(options_, name);
  ctc_image image{};
  image.struct_size = sizeof image;
  if (module.api.image(module.module, &image) != CTC_OK) throw failed("kernel " + name + ": no image of its variables");
  out.bytes.resize(image.size);
  if (image.initial_size) std::memcpy(out.bytes.data(), image.initial, image.initial_size);
  out.align = image.align;
  if (image.relocation_count) out.relocations.assign(image.relocations, image.relocations + image.relocation_count);
  return out;
}

}  // namespace cutrans::conformance
