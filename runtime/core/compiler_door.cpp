// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The runtime's side of the compiler's door.
#include "compiler_door.h"

#include <dlfcn.h>

#include <string>

#include "cutrans/runtime/platform.h"
#include "cutrans/support/config.h"
#include "cutrans/support/diagnostics.h"

namespace cutrans::runtime {
namespace {

const ctc_api *open() {
  const std::string path = libraryFolder() + "/libcutrans_compiler.so";
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    report(Diag::compiler_missing, dlerror());
    return nullptr;
  }
  auto query = reinterpret_cast<ctc_query_fn>(dlsym(library, CTC_QUERY_SYMBOL));
  const ctc_api *api = query ? query(CTC_ABI) : nullptr;
  if (!api || api->abi != CTC_ABI || api->struct_size < sizeof(ctc_api)) {
    report(Diag::compiler_missing, path + " is of another version");
    return nullptr;
  }
  return api;
}

void diagnostic(void *, const char *code, const char *text) { reportCode(code, text); }

const char *orNull(const std::string &text) { return text.empty() ? nullptr : text.c_str(); }

}  // namespace

Result<const ctc_api *> openCompiler() {
  static const ctc_api *const api = open();
  if (!api) return Code::compiler_missing;
  return api;
}

const ctc_sink &reportSink() {
  static constexpr ctc_sink sink = {nullptr, diagnostic};
  return sink;
}

ctc_options compilerOptions() {
  static const std::string *const folder = new std::string(cacheFolder());
  const Config &settings = config();
  ctc_options options{};
  options.struct_size = sizeof options;
  options.cache_dir = orNull(*folder);
  options.cache_max_bytes = settings.cache_size;
  options.print_after = orNull(settings.print_after);
  options.print_kernel = orNull(settings.print_kernel);
  options.dump_dir = settings.dump ? orNull(settings.dump_dir) : nullptr;
  options.verify = settings.verify;
  options.gang_width = settings.gang_width;
  options.time_passes = settings.time_passes;
  return options;
}

Code fromCompiler(ctc_status status) {
  switch (status) {
    case CTC_OK: return Code::ok;
    case CTC_ERR_SYNTAX: return Code::invalid_ptx;
    case CTC_ERR_UNSUPPORTED: return Code::unsupported;
    case CTC_ERR_LINK: return Code::link_failure;
    case CTC_ERR_NOT_FOUND: return Code::not_found;
    case CTC_ERR_ISA_VERSION: return Code::unsupported_ptx_version;
    case CTC_ERR_LAUNCH_SHAPE: return Code::invalid_configuration;
    case CTC_ERR_RESOURCES: return Code::out_of_resources;
    case CTC_ERR_INTERNAL: return Code::internal;
  }
  return Code::internal;
}

}  // namespace cutrans::runtime
