// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// turn-recursion-into-loops: functions that call each other in a circle become one function without calls: a loop around
// a switch over what to do next, and frames on the thread's explicit stack (cutrans.stack.*). Inlining and everything
// after it then see nothing special, and a device needs no stack of its own.
//
// Before: verified SPMD IR. After: no recursion. Frames hold what is live across a call, the local variables, the frame
// and the place to go back to. Values that are live across a call become variables first, so that no SSA form has
// to be kept while control flow is taken apart; scalar-cleanup makes values of them again.
#include <llvm/ADT/SCCIterator.h>
#include <llvm/ADT/SetVector.h>
#include <llvm/Analysis/CallGraph.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Cloning.h>
#include <llvm/Transforms/Utils/Local.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/ir/spmd.h"
#include "compiler/simt/passes.h"
#include "compiler/simt/prepare.h"
#include "compiler/simt/refusal.h"

using namespace llvm;

namespace cutrans::simt {
namespace {

constexpr uint64_t FrameAlign = 16;
constexpr uint64_t SavedFrame = 0, SavedState = 8, HeaderBytes = 16;  // in a frame
constexpr unsigned ExitState = 0;

// A call from one function of the circle to another.
struct Site {
  CallInst *call;        // last but one of its block
  BasicBlock *after;     // where it goes on
  Function *callee;
  unsigned state;
  SmallVector<AllocaInst *, 8> live;  // variables that are needed again there
};

struct Member {
  Function *function;
  unsigned enterState = 0;
  std::vector<Site> sites;
  SmallSetVector<AllocaInst *, 16> variables;         // in registers; saved in the frame at `frame` while a call runs
  SmallVector<AllocaInst *, 8> memory;                // in the frame for good
  DenseMap<const AllocaInst *, uint64_t> frame;       // offsets of both
  uint64_t frameBytes = HeaderBytes, frameAlign = FrameAlign;
};

class Circle {
 public:
  Circle(Module &module, ArrayRef<Function *> functions) : module_(module), layout_(module.getDataLayout()) {
    for (Function *function : functions) members_[function].function = function;
  }

  Error run() {
    unsigned state = ExitState;
    for (auto &[function, member] : members_) {
      if (Error error = flatten(*function)) return error;
      member.enterState = ++state;
      findSites(member, state);
    }
    for (auto &[function, member] : members_) {
      keepValues(member);
      layOut(member);
    }
    replaceOutsideCalls();
    for (auto &[function, member] : members_) function->dropAllReferences();
    for (auto &[function, member] : members_) function->eraseFromParent();
    return Error::success();
  }

 private:
  Member *memberCalled(const Instruction &instruction) {
    auto *call = dyn_cast<CallInst>(&instruction);
    if (!call || !call->getCalledFunction()) return nullptr;
    auto found = members_.find(call->getCalledFunction());
    return found == members_.end() ? nullptr : &found->second;
  }

  // What is called outside the circle becomes part of the caller, so that its parameters need no memory of the frame.
  Error flatten(Function &function) {
    for (bool again = true; again;) {
      again = false;
      for (Instruction &instruction : instructions(function)) {
        auto *call = dyn_cast<CallInst>(&instruction);
        Function *callee = call ? call->getCalledFunction() : nullptr;
        if (!callee || callee->isDeclaration() || memberCalled(instruction)) continue;
        InlineFunctionInfo info;
        if (InlineResult result = InlineFunction(*call, info); !result.isSuccess())
          return refuse(Diag::simt_missing_function, (callee->getName() + " cannot be inlined: " + result.getFailureReason()).str());
        again = true;
        break;
      }
    }
    function.addFnAttr(Attribute::NullPointerIsValid);
    function.removeFnAttr(Attribute::OptimizeNone);
    simplifyFunction(function);
    return Error::success();
  }

  void findSites(Member &member, unsigned &state) {
    SmallVector<CallInst *, 8> calls;
    for (Instruction &instruction : instructions(*member.function))
      if (memberCalled(instruction)) calls.push_back(cast<CallInst>(&instruction));
    for (CallInst *call : calls) {
      SplitBlock(call->getParent(), call);  // alone in front: an entry block keeps its allocas
      BasicBlock *after = SplitBlock(call->getParent(), call->getNextNode());
      member.sites.push_back({call, after, call->getCalledFunction(), ++state, {}});
    }
  }

  // Blocks at whose start `value` is needed.
  static SmallPtrSet<BasicBlock *, 16> liveBlocks(Value &value, BasicBlock *home) {
    SmallPtrSet<BasicBlock *, 16> live;
    SmallVector<BasicBlock *, 16> work;
    auto need = [&](BasicBlock *block) {
      if (block != home && live.insert(block).second) work.push_back(block);
    };
    for (Use &use : value.uses()) {
      auto *user = cast<Instruction>(use.getUser());
      if (auto *phi = dyn_cast<PHINode>(user)) {
        need(phi->getIncomingBlock(use));
      } else if (user->getParent() != home || isa<PHINode>(value)) {
        need(user->getParent());
      }
    }
    while (!work.empty())
      for (BasicBlock *before : predecessors(work.pop_back_val())) need(before);
    return live;
  }

  // Values that are needed after a call become variables.
  void keepValues(Member &member) {
    Function &function = *member.function;
    BasicBlock *entry = &function.getEntryBlock();
    for (Instruction &instruction : instructions(function))
      if (auto *slot = dyn_cast<AllocaInst>(&instruction)) member.memory.push_back(slot);
    struct Crossing {
      Value *value;
      SmallVector<Site *, 4> sites;
    };
    std::vector<Crossing> crossings;
    auto look = [&](Value &value, BasicBlock *home) {
      SmallPtrSet<BasicBlock *, 16> live = liveBlocks(value, home);
      Crossing crossing{&value, {}};
      for (Site &site : member.sites)
        if (live.contains(site.after)) crossing.sites.push_back(&site);
      if (!crossing.sites.empty()) crossings.push_back(std::move(crossing));
    };
    for (Argument &argument : function.args()) look(argument, nullptr);
    for (Instruction &instruction : instructions(function))
      if (!isa<AllocaInst>(instruction) && !instruction.getType()->isVoidTy()) look(instruction, instruction.getParent());
    for (Crossing &crossing : crossings) {
      AllocaInst *slot;
      if (auto *argument = dyn_cast<Argument>(crossing.value)) {
        slot = new AllocaInst(argument->getType(), 0, argument->getName() + ".kept", entry->begin());
        loadAtUses(*argument, *slot);
        new StoreInst(argument, slot, std::next(slot->getIterator()));
      } else {
        slot = DemoteRegToStack(*cast<Instruction>(crossing.value), false, entry->begin());
      }
      member.variables.insert(slot);
      for (Site *site : crossing.sites) site->live.push_back(slot);
    }
  }

  static void loadAtUses(Value &value, AllocaInst &slot) {
    SmallVector<Use *, 16> uses;
    for (Use &use : value.uses()) uses.push_back(&use);
    for (Use *use : uses) {
      auto *user = cast<Instruction>(use->getUser());
      auto *phi = dyn_cast<PHINode>(user);
      Instruction *place = phi ? phi->getIncomingBlock(*use)->getTerminator() : user;
      auto *load = new LoadInst(value.getType(), &slot, slot.getName(), place->getIterator());
      if (phi)
        for (unsigned i = 0; i < phi->getNumIncomingValues(); ++i) {
          if (phi->getIncomingBlock(i) == place->getParent() && phi->getIncomingValue(i) == &value) phi->setIncomingValue(i, load);
        }
      else
        use->set(load);
    }
  }

  void layOut(Member &member) {
    auto place = [&](AllocaInst *slot) {
      Align align = std::max(slot->getAlign(), layout_.getABITypeAlign(slot->getAllocatedType()));
      member.frameAlign = std::max(member.frameAlign, align.value());
      member.frameBytes = alignTo(member.frameBytes, align);
      member.frame[slot] = member.frameBytes;
      member.frameBytes += slot->getAllocationSize(layout_).value_or(TypeSize::getFixed(0)).getFixedValue();
    };
    for (AllocaInst *slot : member.memory) place(slot);
    for (AllocaInst *slot : member.variables) place(slot);
    member.frameBytes = alignTo(member.frameBytes, member.frameAlign);
  }

  void replaceOutsideCalls() {
    for (auto &[function, member] : members_) {
      SmallVector<CallInst *, 8> calls;
      for (User *user : function->users())
        if (auto *call = dyn_cast<CallInst>(user); call && !members_.contains(call->getFunction())) calls.push_back(call);
      if (calls.empty()) continue;
      Function *loop = build(member);
      for (CallInst *call : calls) call->setCalledFunction(loop);
    }
  }

  Function *build(Member &first);

  Module &module_;
  const DataLayout &layout_;
  MapVector<Function *, Member> members_;
};

// One function of the whole circle, entered at one member.
class Loop {
 public:
  Loop(Module &module, MapVector<Function *, Member> &members, Member &first)
      : members_(members),
        first_(first),
        loop_(Function::Create(first.function->getFunctionType(), GlobalValue::InternalLinkage, first.function->getName() + ".loop", module)),
        builder_(module.getContext()) {
    loop_->copyAttributesFrom(first.function);
    loop_->setLinkage(GlobalValue::InternalLinkage);
  }

  Function *run() {
    LLVMContext &context = loop_->getContext();
    auto *entry = BasicBlock::Create(context, "entry", loop_);
    dispatch_ = BasicBlock::Create(context, "dispatch", loop_);
    auto *done = BasicBlock::Create(context, "done", loop_);
    builder_.SetInsertPoint(entry);
    frame_ = builder_.CreateAlloca(builder_.getInt64Ty(), nullptr, "frame");
    state_ = builder_.CreateAlloca(builder_.getInt32Ty(), nullptr, "state");
    size_t most = 0;
    for (auto &[function, member] : members_) most = std::max(most, function->arg_size());
    local_ = PointerType::get(context, ir::space::Local);
    for (size_t i = 0; i < most; ++i) arguments_.push_back(builder_.CreateAlloca(local_, nullptr, "argument"));
    builder_.CreateStore(builder_.getInt64(0), frame_);
    for (auto [argument, slot] : zip(loop_->args(), arguments_)) builder_.CreateStore(&argument, slot);
    push(first_, ExitState, nullptr);
    builder_.CreateBr(dispatch_);

    builder_.SetInsertPoint(dispatch_);
    switch_ = builder_.CreateSwitch(builder_.CreateLoad(builder_.getInt32Ty(), state_), done, 8);
    builder_.SetInsertPoint(done);
    builder_.CreateRetVoid();
    for (auto &[function, member] : members_) copy(member);
    return loop_;
  }

 private:
  Value *pointer(Value *frame, uint64_t offset) {
    return builder_.CreateIntToPtr(builder_.CreateAdd(frame, builder_.getInt64(offset)), local_);
  }
  Value *frame() { return builder_.CreateLoad(builder_.getInt64Ty(), frame_); }

  // A frame for `member`, which goes back to `state` and to the frame that is current now.
  void push(Member &member, unsigned state, const CallInst *site) {
    Value *made = ir::call(builder_, ir::Intrinsic::StackAlloc, {builder_.getInt64(member.frameBytes), builder_.getInt64(member.frameAlign)});
    if (site) cast<Instruction>(made)->setMetadata(ir::LineMetadata, site->getMetadata(ir::LineMetadata));
    builder_.CreateStore(frame(), pointer(made, SavedFrame));
    builder_.CreateStore(builder_.getInt32(state), pointer(made, SavedState));
    builder_.CreateStore(made, frame_);
    builder_.CreateStore(builder_.getInt32(member.enterState), state_);
  }

  void pop() {
    Value *mine = frame();
    builder_.CreateStore(builder_.CreateLoad(builder_.getInt32Ty(), pointer(mine, SavedState)), state_);
    builder_.CreateStore(builder_.CreateLoad(builder_.getInt64Ty(), pointer(mine, SavedFrame)), frame_);
    ir::call(builder_, ir::Intrinsic::StackRestore, {mine});
    builder_.CreateBr(dispatch_);
  }

  void addState(unsigned state, BasicBlock *block) { switch_->addCase(builder_.getInt32(state), block); }

  void copy(Member &member) {
    Function &source = *member.function;
    ValueToValueMapTy values;
    auto *enter = BasicBlock::Create(loop_->getContext(), source.getName(), loop_);
    addState(member.enterState, enter);
    builder_.SetInsertPoint(enter);
    for (auto [argument, slot] : zip(source.args(), arguments_))
      values[&argument] = builder_.CreateLoad(local_, slot, argument.getName());
    SmallVector<BasicBlock *, 16> blocks;
    for (BasicBlock &block : source) {
      blocks.push_back(CloneBasicBlock(&block, values, "", loop_));
      values[&block] = blocks.back();
    }
    remapInstructionsInBlocks(blocks, values);
    builder_.CreateBr(blocks.front());
    for (AllocaInst *slot : member.variables)
      cast<Instruction>(values[slot])->moveBefore(loop_->getEntryBlock().begin());
    for (AllocaInst *slot : member.memory) moveToFrame(*cast<AllocaInst>(values[slot]), member.frame.lookup(slot));
    for (Site &site : member.sites) {
      auto *call = cast<CallInst>(values[site.call]);
      Instruction *end = call->getParent()->getTerminator();
      builder_.SetInsertPoint(call);
      for (auto [argument, slot] : zip(call->args(), arguments_)) builder_.CreateStore(argument, slot);
      Value *mine = frame();
      for (AllocaInst *slot : site.live)
        builder_.CreateStore(builder_.CreateLoad(slot->getAllocatedType(), values[slot]), pointer(mine, member.frame.lookup(slot)));
      push(members_.find(site.callee)->second, site.state, call);
      builder_.CreateBr(dispatch_);
      end->eraseFromParent();
      call->eraseFromParent();
      auto *after = cast<BasicBlock>(values[site.after]);
      addState(site.state, after);
      builder_.SetInsertPoint(after, after->getFirstInsertionPt());
      mine = frame();
      for (AllocaInst *slot : site.live)
        builder_.CreateStore(builder_.CreateLoad(slot->getAllocatedType(), pointer(mine, member.frame.lookup(slot))), values[slot]);
    }
    for (BasicBlock *block : blocks) {
      auto *end = dyn_cast<ReturnInst>(block->getTerminator());
      if (!end) continue;
      builder_.SetInsertPoint(end);
      pop();
      end->eraseFromParent();
    }
  }

  // Each use of a local variable computes its address anew: the frame is another one in each activation.
  void moveToFrame(AllocaInst &slot, uint64_t offset) {
    SmallVector<Use *, 16> uses;
    for (Use &use : slot.uses()) uses.push_back(&use);
    for (Use *use : uses) {
      auto *user = cast<Instruction>(use->getUser());
      if (isa<LifetimeIntrinsic>(user)) {
        user->eraseFromParent();
        continue;
      }
      auto *phi = dyn_cast<PHINode>(user);
      builder_.SetInsertPoint(phi ? phi->getIncomingBlock(*use)->getTerminator() : user);
      Value *address = pointer(frame(), offset);
      if (slot.getType() != address->getType()) address = builder_.CreateAddrSpaceCast(address, slot.getType());
      if (!phi) {
        use->set(address);
        continue;
      }
      BasicBlock *from = phi->getIncomingBlock(*use);
      for (unsigned i = 0; i < phi->getNumIncomingValues(); ++i)
        if (phi->getIncomingBlock(i) == from && phi->getIncomingValue(i) == &slot) phi->setIncomingValue(i, address);
    }
    slot.eraseFromParent();
  }

  MapVector<Function *, Member> &members_;
  Member &first_;
  Function *loop_;
  IRBuilder<> builder_;
  BasicBlock *dispatch_ = nullptr;
  SwitchInst *switch_ = nullptr;
  AllocaInst *frame_ = nullptr, *state_ = nullptr;
  PointerType *local_ = nullptr;
  SmallVector<AllocaInst *, 8> arguments_;
};

Function *Circle::build(Member &first) { return Loop(module_, members_, first).run(); }

}  // namespace

Error turnRecursionIntoLoops(Function &kernel) {
  Module &module = *kernel.getParent();
  std::vector<SmallVector<Function *, 4>> circles;  // callees before callers
  {
    CallGraph graph(module);
    for (auto group = scc_begin(&graph); !group.isAtEnd(); ++group) {
      if (!group.hasCycle()) continue;
      auto &functions = circles.emplace_back();
      for (CallGraphNode *node : *group)
        if (Function *function = node->getFunction(); function && !function->isDeclaration()) functions.push_back(function);
      if (functions.empty()) circles.pop_back();
    }
  }
  for (ArrayRef<Function *> functions : circles)
    if (Error error = Circle(module, functions).run()) return error;
  if (!circles.empty()) kernel.addFnAttr(RecursiveAttr);
  return Error::success();
}

}  // namespace cutrans::simt
