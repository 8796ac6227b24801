// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The memory of one run, and the run of the reference interpreter on it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tests/random/program.h"

namespace cutrans::random {

// Always at the same addresses, because a shrunk program may store one: making a Memory wipes what was there before.
struct Memory {
  explicit Memory(const Program &program);
  Memory(const Memory &) = delete;
  std::vector<uint8_t> result() const { return {all.begin() + ResultAt, all.end()}; }

  static constexpr size_t ResultAt = 65536;
  std::span<uint8_t> all;  // `in`, and from ResultAt on `out` of all threads, then `sums`
  std::vector<uint8_t> params;
};

enum class ReferenceEnd { Ran, Unknown, Invalid };
// Unknown: the reference does not know an instruction; `why` says which.
ReferenceEnd runReference(const Program &program, Memory &memory, std::string &why);

}  // namespace cutrans::random
