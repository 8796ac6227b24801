// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `cutrans conformance`: runs the suite on plug-ins.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <sstream>

#include "commands.h"
#include "cutrans/runtime/platform.h"
#include "cutrans/support/config.h"
#if CUTRANS_HAS_CONFORMANCE
#include "cutrans/conformance.h"
#endif

namespace cutrans::command {
namespace {

struct Options {
  std::vector<std::string> plugins;
  std::string filter, report = "text", list, kernels;
  unsigned device = 0, timeout = 60;
  bool verbose = false, expected = false, cases = false;
};

#if CUTRANS_HAS_CONFORMANCE
int wrong(const std::string &text) {
  std::cerr << "cutrans: " << text << "\n";
  return kUsage;
}

// A name of a target, searched as the runtime does, or a file. Empty, with `error` set, where there is none.
std::string pluginFile(const std::string &plugin, std::string &error) {
  if (plugin.find('/') != std::string::npos || plugin.ends_with(".so")) return std::filesystem::absolute(plugin).lexically_normal();
  const std::string name = "cutrans_target_" + plugin + ".so";
  std::istringstream folders(config().target_path + ":" + runtime::libraryFolder());
  error = "there is no target " + plugin + ": " + name + " is not in";
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (folder.empty()) continue;
    if (std::filesystem::exists(folder + "/" + name)) return std::filesystem::absolute(folder + "/" + name);
    error += " " + folder;
  }
  error += "; give the plug-in's file, or its folder in CUTRANS_TARGET_PATH";
  return "";
}

// The list that counts for a plug-in: the one that was given, else the one next to it: cutrans_target_foo.list.
bool readList(const Options &options, const std::string &plugin, std::vector<conformance::Expectation> &out, std::string &error) {
  std::string file = std::filesystem::path(plugin).replace_extension(".list");
  if (!options.list.empty()) file = options.list;
  else if (!std::filesystem::exists(file)) return true;
  auto list = conformance::readExpectations(file, error);
  if (list) out = std::move(*list);
  return list.has_value();
}

int showCases() {
  for (const conformance::CaseInfo &one : conformance::caseList()) std::cout << one.name << ": " << one.what << "\n";
  return 0;
}

int check(const Options &options) {
  if (options.cases) return showCases();
  if (options.plugins.empty()) return wrong("which target? cutrans conformance NAME, or the file of a plug-in; cutrans devices names those installed");
  const bool text = options.report == "text", all = options.verbose || isatty(STDOUT_FILENO);
  std::vector<conformance::Report> reports;
  bool no_device = false;
  for (const std::string &plugin : options.plugins) {
    conformance::Options suite;
    std::string error;
    suite.plugin = pluginFile(plugin, error);
    if (suite.plugin.empty()) return wrong(error);
    if (!readList(options, suite.plugin, suite.expectations, error)) return wrong(error);
    if (options.expected) {
      std::string title = std::filesystem::path(suite.plugin).stem();
      if (title.starts_with("cutrans_target_")) title.erase(0, 15);
      for (conformance::Report &report : conformance::expected(title, suite.expectations)) reports.push_back(std::move(report));
      continue;
    }
    suite.filter = options.filter;
    suite.kernels = options.kernels;
    suite.device = options.device;
    suite.timeout_seconds = options.timeout;
    suite.compiler = runtime::libraryFolder() + "/libcutrans_compiler.so";
    if (!std::filesystem::exists(suite.compiler)) {
      if (suite.kernels.empty())
        return wrong(suite.compiler + " is missing, which compiles the suite's kernels; build it, or give compiled ones with --kernels");
      suite.compiler.clear();
    }
    if (text) suite.each = [&](const conformance::CaseResult &result) {
      if (all || !result.as_expected) conformance::writeCase(std::cout, result), std::cout.flush();
    };
    auto report = conformance::run(suite, error, no_device);
    if (!report && no_device) {
      std::cerr << "cutrans: " << error << "\n";
      return kNoDevice;
    }
    if (!report) return wrong(error);
    if (report->results.empty()) return wrong("no case has \"" + options.filter + "\" in its name; cutrans conformance --cases lists them");
    if (text) conformance::writeSummary(std::cout, *report);
    reports.push_back(std::move(*report));
  }
  if (options.report == "json") conformance::writeJson(std::cout, reports);
  if (options.report == "markdown" || (text && options.expected)) conformance::writeMarkdown(std::cout, reports);
  return options.expected ? 0 : conformance::exitCode(reports);
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
  CLI::App *command = app.add_subcommand("conformance", "Check that target plug-ins keep the target ABI");
  command->add_option("PLUGIN", options->plugins, "Files of plug-ins, or names of installed targets");
  command->add_option("--filter", options->filter, "Only cases whose name has this text")->type_name("TEXT");
  command->add_option("--report", options->report, "text, json, or markdown: the matrix of cases by targets")->check(CLI::IsMember({"text", "json", "markdown"}));
  command->add_option("--list", options->list,
                      "What the target does not do, and why: lines `unsupported PATTERN reason` and `fails PATTERN reason`; `device PATTERN` begins a part "
                      "for devices of such a name. Default: the plug-in's name with .list")
      ->type_name("FILE");
  command->add_option("--device", options->device, "Which of the plug-in's devices; default: 0")->type_name("N");
  command->add_option("--timeout", options->timeout, "Seconds after which a case counts as hanging; default: 60")->type_name("N")->check(CLI::PositiveNumber);
  command->add_option("--kernels", options->kernels, "Folder with compiled kernels of the suite, NAME.FORMAT, that are taken before the compiler is asked")
      ->type_name("FOLDER");
  command->add_flag("--verbose,-v", options->verbose, "Show every case also where stdout is no terminal; there only surprises are shown");
  command->add_flag("--expected", options->expected, "Run nothing: the matrix that the lists promise");
  command->add_flag("--cases", options->cases, "Run nothing: list the cases and what they ask for");
  command->footer(
      "Each case runs in a process of its own; a crash or a hang is one failed case. A line that begins with ! is a surprise: a case that\n"
      "does not end as the list says. What a target does not do belongs into its list, with a reason; a case that is listed and passes\n"
      "is a surprise too. Cases that cannot be asked here (one device where two are needed, no compiler for the device's formats) are\n"
      "untested and never a surprise.\n"
      "Exit status: 0 no surprise, 1 surprises, 2 wrong use or a plug-in that cannot be used, 3 the target shows no device on this machine.\n"
      "Examples:\n  cutrans conformance host\n  cutrans conformance ./cutrans_target_mine.so --filter copy -v\n"
      "  cutrans conformance ./cutrans_target_mine.so --list mine.list --report json\n"
      "  cutrans conformance host null --report markdown > matrix.md");
  command->callback([=, &exit_code] { exit_code = check(*options); });
}

}  // namespace cutrans::command
