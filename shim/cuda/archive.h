// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The members of a static library (ar).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cutrans/support/status.h"

namespace cutrans::driver {

struct ArchiveMember {
  std::string name;
  std::string_view bytes;  // in the archive
};

// invalid_image: no archive. `archive` is borrowed.
Result<std::vector<ArchiveMember>> archiveMembers(std::string_view archive);

}  // namespace cutrans::driver
