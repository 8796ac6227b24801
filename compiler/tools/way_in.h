// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How a program comes to call this layer instead of NVIDIA's runtime, and what the loader must be told for it.
#pragma once
#include <string>

#include "cutrans/support/diagnostics.h"
#include "program.h"

namespace cutrans::command {

enum class Way {
  shared,    // A: its shared CUDA runtime is found in our folder first
  relinked,  // B: linked with our static runtime
  redirect,  // C: its static runtime is redirected by the preloaded library
  driver,    // calls the driver API only
  unknown,   // no CUDA in the file itself (a script, an interpreter): all ways are kept open for what it loads
  none       // cannot come in: `refusal` says why
};

struct WayIn {
  Way way = Way::unknown;
  std::string reason;            // one sentence, for -v and for `doctor`
  Diag refusal{};                // with Way::none
  bool preload = false;          // libcutrans_preload.so
  std::string preload_runtime;   // its libcudart.so, where the program's own search path would find another first
};

WayIn decide(const Program &program);

// Sets LD_LIBRARY_PATH and LD_PRELOAD for what this process starts. `folder` holds our libraries.
void prepareLoader(const WayIn &way, const std::string &folder);

}  // namespace cutrans::command
