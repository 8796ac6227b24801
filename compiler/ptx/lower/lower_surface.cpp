// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// 9.7.11 surface instructions: suld, sust, sured. Data travels as up to 16 bytes, the lowest first; x stays in bytes (.b) or
// texels (.p).
#include <llvm/IR/Constants.h>

#include "compiler/ptx/lower/lower_texture.h"

namespace cutrans::ptx::lowering {

namespace {

// Geometry, .b or .p, and what is done outside; 0: refused.
uint32_t surfaceForm(BodyLowering &lo, const Instruction &in, uint32_t geometry, uint32_t bytes) {
  uint32_t form = geometry | bytes << CT_SURF_BYTES_SHIFT;
  if (in.has(Mod::SurfaceFormatted)) form |= CT_SURF_FORMATTED;
  switch (in.find(ModGroup::Clamp)) {
    case Mod::TrapOutside: form |= CT_SURF_TRAP << CT_SURF_OUTSIDE_SHIFT; break;
    case Mod::Clamp: form |= CT_SURF_CLAMP << CT_SURF_OUTSIDE_SHIFT; break;
    case Mod::Zero: form |= CT_SURF_ZERO << CT_SURF_OUTSIDE_SHIFT; break;
    default: lo.refuseForm(); return 0;
  }
  return form;
}

llvm::ArrayRef<Operand> elementsOf(const Operand &operand) {
  if (operand.kind == OperandKind::Vector) return {operand.elements.data(), operand.elements.size()};
  return {&operand, 1};
}

// suld.b.geom{.cop}.vec.dtype.clamp d, [a, b]
void load(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  uint32_t geometry = 0, width = bits(in.type()), count = in.vector;
  std::array<Value *, 4> at;
  // Formatted loads are in no version of ptxas.
  if (in.has(Mod::SurfaceFormatted) || count * width > 128 || elementsOf(lo.operand(0)).size() != count) return lo.refuseForm();
  Value *handle = textureHandle(lo, lo.operand(1));
  if (!handle || !surfaceCoordinates(lo, in, lo.operand(1), geometry, at)) return;
  uint32_t form = surfaceForm(lo, in, geometry, count * width / 8);
  if (!form) return;
  Value *words = lo.call(IrIntrinsic::SurfLoad, {lo.constant(32, uint32_t(CT_TEX_LOAD) << CT_TEX_OP_SHIFT | form), handle, at[0], at[1], at[2], at[3]});
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t bit = i * width;
    Value *value = b.CreateExtractValue(words, bit / 32);
    if (width == 64) {
      Value *high = b.CreateZExt(b.CreateExtractValue(words, bit / 32 + 1), b.getInt64Ty());
      value = b.CreateOr(b.CreateZExt(value, b.getInt64Ty()), b.CreateShl(high, lo.constant(64, 32)));
    } else if (width < 32) {
      value = b.CreateTrunc(bit % 32 ? b.CreateLShr(value, lo.constant(32, bit % 32)) : value, lo.intType(width));
    }
    lo.writeInteger(elementsOf(lo.operand(0))[i], value);
  }
}

void storeWords(BodyLowering &lo, uint32_t form, Value *handle, const std::array<Value *, 4> &at, llvm::ArrayRef<Value *> data) {
  llvm::SmallVector<Value *, 10> arguments{lo.constant(32, uint32_t(CT_TEX_STORE) << CT_TEX_OP_SHIFT | form), handle};
  arguments.append(at.begin(), at.end());
  for (size_t i = 0; i < 4; ++i) arguments.push_back(i < data.size() && data[i] ? data[i] : lo.constant(32, 0));
  lo.call(IrIntrinsic::SurfStore, arguments);
}

// sust.b.geom{.cop}.vec.ctype.clamp [a, b], c; sust.p.geom.vec.b32.clamp [a, b], c
void store(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  uint32_t geometry = 0, width = bits(in.type()), count = in.vector;
  std::array<Value *, 4> at;
  if (count * width > 128 || elementsOf(lo.operand(1)).size() != count) return lo.refuseForm();
  if (in.has(Mod::SurfaceFormatted) && in.type() != Type::B32) return lo.refuseForm();
  Value *handle = textureHandle(lo, lo.operand(0));
  if (!handle || !surfaceCoordinates(lo, in, lo.operand(0), geometry, at)) return;
  uint32_t form = surfaceForm(lo, in, geometry, count * width / 8);
  if (!form) return;
  Value *data[4] = {};
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t bit = i * width;
    Value *value = lo.readBits(elementsOf(lo.operand(1))[i], width);
    if (width == 64) {
      data[bit / 32] = b.CreateTrunc(value, b.getInt32Ty());
      data[bit / 32 + 1] = b.CreateTrunc(b.CreateLShr(value, lo.constant(64, 32)), b.getInt32Ty());
      continue;
    }
    value = b.CreateZExt(value, b.getInt32Ty());
    if (bit % 32) value = b.CreateShl(value, lo.constant(32, bit % 32));
    data[bit / 32] = data[bit / 32] ? b.CreateOr(data[bit / 32], value) : value;
  }
  storeWords(lo, form, handle, at, data);
}

// sured.{b,p}.op.geom.ctype.clamp [a, b], c
void reduce(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  uint32_t geometry = 0, width = bits(in.type()), operation = 0;
  std::array<Value *, 4> at;
  bool formatted = in.has(Mod::SurfaceFormatted), logical = in.type() == Type::B32 && !formatted;
  switch (in.find(ModGroup::Op)) {
    case Mod::Add: operation = CT_SURF_ADD; break;
    case Mod::Min: operation = CT_SURF_MIN; break;
    case Mod::Max: operation = CT_SURF_MAX; break;
    case Mod::And: operation = CT_SURF_AND; break;
    case Mod::Or: operation = CT_SURF_OR; break;
    default: return lo.refuseForm();
  }
  // .b: add, min and max of numbers (not add.s64), and and or of .b32. .p: .b32; no format has samples of 64 bits.
  bool bitwise = operation == CT_SURF_AND || operation == CT_SURF_OR;
  if (formatted ? width != 32 : bitwise != logical || width < 32 || (operation == CT_SURF_ADD && in.type() == Type::S64))
    return lo.refuseForm();
  Value *handle = textureHandle(lo, lo.operand(0));
  if (!handle || !surfaceCoordinates(lo, in, lo.operand(0), geometry, at)) return;
  if (geometry > CT_TEX_3D) return lo.refuseForm();
  uint32_t form = surfaceForm(lo, in, geometry, width / 8);
  if (!form) return;
  form |= operation << CT_SURF_REDUCE_SHIFT | (isSigned(in.type()) ? CT_SURF_SIGNED : 0);
  Value *value = lo.readBits(lo.operand(1), width);
  if (width == 32) return storeWords(lo, form, handle, at, {value});
  storeWords(lo, form, handle, at, {b.CreateTrunc(value, b.getInt32Ty()), b.CreateTrunc(b.CreateLShr(value, lo.constant(64, 32)), b.getInt32Ty())});
}

}  // namespace

void addSurfaceRules(RuleTable &table) {
  set(table, Opcode::Suld, load);
  set(table, Opcode::Sust, store);
  set(table, Opcode::Sured, reduce);
}

}  // namespace cutrans::ptx::lowering
