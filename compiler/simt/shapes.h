// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Shapes: what is known at compile time about how a value differs between the lanes of a gang. docs/simt.md, section 2.
//
// The same analysis serves linearize-divergent-branches, on one thread's code with its own control flow, and widen-to-gang,
// on the linearised code where every branch is uniform. The first tells it which phis join lanes that came different ways.
#pragma once

#include <functional>
#include <optional>
#include <unordered_map>

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Dominators.h>

#include "compiler/simt/launch_ids.h"

namespace llvm {
class Function;
class Instruction;
class PHINode;
class Value;
}  // namespace llvm

namespace cutrans::simt {

// A pattern: value(lane) = base + offset(lane), modulo 2^bits, the offsets constants. For pointers in bytes.
//
// An extension of a pattern that may wrap is a pattern under a guard: its offsets hold unless a lane wraps. What is missing
// then is the root's correction vector D = exact value - (base + offset), which all arithmetic scales and adds like the
// value itself; so exact value = base + offset + sum of factor * D(root), and the guard is "no root wraps".
struct Shape {
  enum Kind : uint8_t { Unknown, Uniform, Pattern, Varying };
  struct Root {
    const llvm::Instruction *extension;
    int64_t factor;
    bool operator==(const Root &) const = default;
  };

  Kind kind = Unknown;
  bool flat = false;      // pattern: base + offset wraps for no lane, and is not negative
  uint8_t align = 0;      // low bits that are 0 in the uniform value, or in the base
  llvm::SmallVector<int64_t, 0> offsets;  // sign-extended, one per lane
  llvm::SmallVector<Root, 0> roots;

  bool isUniform() const { return kind == Uniform; }
  bool isPattern() const { return kind == Pattern; }
  bool isVarying() const { return kind == Varying; }
  bool operator==(const Shape &) const = default;
  bool sameOffsets(const Shape &other) const { return offsets == other.offsets && roots == other.roots; }

  // Where base and offset share no set bit, so that the value is their bitwise or: the count of low bits that the offsets
  // use. -1 elsewhere.
  int splitBits() const;

  static Shape uniform(unsigned align = 0);
  static Shape varying();
};

class Shapes {
 public:
  // `joins`: whether lanes that meet in this phi took different ways.
  Shapes(llvm::Function &kernel, const LaunchIds &ids, std::function<bool(const llvm::PHINode &)> joins = {});

  const Shape &of(const llvm::Value *value) const;
  unsigned width() const { return ids_.width(); }

 private:
  Shape compute(const llvm::Instruction &instruction) const;
  Shape computePhi(const llvm::PHINode &phi) const;
  Shape computeBinary(const llvm::Instruction &instruction) const;
  Shape computeBitwise(const llvm::Instruction &instruction, const Shape &left, uint64_t constant) const;
  Shape computeCast(const llvm::Instruction &instruction) const;
  Shape computeGep(const llvm::Instruction &instruction) const;
  Shape computeCall(const llvm::Instruction &instruction) const;

  const LaunchIds &ids_;
  std::function<bool(const llvm::PHINode &)> joins_;
  llvm::DominatorTree dominators_;
  mutable std::unordered_map<const llvm::Value *, Shape> shapes_;  // references to its shapes stay valid
};

// A comparison of a pattern with a uniform value can come out the same for all lanes: then `base predicate bound` says how.
struct UniformCompare {
  unsigned predicate;         // llvm::CmpInst::Predicate
  const llvm::Value *pattern;
  const llvm::Value *bound;
  bool boundPlusOne;          // compare with bound + 1, which does not wrap
};
std::optional<UniformCompare> uniformCompare(const llvm::Instruction &compare, const Shapes &shapes);

// The correction of shared addresses: a 32-bit pattern with offsets below this wraps only where the chip faults too.
inline constexpr int64_t SharedWrapLimit = 1 << 16;

}  // namespace cutrans::simt
