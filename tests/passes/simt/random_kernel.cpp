// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes random kernels; see random_kernel.h. Variables are stack slots first, then promoted: the passes see phis only.
#include "tests/passes/simt/random_kernel.h"

#include <random>

#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/PromoteMemToReg.h>

#include "tests/passes/simt/jit.h"

using namespace llvm;

namespace cutrans::test {
namespace {

class Writer {
 public:
  Writer(Module &module, uint64_t seed, bool barriers) : module_(module), builder_(module.getContext()), random_(seed), barriers_(barriers) {}

  void write() {
    Type *pointer = PointerType::get(module_.getContext(), 101);
    kernel_ = Function::Create(FunctionType::get(builder_.getVoidTy(), {pointer}, false), Function::ExternalLinkage, "kernel", module_);
    kernel_->addFnAttr("cutrans.kernel");
    kernel_->addFnAttr(Attribute::NoUnwind);
    BasicBlock *entry = BasicBlock::Create(module_.getContext(), "entry", kernel_);
    exit_ = BasicBlock::Create(module_.getContext(), "exit", kernel_);
    builder_.SetInsertPoint(entry);
    for (unsigned i = 0; i < 6; ++i) variables_.push_back(builder_.CreateAlloca(builder_.getInt32Ty(), nullptr, "v"));
    for (unsigned i = 0; i < 3; ++i) uniforms_.push_back(builder_.CreateAlloca(builder_.getInt32Ty(), nullptr, "u"));
    fuel_ = builder_.CreateAlloca(builder_.getInt32Ty(), nullptr, "fuel");
    auto parameter = [&](unsigned offset, Type *type) {
      LoadInst *load = builder_.CreateLoad(type, builder_.CreateConstGEP1_64(builder_.getInt8Ty(), kernel_->getArg(0), offset));
      load->setMetadata(LLVMContext::MD_invariant_load, MDNode::get(module_.getContext(), {}));
      return load;
    };
    Type *global = PointerType::get(module_.getContext(), 1);
    in_ = parameter(0, global), out_ = parameter(8, global), sums_ = parameter(16, global), n_ = parameter(24, builder_.getInt32Ty());
    exchange_ = parameter(32, global);
    tid_ = id("tid.x");
    thread_ = builder_.CreateAdd(builder_.CreateMul(id("ctaid.x"), id("ntid.x")), tid_);
    builder_.CreateStore(tid_, variables_[0]);
    builder_.CreateStore(thread_, variables_[1]);
    builder_.CreateStore(builder_.getInt32(7), variables_[2]);
    builder_.CreateStore(builder_.CreateXor(tid_, builder_.getInt32(5)), variables_[3]);
    builder_.CreateStore(loadInput(tid_), variables_[4]);
    builder_.CreateStore(n_, variables_[5]);
    builder_.CreateStore(n_, uniforms_[0]);
    builder_.CreateStore(builder_.getInt32(3), uniforms_[1]);
    builder_.CreateStore(builder_.CreateAnd(n_, builder_.getInt32(15)), uniforms_[2]);
    builder_.CreateStore(builder_.getInt32(20 + pick(60)), fuel_);

    if (barriers_) writeTogether();
    else if (pick(3) == 0) writeGraph();
    else writeStructured();

    builder_.SetInsertPoint(exit_);
    for (unsigned i = 0; i < 6; ++i) storeOutput(i, load(variables_[i]));
    for (unsigned i = 0; i < 3; ++i) storeOutput(6 + i, load(uniforms_[i]));
    builder_.CreateRetVoid();
    EliminateUnreachableBlocks(*kernel_);
    DominatorTree dominators(*kernel_);
    SmallVector<AllocaInst *, 12> slots;
    append_range(slots, variables_);
    append_range(slots, uniforms_);
    slots.push_back(fuel_);
    PromoteMemToReg(slots, dominators);
  }

 private:
  unsigned pick(unsigned count) { return std::uniform_int_distribution<unsigned>(0, count - 1)(random_); }
  Value *id(const char *name) { return builder_.CreateCall(module_.getFunction(std::string("cutrans.") + name)); }
  Value *load(AllocaInst *slot) { return builder_.CreateLoad(builder_.getInt32Ty(), slot); }
  Value *variable() { return load(variables_[pick(variables_.size())]); }
  Value *uniform() { return load(uniforms_[pick(uniforms_.size())]); }
  Value *any() { return pick(4) == 0 ? uniform() : pick(6) == 0 ? (Value *)builder_.getInt32(pick(9)) : variable(); }

  Value *loadInput(Value *index) {
    Value *place = builder_.CreateZExt(builder_.CreateAnd(index, builder_.getInt32(RandomInput - 1)), builder_.getInt64Ty());
    return builder_.CreateLoad(builder_.getInt32Ty(), builder_.CreateGEP(builder_.getInt32Ty(), in_, place));
  }
  Value *outputPlace(Value *slot) {
    Value *place = builder_.CreateAdd(builder_.CreateMul(thread_, builder_.getInt32(RandomOutput)), slot);
    return builder_.CreateGEP(builder_.getInt32Ty(), out_, builder_.CreateSExt(place, builder_.getInt64Ty()));
  }
  void storeOutput(unsigned slot, Value *value) { builder_.CreateStore(value, outputPlace(builder_.getInt32(slot))); }

  Value *condition() {
    switch (pick(7)) {
      case 0: return builder_.CreateICmpSLT(uniform(), builder_.getInt32(pick(20)));
      case 1: return builder_.CreateICmpEQ(builder_.CreateAnd(uniform(), builder_.getInt32(1 + pick(3))), builder_.getInt32(0));
      case 2: return builder_.CreateICmpULT(tid_, builder_.getInt32(8 << pick(4)));
      case 3: return builder_.CreateICmpULT(tid_, builder_.getInt32(pick(40)));
      case 4: return builder_.CreateICmpSLT(variable(), any());
      case 5: return builder_.CreateICmpEQ(builder_.CreateAnd(variable(), builder_.getInt32(1 << pick(3))), builder_.getInt32(0));
      default: return builder_.CreateICmpUGT(builder_.CreateAnd(variable(), builder_.getInt32(63)), builder_.getInt32(pick(64)));
    }
  }

  void writeCode() {
    for (unsigned i = 0, count = pick(4); i < count; ++i) {
      AllocaInst *to = variables_[pick(variables_.size())];
      switch (pick(14)) {
        case 0: builder_.CreateStore(builder_.CreateAdd(any(), any()), to); break;
        case 1: builder_.CreateStore(builder_.CreateXor(any(), any()), to); break;
        case 2: builder_.CreateStore(builder_.CreateMul(any(), builder_.getInt32(3 + 2 * pick(5))), to); break;
        case 3: builder_.CreateStore(loadInput(any()), to); break;
        case 4: builder_.CreateStore(loadInput(builder_.CreateAdd(tid_, uniform())), to); break;
        case 5: builder_.CreateStore(builder_.CreateSelect(condition(), any(), any()), to); break;
        case 6: storeOutput(9 + pick(7), any()); break;
        case 7: builder_.CreateStore(builder_.CreateUDiv(any(), builder_.CreateOr(any(), builder_.getInt32(1))), to); break;
        case 8: builder_.CreateStore(builder_.CreateLoad(builder_.getInt32Ty(), outputPlace(builder_.getInt32(9 + pick(7)))), to); break;
        case 9: {
          auto operation = pick(2) ? AtomicRMWInst::Add : AtomicRMWInst::Xor;
          Value *slot = pick(2) ? (Value *)builder_.getInt32(operation == AtomicRMWInst::Add ? 0 : 8)
                                : builder_.CreateAdd(builder_.CreateAnd(any(), builder_.getInt32(7)), builder_.getInt32(operation == AtomicRMWInst::Add ? 0 : 8));
          Value *place = builder_.CreateGEP(builder_.getInt32Ty(), sums_, builder_.CreateZExt(slot, builder_.getInt64Ty()));
          builder_.CreateAtomicRMW(operation, place, any(), Align(4), AtomicOrdering::Monotonic);
          break;
        }
        case 10: builder_.CreateStore(builder_.CreateSRem(any(), builder_.getInt32(1 + pick(9))), to); break;
        case 11: {  // a uniform variable stays one only where threads go the same way, which is for the analysis to find out
          AllocaInst *uniformTo = uniforms_[pick(uniforms_.size())];
          builder_.CreateStore(builder_.CreateAdd(uniform(), builder_.getInt32(1)), uniformTo);
          break;
        }
        case 12: builder_.CreateStore(builder_.CreateLShr(any(), builder_.getInt32(pick(6))), to); break;
        default: builder_.CreateStore(builder_.CreateSub(any(), any()), to); break;
      }
    }
  }

  // Takes fuel; without it the thread ends.
  void burn() {
    Value *left = builder_.CreateSub(load(fuel_), builder_.getInt32(1));
    builder_.CreateStore(left, fuel_);
    BasicBlock *next = BasicBlock::Create(module_.getContext(), "", kernel_);
    builder_.CreateCondBr(builder_.CreateICmpSLT(left, builder_.getInt32(0)), exit_, next);
    builder_.SetInsertPoint(next);
  }

  // Any block may lead to any other.
  void writeGraph() {
    SmallVector<BasicBlock *, 12> blocks;
    for (unsigned i = 0, count = 3 + pick(8); i < count; ++i) blocks.push_back(BasicBlock::Create(module_.getContext(), "b", kernel_));
    builder_.CreateBr(blocks[0]);
    for (BasicBlock *block : blocks) {
      builder_.SetInsertPoint(block);
      writeCode();
      burn();
      auto target = [&]() { return pick(10) == 0 ? exit_ : blocks[pick(blocks.size())]; };
      switch (pick(5)) {
        case 0: builder_.CreateBr(target()); break;
        case 1: {
          auto *choice = builder_.CreateSwitch(builder_.CreateAnd(any(), builder_.getInt32(3)), target());
          for (unsigned i = 0; i < 3; ++i) choice->addCase(builder_.getInt32(i), target());
          break;
        }
        default: {
          Value *when = condition();
          builder_.CreateCondBr(when, target(), target());
        }
      }
    }
  }

  // Barriers where all threads of a block that have not ended come: under loops and branches that depend on n alone.
  void writeTogether() {
    together(2);
    builder_.CreateBr(exit_);
  }

  void together(unsigned depth) {
    for (unsigned i = 0, count = 2 + pick(3); i < count; ++i) {
      statement(2);
      if (pick(2)) exchange();
      if (depth == 0) continue;
      if (pick(3) == 0) {
        BasicBlock *yes = block(), *after = block();
        builder_.CreateCondBr(builder_.CreateICmpEQ(builder_.CreateAnd(n_, builder_.getInt32(1 << pick(3))), builder_.getInt32(0)), yes, after);
        builder_.SetInsertPoint(yes);
        together(depth - 1);
        builder_.CreateBr(after);
        builder_.SetInsertPoint(after);
      } else if (pick(2)) {
        BasicBlock *before = builder_.GetInsertBlock(), *head = block(), *after = block();
        Value *turns = pick(2) ? builder_.CreateAnd(n_, builder_.getInt32(3)) : (Value *)builder_.getInt32(1 + pick(3));
        builder_.CreateBr(head);
        builder_.SetInsertPoint(head);
        PHINode *turn = builder_.CreatePHI(builder_.getInt32Ty(), 2);
        turn->addIncoming(builder_.getInt32(0), before);
        together(depth - 1);
        Value *next = builder_.CreateAdd(turn, builder_.getInt32(1));
        turn->addIncoming(next, builder_.GetInsertBlock());
        builder_.CreateCondBr(builder_.CreateICmpSLT(next, turns), head, after);
        builder_.SetInsertPoint(after);
      }
    }
  }

  void exchange() {
    Value *first = builder_.CreateMul(id("ctaid.x"), id("ntid.x"));
    auto place = [&](Value *index) {
      return builder_.CreateGEP(builder_.getInt32Ty(), exchange_, builder_.CreateZExt(builder_.CreateAdd(first, index), builder_.getInt64Ty()));
    };
    Value *zero = builder_.getInt32(0);
    if (pick(3) == 0) {
      Value *votes = builder_.CreateCall(module_.getFunction("cutrans.barrier.red.popc"), {zero, zero, condition()});
      builder_.CreateStore(votes, pick(2) ? variables_[pick(variables_.size())] : uniforms_[pick(uniforms_.size())]);
      return;
    }
    builder_.CreateStore(any(), place(tid_));
    builder_.CreateCall(module_.getFunction("cutrans.barrier.sync"), {zero, zero});
    Value *other = pick(3) == 0 ? (Value *)builder_.CreateURem(n_, id("ntid.x")) : builder_.CreateURem(builder_.CreateAdd(tid_, builder_.CreateAnd(any(), builder_.getInt32(31))), id("ntid.x"));
    builder_.CreateStore(builder_.CreateLoad(builder_.getInt32Ty(), place(other)), variables_[pick(variables_.size())]);
    builder_.CreateCall(module_.getFunction("cutrans.barrier.sync"), {zero, zero});
  }

  void writeStructured() {
    statements(3);
    builder_.CreateBr(exit_);
  }

  BasicBlock *block() { return BasicBlock::Create(module_.getContext(), "s", kernel_); }

  void statements(unsigned depth) {
    for (unsigned i = 0, count = 1 + pick(3); i < count; ++i) statement(depth);
  }

  void statement(unsigned depth) {
    writeCode();
    if (depth == 0) return;
    switch (pick(6)) {
      case 0: {  // if, perhaps with a second condition, so that both lead to one side
        BasicBlock *yes = block(), *no = block(), *after = block();
        if (pick(2)) {
          BasicBlock *second = block();
          Value *when = condition();
          builder_.CreateCondBr(when, second, no);
          builder_.SetInsertPoint(second);
          writeCode();
        }
        Value *when = condition();
        builder_.CreateCondBr(when, yes, no);
        builder_.SetInsertPoint(yes);
        statements(depth - 1);
        builder_.CreateBr(after);
        builder_.SetInsertPoint(no);
        if (pick(2)) statements(depth - 1);
        builder_.CreateBr(after);
        builder_.SetInsertPoint(after);
        break;
      }
      case 1:
      case 2: {  // loop with breaks and continues
        BasicBlock *head = block(), *after = block();
        builder_.CreateBr(head);
        builder_.SetInsertPoint(head);
        burn();
        if (pick(2)) leave(condition(), after);
        loops_.push_back({head, after});
        statements(depth - 1);
        loops_.pop_back();
        Value *when = condition();
        if (pick(2)) builder_.CreateCondBr(when, head, after);
        else builder_.CreateBr(head);
        builder_.SetInsertPoint(after);
        break;
      }
      case 3: {
        if (loops_.empty()) break;
        auto [head, after] = loops_[pick(loops_.size())];
        leave(condition(), pick(3) ? after : head);
        break;
      }
      case 4: leave(condition(), exit_); break;  // early return, which still stores its variables
      default: break;
    }
  }

  void leave(Value *when, BasicBlock *to) {
    BasicBlock *next = block();
    builder_.CreateCondBr(when, to, next);
    builder_.SetInsertPoint(next);
  }

  Module &module_;
  IRBuilder<> builder_;
  std::mt19937_64 random_;
  Function *kernel_ = nullptr;
  BasicBlock *exit_ = nullptr;
  SmallVector<AllocaInst *, 8> variables_, uniforms_;
  AllocaInst *fuel_ = nullptr;
  bool barriers_;
  Value *exchange_ = nullptr;
  Value *in_ = nullptr, *out_ = nullptr, *sums_ = nullptr, *n_ = nullptr, *tid_ = nullptr, *thread_ = nullptr;
  SmallVector<std::pair<BasicBlock *, BasicBlock *>, 4> loops_;
};

}  // namespace

std::unique_ptr<Module> randomKernel(LLVMContext &context, uint64_t seed, bool barriers) {
  auto module = parse(context, "");
  Writer(*module, seed, barriers).write();
  return module;
}

}  // namespace cutrans::test
