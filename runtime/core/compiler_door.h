// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Opens libcutrans_compiler.so at the first need and keeps it. A program that launches nothing never maps it.
#pragma once
#include "cutrans/compiler.h"
#include "cutrans/support/status.h"

namespace cutrans::runtime {

// compiler_missing when it cannot be opened (reported once).
Result<const ctc_api *> openCompiler();

// The options of this process's settings. `compute_capability` is filled in by the caller.
ctc_options compilerOptions();

// Hands diagnostics of the compiler to the report.
const ctc_sink &reportSink();

Code fromCompiler(ctc_status status);

}  // namespace cutrans::runtime
