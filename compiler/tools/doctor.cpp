// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `cutrans doctor`: is the layer whole, and what would stop a given program. Says what it looked at, and for each problem
// the code, the reason and the way round. Nothing of the program is run.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>

#include "commands.h"
#include "cutrans/runtime/device.h"
#include "cutrans/runtime/platform.h"
#include "cutrans/support/config.h"
#include "cutrans/support/diagnostics.h"
#include "device_code.h"
#include "loader.h"
#include "way_in.h"

namespace cutrans::command {
namespace {

struct Options {
  std::string program;
  bool all = false;
};

constexpr size_t kKernelsShown = 20;

class Doctor {
 public:
  void good(const std::string &text) { std::cout << "  ok       " << text << "\n"; }
  void note(const std::string &text) { std::cout << "           " << text << "\n"; }
  void problem(Diag diag, const std::string &text) {
    ++problems_;
    const DiagnosticRow *row = findDiagnostic(diag);
    std::cout << "  PROBLEM  " << diagnosticCode(diag) << ": " << text << "\n";
    if (row && *row->way_round) std::cout << "           way round: " << row->way_round << "\n";
  }
  int conclude() {
    std::cout << (problems_ ? std::to_string(problems_) + (problems_ == 1 ? " problem\n" : " problems\n") : "no problem found\n");
    return problems_ ? kFound : 0;
  }

 private:
  int problems_ = 0;
};

constexpr char kRedirectedLibrary[] = "its static CUDA runtime is redirected to this layer in memory, when it is loaded";

struct Part {
  const char *file, *what;
};
constexpr Part kParts[] = {
    {"libcuda.so.1", "the driver API"},
    {"libcudart.so.13", "the CUDA runtime"},
    {"libcudart.so.12", "the CUDA runtime for programs built with CUDA 12"},
    {"libcutrans_preload.so", "the redirection of static CUDA runtimes"},
    {"libcutrans_compiler.so", "PTX and the cache"},
    {"libcutrans_codegen.so", "the code generator"},
};

unsigned checkInstallation(Doctor &doctor) {
  const std::string &folder = runtime::libraryFolder();
  std::cout << "the layer, in " << folder << "\n";
  for (const Part &part : kParts) {
    std::string path = folder + "/" + part.file;
    if (access(path.c_str(), R_OK) == 0)
      doctor.good(std::string(part.file) + ", " + part.what);
    else
      doctor.problem(Diag::doctor_installation, std::string(part.file) + " (" + part.what + ") is not there");
  }
  Result<runtime::Platform *> platform = runtime::Platform::get();
  if (!platform.ok()) {
    doctor.problem(Diag::doctor_installation, "target " + config().target + ": " + std::string(codeMeaning(platform.code())));
    return 0;
  }
  const ct_device_info &info = (*(*platform)->device(0))->info();
  doctor.good("target " + std::string((*platform)->targetName()) + ", " + std::to_string((*platform)->deviceCount()) + " device(s): " + info.name);
  if (!(info.flags & CT_DEVICE_RUNS_KERNELS)) doctor.problem(Diag::target_no_kernels, "target " + config().target);
  Result<unsigned> capability = (*platform)->computeCapability();
  if (!capability.ok()) {
    doctor.problem(Diag::doctor_installation, "the compiler cannot be opened");
    return 0;
  }
  doctor.good("devices claim compute capability " + std::to_string(*capability / 10) + "." + std::to_string(*capability % 10));
  std::string cache = cacheFolder();
  std::error_code error;
  if (!cache.empty()) std::filesystem::create_directories(cache, error);
  if (cache.empty())
    doctor.note("compiled kernels are not kept (CUTRANS_CACHE)");
  else if (error || access(cache.c_str(), W_OK) != 0)
    doctor.problem(Diag::doctor_installation, "the cache folder " + cache + " cannot be written; CUTRANS_CACHE_DIR names another");
  else
    doctor.good("compiled kernels are kept in " + cache);
  return *capability;
}

std::string join(const std::set<std::string> &words) {
  std::string text;
  for (const std::string &word : words) text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? "none" : text;
}

void checkDeviceCode(Doctor &doctor, const std::string &path, unsigned capability, bool all) {
  DeviceCode code = readDeviceCode(path, capability);
  if (!code.known) return doctor.note("this build cannot read device code");
  if (!code.summary.empty()) doctor.note("device code: " + code.summary);
  for (const std::string &damage : code.damage) doctor.problem(Diag::fatbin_truncated, damage);
  size_t usable = 0, shown = 0;
  for (const auto &[name, forms] : code.kernels) usable += forms.usable;
  if (usable == code.kernels.size() && usable) doctor.good(std::to_string(usable) + " kernels, all with PTX for these devices");
  for (const auto &[name, forms] : code.kernels) {
    std::string line = demangle(name) + ": PTX " + join(forms.ptx) + "; machine code " + join(forms.machine_code);
    if (!forms.usable)
      doctor.problem(forms.ptx.empty() ? Diag::fatbin_no_ptx : Diag::fatbin_ptx_too_new, line);
    else if (all || ++shown <= kKernelsShown)
      doctor.note(line);
  }
  if (!all && shown > kKernelsShown) doctor.note("and " + std::to_string(shown - kKernelsShown) + " more (--all)");
}

const char *unsupportedLibrary(const std::string &name) {
#define CT_LIBRARY(start, what) \
  if (name.starts_with(start)) return what;
#include "libraries.def"
  return nullptr;
}

void checkLibraries(Doctor &doctor, const Program &program, unsigned capability, bool all) {
  const std::string &folder = runtime::libraryFolder();
  std::vector<LoadedLibrary> libraries = listLibraries(program.path, folder);
  if (libraries.empty()) return;
  size_t missing = 0;
  for (const LoadedLibrary &library : libraries) {
    if (const char *what = unsupportedLibrary(library.name)) {
      doctor.problem(Diag::doctor_unsupported_library, library.name + " (" + what + ")");
      continue;
    }
    if (library.path.empty()) {
      ++missing;
      bool runtime_version = library.name.starts_with("libcudart.so");
      doctor.problem(runtime_version ? Diag::doctor_other_runtime : Diag::doctor_missing, library.name + (runtime_version ? "" : " is not found"));
      continue;
    }
    if (library.path.starts_with(folder + "/")) continue;
    std::string error;
    auto inside = inspect(library.path, error);
    if (!inside || (!inside->device_code && !inside->static_runtime)) continue;
    std::cout << "library " << library.path << "\n";
    if (inside->static_runtime && !inside->relinked) doctor.good(kRedirectedLibrary);
    if (inside->device_code) checkDeviceCode(doctor, library.path, capability, all);
  }
  if (!missing) doctor.good(std::to_string(libraries.size()) + " shared libraries, all found");
}

int examine(const Options &options) {
  Doctor doctor;
  unsigned capability = checkInstallation(doctor);
  if (options.program.empty()) return doctor.conclude();
  // A file to look at, not a command to start: one in this folder needs no "./".
  const std::string path = access(options.program.c_str(), F_OK) == 0 ? options.program : findProgram(options.program);
  std::string error;
  auto program = path.empty() ? std::nullopt : inspect(path, error);
  if (!program) {
    std::cerr << "cutrans: " << (path.empty() ? options.program + ": not found" : error) << "\n";
    return kUsage;
  }
  std::cout << "program " << path << "\n";
  if (const unsigned needed = program->device_code && !config().compute_capability ? neededCapability(path, capability) : capability; needed != capability) {
    capability = needed;
    doctor.note("all PTX is for newer devices: `cutrans run` lets them claim compute capability " + std::to_string(needed / 10) + "." + std::to_string(needed % 10));
  }
  // Libraries are examined too: they come in with whoever loads them.
  if (!program->library) {
    WayIn way = decide(*program);
    if (way.way == Way::none)
      doctor.problem(way.refusal, way.reason);
    else
      doctor.good("way in: " + way.reason);
  } else if (program->static_runtime && !program->relinked) {
    doctor.good(kRedirectedLibrary);
  }
  if (program->device_code) checkDeviceCode(doctor, path, capability, options.all);
  if (program->sort == Program::Sort::elf && program->this_machine) checkLibraries(doctor, *program, capability, options.all);
  return doctor.conclude();
}

}  // namespace

void addDoctor(CLI::App &app, int &exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App *command = app.add_subcommand("doctor", "Check the installation, and what would stop a program");
  command->add_option("PROGRAM", options->program, "A program or shared library to examine; it is not run");
  command->add_flag("--all", options->all, "List all kernels");
  command->footer(
      "Looks at how the program's CUDA runtime can be replaced, at the device code in it (this layer needs PTX; programs\n"
      "with machine code alone cannot run), and at its libraries. Exit status: 0 nothing found, 1 problems, 2 wrong use.\n"
      "Examples:\n  cutrans doctor\n  cutrans doctor ./app\n  cutrans doctor /usr/lib/libsolver.so --all");
  command->callback([=, &exit_code] { exit_code = examine(*options); });
}

}  // namespace cutrans::command
