// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls (manual 9.7.12.5): direct ones, by the address of the caller's storage for each result and argument.
#include <algorithm>

#include <llvm/IR/Constants.h>

#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

namespace {

// Storage of the caller for one actual parameter: its own .param variable, or a temporary for a register or constant.
Value *actual(BodyLowering &lo, const Operand &operand, const Variable &formal, bool isResult) {
  if (operand.kind == OperandKind::Symbol && operand.symbol.kind != SymbolKind::Variable &&
      operand.symbol.kind != SymbolKind::Function) {
    if (operand.symbol.kind == SymbolKind::Param && lo.source.entry) {
      lo.refuseForm("a kernel's own parameter as an argument");
      return llvm::PoisonValue::get(llvm::PointerType::get(lo.context, ir::space::Local));
    }
    return lo.localPointer(operand.symbol);
  }
  Type type = formal.type == Type::None ? Type::B64 : formal.type;
  llvm::Type *held = lo.type(type);
  if (held->isIntegerTy(1)) held = lo.intType(8);
  llvm::AllocaInst *slot = lo.temporary(held, ir::space::Local, isResult ? "result" : "argument");
  if (!isResult) {
    Value *value = lo.read(operand, type);
    if (value->getType() != held) value = lo.b.CreateZExt(value, held);
    lo.b.CreateStore(value, slot);
  }
  return slot;
}

void call(BodyLowering &lo, const Instruction &in) {
  const Function *callee = nullptr;
  std::span<const Operand> results, arguments;
  bool after = false;
  for (const Operand &operand : in.operands) {
    if (operand.kind == OperandKind::List) {
      (after ? arguments : results) = operand.elements;
    } else if (operand.kind == OperandKind::Symbol && operand.symbol.kind == SymbolKind::Function && !callee) {
      callee = operand.symbol.function;
      after = true;
    } else if (operand.kind == OperandKind::Register) {
      return lo.refuse(Diag::ptx_indirect_call, "the function is known only at run time");
    }
  }
  if (!callee) return lo.refuse(Diag::ptx_indirect_call, "the function is known only at run time");
  if (results.size() != callee->results.size() || arguments.size() != callee->params.size())
    return lo.refuse(Diag::ptx_operand, "the count of arguments is not that of the function");
  llvm::SmallVector<Value *, 8> storage;
  for (size_t i = 0; i < results.size(); ++i) storage.push_back(actual(lo, results[i], callee->results[i], true));
  for (size_t i = 0; i < arguments.size(); ++i) storage.push_back(actual(lo, arguments[i], callee->params[i], false));
  if (!callee->has_body)
    runtimeCall(lo, *callee, llvm::ArrayRef(storage).take_front(results.size()),
                llvm::ArrayRef(storage).drop_front(results.size()));
  else
    lo.b.CreateCall(lo.state.function(*callee), storage);
  for (size_t i = 0; i < results.size(); ++i) {
    if (results[i].kind != OperandKind::Register) continue;
    auto *slot = llvm::cast<llvm::AllocaInst>(storage[i]);
    lo.writeInteger(results[i], lo.b.CreateLoad(slot->getAllocatedType(), slot), isSigned(callee->results[i].type));
  }
}

}  // namespace

void addCallRules(RuleTable &table) {
  set(table, Opcode::Call, call);
}

}  // namespace cutrans::ptx::lowering
