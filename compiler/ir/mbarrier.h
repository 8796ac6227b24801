// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The 64-bit word of an mbarrier (PTX manual 9.7.13.15), which programs must take as opaque: its layout, and what an
// update does to it. The front end builds words and increments, backends expand cutrans.mbarrier.update with `updated`,
// which is a plain function of the old word, so that it fits a compare-and-swap loop as well as a load and a store.
//
//   bits  0-19  pending: arrivals that the current phase still waits for
//   bits 21-40  expected: pending count of the next phase
//   bit     41  parity of the current phase
//   bits 43-63  tx-count, signed
// Every operation is the addition of a constant multiple of these fields; the tx-count is on top, so that its sign does
// not reach the others. Bits 20 and 42 catch the borrow of programs that arrive more often than they said.
#pragma once

#include <cstdint>

#include <llvm/IR/IRBuilder.h>

namespace cutrans::ir::mbarrier {

inline constexpr unsigned ExpectedShift = 21, PhaseShift = 41, TxShift = 43;
inline constexpr uint64_t CountMask = (uint64_t{1} << 20) - 1;
inline constexpr uint64_t PhaseBit = uint64_t{1} << PhaseShift;

// The word after `increment` was added to `old`: where no arrival and no byte is missing, the next phase begins.
inline llvm::Value *updated(llvm::IRBuilderBase &b, llvm::Value *old, llvm::Value *increment) {
  llvm::Value *sum = b.CreateAdd(old, increment);
  constexpr uint64_t Missing = CountMask | ~((uint64_t{1} << TxShift) - 1);
  llvm::Value *complete = b.CreateIsNull(b.CreateAnd(sum, b.getInt64(Missing)));
  llvm::Value *pending = b.CreateAnd(b.CreateLShr(sum, ExpectedShift), b.getInt64(CountMask));
  llvm::Value *next = b.CreateOr(b.CreateXor(sum, b.getInt64(PhaseBit)), pending);
  return b.CreateSelect(complete, next, sum);
}

}  // namespace cutrans::ir::mbarrier
