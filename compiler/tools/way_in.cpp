// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The decision follows what the preloaded library will find in the program later; shim/preload has the other half.
#include "way_in.h"

#include <unistd.h>

#include <cstdlib>

#include "cutrans/support/config.h"

namespace cutrans::command {
namespace {

WayIn refuse(Diag diag, std::string reason) {
  WayIn way;
  way.way = Way::none;
  way.refusal = diag;
  way.reason = std::move(reason);
  return way;
}

// Preloaded in every case: a library that the program loads may have a static runtime of its own.
WayIn take(Way which, std::string reason) {
  WayIn way;
  way.way = which;
  way.reason = std::move(reason);
  way.preload = true;
  return way;
}

void putFirst(const char *variable, const std::string &value) {
  const char *old = std::getenv(variable);
  setenv(variable, (old && *old ? value + ":" + old : value).c_str(), 1);
}

}  // namespace

WayIn decide(const Program &program) {
  const std::string &path = program.path;
  if (program.sort == Program::Sort::script)
    return take(Way::unknown, "a script: the shared runtime, the driver library and the redirection are ready for what it starts");
  if (program.sort != Program::Sort::elf) return refuse(Diag::run_no_program, path + " is neither an ELF file nor a script");
  if (!program.this_machine) return refuse(Diag::run_other_machine, path + " is for another kind of processor");
  if (program.library) return refuse(Diag::run_no_program, path + " is a shared library");
  const bool cuda = program.device_code || program.static_runtime || program.needs("libcudart.so") || program.needs("libcuda.so");
  if (!program.loader && cuda) return refuse(Diag::run_no_loader, path + " is linked without the dynamic loader");
  if (program.elevated && geteuid() != 0 && cuda) return refuse(Diag::run_elevated, path + " has the setuid or setgid bit");
  if (program.relinked) return take(Way::relinked, "linked with this layer's libcudart_static.a (route B)");
  if (program.static_runtime) {
    if (!config().redirect) return refuse(Diag::run_redirect_off, path + " has NVIDIA's static CUDA runtime inside");
    return take(Way::redirect, "its static CUDA runtime is redirected to this layer in memory (route C); the file stays as it is");
  }
  if (program.needs("libcudart.so")) {
    WayIn way = take(Way::shared, "its shared CUDA runtime is this layer's libcudart (route A)");
    if (program.rpath) way.preload_runtime = program.needs("libcudart.so.12") ? "libcudart.so.12" : "libcudart.so.13";
    return way;
  }
  if (program.device_code && !program.symbols)
    return refuse(Diag::run_stripped, path + " has device code, no shared CUDA runtime and no symbol table");
  if (program.needs("libcuda.so")) return take(Way::driver, "it calls the driver API; libcuda.so.1 is this layer's");
  return take(Way::unknown, "no CUDA in the program itself; all ways are ready for what it loads");
}

void prepareLoader(const WayIn &way, const std::string &folder) {
  putFirst("LD_LIBRARY_PATH", folder);
  // By name: the loader finds them in the folder above, whatever characters its path has.
  if (way.preload) putFirst("LD_PRELOAD", "libcutrans_preload.so");
  if (!way.preload_runtime.empty()) putFirst("LD_PRELOAD", way.preload_runtime);
}

}  // namespace cutrans::command
