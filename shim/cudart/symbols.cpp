// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Variables of the program's device code, by the address of their shadow on the host.
#include "bodies.h"
#include "shim/cudart/binaries.h"
#include "shim/cudart/copies.h"
#include "shim/cudart/symbol_ranges.h"

namespace cutrans::cudart {
namespace {

cudaError_t copySymbol(Call &call, Side side, const void *symbol, runtime::Address other, size_t bytes, size_t offset,
                       cudaMemcpyKind kind, cudaStream_t stream, Wait wait) {
  Result<runtime::Address> found = rangeInSymbol(*call.context, side, symbol, bytes, offset, kind);
  if (!found.ok()) return error(found.status());
  const runtime::Address place = *found;
  if (side == Side::to_symbol) return copyLinear(call, place, other, bytes, kind, stream, wait);
  return copyLinear(call, other, place, bytes, kind, stream, wait);
}

}  // namespace

cudaError_t body::cudaGetSymbolAddress(Call &call, void **out, const void *symbol) {
  if (!out) return cudaErrorInvalidValue;
  Result<Symbol> found = findSymbol(*call.context, symbol);
  if (!found.ok()) return error(found.status());
  *out = reinterpret_cast<void *>(found->address);
  return cudaSuccess;
}

cudaError_t body::cudaGetSymbolSize(Call &call, size_t *out, const void *symbol) {
  if (!out) return cudaErrorInvalidValue;
  Result<Symbol> found = findSymbol(*call.context, symbol);
  if (!found.ok()) return error(found.status());
  *out = found->size;
  return cudaSuccess;
}

cudaError_t body::cudaMemcpyToSymbol(Call &call, const void *symbol, const void *src, size_t bytes, size_t offset,
                                     cudaMemcpyKind kind) {
  return copySymbol(call, Side::to_symbol, symbol, addressOf(src), bytes, offset, kind, nullptr, Wait::yes);
}

cudaError_t body::cudaMemcpyToSymbolAsync(Call &call, const void *symbol, const void *src, size_t bytes,
                                          size_t offset, cudaMemcpyKind kind, cudaStream_t stream) {
  return copySymbol(call, Side::to_symbol, symbol, addressOf(src), bytes, offset, kind, stream, Wait::no);
}

cudaError_t body::cudaMemcpyFromSymbol(Call &call, void *dst, const void *symbol, size_t bytes, size_t offset,
                                       cudaMemcpyKind kind) {
  return copySymbol(call, Side::from_symbol, symbol, addressOf(dst), bytes, offset, kind, nullptr, Wait::yes);
}

cudaError_t body::cudaMemcpyFromSymbolAsync(Call &call, void *dst, const void *symbol, size_t bytes, size_t offset,
                                            cudaMemcpyKind kind, cudaStream_t stream) {
  return copySymbol(call, Side::from_symbol, symbol, addressOf(dst), bytes, offset, kind, stream, Wait::no);
}

}  // namespace cutrans::cudart
