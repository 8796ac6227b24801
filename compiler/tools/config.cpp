// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `cutrans config`: the settings in force, from config.def.
#include "cutrans/support/config.h"

#include <CLI/CLI.hpp>
#include <iomanip>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands.h"

namespace cutrans::command {
namespace {

struct Options {
  std::string name;
  bool json = false;
};

std::string withoutPrefix(const std::string &name) {
  constexpr std::string_view kPrefix = "CUTRANS_";
  return name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name;
}

int show(const Options &options) {
  const std::string wanted = withoutPrefix(options.name);
  nlohmann::json all = nlohmann::json::array();
  for (const SettingRow &row : settingRows())
    if (wanted.empty() || wanted == row.name)
      all.push_back({{"name", std::string("CUTRANS_") + row.name},
                     {"value", settingText(row.name)},
                     {"default", row.initial},
                     {"type", row.type},
                     {"set", settingIsSet(row.name)},
                     {"help", row.help}});
  if (all.empty()) {
    std::cerr << "cutrans: no setting is called " << options.name << "; `cutrans config` lists them\n";
    return kUsage;
  }
  if (options.json) {
    std::cout << all.dump(2) << "\n";
    return 0;
  }
  for (const auto &s : all)
    std::cout << (s["set"].get<bool>() ? "* " : "  ") << std::left << std::setw(28) << s["name"].get<std::string>() << " "
              << std::setw(14) << s["value"].get<std::string>() << " " << s["help"].get<std::string>() << "\n";
  return 0;
}

}  // namespace

void addConfig(CLI::App &app, int &exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App *command = app.add_subcommand("config", "Show the settings: environment variables CUTRANS_*");
  command->add_option("NAME", options->name, "Only this one, with or without CUTRANS_");
  command->add_flag("--json", options->json, "Write JSON");
  command->footer("A star marks what the environment sets.\nExamples:\n  cutrans config\n  cutrans config CACHE_DIR\n  CUTRANS_TARGET=null cutrans config --json");
  command->callback([=, &exit_code] { exit_code = show(*options); });
}

}  // namespace cutrans::command
