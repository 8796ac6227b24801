// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operands as values: registers by the size rules of manual 9.4.1, constants, special registers, addresses.
#include <bit>

#include <llvm/ADT/APFloat.h>
#include <llvm/IR/Constants.h>

#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

namespace {

llvm::APFloat constantValue(const Operand &operand) {
  if (operand.kind == OperandKind::Float32)
    return llvm::APFloat(llvm::APFloat::IEEEsingle(), llvm::APInt(32, uint32_t(operand.bits)));
  return llvm::APFloat(llvm::APFloat::IEEEdouble(), llvm::APInt(64, operand.bits));
}

}  // namespace

Value *BodyLowering::readBits(const Operand &operand, unsigned width) {
  switch (operand.kind) {
    case OperandKind::Register: {
      llvm::AllocaInst *slot = registerSlot(operand.reg);
      Value *value = toBits(b.CreateLoad(slot->getAllocatedType(), slot));
      if (operand.negated) value = b.CreateNot(value);
      unsigned have = value->getType()->getIntegerBitWidth();
      if ((have == 1) != (width == 1) || have < width)
        refuse(Diag::ptx_operand,
               "a register of " + std::to_string(have) + " bits where " + std::to_string(width) + " are read");
      return b.CreateZExtOrTrunc(value, intType(width));
    }
    case OperandKind::Integer:
      if (width == 1) return constant(1, (operand.bits != 0) != operand.negated);
      // A 64-bit two's complement value: sign-extended to wider operands unless it was written as unsigned.
      return llvm::ConstantInt::get(context, llvm::APInt(64, operand.bits).sextOrTrunc(width));
    case OperandKind::Float32:
      return constant(width, operand.bits);
    case OperandKind::Float64:
      if (width == 32) {
        bool lost = false;
        llvm::APFloat value = constantValue(operand);
        value.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmNearestTiesToEven, &lost);
        return llvm::ConstantInt::get(context, value.bitcastToAPInt());
      }
      return constant(width, operand.bits);
    case OperandKind::Special: {
      Value *value = specialRegister(*this, operand);
      return b.CreateZExtOrTrunc(value, intType(width));
    }
    case OperandKind::Symbol:
      return symbolAddress(operand, width);
    case OperandKind::Vector: {  // packed from the lowest element up
      unsigned part = operand.elements.empty() ? 0 : width / operand.elements.size();
      if (!part) break;
      Value *result = nullptr;
      for (size_t i = 0; i < operand.elements.size(); ++i) {
        Value *element = b.CreateZExt(readBits(operand.elements[i], part), intType(width));
        if (i) element = b.CreateShl(element, i * part);
        result = result ? b.CreateOr(result, element) : element;
      }
      return result;
    }
    default:
      break;
  }
  refuse(Diag::ptx_operand, "an operand of this kind");
  return llvm::Constant::getNullValue(intType(width));
}

Value *BodyLowering::read(const Operand &operand, Type t) {
  llvm::Type *wanted = type(t);
  if (operand.kind == OperandKind::Register) {
    llvm::AllocaInst *slot = registerSlot(operand.reg);
    if (slot->getAllocatedType() == wanted && !operand.negated) return b.CreateLoad(wanted, slot);
  }
  bool literal = operand.kind == OperandKind::Float32 || operand.kind == OperandKind::Float64;
  if (literal && wanted->isFloatingPointTy()) {
    bool lost = false;
    llvm::APFloat value = constantValue(operand);
    value.convert(wanted->getFltSemantics(), llvm::APFloat::rmNearestTiesToEven, &lost);
    return llvm::ConstantFP::get(context, value);
  }
  if (operand.kind == OperandKind::Integer && wanted->isFloatingPointTy() && bits(t) > 16) {
    refuse(Diag::ptx_operand, "an integer constant where a floating-point value is read");
    return llvm::Constant::getNullValue(wanted);
  }
  return fromBits(readBits(operand, std::max(1u, bits(t))), t);
}

Value *BodyLowering::readPredicate(const Operand &operand) {
  return readBits(operand, 1);
}

void BodyLowering::write(const Operand &operand, Value *value, Type t) {
  writeInteger(operand, value, isSigned(t));
}

void BodyLowering::writeInteger(const Operand &operand, Value *value, bool is_signed) {
  if (operand.kind == OperandKind::Sink) return;
  if (operand.kind == OperandKind::Vector) {  // unpacked from the lowest element up
    value = toBits(value);
    unsigned part = value->getType()->getIntegerBitWidth() / std::max<size_t>(1, operand.elements.size());
    for (size_t i = 0; i < operand.elements.size(); ++i)
      writeInteger(operand.elements[i], b.CreateTrunc(i ? b.CreateLShr(value, i * part) : value, intType(part)));
    return;
  }
  if (operand.kind != OperandKind::Register) return refuse(Diag::ptx_operand, "the destination is not a register");
  llvm::AllocaInst *slot = registerSlot(operand.reg);
  llvm::Type *held = slot->getAllocatedType();
  if (value->getType() != held) {
    value = toBits(value);
    unsigned have = value->getType()->getIntegerBitWidth(), want = held->getPrimitiveSizeInBits();
    if (have > want || (have == 1) != (want == 1)) {
      refuse(Diag::ptx_operand,
             "a register of " + std::to_string(want) + " bits for a result of " + std::to_string(have));
      value = b.CreateZExtOrTrunc(value, intType(want));
    }
    value = is_signed ? b.CreateSExt(value, intType(want)) : b.CreateZExt(value, intType(want));
    value = bitcastTo(value, held);
  }
  b.CreateStore(value, slot);
}

void BodyLowering::writePredicate(const Operand &operand, Value *value) {
  writeInteger(operand, value);
}

unsigned BodyLowering::addressSpace(Space space) const {
  switch (space) {
    case Space::Global:
      return ir::space::Global;
    case Space::Shared:
      return ir::space::Shared;
    case Space::Const:
      return ir::space::Const;
    case Space::Local:
      return ir::space::Local;
    case Space::Param:
      return source.entry ? ir::space::Param : ir::space::Local;
    default:
      return ir::space::Generic;
  }
}

namespace {

// The pointer to `offset` bytes behind a symbol's first, in its own space; null where it has none.
Value *symbolPointer(BodyLowering &lower, const SymbolRef &symbol, int64_t offset) {
  Value *base = nullptr;
  switch (symbol.kind) {
    case SymbolKind::Variable:
      base = lower.state.variable(*symbol.variable);
      break;
    case SymbolKind::Local: {
      const Variable &variable = lower.body.variables[symbol.index];
      base = variable.space == Space::Shared ? lower.state.variable(variable) : lower.localPointer(symbol);
      break;
    }
    case SymbolKind::Param:
      if (lower.source.entry) {
        base = lower.function.getArg(0);
        offset += int64_t(lower.source.params[symbol.index].offset);
        break;
      }
      [[fallthrough]];
    case SymbolKind::Result:
      base = lower.localPointer(symbol);
      break;
    default:
      return nullptr;
  }
  return offset ? lower.b.CreateConstGEP1_64(lower.intType(8), base, offset) : base;
}

}  // namespace

Value *BodyLowering::address(const Operand &operand, Space space) {
  auto null = [&] { return llvm::ConstantPointerNull::get(llvm::PointerType::get(context, addressSpace(space))); };
  if (operand.kind != OperandKind::Address) {
    refuse(Diag::ptx_operand, "the operand is not an address");
    return null();
  }
  if (operand.symbol.kind != SymbolKind::None) {
    if (Value *pointer = symbolPointer(*this, operand.symbol, operand.offset)) return pointer;
    refuse(Diag::ptx_operand, "this symbol has no address in memory");
    return null();
  }
  unsigned width = space == Space::Shared ? 32 : 64;
  Value *number = constant(width, uint64_t(operand.offset));
  if (operand.base_is_register) {
    llvm::AllocaInst *slot = registerSlot(operand.reg);
    Value *base = toBits(b.CreateLoad(slot->getAllocatedType(), slot));
    if (base->getType()->getIntegerBitWidth() < 32) refuse(Diag::ptx_operand, "a register of this size as an address");
    base = b.CreateZExtOrTrunc(base, intType(width));
    number = operand.offset ? b.CreateAdd(base, number) : base;
  }
  return b.CreateIntToPtr(number, llvm::PointerType::get(context, addressSpace(space)));
}

Value *BodyLowering::symbolAddress(const Operand &operand, unsigned width) {
  if (operand.symbol.kind == SymbolKind::Function) {
    uint64_t address = functionAddress(state.program.function_base, operand.symbol.function->number);
    if (operand.offset) refuse(Diag::ptx_operand, "an offset to the address of a function");
    if (width < 64) refuse(Diag::ptx_operand, "the address of a function has 64 bits");
    return constant(width, address);
  }
  Value *pointer = symbolPointer(*this, operand.symbol, operand.offset);
  if (!pointer) {
    refuse(Diag::ptx_operand, "this symbol has no address");
    return constant(width, 0);
  }
  unsigned own = pointer->getType()->getPointerAddressSpace() == ir::space::Shared ? 32 : 64;
  return b.CreateZExtOrTrunc(b.CreatePtrToInt(pointer, intType(own)), intType(width));
}

}  // namespace cutrans::ptx::lowering
