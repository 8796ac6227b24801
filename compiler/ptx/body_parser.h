// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Parses the body of one function. Names are resolved on the way: registers and variables through the scopes of the
// body, everything else through `outer`, which knows what the linker chose for the unit.
#pragma once

#include <functional>
#include <memory_resource>

#include "compiler/ptx/ast.h"
#include "compiler/ptx/problems.h"

namespace cutrans::ptx {

// The symbol of module scope with that name, as the unit sees it; kind None where there is none.
using ResolveSymbol = std::function<SymbolRef(std::string_view name)>;

// The body lives in `arena`. Null: `problems` has got an entry. Throws nothing but std::bad_alloc.
const Body *parseBody(const Unit &unit, uint32_t unit_number, const Function &function, const ResolveSymbol &outer,
                      std::pmr::memory_resource &arena, Problems &problems);

}  // namespace cutrans::ptx
