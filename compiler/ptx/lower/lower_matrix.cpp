// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// mma (manual 9.7.14.5): the product of fragments, each lane its own elements of D.
//
// A lane finds its rows of A in its own group of four lanes and its columns of B in two other groups. f16, bf16 and
// tf32 are widened to f32, where their products are exact but for the exponents that fma takes care of; sums are f32
// and rounded once per step, those with an f16 accumulator once more at the end. The manual leaves order and precision
// open.
#include "compiler/ptx/lower/matrix.h"

#include <charconv>

#include <llvm/IR/Intrinsics.h>

namespace cutrans::ptx::lowering {

Shape shapeOf(const Instruction &in) {
  std::string_view text = to_string(in.find(ModGroup::Shape));
  Shape shape;
  for (unsigned *part : {&shape.m, &shape.n, &shape.k}) {
    if (text.empty()) return {};
    auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), *part);
    if (error != std::errc()) return {};
    text.remove_prefix(size_t(end - text.data()));
  }
  return shape;
}

unsigned inputRegisters(unsigned rows, unsigned k, Element element) {
  return rows / 8 * (k / element.depth());
}

unsigned resultRegisters(const Shape &shape, Type type) {
  unsigned elements = shape.m * shape.n / 32;
  return type == Type::F16 ? elements / 2 : elements;
}

std::span<const Operand> registersOf(const Operand &operand) {
  return operand.kind == OperandKind::Vector ? operand.elements : std::span(&operand, 1);
}

llvm::SmallVector<Value *, 16> readFragment(BodyLowering &lo, const Operand &operand, unsigned count, unsigned width) {
  auto registers = registersOf(operand);
  llvm::SmallVector<Value *, 16> values;
  if (registers.size() != count) {
    lo.refuse(Diag::ptx_operand,
              "a fragment of " + std::to_string(registers.size()) + " registers where it has " + std::to_string(count));
    return values;
  }
  for (const Operand &one : registers) values.push_back(lo.readBits(one, width));
  return values;
}

llvm::SmallVector<Value *, 16> readAccumulator(BodyLowering &lo, const Operand &operand, const Shape &shape,
                                               Type type) {
  auto &b = lo.b;
  llvm::SmallVector<Value *, 16> elements;
  for (Value *raw : readFragment(lo, operand, resultRegisters(shape, type), std::max(32u, bits(type)))) {
    if (type != Type::F16) {
      elements.push_back(lo.fromBits(raw, type));
      continue;
    }
    elements.push_back(lo.fromBits(b.CreateTrunc(raw, b.getInt16Ty()), type));
    elements.push_back(lo.fromBits(b.CreateTrunc(b.CreateLShr(raw, 16), b.getInt16Ty()), type));
  }
  return elements;
}

void writeAccumulator(BodyLowering &lo, const Operand &operand, const Shape &shape, Type type,
                      llvm::ArrayRef<Value *> elements) {
  auto &b = lo.b;
  auto registers = registersOf(operand);
  if (registers.size() != resultRegisters(shape, type))
    return lo.refuse(Diag::ptx_operand, "a fragment of " + std::to_string(registers.size()) +
                                            " registers where it has " + std::to_string(resultRegisters(shape, type)));
  for (size_t i = 0; i < registers.size(); ++i) {
    if (type != Type::F16) {
      lo.write(registers[i], elements[i], type);
      continue;
    }
    Value *low = b.CreateZExt(lo.toBits(elements[2 * i]), b.getInt32Ty());
    Value *high = b.CreateZExt(lo.toBits(elements[2 * i + 1]), b.getInt32Ty());
    lo.writeInteger(registers[i], b.CreateOr(low, b.CreateShl(high, 16)));
  }
}

Value *laneId(BodyLowering &lo) {
  return lo.call(IrIntrinsic::LaneId);
}

Value *fromLane(BodyLowering &lo, Value *value, Value *lane) {
  auto &b = lo.b;
  if (value->getType()->isIntegerTy(64)) {
    Value *low = fromLane(lo, b.CreateTrunc(value, b.getInt32Ty()), lane);
    Value *high = fromLane(lo, b.CreateTrunc(b.CreateLShr(value, 32), b.getInt32Ty()), lane);
    return b.CreateOr(b.CreateZExt(low, value->getType()), b.CreateShl(b.CreateZExt(high, value->getType()), 32));
  }
  Value *pair = lo.call(IrIntrinsic::ShflIdx, {b.getInt32(~0u), value, lane, b.getInt32(31)});
  return b.CreateExtractValue(pair, 0);
}

namespace {

using Values = llvm::SmallVector<Value *, 32>;

// The elements of a register in the type of the sum: f32, f64, or i32 (i64 where it saturates). One-bit elements stay
// together: their product is a count.
Values unpack(BodyLowering &lo, Value *raw, Type type, llvm::Type *sum) {
  auto &b = lo.b;
  switch (type) {
    case Type::F64:
      return {lo.fromBits(raw, type)};
    case Type::TF32:  // the chips do not look at the lower bits
      return {b.CreateBitCast(b.CreateAnd(raw, 0xffffe000u), sum)};
    case Type::BF16:
      return {b.CreateBitCast(b.CreateShl(raw, 16), sum), b.CreateBitCast(b.CreateAnd(raw, 0xffff0000u), sum)};
    case Type::B1:
      return {raw};
    default:
      break;
  }
  Values elements;
  unsigned width = bits(type);
  for (unsigned at = 0; at < 32; at += width) {
    if (type == Type::F16) {
      Value *half = b.CreateTrunc(at ? b.CreateLShr(raw, at) : raw, b.getInt16Ty());
      elements.push_back(b.CreateFPExt(lo.fromBits(half, type), sum));
    } else {
      Value *top = b.CreateShl(raw, 32 - width - at);
      Value *element = isSigned(type) ? b.CreateAShr(top, 32 - width) : b.CreateLShr(top, 32 - width);
      elements.push_back(isSigned(type) ? b.CreateSExt(element, sum) : b.CreateZExt(element, sum));
    }
  }
  return elements;
}

Value *step(BodyLowering &lo, const Instruction &in, const Product &p, Value *a, Value *x, Value *sum) {
  auto &b = lo.b;
  if (p.a == Type::B1) {
    Value *both = in.has(Mod::And) ? b.CreateAnd(a, x) : b.CreateXor(a, x);
    return b.CreateAdd(sum, b.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, both));
  }
  if (sum->getType()->isIntegerTy()) return b.CreateAdd(sum, b.CreateMul(a, x));
  return b.CreateIntrinsic(llvm::Intrinsic::fma, {sum->getType()}, {a, x, sum});
}

bool isInteger(Type type) {
  return type == Type::S8 || type == Type::U8 || type == Type::S4 || type == Type::U4 || type == Type::B1;
}

bool typesFit(const Product &p) {
  switch (p.a) {
    case Type::F16:
      return p.b == p.a && (p.d == Type::F16 || p.d == Type::F32) && (p.c == Type::F16 || p.c == Type::F32);
    case Type::BF16:
    case Type::TF32:
      return p.b == p.a && p.d == Type::F32 && p.c == Type::F32;
    case Type::F64:
      return p.b == p.a && p.d == Type::F64 && p.c == Type::F64;
    default:
      return isInteger(p.a) && isInteger(p.b) && bits(p.a) == bits(p.b) && p.d == Type::S32 && p.c == Type::S32;
  }
}

llvm::SmallVector<Value *, 16> readInput(BodyLowering &lo, const Operand &operand, unsigned count, unsigned width,
                                         bool spare) {
  size_t given = registersOf(operand).size();
  auto values = readFragment(lo, operand, spare ? std::max<unsigned>(count, given) : count, width);
  if (values.size() > count) values.truncate(count);
  return values;
}

}  // namespace

void multiply(BodyLowering &lo, const Instruction &in, const Product &p, bool spare) {
  auto &b = lo.b;
  if (!typesFit(p)) return lo.refuseForm("this combination of types");
  Mod rounding = in.find(ModGroup::Rounding);
  if (rounding != Mod::None && rounding != Mod::Rn) return lo.refuseForm("this rounding of a matrix product");
  bool integer = isInteger(p.a), saturates = in.find(ModGroup::Sat) != Mod::None;
  if (saturates && (!integer || p.a == Type::B1)) return lo.refuseForm("saturation of this matrix product");
  bool counts = p.a == Type::B1;
  if (counts != in.has(Mod::Popc) || counts != (in.has(Mod::And) || in.has(Mod::Xor))) return lo.refuseForm();

  const Shape &s = p.shape;
  Element element{p.a};
  unsigned rows = s.m / 8, columns = s.n / 8, chunks = s.k / element.depth();
  auto as = readInput(lo, lo.operand(1), rows * chunks, element.container(), spare);
  auto bs = readInput(lo, lo.operand(2), columns * chunks, element.container(), spare);
  auto sums = readAccumulator(lo, lo.operand(3), s, p.c);
  if (as.empty() || bs.empty() || sums.empty()) return;

  llvm::Type *sum = p.a == Type::F64 ? b.getDoubleTy()
                    : !integer       ? b.getFloatTy()
                    : saturates      ? static_cast<llvm::Type *>(b.getInt64Ty())
                                     : b.getInt32Ty();
  for (Value *&one : sums) {
    if (p.c == Type::F16) one = b.CreateFPExt(one, sum);
    if (saturates) one = b.CreateSExt(one, sum);
  }
  Value *lane = laneId(lo);
  Value *group = b.CreateAnd(lane, b.getInt32(28));                            // the first lane of this one's four
  Value *column = b.CreateShl(b.CreateAnd(lane, b.getInt32(3)), uint64_t(3));  // the first lane of column 2t of B
  for (unsigned chunk = 0; chunk < chunks; ++chunk)
    for (unsigned t = 0; t < 4; ++t) {
      llvm::SmallVector<Values, 4> row(rows);
      for (unsigned r = 0; r < rows; ++r)
        row[r] = unpack(lo, fromLane(lo, as[r + rows * chunk], b.CreateOr(group, t)), p.a, sum);
      for (unsigned c = 0; c < 2 * columns; ++c) {
        Value *from = b.CreateOr(column, 4 * (c & 1) + t);
        Values own = unpack(lo, fromLane(lo, bs[chunk + chunks * (c / 2)], from), p.b, sum);
        for (unsigned r = 0; r < rows; ++r) {
          Value *&into = sums[2 * (r + rows * (c / 2)) + (c & 1)];
          for (size_t e = 0; e < own.size(); ++e) into = step(lo, in, p, row[r][e], own[e], into);
        }
      }
    }
  for (Value *&one : sums) {
    if (saturates) {
      one = b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, one, b.getInt64(INT32_MAX));
      one = b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, one, b.getInt64(uint64_t(int64_t(INT32_MIN))));
      one = b.CreateTrunc(one, b.getInt32Ty());
    }
    if (p.d == Type::F16) one = b.CreateFPTrunc(one, lo.type(Type::F16));
  }
  writeAccumulator(lo, lo.operand(0), s, p.d, sums);
}

namespace {

// 9.7.14.5.14 mma.sync.aligned.shape.row.col.d.a.b.c
void mma(BodyLowering &lo, const Instruction &in) {
  if (in.find(ModGroup::Sparse) != Mod::None) return lo.refuse(Diag::ptx_matrix, "sparse matrices are not supported");
  if (in.find(ModGroup::MmaKind) != Mod::None || in.operands.size() != 4)
    return lo.refuse(Diag::ptx_matrix, "scaled matrix formats are not supported");
  if (in.types.size() != 4) return lo.refuseForm();
  Product p{shapeOf(in), in.type(0), in.type(1), in.type(2), in.type(3)};
  switch (p.a) {
    case Type::F16:
    case Type::BF16:
    case Type::TF32:
    case Type::F64:
    case Type::S8:
    case Type::U8:
    case Type::S4:
    case Type::U4:
    case Type::B1:
      break;
    default:
      return lo.refuse(Diag::ptx_matrix, "matrices of this type are not supported");
  }
  if (!in.has(Mod::Row) || !in.has(Mod::Col))
    return lo.refuse(Diag::ptx_matrix, "this order of rows and columns is not supported");
  unsigned depth = Element{p.a}.depth();
  bool floats = p.a == Type::F16 || p.a == Type::BF16 || p.a == Type::TF32;
  bool small = p.shape.m == 8 && p.shape.n == 8 && p.shape.k == depth && !floats;
  bool large = p.shape.m == 16 && p.shape.n == 8 &&
               (p.shape.k == depth || p.shape.k == 2 * depth || (p.a == Type::F64 && p.shape.k == 4 * depth));
  if (!small && !large) return lo.refuse(Diag::ptx_matrix, "this shape is not supported for these types");
  multiply(lo, in, p);
}

}  // namespace

void addMatrixRules(RuleTable &table) {
  set(table, Opcode::Mma, mma);
}

}  // namespace cutrans::ptx::lowering
