// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a program hands over as a module: a registered wrapper, a bare container, PTX text, or machine code.
// Told apart by their first bytes. All of it is in the program's memory and only looked at, never copied.
#pragma once

#include <string_view>
#include <vector>

#include "cutrans/fatbin/container.h"

namespace cutrans::fatbin {

struct Image {
  enum class Form { containers, text, cubin };

  Form form = Form::containers;
  bool separate_units = false;    // -rdc: one container for each source file, to be linked
  std::vector<Bytes> containers;  // each reaches to the end of the readable memory, not of the container
  std::string_view text;          // Form::text, without the NUL
};

// What __cudaRegisterFatBinary gets: a wrapper and nothing else.
Expected<Image> openWrapper(const void *wrapper);

// What cuModuleLoadData and its kin get: any form.
Expected<Image> openImage(const void *image);

}  // namespace cutrans::fatbin
