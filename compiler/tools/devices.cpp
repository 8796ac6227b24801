// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `cutrans devices`: what programs see, and which targets there are.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "commands.h"
#include "cutrans/runtime/device.h"
#include "cutrans/runtime/platform.h"
#include "cutrans/support/config.h"

namespace cutrans::command {
namespace {

struct Options {
  std::string target;
  bool json = false;
};

std::set<std::string> installedTargets() {
  constexpr std::string_view kStart = "cutrans_target_", kEnd = ".so";
  std::set<std::string> names;
  std::string rest = config().target_path + ":" + runtime::libraryFolder();
  while (!rest.empty()) {
    std::string folder = rest.substr(0, rest.find(':'));
    rest.erase(0, folder.size() + 1);
    std::error_code error;
    for (const auto &entry : std::filesystem::directory_iterator(folder, error)) {
      std::string file = entry.path().filename();
      if (file.starts_with(kStart) && file.ends_with(kEnd))
        names.insert(file.substr(kStart.size(), file.size() - kStart.size() - kEnd.size()));
    }
  }
  return names;
}

nlohmann::json describe(const runtime::Device &device, unsigned capability) {
  const ct_device_info &info = device.info();
  nlohmann::json formats = nlohmann::json::array();
  for (const char *const *format = info.formats; format && *format; ++format) formats.push_back(*format);
  return {{"index", device.index()},
          {"name", info.name},
          {"pci", device.pciName()},
          {"compute_capability", std::to_string(capability / 10) + "." + std::to_string(capability % 10)},
          {"memory_bytes", info.memory_bytes},
          {"compute_units", info.compute_units},
          {"clock_khz", info.clock_khz},
          {"max_threads_per_block", info.max_threads_per_block},
          {"shared_bytes_per_block", info.shared_bytes_per_block},
          {"shared_bytes_per_block_max", info.shared_bytes_per_block_max},
          {"runs_kernels", (info.flags & CT_DEVICE_RUNS_KERNELS) != 0},
          {"host_can_access", device.hostCanAccess()},
          {"can_access_host", device.canAccessHost()},
          {"cooperative", device.cooperative()},
          {"formats", formats},
          {"codegen", info.codegen ? info.codegen : ""}};
}

void writeText(const nlohmann::json &all) {
  std::cout << "target " << all["target"].get<std::string>() << " (" << all["plugin"].get<std::string>() << ")\n";
  for (const auto &d : all["devices"]) {
    std::cout << "  device " << d["index"] << ": " << d["name"].get<std::string>() << "\n"
              << "    compute capability " << d["compute_capability"].get<std::string>() << ", " << d["compute_units"]
              << " units, " << d["memory_bytes"].get<uint64_t>() / (1 << 20) << " MiB, shared memory "
              << d["shared_bytes_per_block"].get<uint64_t>() / 1024 << " KiB per block ("
              << d["shared_bytes_per_block_max"].get<uint64_t>() / 1024 << " KiB opted in)\n"
              << "    " << (d["runs_kernels"].get<bool>() ? "runs kernels" : "runs no kernels")
              << (d["cooperative"].get<bool>() ? ", cooperative launches" : "")
              << (d["can_access_host"].get<bool>() ? ", reaches host memory" : "") << "\n";
  }
  std::cout << "installed targets:";
  for (const auto &name : all["installed_targets"]) std::cout << " " << name.get<std::string>();
  std::cout << "\n";
}

int devices(const Options &options) {
  if (!options.target.empty()) setenv("CUTRANS_TARGET", options.target.c_str(), 1);
  Result<runtime::Platform *> platform = runtime::Platform::get();
  if (!platform.ok()) return kFound;  // reported
  Result<unsigned> capability = (*platform)->computeCapability();
  nlohmann::json all = {{"target", (*platform)->targetName()},
                        {"build", (*platform)->targetBuild()},
                        {"plugin", (*platform)->targetPath()},
                        {"installed_targets", installedTargets()},
                        {"devices", nlohmann::json::array()}};
  for (int i = 0; i < (*platform)->deviceCount(); ++i)
    all["devices"].push_back(describe(**(*platform)->device(i), capability.ok() ? *capability : 0));
  if (options.json)
    std::cout << all.dump(2) << "\n";
  else
    writeText(all);
  return capability.ok() ? 0 : kFound;
}

}  // namespace

void addDevices(CLI::App &app, int &exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App *command = app.add_subcommand("devices", "Show the devices that programs see");
  command->add_option("--target,-t", options->target, "The target to ask instead of CUTRANS_TARGET")->type_name("NAME");
  command->add_flag("--json", options->json, "Write JSON");
  command->footer("Examples:\n  cutrans devices\n  CUTRANS_HOST_DEVICES=4 cutrans devices --json\n  cutrans devices --target null");
  command->callback([=, &exit_code] { exit_code = devices(*options); });
}

}  // namespace cutrans::command
