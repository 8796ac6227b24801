// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// targets/process under this target's own names.
#pragma once

#include "pages.h"
#include "suballocator.h"

namespace cutrans::host {
using namespace process;
}
