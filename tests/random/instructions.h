// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions without control flow or shared state, as patterns that the generator fills in.
//
// {a,b} picks one; $R $Q $H $P are destinations of 32, 64, 16 bits and a predicate, $S a second one unlike $R; the small letters are
// sources ($i: 32-bit immediate, $b: 0..255, $e: 0..63). $T $U are scratch registers of 32 bits, $V of 64. A result
// that may be a NaN is replaced by one NaN: payloads are not promised.
#pragma once

#include <span>

namespace cutrans::random {

enum class Nan : char { None, F32, F64, F16, BF16, F16x2, BF16x2 };

struct Pattern {
  Nan nan;
  const char *text;
};

std::span<const Pattern> patterns();

}  // namespace cutrans::random
