// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Opens libcutrans_codegen.so, which lies next to this library, on the first cache miss of the process.
#pragma once

#include <string>

#include "cutrans/codegen.h"

namespace cutrans::compiler {

// Null: `why` says what is wrong; the answer stays for the life of the process. Never closed: LLVM cannot be.
const codegen::Table *openCodegen(std::string &why);

// Which builds of this library and of the code generator these are; for the cache key. Opens neither.
const std::string &buildIdentity();

}  // namespace cutrans::compiler
