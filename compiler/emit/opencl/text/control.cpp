// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Blocks, in an order in which every definition stands before its uses; jumps are goto. A phi is a variable that is
// assigned on the edges to its block.
#include <llvm/ADT/PostOrderIterator.h>
#include <llvm/IR/CFG.h>

#include "compiler/emit/opencl/text/writer.h"

namespace cutrans::emit::text {

std::string Writer::label(const llvm::BasicBlock *block) { return "L" + std::to_string(labels_.lookup(block)); }

void Writer::writeBlocks() {
  llvm::ReversePostOrderTraversal<llvm::Function *> order(&function_);
  std::vector<llvm::BasicBlock *> blocks(order.begin(), order.end());
  for (llvm::BasicBlock *block : blocks) {
    labels_[block] = unsigned(labels_.size());
    for (llvm::PHINode &phi : block->phis()) {
      Texts names;
      for (const Part &part : parts(&phi)) {
        names.push_back("p" + std::to_string(next_++));
        declare(part, names.back());
      }
      known_[&phi] = std::move(names);
    }
  }
  for (size_t i = 0; i < blocks.size(); ++i) {
    llvm::BasicBlock *block = blocks[i];
    const llvm::BasicBlock *before = i ? blocks[i - 1] : nullptr;
    if (llvm::any_of(llvm::predecessors(block), [&](const llvm::BasicBlock *from) { return from != before || !fallsThrough(*from, *block); }))
      line(label(block) + ":;");
    for (llvm::Instruction &instruction : *block) {
      current_ = &instruction;
      if (objection_) return;
      if (llvm::isa<llvm::PHINode>(instruction)) continue;
      if (instruction.isTerminator()) writeTerminator(instruction, i + 1 < blocks.size() ? blocks[i + 1] : nullptr);
      else write(instruction);
    }
  }
}

// Whether all ways from a block to the next one in the text are its end.
bool Writer::fallsThrough(const llvm::BasicBlock &from, const llvm::BasicBlock &to) {
  auto *branch = llvm::dyn_cast<llvm::BranchInst>(from.getTerminator());
  return branch && (branch->isUnconditional() || branch->getSuccessor(0) != &to);
}

void Writer::declare(const Part &part, const std::string &name) {
  std::string &names = declared_[part.name()];
  names += (names.empty() ? "" : ",") + name;
}

// All phis of a block take their values at the same time.
std::string Writer::edge(const llvm::BasicBlock *from, llvm::BasicBlock *to) {
  struct Copy {
    std::string to, value;
    Part part;
  };
  std::vector<Copy> copies;
  for (llvm::PHINode &phi : to->phis()) {
    llvm::Value *value = phi.getIncomingValueForBlock(from);
    // Nothing comes in: zero, and not what the variable happened to hold, which would have to be kept until here.
    Parts list = parts(&phi);
    for (unsigned i = 0; i < list.size(); ++i) {
      std::string target = use(&phi, i), source = use(value, i);
      if (target != source) copies.push_back({target, source, list[i]});
    }
  }
  // "p3.s0" reads p3 as well.
  auto reads = [](const Copy &copy, const std::string &name) {
    return copy.value == name || (copy.value.size() > name.size() && copy.value.compare(0, name.size(), name) == 0 && copy.value[name.size()] == '.');
  };
  std::string text;
  while (!copies.empty()) {
    auto free = llvm::find_if(copies, [&](const Copy &copy) {
      return llvm::none_of(copies, [&](const Copy &other) { return &other != &copy && reads(other, copy.to); });
    });
    if (free != copies.end()) {
      text += free->to + "=" + free->value + ";";
      copies.erase(free);
      continue;
    }
    // A ring: its first variable is kept aside.
    const Copy first = copies.front();
    std::string kept = "t" + std::to_string(next_++);
    declare(first.part, kept);
    text += kept + "=" + first.to + ";";
    for (Copy &copy : copies)
      if (reads(copy, first.to)) copy.value = kept + copy.value.substr(first.to.size());
  }
  return text;
}

std::string Writer::goTo(const llvm::BasicBlock *from, llvm::BasicBlock *to, const llvm::BasicBlock *next) {
  return edge(from, to) + (to == next ? "" : "goto " + label(to) + ";");
}

// Without parentheses around the whole, which compilers take for a mistake behind `if`.
static std::string bare(const std::string &text) {
  if (text.size() < 2 || text[0] != '(') return text;
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
    if (depth == 0) return i + 1 == text.size() ? text.substr(1, i - 1) : text;
  }
  return text;
}

void Writer::writeTerminator(llvm::Instruction &instruction, const llvm::BasicBlock *next) {
  const llvm::BasicBlock *from = instruction.getParent();
  if (auto *branch = llvm::dyn_cast<llvm::BranchInst>(&instruction)) {
    if (branch->isConditional())
      line("if(" + bare(use(branch->getCondition())) + "){" + goTo(from, branch->getSuccessor(0), nullptr) + "}");
    std::string text = goTo(from, branch->getSuccessor(branch->isConditional()), next);
    if (!text.empty()) line(text);
  } else if (auto *choice = llvm::dyn_cast<llvm::SwitchInst>(&instruction)) {
    Part part = parts(choice->getCondition())[0];
    line("switch(" + use(choice->getCondition()) + "){");
    for (auto one : choice->cases())
      line("case " + scalarConstant(one.getCaseValue(), part) + ":" + goTo(from, one.getCaseSuccessor(), nullptr));
    line("default:" + goTo(from, choice->getDefaultDest(), nullptr) + "}");
  } else if (auto *end = llvm::dyn_cast<llvm::ReturnInst>(&instruction)) {
    llvm::Value *value = end->getReturnValue();
    Texts texts = value ? useAll(value) : Texts();
    if (texts.empty()) return line("return;");
    if (texts.size() == 1) return line("return " + texts[0] + ";");
    std::string result = resultType(value->getType()), name = "t" + std::to_string(next_++);
    line(result + " " + name + ";");
    for (unsigned i = 0; i < texts.size(); ++i) line(name + ".m" + std::to_string(i) + "=" + texts[i] + ";");
    line("return " + name + ";");
  } else if (llvm::isa<llvm::UnreachableInst>(instruction)) {
    // Nothing comes here; the text must end all the same.
    line(function_.getReturnType()->isVoidTy() ? "return;" : "for(;;);");
  } else {
    refuse(std::string("the instruction ") + instruction.getOpcodeName());
  }
}

}  // namespace cutrans::emit::text
