// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How thread ids follow from (gang, lane), for a block shape and a gang width (up to 32, and 64 for waves of two warps): one place for the shape analysis, which
// asks for offsets, and for widen-to-gang, which writes the formulas.
#pragma once

#include <array>
#include <optional>

#include <llvm/ADT/SmallVector.h>

#include "compiler/ir/intrinsics.h"

namespace llvm {
class Function;
}

namespace cutrans::simt {

// base = gang * multiply / divide % modulo (0: no modulo); id(lane) = base + offsets[lane]. All offsets 0: uniform.
struct IdForm {
  unsigned multiply = 0, divide = 1, modulo = 0;
  llvm::SmallVector<int64_t, 0> offsets;
  unsigned align = 0;  // low zero bits of the base
};

class LaunchIds {
 public:
  LaunchIds(unsigned width, std::array<unsigned, 3> block) : width_(width), block_(block) {}
  // From the attributes that chooseGangWidth and specializeLaunchShape left on the kernel.
  static LaunchIds of(const llvm::Function &kernel);

  unsigned width() const { return width_; }
  bool anyShape() const { return block_[0] == 0; }
  const std::array<unsigned, 3> &block() const { return block_; }
  unsigned threads() const { return block_[0] * block_[1] * block_[2]; }
  // Every gang of a block has all its lanes.
  bool fullGangs() const { return width_ == 1 || (!anyShape() && threads() % width_ == 0); }

  // For tid.*, laneid and warpid; none where the id has no such form (or is none of these).
  std::optional<IdForm> form(ir::Intrinsic id) const;

 private:
  std::optional<IdForm> tid(unsigned dimension) const;

  unsigned width_;
  std::array<unsigned, 3> block_;
};

}  // namespace cutrans::simt
