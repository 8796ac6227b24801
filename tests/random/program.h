// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A PTX program with its launch, as text: what the generator writes, the judge runs, the reducer shrinks and found/ keeps.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cutrans::random {

// The kernel is `entry(.param .u64 in, .param .u64 out, .param .u64 sums, .param .u32 n)`. `in` are InBytes of noise, `out` are OutBytes
// for each thread of the grid, `sums` SumBytes for all; both zero.
inline constexpr size_t InBytes = 4096, OutBytes = 256, SumBytes = 512;
inline constexpr uint32_t ParameterN = 13;

struct Program {
  std::array<uint32_t, 3> grid{1, 1, 1}, block{32, 1, 1};
  uint32_t dynamicShared = 0;
  std::string text;  // without the head comment
  size_t threads() const { return size_t(grid[0]) * grid[1] * grid[2] * block[0] * block[1] * block[2]; }
};

// `apart`: also barriers at which lanes of one warp meet on two ways.
Program generate(uint64_t seed, bool apart = false);

// A head comment "// launch ..." and the text; `digest` of the memory afterwards, where it is known.
std::string toFile(const Program &program, const std::string &comment, std::optional<uint64_t> digest);
bool fromFile(const std::string &file, Program &program, std::optional<uint64_t> &digest);

}  // namespace cutrans::random
