// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// split-phases, part two: a home for every value that one region makes and another one uses.
//
//  - The same in all gangs: a phi at a region's entry becomes a phi of the block-level code; pure arithmetic is computed
//    again where it is needed; the rest goes through a scalar variable (mem2reg ends the pass).
//  - Different: pure arithmetic on gang number and block-level values is computed again; the rest has a slot in
//    the gang's frame in block->scratch.
//
// A phi's slot is written at the end of the regions before it. It serves as the phi's own home too where the phi is
// not wanted any more at any of those ends; else the phi is copied to a second slot (the lost-copy problem).
#include "compiler/simt/split_phases.h"

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/PostDominators.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>

#include "compiler/simt/gang_uniformity.h"
#include "compiler/simt/split_phases_frame.h"

namespace cutrans::simt::phases {
namespace {

constexpr unsigned MaxRepeated = 12;       // instructions that are rather computed again than kept per gang
constexpr unsigned MaxRepeatedBlock = 64;  // the same at block level, where once is for all gangs

class Rehome {
 public:
  explicit Rehome(Plan &plan)
      : plan_(plan), kernel_(*plan.kernel), dominators_(kernel_), postDominators_(kernel_), loops_(dominators_),
        uniformity_(kernel_, postDominators_), frame_(kernel_) {}

  unsigned run();

 private:
  struct PhiEdge {
    llvm::PHINode *phi;
    llvm::BasicBlock *end;  // gang-level block that ends before the edge
    llvm::Value *value;
  };

  bool isUniform(llvm::Value *value) const { return uniformity_.isBlockUniform(value); }
  bool isBlockPhi(llvm::Value *value) const { return blockPhis_.contains(value); }
  bool isLeaf(llvm::Instruction *value) const;
  unsigned repeatCost(llvm::Value *value, bool atBlockLevel, unsigned limit, llvm::Instruction *&leaf);
  llvm::Value *blockValue(llvm::Value *value, llvm::Instruction *before);
  llvm::Value *repeat(llvm::Value *value, llvm::Instruction *before, bool atBlockLevel,
                      llvm::DenseMap<llvm::Value *, llvm::Value *> &done);
  llvm::Value *gangValue(llvm::Value *value, llvm::Instruction *before);
  llvm::AllocaInst *variable(llvm::Value *value);
  unsigned slot(llvm::Instruction *value);
  bool wantedAtEnd(llvm::PHINode *phi, llvm::BasicBlock *end);
  llvm::BasicBlock *gangEnd(llvm::BasicBlock *before);
  llvm::Instruction *placeForAll(llvm::ArrayRef<llvm::Use *> uses, llvm::BasicBlock *entry);
  void rehomeAllocas();
  void splitPhis();
  void rewriteUses();
  void finishBlockPhis();

  Plan &plan_;
  llvm::Function &kernel_;
  llvm::DominatorTree dominators_;
  llvm::PostDominatorTree postDominators_;
  llvm::LoopInfo loops_;
  GangUniformity uniformity_;
  Frame frame_;
  llvm::DenseSet<llvm::Value *> blockPhis_;
  llvm::MapVector<llvm::PHINode *, unsigned> gangPhis_;        // phis at entries that differ, with their slots
  llvm::SmallVector<PhiEdge, 16> edges_;
  llvm::MapVector<llvm::Value *, llvm::AllocaInst *> variables_;
  llvm::MapVector<llvm::Instruction *, unsigned> slots_;
};

// A value that has to be kept anyway and from which others can be computed. Not a phi at an entry: its slot may be
// overwritten before a use that it gets that way.
bool Rehome::isLeaf(llvm::Instruction *value) const {
  auto *phi = llvm::dyn_cast<llvm::PHINode>(value);
  return !isUniform(value) && !llvm::isa<llvm::AllocaInst>(value) && !(phi && gangPhis_.count(phi));
}

// How many instructions computing `value` again takes; above `limit` where it cannot be done. For a gang, one `leaf` that
// is loaded from its slot may be among them.
unsigned Rehome::repeatCost(llvm::Value *value, bool atBlockLevel, unsigned limit, llvm::Instruction *&leaf) {
  auto *instruction = llvm::dyn_cast<llvm::Instruction>(value);
  if (!instruction) return atBlockLevel && value == kernel_.getArg(1) ? limit + 1 : 0;
  if (isBlockPhi(value) || !plan_.regionOf(instruction->getParent())) return 0;
  if (!isRepeatable(*instruction)) {
    if (atBlockLevel || !isLeaf(instruction) || (leaf && leaf != instruction)) return limit + 1;
    leaf = instruction;
    return 4;
  }
  unsigned cost = 1;
  for (llvm::Value *operand : instruction->operands()) {
    if (cost > limit) break;
    cost += repeatCost(operand, atBlockLevel, limit - cost, leaf);
  }
  return cost;
}

llvm::Value *Rehome::repeat(llvm::Value *value, llvm::Instruction *before, bool atBlockLevel,
                            llvm::DenseMap<llvm::Value *, llvm::Value *> &done) {
  auto *instruction = llvm::dyn_cast<llvm::Instruction>(value);
  if (!instruction || isBlockPhi(value) || !plan_.regionOf(instruction->getParent())) return value;
  if (llvm::Value *copy = done.lookup(value)) return copy;
  if (!isRepeatable(*instruction))
    return done[value] = frame_.load(slot(instruction), instruction->getType(), before, instruction->getName());
  llvm::SmallVector<llvm::Value *, 4> operands;
  for (llvm::Value *operand : instruction->operands()) operands.push_back(repeat(operand, before, atBlockLevel, done));
  llvm::Instruction *copy = instruction->clone();
  for (unsigned i = 0; i < operands.size(); ++i) copy->setOperand(i, operands[i]);
  copy->insertBefore(before->getIterator());
  copy->setName(instruction->getName());
  return done[value] = copy;
}

llvm::AllocaInst *Rehome::variable(llvm::Value *value) {
  llvm::AllocaInst *&variable = variables_[value];
  if (!variable) {
    llvm::BasicBlock &entry = kernel_.getEntryBlock();
    variable = new llvm::AllocaInst(value->getType(), 0, value->getName() + ".var", entry.begin());
  }
  return variable;
}

unsigned Rehome::slot(llvm::Instruction *value) {
  auto [found, added] = slots_.insert({value, 0});
  if (added) found->second = frame_.allocate(value->getType());
  return found->second;
}

// `value`, the same in all gangs, for block-level code at `before`.
llvm::Value *Rehome::blockValue(llvm::Value *value, llvm::Instruction *before) {
  llvm::DenseMap<llvm::Value *, llvm::Value *> done;
  llvm::Instruction *leaf = nullptr;
  if (repeatCost(value, true, MaxRepeatedBlock, leaf) <= MaxRepeatedBlock) return repeat(value, before, true, done);
  llvm::AllocaInst *home = variable(value);
  return new llvm::LoadInst(value->getType(), home, value->getName(), before->getIterator());
}

// `value`, made in another region, for a gang at `before`.
llvm::Value *Rehome::gangValue(llvm::Value *value, llvm::Instruction *before) {
  llvm::DenseMap<llvm::Value *, llvm::Value *> done;
  unsigned limit = isUniform(value) ? MaxRepeatedBlock : MaxRepeated;
  llvm::Instruction *leaf = nullptr;
  if (repeatCost(value, false, limit, leaf) <= limit && leaf != value) return repeat(value, before, false, done);
  if (isUniform(value))
    return new llvm::LoadInst(value->getType(), variable(value), value->getName(), before->getIterator());
  return frame_.load(slot(llvm::cast<llvm::Instruction>(value)), value->getType(), before, value->getName());
}

llvm::BasicBlock *Rehome::gangEnd(llvm::BasicBlock *before) {
  while (!plan_.regionOf(before)) before = before->getSinglePredecessor();
  return before;
}

// Whether the phi's old value is still used once control has reached the end of `end` (uses through the phi itself excepted).
bool Rehome::wantedAtEnd(llvm::PHINode *phi, llvm::BasicBlock *end) {
  llvm::SmallPtrSet<llvm::BasicBlock *, 16> reaches;  // blocks at whose end the value is wanted
  llvm::SmallVector<llvm::BasicBlock *, 16> work;
  auto wantBefore = [&](llvm::BasicBlock *block) {
    if (block != phi->getParent()) work.append(llvm::pred_begin(block), llvm::pred_end(block));
  };
  for (llvm::Use &use : phi->uses()) {
    auto *user = llvm::cast<llvm::Instruction>(use.getUser());
    if (auto *other = llvm::dyn_cast<llvm::PHINode>(user)) {
      if (other != phi) work.push_back(other->getIncomingBlock(use));
    } else {
      wantBefore(user->getParent());
    }
  }
  while (!work.empty()) {
    llvm::BasicBlock *block = work.pop_back_val();
    if (reaches.insert(block).second) wantBefore(block);
  }
  return reaches.contains(end);
}

void Rehome::splitPhis() {
  for (auto &[entry, region] : plan_.regions)
    for (llvm::PHINode &phi : entry->phis()) {
      if (isUniform(&phi)) {
        blockPhis_.insert(&phi);
        continue;
      }
      gangPhis_[&phi] = frame_.allocate(phi.getType());
      for (unsigned i = 0; i < phi.getNumIncomingValues(); ++i)
        edges_.push_back({&phi, gangEnd(phi.getIncomingBlock(i)), phi.getIncomingValue(i)});
    }
  for (auto &[phi, incoming] : gangPhis_) {
    bool ownSlot = false;
    for (PhiEdge &edge : edges_) ownSlot |= edge.phi == phi && wantedAtEnd(phi, edge.end);
    if (!ownSlot) slots_[phi] = incoming;
  }
}

// Memory of the gang's own: a variable of the block where one region has it to itself, else a slot in the frame.
void Rehome::rehomeAllocas() {
  llvm::SmallVector<llvm::AllocaInst *, 8> allocas;
  for (llvm::Instruction &instruction : llvm::instructions(kernel_))
    if (auto *alloca = llvm::dyn_cast<llvm::AllocaInst>(&instruction); alloca && plan_.regionOf(alloca->getParent()))
      allocas.push_back(alloca);
  for (llvm::AllocaInst *alloca : allocas) {
    if (plan_.regions.size() == 1) {
      alloca->moveBefore(kernel_.getEntryBlock().getTerminator()->getIterator());
      continue;
    }
    auto bytes = alloca->getAllocationSize(kernel_.getDataLayout());
    unsigned slot = frame_.allocate(bytes ? bytes->getFixedValue() : 0, std::max<uint64_t>(alloca->getAlign().value(), 8));
    llvm::SmallVector<llvm::Use *, 8> uses;
    for (llvm::Use &use : alloca->uses()) uses.push_back(&use);
    for (llvm::Use *use : uses) {
      auto *user = llvm::cast<llvm::Instruction>(use->getUser());
      auto *phi = llvm::dyn_cast<llvm::PHINode>(user);
      use->set(frame_.address(slot, phi ? phi->getIncomingBlock(*use)->getTerminator() : user));
    }
    alloca->eraseFromParent();
  }
}

llvm::Instruction *Rehome::placeForAll(llvm::ArrayRef<llvm::Use *> uses, llvm::BasicBlock *entry) {
  llvm::BasicBlock *place = nullptr;
  for (llvm::Use *use : uses) {
    auto *user = llvm::cast<llvm::Instruction>(use->getUser());
    auto *phi = llvm::dyn_cast<llvm::PHINode>(user);
    llvm::BasicBlock *block = phi ? phi->getIncomingBlock(*use) : user->getParent();
    place = place ? dominators_.findNearestCommonDominator(place, block) : block;
  }
  // Out of loops that lie inside the region.
  for (llvm::Loop *loop = loops_.getLoopFor(place); loop && !loop->contains(entry); loop = loop->getParentLoop())
    if (llvm::BasicBlock *above = loop->getLoopPreheader(); above && plan_.entryOf.lookup(above) == entry) place = above;
  llvm::Instruction *before = place->getTerminator();
  for (llvm::Use *use : uses) {
    auto *user = llvm::cast<llvm::Instruction>(use->getUser());
    if (!llvm::isa<llvm::PHINode>(user) && user->getParent() == place && user->comesBefore(before)) before = user;
  }
  return before;
}

void Rehome::rewriteUses() {
  llvm::SmallVector<llvm::Instruction *, 64> values;
  for (llvm::Instruction &instruction : llvm::instructions(kernel_))
    if (!instruction.getType()->isVoidTy() && plan_.regionOf(instruction.getParent()) && !isBlockPhi(&instruction))
      values.push_back(&instruction);

  // Stores of the phis' next values first: they count as uses at the end of their region.
  for (PhiEdge &edge : edges_) {
    bool same = edge.value == edge.phi && slots_.count(edge.phi) && slots_[edge.phi] == gangPhis_[edge.phi];
    if (same || llvm::isa<llvm::UndefValue>(edge.value)) continue;
    frame_.store(gangPhis_[edge.phi], edge.value, edge.end->getTerminator());
  }
  for (auto &[phi, incoming] : gangPhis_) {
    for (unsigned i = 0; i < phi->getNumIncomingValues(); ++i)
      phi->setIncomingValue(i, llvm::PoisonValue::get(phi->getType()));
  }

  for (llvm::Instruction *value : values) {
    llvm::BasicBlock *home = plan_.entryOf.lookup(value->getParent());
    llvm::MapVector<llvm::BasicBlock *, llvm::SmallVector<llvm::Use *, 4>> foreign;  // by region
    llvm::SmallVector<llvm::Use *, 4> block;
    for (llvm::Use &use : value->uses()) {
      auto *user = llvm::cast<llvm::Instruction>(use.getUser());
      auto *phi = llvm::dyn_cast<llvm::PHINode>(user);
      if (phi && isBlockPhi(phi)) continue;  // finishBlockPhis
      llvm::BasicBlock *where = phi ? phi->getIncomingBlock(use) : user->getParent();
      llvm::BasicBlock *region = plan_.entryOf.lookup(where);
      if (region == home) continue;
      if (region) foreign[region].push_back(&use);
      else if (!llvm::isa<llvm::CallInst>(user)) block.push_back(&use);  // a barrier's arguments: split_phases.cpp
    }
    for (auto &[region, uses] : foreign) {
      llvm::Value *here = gangValue(value, placeForAll(uses, region));
      for (llvm::Use *use : uses) use->set(here);
    }
    for (llvm::Use *use : block) use->set(blockValue(value, llvm::cast<llvm::Instruction>(use->getUser())));
  }
}

void Rehome::finishBlockPhis() {
  for (auto &[entry, region] : plan_.regions) {
    for (llvm::PHINode &phi : llvm::make_early_inc_range(entry->phis())) {
      if (!isBlockPhi(&phi)) continue;
      phi.moveBefore(*region.before, region.before->begin());
      for (unsigned i = 0; i < phi.getNumIncomingValues(); ++i) {
        Region *from = plan_.regionOf(phi.getIncomingBlock(i));
        llvm::BasicBlock *block = from ? from->after : phi.getIncomingBlock(i);
        phi.setIncomingValue(i, blockValue(phi.getIncomingValue(i), block->getTerminator()));
        phi.setIncomingBlock(i, block);
      }
    }
  }
}

unsigned Rehome::run() {
  rehomeAllocas();
  splitPhis();
  rewriteUses();
  finishBlockPhis();
  // The phis that differ are loads now; those with a home of their own were given one by rewriteUses.
  for (auto &[phi, incoming] : gangPhis_) {
    llvm::BasicBlock *entry = phi->getParent();
    llvm::Instruction *load = llvm::cast<llvm::Instruction>(
        frame_.load(incoming, phi->getType(), &*entry->getFirstInsertionPt(), phi->getName()));
    if (auto found = slots_.find(phi); found != slots_.end() && found->second != incoming)
      frame_.store(found->second, load, load->getNextNode());
    slots_.erase(phi);
    phi->replaceAllUsesWith(load);
  }
  for (auto &[phi, incoming] : gangPhis_) phi->eraseFromParent();
  auto behind = [](llvm::Instruction *value) {
    return llvm::isa<llvm::PHINode>(value) ? &*value->getParent()->getFirstInsertionPt() : value->getNextNode();
  };
  for (auto &[value, slot] : slots_) frame_.store(slot, value, behind(value));
  for (auto &[value, home] : variables_) {
    auto *instruction = llvm::cast<llvm::Instruction>(value);
    new llvm::StoreInst(value, home, behind(instruction)->getIterator());
  }
  return frame_.finish();
}

}  // namespace

unsigned rehomeValues(Plan &plan) { return Rehome(plan).run(); }

}  // namespace cutrans::simt::phases
