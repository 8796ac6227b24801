// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How a value of LLVM's becomes variables of OpenCL C, which has vectors of 2, 4, 8 and 16 elements only: a value is a list of parts,
// each one variable. A vector of 32 is two parts of 16, one of 7 is parts of 4, 2 and 1; structures are their members' parts one behind the other.
#pragma once

#include <string>

#include <llvm/ADT/SmallVector.h>

namespace llvm {
class DataLayout;
class Type;
}  // namespace llvm

namespace cutrans::emit::text {

// Integers are unsigned, in the next larger width that C has, and zero above their own bits. Half and bfloat are their
// bits. A lane of a mask is 0 or 0xff: a char is the narrowest that comparisons convert to and from without work.
enum class Base : unsigned char { Bool, Mask, U8, U16, U32, U64, F32, F64 };

struct Part {
  Base base;
  unsigned lanes;  // 1, 2, 4, 8, 16
  unsigned bits;   // of one element's value

  bool isInteger() const { return base >= Base::U8 && base <= Base::U64; }
  bool isFloat() const { return base >= Base::F32; }
  bool isVector() const { return lanes > 1; }
  unsigned containerBits() const;
  bool isOdd() const { return isInteger() && bits != containerBits(); }
  std::string name() const;        // "uint16"
  std::string signedName() const;  // "int16": also what comparisons of this type give, and what chooses between its elements
  Part with(Base other) const { return {other, lanes, 0}; }
  Part scalar() const { return {base == Base::Mask ? Base::Bool : base, 1, bits}; }
};

using Parts = llvm::SmallVector<Part, 4>;

// Lane counts of the parts of a vector.
llvm::SmallVector<unsigned, 8> partLanes(unsigned lanes);

// False: there is no form for this type.
bool partsOf(llvm::Type *type, const llvm::DataLayout &layout, Parts &out);

// Where a lane of a vector is.
struct LanePlace {
  unsigned part, lane;
};
LanePlace placeOf(unsigned lane, unsigned lanes);

// ".s3", ".s0123"; empty for the whole part or where there are no lanes.
char laneLetter(unsigned lane);

}  // namespace cutrans::emit::text
