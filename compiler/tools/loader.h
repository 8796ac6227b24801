// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which libraries the dynamic loader would take for a program. It is asked itself, and only to list: nothing of the program
// runs.
#pragma once
#include <string>
#include <vector>

namespace cutrans::command {

struct LoadedLibrary {
  std::string name;  // as the program names it
  std::string path;  // empty: not found
};

// With `folder` first on the loader's path, as `cutrans run` puts it. Empty where the loader refuses the file.
std::vector<LoadedLibrary> listLibraries(const std::string &program, const std::string &folder);

}  // namespace cutrans::command
