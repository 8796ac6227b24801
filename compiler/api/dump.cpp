// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <filesystem>
#include <fstream>

#include "compiler/api/handles.h"
#include "cutrans/support/log.h"

namespace cutrans::compiler {

void dumpUnits(const ctc_module &module) {
  std::error_code error;
  std::filesystem::path folder(module.options.dump_dir);
  std::filesystem::create_directories(folder, error);
  auto units = module.linked->units();
  for (size_t i = 0; i < units.size(); ++i) {
    // The hash keeps modules apart, and makes a second dump of one module the same file.
    std::filesystem::path path = folder / (cache::toHex(module.texts).substr(0, 8) + "-" + std::to_string(i) + ".ptx");
    std::ofstream file(path, std::ios::binary);
    file.write(units[i].text.data(), static_cast<std::streamsize>(units[i].text.size()));
    if (!file.flush()) logf(LogCategory::compiler, LogLevel::error, "cannot write %s", path.c_str());
  }
}

}  // namespace cutrans::compiler
