// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// PTX types as LLVM types (manual 5.2), and the elements of packed ones.
#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

llvm::Type *valueType(Type type, llvm::LLVMContext &context) {
  switch (type) {
    case Type::F16:
      return llvm::Type::getHalfTy(context);
    case Type::BF16:
      return llvm::Type::getBFloatTy(context);
    case Type::F32:
      return llvm::Type::getFloatTy(context);
    case Type::F64:
      return llvm::Type::getDoubleTy(context);
    default:
      return llvm::Type::getIntNTy(context, std::max(1u, bits(type)));
  }
}

bool isFloat(Type type) {
  return type == Type::F16 || type == Type::BF16 || type == Type::F32 || type == Type::F64;
}

bool isSigned(Type type) {
  return type_class(type) == TypeClass::Signed;
}

bool isPacked(Type type) {
  return elementType(type) != type;
}

Type elementType(Type packed) {
  switch (packed) {
    case Type::F16X2:
      return Type::F16;
    case Type::BF16X2:
      return Type::BF16;
    case Type::F32X2:
      return Type::F32;
    case Type::U16X2:
      return Type::U16;
    case Type::S16X2:
      return Type::S16;
    case Type::U8X4:
      return Type::U8;
    case Type::S8X4:
      return Type::S8;
    default:
      return packed;
  }
}

Type integerType(unsigned bits, bool is_signed) {
  switch (bits) {
    case 8:
      return is_signed ? Type::S8 : Type::U8;
    case 16:
      return is_signed ? Type::S16 : Type::U16;
    case 32:
      return is_signed ? Type::S32 : Type::U32;
    case 64:
      return is_signed ? Type::S64 : Type::U64;
    default:
      return Type::B128;
  }
}

Value *BodyLowering::eachElement(Type packed, llvm::ArrayRef<Value *> values,
                                 llvm::function_ref<Value *(llvm::ArrayRef<Value *>)> f) {
  Type element = elementType(packed);
  if (element == packed) return f(values);
  unsigned width = bits(element), total = bits(packed);
  Value *result = nullptr;
  for (unsigned at = 0; at < total; at += width) {
    llvm::SmallVector<Value *, 4> elements;
    for (Value *value : values)
      elements.push_back(fromBits(b.CreateTrunc(at ? b.CreateLShr(value, at) : value, intType(width)), element));
    Value *part = b.CreateZExt(toBits(f(elements)), intType(total));
    if (at) part = b.CreateShl(part, at);
    result = result ? b.CreateOr(result, part) : part;
  }
  return result;
}

}  // namespace cutrans::ptx::lowering
