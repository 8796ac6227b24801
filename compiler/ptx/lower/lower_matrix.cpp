// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// mma (manual 9.7.14.5): the product of fragments, each lane its own elements of D.
//
// A lane finds its rows of A in its own group of four lanes and its columns of B in two other groups. f16, bf16, tf32
// and floats of 4 to 8 bits are widened to f32, where their products are exact but for the exponents that fma takes
// care of; sums are f32 and rounded once per step, those with an f16 accumulator once more at the end. The manual
// leaves order and precision open.
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

bool isIntegerProduct(const Product &p) {
  TypeClass c = type_class(p.a);
  return c == TypeClass::Signed || c == TypeClass::Unsigned || c == TypeClass::Bits;
}

Values unpack(BodyLowering &lo, Value *raw, Element element, llvm::Type *sum) {
  auto &b = lo.b;
  Type type = element.type;
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
  unsigned width = element.width();
  for (unsigned at = 0; at < 32; at += width) {
    if (type == Type::F16) {
      Value *half = b.CreateTrunc(at ? b.CreateLShr(raw, at) : raw, b.getInt16Ty());
      elements.push_back(b.CreateFPExt(lo.fromBits(half, type), sum));
    } else if (isNarrow(type)) {
      unsigned padding = element.in_bytes && type == Type::E2M1 ? 2 : 0;  // its four bits are in the middle of the byte
      Value *moved = at + padding ? b.CreateLShr(raw, at + padding) : raw;
      elements.push_back(narrowToF32(lo, b.CreateAnd(moved, (1u << bits(type)) - 1), type));
    } else {
      Value *top = b.CreateShl(raw, 32 - width - at);
      Value *one = isSigned(type) ? b.CreateAShr(top, 32 - width) : b.CreateLShr(top, 32 - width);
      elements.push_back(isSigned(type) ? b.CreateSExt(one, sum) : b.CreateZExt(one, sum));
    }
  }
  return elements;
}

Value *addProduct(BodyLowering &lo, const Instruction &in, const Product &p, Value *a, Value *x, Value *sum) {
  auto &b = lo.b;
  if (p.a == Type::B1) {
    Value *both = in.has(Mod::And) ? b.CreateAnd(a, x) : b.CreateXor(a, x);
    return b.CreateAdd(sum, b.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, both));
  }
  if (sum->getType()->isIntegerTy()) return b.CreateAdd(sum, b.CreateMul(a, x));
  Mod rounding = in.find(ModGroup::Rounding);
  if (rounding != Mod::None && rounding != Mod::Rn) {  // of f64 only
    ir::Rounding mode = rounding == Mod::Rz   ? ir::Rounding::Zero
                        : rounding == Mod::Rm ? ir::Rounding::Down
                                              : ir::Rounding::Up;
    return lo.call(ir::rounded(IrIntrinsic::FmaF64Rz, mode), {a, x, sum});
  }
  return b.CreateIntrinsic(llvm::Intrinsic::fma, {sum->getType()}, {a, x, sum});
}

namespace {

bool typesFit(const Product &p) {
  bool halves = (p.d == Type::F16 || p.d == Type::F32) && (p.c == Type::F16 || p.c == Type::F32);
  switch (p.a) {
    case Type::F16:
      return p.b == p.a && halves;
    case Type::BF16:
    case Type::TF32:
      return p.b == p.a && p.d == Type::F32 && p.c == Type::F32;
    case Type::F64:
      return p.b == p.a && p.d == Type::F64 && p.c == Type::F64;
    case Type::S8:
    case Type::U8:
    case Type::S4:
    case Type::U4:
    case Type::B1:
      return isIntegerProduct({{}, p.d, p.b, p.b, p.c}) && bits(p.a) == bits(p.b) && p.d == Type::S32 &&
             p.c == Type::S32;
    default:
      return isNarrow(p.a) && isNarrow(p.b) && halves;
  }
}

bool saturates(const Instruction &in) {
  return in.find(ModGroup::Sat) != Mod::None;
}

llvm::SmallVector<Value *, 16> readInput(BodyLowering &lo, const Operand &operand, unsigned count, unsigned width,
                                         bool spare) {
  size_t given = registersOf(operand).size();
  auto values = readFragment(lo, operand, spare ? std::max<unsigned>(count, given) : count, width);
  if (values.size() > count) values.truncate(count);
  return values;
}

}  // namespace

bool isProduct(BodyLowering &lo, const Instruction &in, const Product &p) {
  auto refuse = [&](std::string_view reason) {
    lo.refuseForm(reason);
    return false;
  };
  if (!typesFit(p)) return refuse("this combination of types");
  Mod rounding = in.find(ModGroup::Rounding);
  bool directed = rounding == Mod::Rz || rounding == Mod::Rm || rounding == Mod::Rp;
  if (rounding != Mod::None && rounding != Mod::Rn && !(directed && p.a == Type::F64))
    return refuse("this rounding of a matrix product");
  bool counts = p.a == Type::B1;
  if (saturates(in) && (!isIntegerProduct(p) || counts)) return refuse("saturation of this matrix product");
  if (counts != in.has(Mod::Popc) || counts != (in.has(Mod::And) || in.has(Mod::Xor)))
    return refuse("this form of the instruction");
  return true;
}

llvm::Type *sumType(BodyLowering &lo, const Instruction &in, const Product &p) {
  auto &b = lo.b;
  if (p.a == Type::F64) return b.getDoubleTy();
  if (!isIntegerProduct(p)) return b.getFloatTy();
  return saturates(in) ? b.getInt64Ty() : b.getInt32Ty();
}

Values readSums(BodyLowering &lo, const Instruction &in, const Product &p, llvm::Type *sum) {
  auto read = readAccumulator(lo, lo.operand(3), p.shape, p.c);
  Values sums(read.begin(), read.end());
  for (Value *&one : sums) {
    if (p.c == Type::F16) one = lo.b.CreateFPExt(one, sum);
    if (saturates(in)) one = lo.b.CreateSExt(one, sum);
  }
  return sums;
}

void writeSums(BodyLowering &lo, const Instruction &in, const Product &p, Values &sums) {
  auto &b = lo.b;
  for (Value *&one : sums) {
    if (saturates(in)) {
      one = b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, one, b.getInt64(INT32_MAX));
      one = b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, one, b.getInt64(uint64_t(int64_t(INT32_MIN))));
      one = b.CreateTrunc(one, b.getInt32Ty());
    }
    if (p.d == Type::F16) one = b.CreateFPTrunc(one, lo.type(Type::F16));
  }
  writeAccumulator(lo, lo.operand(0), p.shape, p.d, sums);
}

Neighbours::Neighbours(BodyLowering &lower) : lo(lower) {
  auto &b = lo.b;
  Value *lane = laneId(lo);
  group = b.CreateAnd(lane, b.getInt32(28));                           // the first lane of this one's four
  first = b.CreateShl(b.CreateAnd(lane, b.getInt32(3)), uint64_t(3));  // the first lane of column 2t of B
}
Value *Neighbours::row(unsigned t) const {
  return lo.b.CreateOr(group, t);
}
Value *Neighbours::column(unsigned c, unsigned t) const {
  return lo.b.CreateOr(first, 4 * (c & 1) + t);
}
Value *Neighbours::row(Value *t) const {
  return lo.b.CreateOr(group, t);
}
Value *Neighbours::column(unsigned c, Value *t) const {
  return lo.b.CreateOr(lo.b.CreateOr(first, 4 * (c & 1)), t);
}

void multiply(BodyLowering &lo, const Instruction &in, const Product &p, bool spare) {
  if (!isProduct(lo, in, p)) return;
  const Shape &s = p.shape;
  Element a{p.a, p.in_bytes}, x{p.b, p.in_bytes};
  unsigned rows = s.m / 8, columns = s.n / 8, chunks = s.k / a.depth();
  llvm::Type *sum = sumType(lo, in, p);
  auto as = readInput(lo, lo.operand(1), rows * chunks, a.container(), spare);
  auto bs = readInput(lo, lo.operand(2), columns * chunks, a.container(), spare);
  Values sums = readSums(lo, in, p, sum);
  if (as.empty() || bs.empty() || sums.empty()) return;

  Neighbours lanes(lo);
  for (unsigned chunk = 0; chunk < chunks; ++chunk)
    for (unsigned t = 0; t < 4; ++t) {
      llvm::SmallVector<Values, 4> row(rows);
      for (unsigned r = 0; r < rows; ++r) row[r] = unpack(lo, fromLane(lo, as[r + rows * chunk], lanes.row(t)), a, sum);
      for (unsigned c = 0; c < 2 * columns; ++c) {
        Values own = unpack(lo, fromLane(lo, bs[chunk + chunks * (c / 2)], lanes.column(c, t)), x, sum);
        for (unsigned r = 0; r < rows; ++r) {
          Value *&into = sums[2 * (r + rows * (c / 2)) + (c & 1)];
          for (size_t e = 0; e < own.size(); ++e) into = addProduct(lo, in, p, row[r][e], own[e], into);
        }
      }
    }
  writeSums(lo, in, p, sums);
}

namespace {

// 9.7.14.5.14 mma.sync.aligned.shape.row.col.d.a.b.c
void mma(BodyLowering &lo, const Instruction &in) {
  if (in.types.size() < 4) return lo.refuseForm();
  bool in_bytes = in.has(Mod::KindF8f6f4) || in.has(Mod::KindMxf8f6f4);
  Product p{shapeOf(in), in.type(0), in.type(1), in.type(2), in.type(3), in_bytes};
  if (in.find(ModGroup::Sparse) != Mod::None || in.has(Mod::BlockScale)) return multiplySparse(lo, in, p);
  if (in.types.size() != 4 || in.operands.size() != 4) return lo.refuseForm();
  if (p.a == Type::F16 && p.shape == Shape{8, 8, 4}) return multiplyQuads(lo, in, p);
  if (!in.has(Mod::Row) || !in.has(Mod::Col))
    return lo.refuse(Diag::ptx_matrix, "this order of rows and columns is not supported");
  bool small_floats = p.a == Type::E2M1 || p.a == Type::E2M3 || p.a == Type::E3M2 || p.b == Type::E2M1 ||
                      p.b == Type::E2M3 || p.b == Type::E3M2;
  if (small_floats && !in_bytes) return lo.refuseForm("this type without .kind::f8f6f4");
  unsigned depth = Element{p.a, p.in_bytes}.depth();
  bool floats = !isIntegerProduct(p) && p.a != Type::F64;
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
