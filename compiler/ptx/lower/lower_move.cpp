// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// mov, and addresses between state spaces: cvta, isspacep, mapa's kin (manual 9.7.9.1-5, 9.7.9.19-20).
//
// Global, constant and parameter addresses are generic addresses as they are; shared and local ones are converted.
#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

namespace {

// 9.7.9.3 mov; {a, b} packs and unpacks
void mov(BodyLowering &lo, const Instruction &in) {
  const Operand &target = lo.operand(0), &source = lo.operand(1);
  if (target.kind == OperandKind::Vector && source.kind == OperandKind::Vector && in.vector > 1) {
    for (size_t i = 0; i < target.elements.size() && i < source.elements.size(); ++i)
      lo.write(target.elements[i], lo.read(source.elements[i], in.type()), in.type());
    return;
  }
  lo.write(target, lo.read(source, in.type()), in.type());
}

// 9.7.9.20 cvta
void cvta(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  Value *address = lo.read(lo.operand(1), in.type());
  if (in.space == Space::Shared || in.space == Space::Local) {
    bool shared = in.space == Space::Shared;
    llvm::Type *generic = llvm::PointerType::get(lo.context, ir::space::Generic);
    llvm::Type *window = llvm::PointerType::get(lo.context, shared ? ir::space::Shared : ir::space::Local);
    if (in.has(Mod::To)) {
      Value *pointer = b.CreateAddrSpaceCast(b.CreateIntToPtr(address, generic), window);
      address = b.CreatePtrToInt(pointer, lo.intType(shared ? 32 : 64));
    } else {
      if (shared) address = b.CreateZExtOrTrunc(address, b.getInt32Ty());
      address = b.CreatePtrToInt(b.CreateAddrSpaceCast(b.CreateIntToPtr(address, window), generic), b.getInt64Ty());
    }
    address = b.CreateZExtOrTrunc(address, lo.type(in.type()));
  }
  lo.write(lo.operand(0), address, in.type());
}

// 9.7.9.19 isspacep
void isspacep(BodyLowering &lo, const Instruction &in) {
  IrIntrinsic id;
  switch (in.space) {
    case Space::Global:
      id = IrIntrinsic::IsGlobal;
      break;
    case Space::Shared:
      id = in.has(Mod::SharedCluster) ? IrIntrinsic::IsSharedCluster : IrIntrinsic::IsShared;
      break;
    case Space::Local:
      id = IrIntrinsic::IsLocal;
      break;
    case Space::Const:
      id = IrIntrinsic::IsConst;
      break;
    case Space::Param:
      id = IrIntrinsic::IsParam;
      break;
    default:
      return lo.refuseForm();
  }
  lo.writePredicate(lo.operand(0), lo.call(id, {lo.readBits(lo.operand(1), 64)}));
}

// 9.7.9.18 createpolicy: cache policies have no effect here, so any number will do
void createpolicy(BodyLowering &lo, const Instruction &in) {
  lo.writeInteger(lo.operand(0), lo.constant(64, 0));
}

}  // namespace

void addMoveRules(RuleTable &table) {
  set(table, Opcode::Mov, mov);
  set(table, Opcode::Cvta, cvta);
  set(table, Opcode::Isspacep, isspacep);
  set(table, Opcode::Createpolicy, createpolicy);
}

}  // namespace cutrans::ptx::lowering
