// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/emit/opencl/text/parts.h"

#include <llvm/IR/DataLayout.h>
#include <llvm/IR/DerivedTypes.h>

namespace cutrans::emit::text {
namespace {

constexpr struct {
  const char *name, *signedName;
  unsigned bits;
} Names[] = {{"bool", "int", 8},   {"char", "char", 8},   {"uchar", "char", 8}, {"ushort", "short", 16},
             {"uint", "int", 32},  {"ulong", "long", 64}, {"float", "int", 32}, {"double", "long", 64}};

bool scalarPart(llvm::Type *type, const llvm::DataLayout &layout, Part &out) {
  out.lanes = 1;
  if (type->isPointerTy()) {
    out.base = Base::U64, out.bits = 64;
    return layout.getPointerTypeSizeInBits(type) == 64;
  }
  out.bits = unsigned(type->getPrimitiveSizeInBits());
  if (type->isHalfTy() || type->isBFloatTy()) return out.base = Base::U16, true;
  if (type->isFloatTy()) return out.base = Base::F32, true;
  if (type->isDoubleTy()) return out.base = Base::F64, true;
  if (!type->isIntegerTy() || out.bits > 64) return false;
  out.base = out.bits == 1 ? Base::Bool : out.bits <= 8 ? Base::U8 : out.bits <= 16 ? Base::U16 : out.bits <= 32 ? Base::U32 : Base::U64;
  return true;
}

}  // namespace

unsigned Part::containerBits() const { return Names[unsigned(base)].bits; }

std::string Part::name() const { return Names[unsigned(base)].name + (lanes > 1 ? std::to_string(lanes) : ""); }

std::string Part::signedName() const { return Names[unsigned(base)].signedName + (lanes > 1 ? std::to_string(lanes) : ""); }

llvm::SmallVector<unsigned, 8> partLanes(unsigned lanes) {
  llvm::SmallVector<unsigned, 8> result(lanes / 16, 16);
  for (unsigned size = 8; size; size /= 2)
    if (lanes & size) result.push_back(size);
  return result;
}

bool partsOf(llvm::Type *type, const llvm::DataLayout &layout, Parts &out) {
  if (type->isVoidTy()) return true;
  if (auto *structure = llvm::dyn_cast<llvm::StructType>(type)) {
    return llvm::all_of(structure->elements(), [&](llvm::Type *member) { return partsOf(member, layout, out); });
  }
  if (auto *array = llvm::dyn_cast<llvm::ArrayType>(type)) {
    if (array->getNumElements() > 256) return false;
    for (uint64_t i = 0; i < array->getNumElements(); ++i)
      if (!partsOf(array->getElementType(), layout, out)) return false;
    return true;
  }
  Part part;
  if (auto *vector = llvm::dyn_cast<llvm::FixedVectorType>(type)) {
    if (!scalarPart(vector->getElementType(), layout, part)) return false;
    for (unsigned lanes : partLanes(vector->getNumElements())) {
      bool mask = part.base == Base::Bool && lanes > 1;
      out.push_back({mask ? Base::Mask : part.base, lanes, part.bits});
    }
    return true;
  }
  if (!scalarPart(type, layout, part)) return false;
  out.push_back(part);
  return true;
}

LanePlace placeOf(unsigned lane, unsigned lanes) {
  unsigned part = 0;
  for (unsigned size : partLanes(lanes)) {
    if (lane < size) break;
    lane -= size, ++part;
  }
  return {part, lane};
}

char laneLetter(unsigned lane) { return "0123456789abcdef"[lane]; }

}  // namespace cutrans::emit::text
