// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `cutrans conformance`: runs the suite on a plug-in.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>

#include "commands.h"
#include "cutrans/runtime/platform.h"
#if CUTRANS_HAS_CONFORMANCE
#include "cutrans/conformance.h"
#endif

namespace cutrans::command {
namespace {

struct Options {
  std::string plugin, filter, report = "text", list, kernels;
};

#if CUTRANS_HAS_CONFORMANCE
int check(Options options) {
  if (options.plugin.find('/') == std::string::npos && !options.plugin.ends_with(".so"))
    options.plugin = runtime::libraryFolder() + "/cutrans_target_" + options.plugin + ".so";
  conformance::Options suite;
  suite.plugin = std::filesystem::absolute(options.plugin);
  suite.filter = options.filter;
  suite.kernels = options.kernels;
  suite.compiler = runtime::libraryFolder() + "/libcutrans_compiler.so";
  std::string error;
  // A list next to the plug-in counts by itself: cutrans_target_foo.list.
  std::string beside = std::filesystem::path(suite.plugin).replace_extension(".list");
  if (options.list.empty() && std::filesystem::exists(beside)) options.list = beside;
  if (!options.list.empty()) {
    auto list = conformance::readExpectations(options.list, error);
    if (!list) {
      std::cerr << "cutrans: " << error << "\n";
      return kUsage;
    }
    suite.expectations = *list;
  }
  auto results = conformance::run(suite, error);
  if (!results) {
    std::cerr << "cutrans: " << error << "\n";
    return kUsage;
  }
  if (options.report == "json")
    conformance::writeJson(std::cout, suite, *results);
  else
    conformance::writeText(std::cout, suite, *results);
  return conformance::exitCode(*results);
}
#else
int check(const Options &) {
  std::cerr << "cutrans: this build has no conformance suite; build the folder tests/conformance\n";
  return kUsage;
}
#endif

}  // namespace

void addConformance(CLI::App &app, int &exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App *command = app.add_subcommand("conformance", "Check that a target plug-in keeps the target ABI");
  command->add_option("PLUGIN", options->plugin, "The plug-in's file, or the name of an installed target")->required();
  command->add_option("--filter", options->filter, "Only cases whose name has this text")->type_name("TEXT");
  command->add_option("--report", options->report, "text or json")->check(CLI::IsMember({"text", "json"}));
  command->add_option("--list", options->list,
                      "What the target does not do: lines `unsupported PATTERN reason` and `fails PATTERN reason`; "
                      "default: the plug-in's name with .list")
      ->type_name("FILE");
  command->add_option("--kernels", options->kernels, "Folder with compiled kernels of the suite, NAME.FORMAT, that are taken before the compiler is asked")->type_name("FOLDER");
  command->footer(
      "Each case runs in a process of its own. The exit status is 0 when every case ends as the list says; a case that is\n"
      "listed and passes is a failure too.\n"
      "Examples:\n  cutrans conformance host\n  cutrans conformance ./cutrans_target_mine.so --filter copy\n"
      "  cutrans conformance ./cutrans_target_mine.so --list mine.list --report json");
  command->callback([=, &exit_code] { exit_code = check(*options); });
}

}  // namespace cutrans::command
