// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// mma.sp and mma with .block_scale (manual 9.7.14.6, 9.7.14.3).
//
// Of a sparse A only every other element is stored, in the fragment of a dense A of half the width. Four bits of
// metadata belong to each group: of four elements, two of which are there (of two for tf32, one of which is there; of
// four pairs for 4-bit elements). What is not there does not count, not even against an infinity: each element of A
// picks its partner among those of B.
//
// Metadata, by row: of 16- and 32-bit elements a half word has four groups of row g, the other half those of row g + 8,
// and the next four groups are the next lane's. Of 4- and 8-bit elements a word has eight groups of row g, the next
// lane's those of row g + 8, the two lanes after these have the next eight groups. The selector says with which lane of
// four the metadata start.
//
// Scales: a block of K has one for each row of A and one for each column of B. That of row g + 8r is in the lane 2 * id
// + r of the group of four, that of column n in the lane 4n + id. Sums of a block are f32, the sum of blocks is f64
// until the end.
#include <optional>

#include <llvm/IR/Intrinsics.h>

#include "compiler/ptx/lower/matrix.h"

namespace cutrans::ptx::lowering {

namespace {

// How A is thinned out: `kept` of `of` units of `unit` elements.
struct Pattern {
  unsigned kept = 2, of = 4, unit = 1;
  unsigned dense() const { return of * unit; }
};

Pattern patternOf(const Element &element) {
  if (element.type == Type::TF32) return {1, 2, 1};
  if (element.width() == 4) return {2, 4, 2};
  return {};
}

// The metadata of this lane's rows, group by group.
class Metadata {
 public:
  // Refuses a selector that this shape does not have.
  static std::optional<Metadata> read(BodyLowering &lo, const Neighbours &lanes, const Element &element,
                                      unsigned groups) {
    const Operand &selector = lo.operand(5);
    bool halves = element.width() >= 16, large = groups == (halves ? 8u : 16u);
    unsigned choices = halves ? (large ? 2 : 4) : (large ? 1 : 2);
    if (selector.kind != OperandKind::Integer || selector.bits >= choices) {
      lo.refuse(Diag::ptx_operand,
                "the sparsity selector of this shape is a constant below " + std::to_string(choices));
      return std::nullopt;
    }
    Value *word = lo.readBits(lo.operand(4), 32);
    Metadata metadata(lo, halves);
    metadata.first = unsigned(selector.bits) * (4 / choices);
    for (unsigned lane = metadata.first; lane < metadata.first + 4 / choices; ++lane)
      metadata.words[lane] = fromLane(lo, word, lanes.row(lane));
    return metadata;
  }

  // Bits `bit` and up of the four of a group.
  Value *part(unsigned r, unsigned group, unsigned bit, unsigned count) const {
    unsigned lane = halves ? first + group / 4 : first + r + 2 * (group / 8);
    unsigned at = halves ? 16 * r + 4 * (group % 4) : 4 * (group % 8);
    return lo->b.CreateAnd(lo->b.CreateLShr(words[lane], uint64_t(at + bit)), (1u << count) - 1);
  }

 private:
  Metadata(BodyLowering &lower, bool half_words) : lo(&lower), halves(half_words) {}
  BodyLowering *lo;
  bool halves;
  unsigned first = 0;
  Value *words[4] = {};
};

// `choices`, a power of two of them, by `index`.
Value *choose(BodyLowering &lo, Value *index, llvm::ArrayRef<Value *> choices) {
  auto &b = lo.b;
  if (choices.size() == 1) return choices[0];
  size_t half = choices.size() / 2;
  Value *upper = b.CreateICmpNE(b.CreateAnd(index, half), b.getInt32(0));
  return lo.select(upper, choose(lo, index, choices.drop_front(half)), choose(lo, index, choices.take_front(half)));
}

// The scales of one matrix: a word, and {byte, lane} of it.
struct Scales {
  Value *word = nullptr, *byte = nullptr, *lane = nullptr;
};

struct Scaling {
  unsigned blocks = 0;  // 0: none
  Type type = Type::None;
  Scales a, b;
};

// Refuses what table 36 of the manual does not have.
bool readScaling(BodyLowering &lo, const Instruction &in, const Product &p, bool sparse, Scaling &scaling) {
  if (!in.has(Mod::BlockScale)) return true;
  auto &b = lo.b;
  size_t first = sparse ? 6 : 4;
  scaling.type = in.type(4);
  bool bytes = in.has(Mod::KindMxf8f6f4), plain = in.has(Mod::KindMxf4), both = in.has(Mod::KindMxf4nvf4);
  scaling.blocks = in.has(Mod::ScaleVec1x)   ? 1
                   : in.has(Mod::ScaleVec2x) ? 2
                   : in.has(Mod::ScaleVec4x) ? 4
                   : bytes                   ? 1
                   : plain                   ? 2
                                             : 0;
  bool e8 = scaling.type == Type::UE8M0;
  bool fits = bytes   ? scaling.blocks == 1 && e8
              : plain ? scaling.blocks == 2 && e8
              : both  ? (scaling.blocks == 2 && e8) || (scaling.blocks == 4 && (e8 || scaling.type == Type::UE4M3))
                      : false;
  bool fours = p.a == Type::E2M1 && p.b == Type::E2M1;
  if (!fits || (!bytes && !fours) || p.d != Type::F32 || p.c != Type::F32) {
    lo.refuseForm("this combination of kind, types and scales");
    return false;
  }
  if (in.operands.size() != first + 4) {
    lo.refuse(Diag::ptx_operand, "the operands are not those of a scaled product");
    return false;
  }
  auto read = [&](size_t at, unsigned lanes, Scales &scales) {
    const Operand &ids = lo.operand(at + 1);
    if (ids.kind != OperandKind::Vector || ids.elements.size() != 2) {
      lo.refuse(Diag::ptx_operand, "{byte id, thread id} are missing");
      return false;
    }
    auto value = [&](const Operand &one, unsigned count, unsigned step) -> Value * {
      if (one.kind != OperandKind::Integer)
        return b.CreateAnd(b.CreateZExt(lo.readBits(one, 16), b.getInt32Ty()), (count - 1) & ~(step - 1));
      if (one.bits >= count || one.bits % step != 0)
        lo.refuse(Diag::ptx_operand, "a byte id or thread id that this form does not have");
      return b.getInt32(uint32_t(one.bits) & 3);
    };
    scales.word = lo.readBits(lo.operand(at), 32);
    scales.byte = value(ids.elements[0], 4, scaling.blocks);
    scales.lane = value(ids.elements[1], lanes, 1);
    return true;
  };
  return read(first, 2, scaling.a) && read(first + 2, 4, scaling.b);
}

// The scales of the blocks, as doubles, that `lane` holds.
Values scalesFrom(BodyLowering &lo, const Scaling &scaling, const Scales &scales, Value *lane) {
  auto &b = lo.b;
  Value *word = b.CreateLShr(fromLane(lo, scales.word, lane), b.CreateShl(scales.byte, uint64_t(3)));
  Values values;
  for (unsigned block = 0; block < scaling.blocks; ++block) {
    Value *code = b.CreateAnd(block ? b.CreateLShr(word, uint64_t(8 * block)) : word, 0xff);
    values.push_back(b.CreateFPExt(narrowToF32(lo, code, scaling.type), b.getDoubleTy()));
  }
  return values;
}

bool shapeFits(const Product &p, unsigned depth, bool sparse, bool scaled) {
  if (p.shape.m != 16 || p.shape.n != 8) return false;
  unsigned dense = sparse ? p.shape.k / 2 : p.shape.k;
  // Narrow floats come in the larger shape only.
  return dense == 2 * depth || (dense == depth && sparse && !scaled && !isNarrow(p.a));
}

}  // namespace

void multiplySparse(BodyLowering &lo, const Instruction &in, const Product &p) {
  auto &b = lo.b;
  bool sparse = in.find(ModGroup::Sparse) != Mod::None, scaled = in.has(Mod::BlockScale);
  if (!isProduct(lo, in, p)) return;
  Element a{p.a, p.in_bytes}, x{p.b, p.in_bytes};
  if (!in.has(Mod::Row) || !in.has(Mod::Col) || p.a == Type::F64 || p.a == Type::B1 || a.width() != x.width() ||
      !shapeFits(p, a.depth(), sparse, scaled))
    return lo.refuse(Diag::ptx_matrix, "this shape is not supported for these types");
  bool bare = p.in_bytes || scaled || a.width() >= 8 || !isNarrow(p.a);
  if (!bare) return lo.refuseForm("this type without .kind::f8f6f4");
  if (!scaled && (in.types.size() != 4 || in.operands.size() != 6)) return lo.refuseForm();
  Scaling scaling;
  if (!readScaling(lo, in, p, sparse, scaling)) return;

  unsigned chunksOfB = p.shape.k / a.depth(), chunksOfA = sparse ? chunksOfB / 2 : chunksOfB;
  llvm::Type *sum = sumType(lo, in, p);
  auto as = readFragment(lo, lo.operand(1), 2 * chunksOfA, 32), bs = readFragment(lo, lo.operand(2), chunksOfB, 32);
  Values sums = readSums(lo, in, p, sum);
  if (as.empty() || bs.empty() || sums.empty()) return;

  Neighbours lanes(lo);
  Values rows[2], columns[2], scaleA[2], scaleB[2];
  for (unsigned i = 0; i < 2; ++i) {
    for (unsigned chunk = 0; chunk < chunksOfA; ++chunk)
      for (unsigned t = 0; t < 4; ++t)
        rows[i].append(unpack(lo, fromLane(lo, as[i + 2 * chunk], lanes.row(t)), a, sum));
    for (unsigned chunk = 0; chunk < chunksOfB; ++chunk)
      for (unsigned t = 0; t < 4; ++t)
        columns[i].append(unpack(lo, fromLane(lo, bs[chunk], lanes.column(i, t)), x, sum));
    if (!scaled) continue;
    Value *lane = b.CreateAdd(b.CreateShl(scaling.a.lane, uint64_t(1)), b.getInt32(i));
    scaleA[i] = scalesFrom(lo, scaling, scaling.a, lanes.row(lane));
    scaleB[i] = scalesFrom(lo, scaling, scaling.b, lanes.column(i, scaling.b.lane));
  }
  Pattern pattern = sparse ? patternOf(a) : Pattern{1, 1, 1};
  unsigned groups = p.shape.k / pattern.dense();
  std::optional<Metadata> metadata;
  if (sparse && !(metadata = Metadata::read(lo, lanes, a, groups))) return;

  // The partner of kept unit `i` of a group, element `h` of it.
  auto partner = [&](unsigned r, unsigned c, unsigned group, unsigned i, unsigned h) {
    if (!sparse) return columns[c][group];
    llvm::SmallVector<Value *, 4> choices;
    for (unsigned u = 0; u < pattern.of; ++u)
      choices.push_back(columns[c][group * pattern.dense() + u * pattern.unit + h]);
    // tf32: 0b0100 is the first of two, 0b1110 the second.
    bool pair = pattern.of == 2;
    return choose(lo, metadata->part(r, group, pair ? 1 : 2 * i, pair ? 1 : 2), choices);
  };
  for (unsigned r = 0; r < 2; ++r)
    for (unsigned c = 0; c < 2; ++c) {
      Value *&total = sums[2 * r + c];
      unsigned blocks = scaled ? scaling.blocks : 1;
      Value *exact = scaled ? b.CreateFPExt(total, b.getDoubleTy()) : nullptr;
      for (unsigned block = 0; block < blocks; ++block) {
        Value *part = scaled ? llvm::Constant::getNullValue(sum) : total;
        for (unsigned group = block * groups / blocks; group < (block + 1) * groups / blocks; ++group)
          for (unsigned i = 0; i < pattern.kept; ++i)
            for (unsigned h = 0; h < pattern.unit; ++h) {
              Value *own = rows[r][(group * pattern.kept + i) * pattern.unit + h];
              part = addProduct(lo, in, p, own, partner(r, c, group, i, h), part);
            }
        if (!scaled) {
          total = part;
          continue;
        }
        Value *scale = b.CreateFMul(scaleA[r][block], scaleB[c][block]);
        exact = b.CreateIntrinsic(llvm::Intrinsic::fma, {b.getDoubleTy()},
                                  {b.CreateFPExt(part, b.getDoubleTy()), scale, exact});
      }
      if (scaled) total = b.CreateFPTrunc(exact, sum);
    }
  writeSums(lo, in, p, sums);
}

}  // namespace cutrans::ptx::lowering
