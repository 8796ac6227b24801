// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tensor copies and tensor maps (manual 9.7.9.26 - 9.7.9.28). The copy itself is one intrinsic: only the target knows how memory is
// reached best. Replacing a field of a map is a store into its layout (cutrans/transactions.h).
#include <cstddef>

#include <llvm/IR/Constants.h>

#include "compiler/ptx/lower/transactions.h"
#include "cutrans/transactions.h"

namespace cutrans::ptx::lowering {

namespace {

unsigned dimensions(const Instruction &in) {
  switch (in.find(ModGroup::Geometry)) {
    case Mod::Geom1d:
      return 1;
    case Mod::Geom2d:
      return 2;
    case Mod::Geom3d:
      return 3;
    case Mod::Geom4d:
      return 4;
    case Mod::Geom5d:
      return 5;
    default:
      return 0;
  }
}

// Layouts of architectures that no device claims; false: refused.
bool isKnownLayout(BodyLowering &lo, const Instruction &in) {
  for (Mod mod : {Mod::Im2colW, Mod::Im2colW128})
    if (in.has(mod)) return lo.refuse(Diag::ptx_async, "." + std::string(to_string(mod)) + " is not supported"), false;
  for (Mod mod : in.modifiers)
    if (mod == Mod::MulticastClusterAll || (group(mod) == ModGroup::Tcgen && mod != Mod::TcgenMulticast))
      return lo.refuse(Diag::ptx_async, "." + std::string(to_string(mod)) + " is not supported"), false;
  return true;
}

// The map with the numbers behind it: five coordinates and, from `offsets`, three offsets.
bool readPlace(BodyLowering &lo, const Instruction &in, const Operand &map, const Operand *offsets, llvm::SmallVectorImpl<Value *> &where) {
  unsigned rank = dimensions(in);
  bool rows = in.has(Mod::TileGather4) || in.has(Mod::TileScatter4);
  bool pixels = in.has(Mod::Im2col) || in.has(Mod::Im2colNoOffs);
  if (map.elements.size() != 1) return lo.refuse(Diag::ptx_operand, "coordinates are missing"), false;
  auto vector = [](const Operand &operand) {
    return operand.kind == OperandKind::Vector ? operand.elements : std::span<const Operand>(&operand, 1);
  };
  auto coordinates = vector(map.elements[0]);
  if (coordinates.size() != (rows ? 5 : rank) || (rows && rank != 2))
    return lo.refuse(Diag::ptx_operand, "the count of coordinates is not that of the dimensions"), false;
  if (pixels && rank < 3) return lo.refuse(Diag::ptx_operand, "im2col needs three dimensions at least"), false;
  for (size_t i = 0; i < 5; ++i) where.push_back(i < coordinates.size() ? lo.readBits(coordinates[i], 32) : lo.constant(32, 0));
  auto shifts = offsets ? vector(*offsets) : std::span<const Operand>();
  if (offsets && shifts.size() != rank - 2) return lo.refuse(Diag::ptx_operand, "the count of im2col offsets is not that of the dimensions"), false;
  for (size_t i = 0; i < 3; ++i)
    where.push_back(i < shifts.size() ? lo.b.CreateZExt(lo.readBits(shifts[i], 16), lo.intType(32)) : lo.constant(32, 0));
  return true;
}

uint64_t layoutBits(const Instruction &in) {
  uint64_t what = uint64_t(dimensions(in)) << CT_TENSOR_RANK_SHIFT;
  if (in.has(Mod::TileGather4) || in.has(Mod::TileScatter4)) what |= CT_TENSOR_ROWS;
  if (in.has(Mod::Im2col) || in.has(Mod::Im2colNoOffs)) what |= CT_TENSOR_PIXELS;
  return what;
}

Value *transfer(BodyLowering &lo, const Operand &map, Value *shared, llvm::ArrayRef<Value *> where, Value *what) {
  llvm::SmallVector<Value *, 12> arguments{genericPointer(lo, lo.address(map, Space::None)), shared};
  arguments.append(where.begin(), where.end());
  arguments.push_back(what);
  return lo.call(IrIntrinsic::TensorCopy, arguments);
}

// 9.7.9.27.1.2 cp.async.bulk.tensor, to shared memory: [to], [map, {coordinates}], [mbarrier] {, {offsets}} {, block mask} {, policy}
void load(BodyLowering &lo, const Instruction &in) {
  size_t next = 3;
  const Operand *offsets = nullptr, *mask = nullptr;
  if (in.has(Mod::Im2col)) offsets = &lo.operand(next++);
  // The word belongs to two groups of modifiers; this instruction takes both groups.
  if (in.has(Mod::MulticastCluster) || in.has(Mod::TcgenMulticast)) mask = &lo.operand(next++);
  if (next > in.operands.size() || lo.operand(2).kind != OperandKind::Address)
    return lo.refuse(Diag::ptx_operand, "the mbarrier, offsets or the mask of blocks are missing");
  llvm::SmallVector<Value *, 8> where;
  if (!readPlace(lo, in, lo.operand(1), offsets, where)) return;
  eachDestination(lo, mask, {sharedAddress(lo, lo.operand(0), Space::Shared), sharedAddress(lo, lo.operand(2), Space::Shared)},
                  [&](llvm::ArrayRef<Value *> at) {
                    Value *bytes = transfer(lo, lo.operand(1), at[0], where, lo.constant(32, layoutBits(in) | CT_TENSOR_LOAD));
                    completeTransaction(lo, at[1], bytes);
                  });
}

// To device memory, also reducing (9.7.9.27.1.3): [map, {coordinates}], [from] {, policy}
void store(BodyLowering &lo, const Instruction &in) {
  llvm::SmallVector<Value *, 8> where;
  if (!readPlace(lo, in, lo.operand(0), nullptr, where)) return;
  Value *what = lo.constant(32, layoutBits(in) | CT_TENSOR_STORE);
  if (in.opcode == Opcode::CpReduceAsyncBulkTensor)
    what = lo.b.CreateOr(lo.b.CreateShl(reductionOf(lo, in, 0), 8), lo.constant(32, layoutBits(in) | CT_TENSOR_REDUCE));
  transfer(lo, lo.operand(0), sharedAddress(lo, lo.operand(1), Space::Shared), where, what);
}

void copy(BodyLowering &lo, const Instruction &in) {
  if (!isKnownLayout(lo, in)) return;
  in.space == Space::Shared ? load(lo, in) : store(lo, in);
}

void prefetch(BodyLowering &lo, const Instruction &in) {
  isKnownLayout(lo, in);  // else a hint
}

struct Field {
  Mod mod;
  size_t offset;
  unsigned bytes, count;  // count 1: without a number in the instruction
};
constexpr Field Fields[] = {
    {Mod::GlobalAddress, offsetof(ct_tensor_map, address), 8, 1},
    {Mod::Rank, offsetof(ct_tensor_map, rank), 1, 1},
    {Mod::BoxDim, offsetof(ct_tensor_map, box), 2, 5},
    {Mod::GlobalDim, offsetof(ct_tensor_map, sizes), 4, 5},
    {Mod::GlobalStride, offsetof(ct_tensor_map, strides), 8, 4},
    {Mod::ElementStride, offsetof(ct_tensor_map, element_strides), 1, 5},
    {Mod::Elemtype, offsetof(ct_tensor_map, element), 1, 1},
    {Mod::InterleaveLayout, offsetof(ct_tensor_map, interleave), 1, 1},
    {Mod::SwizzleMode, offsetof(ct_tensor_map, swizzle), 1, 1},
    {Mod::SwizzleAtomicity, offsetof(ct_tensor_map, atomicity), 1, 1},
    {Mod::FillMode, offsetof(ct_tensor_map, fill), 1, 1},
};

// 9.7.9.28 tensormap.replace: [map], {number,} value
void replace(BodyLowering &lo, const Instruction &in) {
  for (const Field &field : Fields) {
    if (!in.has(field.mod)) continue;
    if (in.operands.size() != (field.count > 1 ? 3 : 2)) return lo.refuse(Diag::ptx_operand, "this field takes another count of operands");
    uint64_t number = 0;
    if (field.count > 1) {
      if (lo.operand(1).kind != OperandKind::Integer || (number = lo.operand(1).bits) >= field.count)
        return lo.refuse(Diag::ptx_operand, "the dimension is not a constant below " + std::to_string(field.count));
    }
    Value *value = lo.readBits(lo.operand(in.operands.size() - 1), 8 * bytes(in.type()));
    value = lo.b.CreateZExtOrTrunc(value, lo.intType(8 * field.bytes));
    Value *place = lo.b.CreateConstGEP1_64(lo.intType(8), lo.address(lo.operand(0), in.space), field.offset + number * field.bytes);
    lo.b.CreateAlignedStore(value, place, llvm::Align(field.bytes));
    return;
  }
  lo.refuseForm("this field of a tensor map");
}

// 9.7.13.10 tensormap.cp_fenceproxy: every lane copies the same 128 bytes
void publish(BodyLowering &lo, const Instruction &in) {
  Value *to = genericPointer(lo, lo.address(lo.operand(0), Space::Global)), *from = genericPointer(lo, lo.address(lo.operand(1), Space::Shared));
  lo.call(IrIntrinsic::BulkCopy, {to, from, lo.constant(64, sizeof(ct_tensor_map)), lo.constant(32, 0xffff)});
  lo.b.CreateFence(llvm::AtomicOrdering::Release, syncScope(lo, in));
}

}  // namespace

void addTensorRules(RuleTable &table) {
  set(table, Opcode::CpAsyncBulkTensor, copy);
  set(table, Opcode::CpReduceAsyncBulkTensor, copy);
  set(table, Opcode::CpAsyncBulkPrefetchTensor, prefetch);
  set(table, Opcode::TensormapReplace, replace);
  set(table, Opcode::TensormapCpFenceproxy, publish);
}

}  // namespace cutrans::ptx::lowering
