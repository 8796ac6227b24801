// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// mma.m8n8k4 of f16 (manual 9.7.14.5.1): four products at once, of the lanes 4q to 4q+3 and 4q+16 to 4q+19.
//
// With i = lane % 4 and h = lane / 16: A by rows is row i + 4h, by columns column i of rows 4h to 4h+3; B by columns is
// column i + 4h, by rows row i of columns 4h to 4h+3. C and D in f16 are row i + 4h; in f32 element e is row
// (i & 1) + (e & 2) + 4h, column (e & 4) + (i & 2) + (e & 1).
#include <llvm/IR/Intrinsics.h>

#include "compiler/ptx/lower/matrix.h"

namespace cutrans::ptx::lowering {

namespace {

struct Place {
  Value *row, *column;  // i32
};

class Quads {
 public:
  explicit Quads(BodyLowering &lower) : lo(lower) {
    auto &b = lo.b;
    lane = laneId(lo);
    inner = b.CreateAnd(lane, b.getInt32(3));
    base = b.CreateAnd(lane, b.getInt32(12));
    lower_half = b.CreateShl(b.CreateLShr(lane, uint64_t(4)), uint64_t(2));  // 4h
  }

  // Where this lane's element `e` of C or D is.
  Place place(Type type, unsigned e) const {
    auto &b = lo.b;
    if (type == Type::F16) return {b.CreateAdd(inner, lower_half), b.getInt32(e)};
    Value *row = b.CreateAdd(b.CreateOr(b.CreateAnd(inner, b.getInt32(1)), e & 2), lower_half);
    return {row, b.CreateOr(b.CreateAnd(inner, b.getInt32(2)), (e & 4) | (e & 1))};
  }

  // Element `e` of sums that lanes hold as f16, at this lane's place of an f32 result.
  Value *half(llvm::ArrayRef<Value *> registers, const Place &at, unsigned e) const {
    auto &b = lo.b;
    Value *upper = b.CreateShl(b.CreateAnd(at.row, b.getInt32(4)), uint64_t(2));
    Value *from = b.CreateOr(b.CreateOr(base, upper), b.CreateAnd(at.row, b.getInt32(3)));
    unsigned pair = (e & 4) / 2;
    Value *second = b.CreateICmpNE(b.CreateAnd(inner, b.getInt32(2)), b.getInt32(0));
    Value *word = lo.select(second, fromLane(lo, registers[pair + 1], from), fromLane(lo, registers[pair], from));
    return element(word, b.getInt32(e & 1));
  }

  // Element k of the line (a row of A, a column of B) `at`. `along`: a lane holds a line, else one k of four lines.
  Value *input(llvm::ArrayRef<Value *> registers, Value *at, unsigned k, bool along) const {
    auto &b = lo.b;
    Value *upper = b.CreateShl(b.CreateAnd(at, b.getInt32(4)), uint64_t(2));  // 16 where the line is 4 or more
    Value *within = b.CreateAnd(at, b.getInt32(3));
    Value *from = b.CreateOr(b.CreateOr(base, upper), along ? within : static_cast<Value *>(b.getInt32(k)));
    if (along) return element(fromLane(lo, registers[k / 2], from), b.getInt32(k & 1));
    Value *second = b.CreateICmpNE(b.CreateAnd(within, b.getInt32(2)), b.getInt32(0));
    Value *word = lo.select(second, fromLane(lo, registers[1], from), fromLane(lo, registers[0], from));
    return element(word, b.CreateAnd(within, b.getInt32(1)));
  }

 private:
  Value *element(Value *word, Value *odd) const {
    auto &b = lo.b;
    Value *raw = b.CreateTrunc(b.CreateLShr(word, b.CreateShl(odd, uint64_t(4))), b.getInt16Ty());
    return b.CreateFPExt(lo.fromBits(raw, Type::F16), b.getFloatTy());
  }

  BodyLowering &lo;
  Value *lane, *inner, *base, *lower_half;
};

}  // namespace

void multiplyQuads(BodyLowering &lo, const Instruction &in, const Product &p) {
  auto &b = lo.b;
  if (!isProduct(lo, in, p)) return;
  bool widens = p.c == Type::F16 && p.d == Type::F32;
  if (p.c != p.d && !widens) return lo.refuseForm("this combination of types");
  llvm::SmallVector<Mod, 2> layouts;
  for (Mod mod : in.modifiers)
    if (group(mod) == ModGroup::Layout) layouts.push_back(mod);
  if (layouts.size() != 2) return lo.refuseForm();
  bool a_along = layouts[0] == Mod::Row, b_along = layouts[1] == Mod::Col;

  // Each lane has eight elements of its 8x8 matrix: as many as 32 lanes have of a 16x16 one.
  Product whole = p;
  whole.shape = {16, 16, 4};
  auto as = readFragment(lo, lo.operand(1), 2, 32), bs = readFragment(lo, lo.operand(2), 2, 32);
  Values sums;
  if (widens)
    sums.append(readFragment(lo, lo.operand(3), 4, 32));
  else
    sums = readSums(lo, in, whole, b.getFloatTy());
  if (as.empty() || bs.empty() || sums.empty()) return;
  Quads quads(lo);
  if (widens) {
    Values halves;
    for (unsigned e = 0; e < 8; ++e) halves.push_back(quads.half(sums, quads.place(p.d, e), e));
    sums = halves;
  }
  for (unsigned e = 0; e < 8; ++e) {
    Place place = quads.place(p.d, e);
    for (unsigned k = 0; k < 4; ++k)
      sums[e] = addProduct(lo, in, p, quads.input(as, place.row, k, a_along), quads.input(bs, place.column, k, b_along),
                           sums[e]);
  }
  writeSums(lo, in, whole, sums);
}

}  // namespace cutrans::ptx::lowering
