// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The `cutrans` command.
#include <CLI/CLI.hpp>
#include <iostream>

#include "commands.h"

int main(int argc, char **argv) {
  using namespace cutrans::command;
  CLI::App app("Runs CUDA programs on chips that are not NVIDIA's. No GPU and no NVIDIA driver is needed.");
  app.footer(
      "Examples:\n"
      "  cutrans run ./app --size 1000      run a program that nvcc built, unmodified, on this CPU\n"
      "  cutrans doctor ./app               what would stop it, and the way round\n"
      "  cutrans devices                    the devices that programs see\n"
      "Each command explains itself: cutrans run --help. Settings: cutrans config.");
  app.set_version_flag("--version", "cutrans " CUTRANS_VERSION);
  app.require_subcommand(1);
  int exit_code = 0;
  addRun(app, exit_code);
  addDevices(app, exit_code);
  addDoctor(app, exit_code);
  addConformance(app, exit_code);
  addConfig(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    // A program where the subcommand belongs: the most common slip.
    if (argc > 1 && argv[1][0] != '-' && app.get_subcommands().empty()) {
      std::cerr << "cutrans: " << argv[1] << " is no subcommand; to run a program: cutrans run " << argv[1] << "\n";
      return kUsage;
    }
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  return exit_code;
}
