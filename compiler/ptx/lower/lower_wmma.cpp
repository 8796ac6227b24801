// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// wmma (manual 9.7.14.4): fragments in the scheme of matrix.h, each lane loading and storing its own elements.
//
// Fragments of f16 have eight registers on paper, of which a shape may need fewer: the others repeat them, so that a
// program that goes over all elements of a fragment does no harm.
#include "compiler/ptx/lower/matrix.h"

#include <algorithm>

namespace cutrans::ptx::lowering {

namespace {

bool isOneOf(const Shape &shape, std::initializer_list<Shape> allowed) {
  return std::find(allowed.begin(), allowed.end(), shape) != allowed.end();
}

bool isWide(const Shape &shape) {
  return isOneOf(shape, {{16, 16, 16}, {32, 8, 16}, {8, 32, 16}});
}

bool inputFits(const Shape &shape, Type type) {
  switch (type) {
    case Type::F16:
    case Type::BF16:
    case Type::S8:
    case Type::U8:
      return isWide(shape);
    case Type::TF32:
      return isOneOf(shape, {{16, 16, 8}});
    case Type::F64:
      return isOneOf(shape, {{8, 8, 4}});
    case Type::S4:
    case Type::U4:
      return isOneOf(shape, {{8, 8, 32}});
    case Type::B1:
      return isOneOf(shape, {{8, 8, 128}});
    default:
      return false;
  }
}

bool accumulatorFits(const Shape &shape, Type type) {
  switch (type) {
    case Type::F16:
      return isWide(shape);
    case Type::F32:
      return isWide(shape) || inputFits(shape, Type::TF32);
    case Type::S32:
      return isWide(shape) || inputFits(shape, Type::S4) || inputFits(shape, Type::B1);
    case Type::F64:
      return inputFits(shape, type);
    default:
      return false;
  }
}

void refuseShape(BodyLowering &lo) {
  lo.refuse(Diag::ptx_matrix, "this shape is not supported for this type");
}

// A matrix in memory: `line` counts rows where it is stored by rows, columns otherwise; `along` goes along one.
struct Matrix {
  BodyLowering &lo;
  Value *base;
  Value *stride;  // elements from one line to the next
  Type type;
  bool by_rows;

  llvm::IntegerType *indexType() const {
    return lo.intType(base->getType()->getPointerAddressSpace() == ir::space::Shared ? 32 : 64);
  }
  Value *pointer(Value *row, Value *column) const {
    auto &b = lo.b;
    llvm::Type *index = indexType();
    Value *line = b.CreateZExt(by_rows ? row : column, index), *along = b.CreateZExt(by_rows ? column : row, index);
    Value *at = b.CreateAdd(b.CreateMul(line, stride), along);
    unsigned width = bits(type);
    at = width < 8 ? b.CreateLShr(at, width == 4 ? 1 : 3) : b.CreateMul(at, llvm::ConstantInt::get(index, width / 8));
    return b.CreateGEP(b.getInt8Ty(), base, at);
  }
};

// The operand and its stride; without one, lines follow one another.
Matrix matrixOf(BodyLowering &lo, const Instruction &in, size_t address, size_t stride, Type type, bool by_rows,
                unsigned line) {
  Matrix matrix{lo, lo.address(lo.operand(address), in.space), nullptr, type, by_rows};
  Value *given = stride < in.operands.size() ? lo.readBits(lo.operand(stride), 32) : lo.b.getInt32(line);
  matrix.stride = lo.b.CreateZExt(given, matrix.indexType());
  return matrix;
}

struct Lane {
  Value *group, *place;
};

Lane laneOf(BodyLowering &lo) {
  Value *lane = laneId(lo);
  return {lo.b.CreateLShr(lane, 2), lo.b.CreateAnd(lane, lo.b.getInt32(3))};
}

Value *plus(BodyLowering &lo, Value *value, unsigned offset) {
  return offset ? lo.b.CreateAdd(value, lo.b.getInt32(offset)) : value;
}

// Row and column in C of its element `index` (matrix.h).
std::pair<Value *, Value *> accumulatorPlace(BodyLowering &lo, const Lane &lane, const Shape &shape, unsigned index) {
  unsigned block = index / 2, rows = shape.m / 8;
  Value *column = lo.b.CreateShl(lane.place, uint64_t(1));
  return {plus(lo, lane.group, 8 * (block % rows)), plus(lo, column, 8 * (block / rows) + index % 2)};
}

void loadAccumulator(BodyLowering &lo, const Instruction &in, const Shape &shape) {
  auto &b = lo.b;
  Type type = in.type();
  if (!accumulatorFits(shape, type)) return refuseShape(lo);
  bool by_rows = in.has(Mod::Row);
  Matrix matrix = matrixOf(lo, in, 1, 2, type, by_rows, by_rows ? shape.n : shape.m);
  Lane lane = laneOf(lo);
  llvm::SmallVector<Value *, 16> elements;
  for (unsigned i = 0; i < shape.m * shape.n / 32; ++i) {
    auto [row, column] = accumulatorPlace(lo, lane, shape, i);
    elements.push_back(b.CreateAlignedLoad(lo.type(type), matrix.pointer(row, column), llvm::Align(bytes(type))));
  }
  writeAccumulator(lo, lo.operand(0), shape, type, elements);
}

// A by rows of k, B by columns of k: `across` is the row of A or the column of B.
void loadInput(BodyLowering &lo, const Instruction &in, const Shape &shape, bool is_a) {
  auto &b = lo.b;
  Type type = in.type();
  if (!inputFits(shape, type)) return refuseShape(lo);
  Element element{type};
  unsigned extent = is_a ? shape.m : shape.n, blocks = extent / 8, chunks = shape.k / element.depth();
  bool by_rows = in.has(Mod::Row), along_k = by_rows == is_a;
  if (element.width() < 8 && !along_k) return refuseShape(lo);
  auto registers = registersOf(lo.operand(0));
  unsigned need = blocks * chunks, count = type == Type::F16 ? 8 : need;
  if (registers.size() != count)
    return lo.refuse(Diag::ptx_operand, "a fragment of " + std::to_string(registers.size()) +
                                            " registers where it has " + std::to_string(count));
  Matrix matrix = matrixOf(lo, in, 1, 2, type, by_rows, along_k ? shape.k : extent);
  Lane lane = laneOf(lo);
  Value *first = b.CreateMul(lane.place, b.getInt32(element.perRegister()));
  auto pointer = [&](unsigned index, unsigned e) {
    unsigned block = is_a ? index % blocks : index / chunks, chunk = is_a ? index / blocks : index % chunks;
    Value *across = plus(lo, lane.group, 8 * block), *k = plus(lo, first, element.depth() * chunk + e);
    return is_a ? matrix.pointer(across, k) : matrix.pointer(k, across);
  };
  llvm::SmallVector<Value *, 8> loaded;
  llvm::Type *whole = lo.intType(element.container());
  for (unsigned i = 0; i < need; ++i) {
    if (along_k || element.perRegister() == 1) {  // 9.7.14.4.3: lines are aligned to 16 bytes, so words are to theirs
      loaded.push_back(b.CreateAlignedLoad(whole, pointer(i, 0), llvm::Align(element.container() / 8)));
      continue;
    }
    Value *word = nullptr;
    for (unsigned e = 0; e < element.perRegister(); ++e) {
      Value *part = b.CreateAlignedLoad(lo.intType(element.width()), pointer(i, e), llvm::Align(bytes(type)));
      part = b.CreateZExt(part, whole);
      word = word ? b.CreateOr(word, b.CreateShl(part, e * element.width())) : part;
    }
    loaded.push_back(word);
  }
  for (unsigned i = 0; i < count; ++i) {
    Value *value = loaded[i % need];
    lo.write(registers[i], type == Type::F64 ? lo.fromBits(value, type) : value, type == Type::F64 ? type : Type::B32);
  }
}

bool isSpace(BodyLowering &lo, const Instruction &in) {
  if (in.space == Space::None || in.space == Space::Global || in.space == Space::Shared) return true;
  lo.refuseForm("this state space");
  return false;
}

// 9.7.14.4.3 wmma.load.x d, [address]{, stride}
void load(BodyLowering &lo, const Instruction &in) {
  Shape shape = shapeOf(in);
  if (in.types.size() != 1 || (!in.has(Mod::Row) && !in.has(Mod::Col))) return lo.refuseForm();
  if (!isSpace(lo, in)) return;
  if (in.has(Mod::FragmentC)) return loadAccumulator(lo, in, shape);
  if (!in.has(Mod::FragmentA) && !in.has(Mod::FragmentB)) return lo.refuseForm();
  loadInput(lo, in, shape, in.has(Mod::FragmentA));
}

// 9.7.14.4.4 wmma.store.d [address], d{, stride}
void store(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  Shape shape = shapeOf(in);
  Type type = in.type();
  if (in.types.size() != 1 || !in.has(Mod::FragmentD) || (!in.has(Mod::Row) && !in.has(Mod::Col)))
    return lo.refuseForm();
  if (!isSpace(lo, in)) return;
  if (!accumulatorFits(shape, type)) return refuseShape(lo);
  bool by_rows = in.has(Mod::Row);
  Matrix matrix = matrixOf(lo, in, 0, 2, type, by_rows, by_rows ? shape.n : shape.m);
  auto elements = readAccumulator(lo, lo.operand(1), shape, type);
  Lane lane = laneOf(lo);
  for (unsigned i = 0; i < elements.size(); ++i) {
    auto [row, column] = accumulatorPlace(lo, lane, shape, i);
    b.CreateAlignedStore(elements[i], matrix.pointer(row, column), llvm::Align(bytes(type)));
  }
}

// 9.7.14.4.5 wmma.mma d, a, b, c: .d.c for f16 inputs, else .d.a.b.c
void mma(BodyLowering &lo, const Instruction &in) {
  Product p;
  p.shape = shapeOf(in);
  if (in.types.size() == 2)
    p = {p.shape, in.type(0), Type::F16, Type::F16, in.type(1)};
  else if (in.types.size() == 4)
    p = {p.shape, in.type(0), in.type(1), in.type(2), in.type(3)};
  else
    return lo.refuseForm();
  if (!inputFits(p.shape, p.a) || !accumulatorFits(p.shape, p.d) || !accumulatorFits(p.shape, p.c))
    return refuseShape(lo);
  multiply(lo, in, p, p.a == Type::F16);
}

}  // namespace

void addWmmaRules(RuleTable &table) {
  set(table, Opcode::WmmaLoad, load);
  set(table, Opcode::WmmaStore, store);
  set(table, Opcode::WmmaMma, mma);
}

}  // namespace cutrans::ptx::lowering
