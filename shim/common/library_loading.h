// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Libraries of both APIs: code that belongs to no context.
#pragma once

#include "cutrans/runtime/context.h"
#include "cutrans/runtime/library.h"
#include "cutrans/support/status.h"

namespace cutrans::shim {

// From an image (ptx_units.h), which is read during the call only. With a context the code is loaded into it now, so
// that wrong code is found by this call, as on a GPU; null: at the first use.
Result<runtime::Library *> loadLibrary(const void *image, runtime::Context *context);

}  // namespace cutrans::shim
