// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `cutrans run`: chooses the way in, tells the loader, becomes the program. What the program starts inherits it all.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <memory>

#include "commands.h"
#include "device_code.h"
#include "cutrans/runtime/platform.h"
#include "cutrans/support/config.h"
#include "way_in.h"

namespace cutrans::command {
namespace {

struct Options {
  std::string target;
  bool verbose = false;
};

int become(const std::string &path, std::vector<std::string> &words) {
  std::vector<char *> arguments;
  for (std::string &word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execv(path.c_str(), arguments.data());
  int reason = errno;
  report(Diag::run_failed, path + ": " + std::strerror(reason));
  return reason == ENOENT ? kNotFound : kCannotRun;
}

// A program whose PTX is all for newer devices than ours claim to be (nvcc -arch=sm_120) would find no kernel image. Which devices there are is ours to
// say, so they claim what it needs, unless the user has chosen.
void chooseCapability(const Program &program, bool verbose) {
  if (!program.device_code || config().compute_capability) return;
  Result<runtime::Platform *> platform = runtime::Platform::get();
  if (!platform.ok()) return;  // the program will say it
  Result<unsigned> usual = (*platform)->computeCapability();
  if (!usual.ok()) return;
  const unsigned needed = neededCapability(program.path, *usual);
  if (needed == *usual) return;
  setenv("CUTRANS_COMPUTE_CAPABILITY", std::to_string(needed).c_str(), 1);
  if (verbose)
    std::fprintf(stderr, "cutrans: devices claim compute capability %u.%u, since all PTX in the program is for newer ones than %u.%u\n",
                 needed / 10, needed % 10, *usual / 10, *usual % 10);
}

int run(const Options &options, std::vector<std::string> words) {
  // Before anything reads the settings.
  if (!options.target.empty()) setenv("CUTRANS_TARGET", options.target.c_str(), 1);
  if (words.empty()) {
    report(Diag::run_failed, "no program given");
    return kUsage;
  }
  if (words[0].starts_with("-")) {
    report(Diag::run_failed, words[0] + " is no option of `cutrans run`; options of the program come after its name");
    return kUsage;
  }
  const std::string path = findProgram(words[0]);
  std::string error;
  auto program = path.empty() ? std::nullopt : inspect(path, error);
  if (!program) {
    report(Diag::run_failed, path.empty() ? words[0] + ": not found in PATH" + (access(words[0].c_str(), F_OK) == 0 ? "; ./" + words[0] + " is here" : "") : error);
    return kNotFound;
  }
  WayIn way = decide(*program);
  if (options.verbose)
    std::fprintf(stderr, "cutrans: %s: %s\ncutrans: target %s, libraries from %s\n", path.c_str(), way.reason.c_str(),
                 config().target.c_str(), runtime::libraryFolder().c_str());
  if (way.way == Way::none) {
    report(way.refusal, way.reason);
    return kRefused;
  }
  const std::string &folder = runtime::libraryFolder();
  for (const char *file : {"libcudart.so.13", "libcudart.so.12", "libcuda.so.1", "libcutrans_preload.so"})
    if (access((folder + "/" + file).c_str(), R_OK) != 0) {
      report(Diag::doctor_installation, folder + "/" + file + " is not there");
      return kRefused;
    }
  chooseCapability(*program, options.verbose);
  prepareLoader(way, folder);
  if (options.verbose) setenv("CUTRANS_LOG", "redirect:info", 0);
  return become(path, words);
}

}  // namespace

void addRun(CLI::App &app, int &exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App *run_command = app.add_subcommand("run", "Run a CUDA program, unmodified, on the chosen target");
  run_command->add_option("--target,-t", options->target, "Where kernels run: host, null, or the path of a plug-in")->type_name("NAME");
  run_command->add_flag("-v,--verbose", options->verbose, "Say which way in was chosen and what is redirected");
  run_command->prefix_command();
  run_command->footer(
      "The way in is chosen by looking at the program: a shared CUDA runtime is replaced by ours on the loader's path; a static\n"
      "one (nvcc's default) is redirected in memory by a preloaded library; scripts get both. Nothing on disk changes.\n"
      "The exit status is the program's; 125: refused, 126: cannot be started, 127: not found.\n"
      "Examples:\n"
      "  cutrans run ./vector_add\n"
      "  cutrans run -v --target host ./app --its --own options\n"
      "  CUTRANS_HOST_THREADS=4 cutrans run python3 train.py");
  run_command->callback([=, &exit_code] { exit_code = run(*options, run_command->remaining()); });
}

}  // namespace cutrans::command
