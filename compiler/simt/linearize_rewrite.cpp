// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rewrites divergent regions and loops; see linearize_rewrite.h. Inner ones come first: what an outer region sees of an inner
// one is ordinary control flow from its start to its end.
#include "compiler/simt/linearize_rewrite.h"

#include <llvm/Analysis/InstructionSimplify.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Local.h>
#include <llvm/Transforms/Utils/PromoteMemToReg.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/simt/linearize_divergent_branches.h"
#include "compiler/simt/repair_dominance.h"

using namespace llvm;

namespace cutrans::simt {

LinearRewrite::LinearRewrite(Function &kernel, LoopInfo &loops, const LinearPlan &plan, bool fullGangs, bool trackExits)
    : kernel_(kernel), loops_(loops), plan_(plan) {
  IRBuilder<> builder(&*kernel.getEntryBlock().getFirstInsertionPt());
  entryMask_ = fullGangs ? builder.getTrue() : (Value *)ir::call(builder, ir::Intrinsic::GangEntry, {}, "entry");
  if (trackExits) {
    exited_ = variable(builder.getInt1Ty(), "exited");
    builder.CreateStore(builder.getFalse(), exited_);
  }
}

void LinearRewrite::run() {
  findReturns();
  findContexts();
  SmallVector<Loop *, 4> nest = loops_.getLoopsInPreorder();
  for (Loop *loop : nest) prepareLoop(*loop);
  std::reverse(nest.begin(), nest.end());
  nest.push_back(nullptr);
  for (Loop *loop : nest) {
    for (const LinearRegion &region : plan_.regions)
      if (region.level == loop) rewriteRegion(region);
    if (loop) finishLoop(*loop);
  }
  markMasks();
  // Where a block can be skipped now, its values do not reach their uses on that way; no lane asks for them then.
  repairDominance(kernel_, variables_, /*clearEachTurn=*/true);
  promote();
}

AllocaInst *LinearRewrite::variable(Type *type, const Twine &name) {
  auto *slot = new AllocaInst(type, 0, nullptr, name, kernel_.getEntryBlock().begin());
  variables_.push_back(slot);
  return slot;
}

void LinearRewrite::findReturns() {
  for (BasicBlock &block : kernel_)
    if (isa<ReturnInst>(block.front())) returns_.insert(&block);
  for (bool changed = true; changed;) {
    changed = false;
    for (BasicBlock &block : kernel_) {
      auto *branch = dyn_cast<BranchInst>(&block.front());
      if (branch && branch->isUnconditional() && returns_.contains(branch->getSuccessor(0))) changed |= returns_.insert(&block).second;
    }
  }
}

// The innermost item or loop around a block says which lanes run it. Larger ones first, so that inner ones overwrite.
void LinearRewrite::findContexts() {
  struct Part {
    ArrayRef<BasicBlock *> blocks;
    Context context;
    bool liveOnly;  // a loop that is entered with live lanes only, under the mask around it
  };
  SmallVector<Part, 16> parts;
  Type *i1 = Type::getInt1Ty(kernel_.getContext());
  for (const LinearRegion &region : plan_.regions)
    for (const LinearItem &item : region.items) {
      AllocaInst *mask = itemMasks_[item.entry] = variable(i1, item.entry->getName() + ".mask");
      parts.push_back({item.blocks, {mask, item.guarded}, false});
    }
  for (Loop *loop : loops_.getLoopsInPreorder()) {
    if (plan_.maskLoops.contains(loop)) {
      AllocaInst *mask = loopStates_[loop].active = variable(i1, loop->getHeader()->getName() + ".active");
      parts.push_back({loop->getBlocks(), {mask, true}, false});
    } else if (plan_.guardedLoops.contains(loop)) {
      parts.push_back({loop->getBlocks(), {}, true});
    }
  }
  stable_sort(parts, [](const Part &a, const Part &b) { return a.blocks.size() > b.blocks.size(); });
  for (const Part &part : parts)
    for (BasicBlock *block : part.blocks) {
      if (part.liveOnly) contexts_[block].live = true;
      else contexts_[block] = part.context;
    }
}

Value *LinearRewrite::maskOf(IRBuilderBase &builder, BasicBlock *block) {
  AllocaInst *mask = contexts_.lookup(block).mask;
  return mask ? (Value *)builder.CreateLoad(builder.getInt1Ty(), mask) : entryMask_;
}

LinearRewrite::Landing LinearRewrite::landingFor(BasicBlock *target, const Twine &name, bool withMask) {
  Landing landing;
  if (withMask) landing.mask = variable(Type::getInt1Ty(kernel_.getContext()), name + ".mask");
  for (PHINode &phi : target->phis()) landing.values[&phi] = variable(phi.getType(), phi.getName());
  return landing;
}

void LinearRewrite::clear(IRBuilderBase &builder, Landing &landing) {
  if (landing.mask) builder.CreateStore(builder.getFalse(), landing.mask);
  for (auto &[phi, slot] : landing.values) builder.CreateStore(PoisonValue::get(phi->getType()), slot);
}

void LinearRewrite::land(IRBuilderBase &builder, Landing &landing, BasicBlock *target, Value *mask, ValueOf valueOf) {
  auto include = [&](AllocaInst *slot) {
    builder.CreateStore(builder.CreateOr(builder.CreateLoad(builder.getInt1Ty(), slot), mask), slot);
  };
  if (landing.mask) include(landing.mask);
  if (exited_ && returns_.contains(target)) include(exited_);
  // All old values are read before any is written: a phi may be the value of another one of its block.
  SmallVector<std::pair<Value *, AllocaInst *>, 4> stores;
  for (auto &[phi, slot] : landing.values) {
    Value *value = valueOf(phi);
    if (isa<PoisonValue>(value)) continue;
    if (plan_.joins.contains(phi)) value = builder.CreateSelect(mask, value, builder.CreateLoad(phi->getType(), slot));
    stores.push_back({value, slot});
  }
  for (auto [value, slot] : stores) builder.CreateStore(value, slot);
}

void LinearRewrite::divert(BasicBlock *from, BasicBlock *target, Landing *landing, BasicBlock *next) {
  BasicBlock *edge = from;
  if (from->getUniqueSuccessor() != target) {
    edge = BasicBlock::Create(kernel_.getContext(), from->getName() + ".edge", &kernel_, target);
    contexts_[edge] = contexts_.lookup(from);
    from->getTerminator()->replaceSuccessorWith(target, edge);
  } else {
    from->getTerminator()->eraseFromParent();
  }
  IRBuilder<> builder(edge);
  if (landing) land(builder, *landing, target, maskOf(builder, from), [&](PHINode *phi) { return phi->getIncomingValueForBlock(from); });
  builder.CreateBr(next);
  while (!target->phis().empty() && target->phis().begin()->getBasicBlockIndex(from) >= 0)
    for (PHINode &phi : target->phis()) phi.removeIncomingValue(from, /*DeletePHIIfEmpty=*/false);
}

LinearRewrite::Landing *LinearRewrite::find(Work &work, BasicBlock *target) {
  if (auto found = work.items.find(target); found != work.items.end()) return &found->second;
  if (target == work.region.end) return &work.end;
  LoopState &state = loopStates_[work.region.level];
  if (target == state.turn) return nullptr;
  if (target == work.region.level->getHeader()) return &state.back;
  return &state.exits.find(target)->second;
}

void LinearRewrite::divertBranch(Work &work, BasicBlock *from, BasicBlock *next) {
  auto *branch = cast<BranchInst>(from->getTerminator());
  IRBuilder<> builder(branch);
  Value *condition = builder.CreateFreeze(branch->getCondition());
  Value *mask = maskOf(builder, from);
  Value *yes = builder.CreateSelect(mask, condition, builder.getFalse());
  Value *no = builder.CreateSelect(mask, builder.CreateNot(condition), builder.getFalse());
  for (unsigned way = 0; way < 2; ++way) {
    BasicBlock *target = branch->getSuccessor(way);
    land(builder, *find(work, target), target, way ? no : yes, [&](PHINode *phi) { return phi->getIncomingValueForBlock(from); });
  }
  for (BasicBlock *target : SmallPtrSet<BasicBlock *, 2>(succ_begin(from), succ_end(from)))
    for (PHINode &phi : target->phis()) phi.removeIncomingValue(from, /*DeletePHIIfEmpty=*/false);
  builder.CreateBr(next);
  branch->eraseFromParent();
}

void LinearRewrite::divertLoop(Work &work, Loop *loop, BasicBlock *next) {
  LoopState &state = loopStates_[loop];
  state.after->getTerminator()->eraseFromParent();
  openLoops_.erase(state.after);
  IRBuilder<> builder(state.after);
  for (auto &[target, from] : state.exits) {
    Value *mask = builder.CreateLoad(builder.getInt1Ty(), from.mask);
    auto &values = from.values;
    land(builder, *find(work, target), target, mask, [&](PHINode *phi) { return builder.CreateLoad(phi->getType(), values[phi]); });
  }
  builder.CreateBr(next);
}

void LinearRewrite::rewriteItem(Work &work, const LinearItem &item, BasicBlock *next) {
  SmallSetVector<BasicBlock *, 16> blocks;
  blocks.insert(item.entry);
  for (unsigned i = 0; i < blocks.size(); ++i)
    for (BasicBlock *after : successors(blocks[i]))
      if (!work.stops.contains(after)) blocks.insert(after);
  for (BasicBlock *block : blocks) {
    if (Loop *open = openLoops_.lookup(block)) {
      divertLoop(work, open, next);
      continue;
    }
    auto *branch = dyn_cast<BranchInst>(block->getTerminator());
    if (branch && branch->isConditional() && plan_.linearBlocks.contains(block)) {
      divertBranch(work, block, next);
      continue;
    }
    SmallSetVector<BasicBlock *, 2> targets(succ_begin(block), succ_end(block));
    for (BasicBlock *target : targets)
      if (work.stops.contains(target)) divert(block, target, find(work, target), next);
  }
}

void LinearRewrite::rewriteRegion(const LinearRegion &region) {
  Work work{region, {}, {}, {}};
  for (const LinearItem &item : region.items) {
    Landing &landing = work.items[item.entry] = landingFor(item.entry, "", false);
    landing.mask = itemMasks_[item.entry];
    work.stops.insert(item.entry);
  }
  BasicBlock *tail;
  LLVMContext &context = kernel_.getContext();
  BasicBlock *start = region.start ? region.start : loopStates_[region.startLoop].after;
  if (region.end) {
    work.end = landingFor(region.end, "", false);
    work.stops.insert(region.end);
    tail = BasicBlock::Create(context, region.end->getName() + ".join", &kernel_, region.end);
    contexts_[tail] = contexts_.lookup(start);
  } else {
    LoopState &state = loopStates_[region.level];
    tail = state.turn;
    work.stops.insert(state.turn);
    work.stops.insert(region.level->getHeader());
    for (auto &[target, landing] : state.exits) work.stops.insert(target);
  }

  // The blocks between items test the mask of the next one.
  SmallVector<BasicBlock *, 4> gates;
  for (const LinearItem &item : region.items) {
    gates.push_back(BasicBlock::Create(context, item.entry->getName() + ".gate", &kernel_, item.entry));
    contexts_[gates.back()] = contexts_.lookup(start);
  }
  gates.push_back(tail);

  IRBuilder<> builder(start->getTerminator());
  for (auto &[entry, landing] : work.items) clear(builder, landing);
  clear(builder, work.end);
  region.start ? divertBranch(work, start, gates[0]) : divertLoop(work, region.startLoop, gates[0]);
  for (auto [i, item] : enumerate(region.items)) rewriteItem(work, item, gates[i + 1]);

  for (auto [i, item] : enumerate(region.items)) {
    builder.SetInsertPoint(gates[i]);
    if (item.guarded) {
      Value *mask = builder.CreateLoad(builder.getInt1Ty(), itemMasks_[item.entry]);
      builder.CreateCondBr(ir::call(builder, ir::Intrinsic::GangAny, {mask}, "any"), item.entry, gates[i + 1]);
    } else {
      builder.CreateBr(item.entry);
    }
    builder.SetInsertPoint(item.entry, item.entry->getFirstInsertionPt());
    for (auto &[phi, slot] : work.items[item.entry].values) {
      phi->replaceAllUsesWith(builder.CreateLoad(phi->getType(), slot, phi->getName()));
      phi->eraseFromParent();
    }
  }
  if (!region.end) return;
  builder.SetInsertPoint(tail);
  for (auto &[phi, slot] : work.end.values) phi->addIncoming(builder.CreateLoad(phi->getType(), slot), tail);
  builder.CreateBr(region.end);
}

void LinearRewrite::prepareLoop(Loop &loop) {
  bool mask = plan_.maskLoops.contains(&loop), linear = plan_.linearLoops.contains(&loop);
  if (!mask && !linear) {
    // Later, what is rewritten inside looks like more ways out.
    if (plan_.guardedLoops.contains(&loop)) guardedExits_[&loop] = loop.getUniqueExitBlock();
    return;
  }
  LoopState &state = loopStates_[&loop];
  BasicBlock *header = loop.getHeader(), *preheader = loop.getLoopPreheader();
  state.after = BasicBlock::Create(kernel_.getContext(), header->getName() + ".after", &kernel_);
  contexts_[state.after] = contexts_.lookup(preheader);
  SmallVector<BasicBlock *, 4> targets;
  loop.getUniqueExitBlocks(targets);
  for (BasicBlock *target : targets) state.exits[target] = landingFor(target, target->getName() + ".left", linear);
  if (!mask) return;
  state.turn = BasicBlock::Create(kernel_.getContext(), header->getName() + ".turn", &kernel_);
  contexts_[state.turn] = {state.active, true};
  state.back = landingFor(header, header->getName() + ".back", true);
}

void LinearRewrite::finishLoop(Loop &loop) {
  BasicBlock *header = loop.getHeader(), *preheader = loop.getLoopPreheader();
  auto found = loopStates_.find(&loop);
  bool guarded = plan_.guardedLoops.contains(&loop);
  if (found == loopStates_.end() || !found->second.after) {
    if (!guarded) return;
    BasicBlock *exit = guardedExits_.lookup(&loop);
    IRBuilder<> builder(preheader->getTerminator());
    builder.CreateCondBr(ir::call(builder, ir::Intrinsic::GangAny, {maskOf(builder, preheader)}, "any"), header, exit);
    preheader->getTerminator()->eraseFromParent();
    for (PHINode &phi : exit->phis()) phi.addIncoming(PoisonValue::get(phi.getType()), preheader);
    return;
  }
  LoopState &state = found->second;
  for (auto &[target, landing] : state.exits)
    for (BasicBlock *from : SmallSetVector<BasicBlock *, 4>(pred_begin(target), pred_end(target)))
      divert(from, target, &landing, state.after);

  IRBuilder<> builder(preheader->getTerminator());
  for (auto &[target, landing] : state.exits) clear(builder, landing);
  Value *before = maskOf(builder, preheader);
  if (state.active) builder.CreateStore(before, state.active);
  if (guarded) {
    builder.CreateCondBr(ir::call(builder, ir::Intrinsic::GangAny, {before}, "any"), header, state.after);
    preheader->getTerminator()->eraseFromParent();
  }
  if (state.turn) {
    for (BasicBlock *from : SmallSetVector<BasicBlock *, 4>(pred_begin(header), pred_end(header)))
      if (from != preheader) divert(from, header, &state.back, state.turn);
    builder.SetInsertPoint(header, header->getFirstInsertionPt());
    builder.CreateStore(builder.getFalse(), state.back.mask);
    builder.SetInsertPoint(state.turn);
    Value *active = builder.CreateLoad(builder.getInt1Ty(), state.back.mask);
    builder.CreateStore(active, state.active);
    for (auto &[phi, slot] : state.back.values) phi->addIncoming(builder.CreateLoad(phi->getType(), slot), state.turn);
    builder.CreateCondBr(ir::call(builder, ir::Intrinsic::GangAny, {active}, "any"), header, state.after);
  }
  builder.SetInsertPoint(state.after);
  if (plan_.linearLoops.contains(&loop)) {  // the region around it reads the masks of the ways out
    builder.CreateUnreachable();
    openLoops_[state.after] = &loop;
    return;
  }
  auto &[target, landing] = *state.exits.begin();
  for (auto &[phi, slot] : landing.values) phi->addIncoming(builder.CreateLoad(phi->getType(), slot), state.after);
  builder.CreateBr(target);
}

void LinearRewrite::markMasks() {
  MDNode *live = MDNode::get(kernel_.getContext(), {});
  for (BasicBlock &block : kernel_) {
    Context context = contexts_.lookup(&block);
    if (!context.mask) continue;
    IRBuilder<> builder(&block, block.getFirstInsertionPt());
    CallInst *marker = ir::call(builder, ir::Intrinsic::BlockMask, {maskOf(builder, &block)});
    if (context.live) marker->setMetadata(LiveMetadata, live);
  }
  if (!exited_) return;
  for (Instruction &instruction : make_early_inc_range(instructions(kernel_)))
    if (needsExited(instruction)) {
      IRBuilder<> builder(&instruction);
      ir::call(builder, ir::Intrinsic::LanesExited, {builder.CreateLoad(builder.getInt1Ty(), exited_)});
    }
}

void LinearRewrite::promote() {
  DominatorTree dominators(kernel_);
  PromoteMemToReg(variables_, dominators);
  // Selects between a value and nothing, and phis of one value.
  const DataLayout &layout = kernel_.getParent()->getDataLayout();
  for (bool changed = true; changed;) {
    changed = false;
    for (Instruction &instruction : make_early_inc_range(instructions(kernel_))) {
      if (!isa<SelectInst, PHINode>(instruction) && !instruction.getType()->isIntegerTy(1)) continue;
      if (isInstructionTriviallyDead(&instruction)) {
        instruction.eraseFromParent();
        changed = true;
        continue;
      }
      Value *simple = simplifyInstruction(&instruction, SimplifyQuery(layout, &dominators));
      if (!simple || simple == &instruction) continue;
      instruction.replaceAllUsesWith(simple);
      changed = true;
    }
  }
}

}  // namespace cutrans::simt
