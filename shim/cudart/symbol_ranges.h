// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The part of a variable that a copy names.
#pragma once
#include <driver_types.h>

#include "shim/cudart/binaries.h"

namespace cutrans::cudart {

enum class Side { to_symbol, from_symbol };

// invalid_copy_direction, invalid_symbol, invalid_value beyond the end; else what loading the module says.
inline Result<runtime::Address> rangeInSymbol(runtime::Context &context, Side side, const void *symbol, size_t bytes, size_t offset, cudaMemcpyKind kind) {
  const cudaMemcpyKind host_kind = side == Side::to_symbol ? cudaMemcpyHostToDevice : cudaMemcpyDeviceToHost;
  if (kind != host_kind && kind != cudaMemcpyDeviceToDevice && kind != cudaMemcpyDefault) return Code::invalid_copy_direction;
  Result<Symbol> found = findSymbol(context, symbol);
  if (!found.ok()) return found.status();
  if (offset > found->size || bytes > found->size - offset) return Code::invalid_value;
  return found->address + offset;
}

}  // namespace cutrans::cudart
