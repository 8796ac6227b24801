// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Branches, returns and the end of a thread (manual 9.7.12, 9.7.20).
#include <llvm/IR/Constants.h>

#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

namespace {

// 9.7.12.3 bra
void bra(BodyLowering &lo, const Instruction &in) {
  lo.branchIf(lo.labelBlock(lo.operand(0).reg), lo.following());
}

// Goes on in a block that is reached under the guard only.
void underGuard(BodyLowering &lo, const Instruction &in, const char *name) {
  if (!in.guarded) return;
  llvm::BasicBlock *taken = lo.newBlock(name);
  lo.branchIf(taken, lo.following());
  lo.b.SetInsertPoint(taken);
}

// 9.7.12.4 brx.idx: an index beyond the table is undefined; it takes the last entry
void brxIdx(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  std::span<const uint32_t> table = lo.body.branch_tables[lo.operand(1).reg];
  if (table.empty()) return lo.refuse(Diag::ptx_operand, "the table of labels is empty");
  underGuard(lo, in, "dispatch");
  llvm::SwitchInst *choice =
      b.CreateSwitch(lo.readBits(lo.operand(0), 32), lo.labelBlock(table.back()), table.size() - 1);
  for (size_t i = 0; i + 1 < table.size(); ++i) choice->addCase(b.getInt32(i), lo.labelBlock(table[i]));
}

// 9.7.12.6 ret; in a kernel it ends the thread
void ret(BodyLowering &lo, const Instruction &in) {
  underGuard(lo, in, "return");
  lo.finish();
}

// 9.7.12.7 exit
void exit(BodyLowering &lo, const Instruction &in) {
  if (lo.source.entry) return ret(lo, in);
  underGuard(lo, in, "exit");
  lo.call(IrIntrinsic::Exit);
  lo.b.CreateUnreachable();
}

template <IrIntrinsic Id>
void plain(BodyLowering &lo, const Instruction &in) {
  lo.call(Id);
}

// 9.7.20.2 nanosleep
void nanosleep(BodyLowering &lo, const Instruction &in) {
  lo.call(IrIntrinsic::Nanosleep, {lo.readBits(lo.operand(0), 32)});
}

void nothing(BodyLowering &lo, const Instruction &in) {}

}  // namespace

void addControlRules(RuleTable &table) {
  set(table, Opcode::Bra, bra);
  set(table, Opcode::BrxIdx, brxIdx);
  set(table, Opcode::Ret, ret);
  set(table, Opcode::Exit, exit);
  set(table, Opcode::Trap, plain<IrIntrinsic::Trap>);
  set(table, Opcode::Brkpt, plain<IrIntrinsic::Brkpt>);
  set(table, Opcode::Nanosleep, nanosleep);
  // Performance counters, register budgets, and the overlap of dependent grids, which this layer never starts early.
  set(table, Opcode::Pmevent, nothing);
  set(table, Opcode::PmeventMask, nothing);
  set(table, Opcode::Setmaxnreg, nothing);
  set(table, Opcode::Griddepcontrol, nothing);
}

}  // namespace cutrans::ptx::lowering
