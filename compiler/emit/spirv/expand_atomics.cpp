// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LLVM 22's SPIR-V back end writes atomic loads and stores as plain ones, and gives fences and atomic operations an order without saying of which memory,
// which OpenCL takes as of none. So: all atomic operations are relaxed, on words of 32 and 64 bits, and stand between barriers of memory that say it (C11,
// fences and atomic operations). Smaller ones compare and swap the word around them.
#include <llvm/CodeGen/AtomicExpandUtils.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>

#include "compiler/emit/opencl/text/prepare.h"
#include "compiler/emit/spirv/spirv.h"

namespace cutrans::emit::spirv {
namespace {

using llvm::AtomicOrdering;
using llvm::Value;

// SPIR-V's memory semantics and scopes.
constexpr unsigned kAcquire = 0x2, kRelease = 0x4, kAcquireRelease = 0x8, kSequential = 0x10, kMemory = 0x300;
constexpr unsigned kCrossDevice = 0, kDevice = 1, kWorkgroup = 2, kSubgroup = 3;

class Atomics {
 public:
  explicit Atomics(llvm::Function &kernel) : kernel_(kernel), context_(kernel.getContext()) {}

  llvm::Error run() {
    llvm::SmallVector<llvm::Instruction *, 16> found;
    for (llvm::Instruction &instruction : llvm::instructions(kernel_)) {
      if (instruction.isAtomic() || llvm::isa<llvm::FenceInst>(instruction)) found.push_back(&instruction);
      if (thread::atomicBits(instruction) > 64) return simt::refuse(Diag::codegen_spirv, instruction, "an atomic access of 128 bits");
    }
    for (llvm::Instruction *instruction : found) {
      if (auto *fence = llvm::dyn_cast<llvm::FenceInst>(instruction)) {
        llvm::IRBuilder<> b(fence);
        barrier(b, fence->getSyncScopeID(), semantics(fence->getOrdering(), true, true));
        fence->eraseFromParent();
      } else if (auto *load = llvm::dyn_cast<llvm::LoadInst>(instruction)) {
        order(*load, load->getOrdering(), load->getSyncScopeID());
        expand(*load);
      } else if (auto *store = llvm::dyn_cast<llvm::StoreInst>(instruction)) {
        order(*store, store->getOrdering(), store->getSyncScopeID());
        expand(*store);
      } else if (auto *rmw = llvm::dyn_cast<llvm::AtomicRMWInst>(instruction)) {
        order(*rmw, rmw->getOrdering(), rmw->getSyncScopeID());
        rmw->setOrdering(AtomicOrdering::Monotonic);
        if (rmw->getOperation() == llvm::AtomicRMWInst::Xchg && !rmw->getType()->isIntegerTy()) exchangeBits(*rmw);
      } else if (auto *exchange = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(instruction)) {
        order(*exchange, exchange->getMergedOrdering(), exchange->getSyncScopeID());
        exchange->setSuccessOrdering(AtomicOrdering::Monotonic);
        exchange->setFailureOrdering(AtomicOrdering::Monotonic);
        exchange->setWeak(false);
      }
    }
    // Operations that OpenCL has not become loops of compare-and-swap.
    text::prepareForText(*kernel_.getParent());
    llvm::SmallVector<llvm::AtomicCmpXchgInst *, 8> narrow;
    for (llvm::Instruction &instruction : llvm::instructions(kernel_))
      if (auto *exchange = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&instruction); exchange && thread::atomicBits(*exchange) < 32) narrow.push_back(exchange);
    for (llvm::AtomicCmpXchgInst *exchange : narrow) exchangeWithin(*exchange);
    return llvm::Error::success();
  }

 private:
  unsigned scopeOf(llvm::SyncScope::ID scope) const {
    for (auto [name, number] : {std::pair{"device", kDevice}, {"workgroup", kWorkgroup}, {"subgroup", kSubgroup}})
      if (scope == context_.getOrInsertSyncScopeID(name)) return number;
    return scope == llvm::SyncScope::SingleThread ? kSubgroup : kCrossDevice;
  }
  static unsigned semantics(AtomicOrdering order, bool before, bool after) {
    if (order == AtomicOrdering::SequentiallyConsistent) return kSequential | kMemory;
    const bool release = before && llvm::isReleaseOrStronger(order), acquire = after && llvm::isAcquireOrStronger(order);
    if (!release && !acquire) return 0;
    return (release && acquire ? kAcquireRelease : release ? kRelease : kAcquire) | kMemory;
  }
  void barrier(llvm::IRBuilderBase &b, llvm::SyncScope::ID scope, unsigned semantics) {
    if (semantics) call(b, "_Z21__spirv_MemoryBarrierii", b.getVoidTy(), {b.getInt32(scopeOf(scope)), b.getInt32(semantics)});
  }
  llvm::CallInst *call(llvm::IRBuilderBase &b, const std::string &name, llvm::Type *result, llvm::ArrayRef<Value *> arguments) {
    llvm::SmallVector<llvm::Type *, 4> types;
    for (Value *argument : arguments) types.push_back(argument->getType());
    llvm::FunctionCallee function = kernel_.getParent()->getOrInsertFunction(name, llvm::FunctionType::get(result, types, false));
    llvm::cast<llvm::Function>(function.getCallee())->setCallingConv(llvm::CallingConv::SPIR_FUNC);
    llvm::CallInst *made = b.CreateCall(function, arguments);
    made->setCallingConv(llvm::CallingConv::SPIR_FUNC);
    return made;
  }
  void order(llvm::Instruction &instruction, AtomicOrdering ordering, llvm::SyncScope::ID scope) {
    llvm::IRBuilder<> before(&instruction);
    barrier(before, scope, semantics(ordering, true, false));
    llvm::IRBuilder<> after(instruction.getParent(), std::next(instruction.getIterator()));
    barrier(after, scope, semantics(ordering, false, true));
  }

  // "Pj" with the space, as clang mangles pointers to it.
  static std::string mangled(llvm::Type *pointer, unsigned bits) {
    return "PU3AS" + std::to_string(pointer->getPointerAddressSpace()) + (bits == 64 ? "l" : "i");
  }
  void expand(llvm::LoadInst &load) {
    llvm::IRBuilder<> b(&load);
    const unsigned bits = thread::atomicBits(load);
    Value *word = nullptr;
    if (bits < 32) {
      // No more than relaxed: one access of its size, which is whole.
      load.setAtomic(AtomicOrdering::NotAtomic);
      load.setVolatile(true);
      return;
    }
    word = call(b, "_Z18__spirv_AtomicLoad" + mangled(load.getPointerOperandType(), bits) + "ii", b.getIntNTy(bits),
                {load.getPointerOperand(), b.getInt32(scopeOf(load.getSyncScopeID())), b.getInt32(0)});
    load.replaceAllUsesWith(load.getType()->isPointerTy() ? b.CreateIntToPtr(word, load.getType()) : b.CreateBitCast(word, load.getType()));
    load.eraseFromParent();
  }
  void expand(llvm::StoreInst &store) {
    llvm::IRBuilder<> b(&store);
    const unsigned bits = thread::atomicBits(store);
    if (bits < 32) {
      store.setAtomic(AtomicOrdering::NotAtomic);
      store.setVolatile(true);
      return;
    }
    Value *value = store.getValueOperand();
    value = value->getType()->isPointerTy() ? b.CreatePtrToInt(value, b.getIntNTy(bits)) : b.CreateBitCast(value, b.getIntNTy(bits));
    call(b, "_Z19__spirv_AtomicStore" + mangled(store.getPointerOperandType(), bits) + (bits == 64 ? "iil" : "iii"), b.getVoidTy(),
         {store.getPointerOperand(), b.getInt32(scopeOf(store.getSyncScopeID())), b.getInt32(0), value});
    store.eraseFromParent();
  }

  void exchangeBits(llvm::AtomicRMWInst &rmw) {
    llvm::IRBuilder<> b(&rmw);
    llvm::Type *integer = b.getIntNTy(thread::atomicBits(rmw));
    Value *old = b.CreateAtomicRMW(llvm::AtomicRMWInst::Xchg, rmw.getPointerOperand(), b.CreateBitOrPointerCast(rmw.getValOperand(), integer), rmw.getAlign(),
                                   AtomicOrdering::Monotonic, rmw.getSyncScopeID());
    rmw.replaceAllUsesWith(b.CreateBitOrPointerCast(old, rmw.getType()));
    rmw.eraseFromParent();
  }

  // 8 or 16 bits in their word: what is around them is taken as it is found, until nobody changes it meanwhile.
  void exchangeWithin(llvm::AtomicCmpXchgInst &exchange) {
    llvm::Type *narrow = exchange.getCompareOperand()->getType();
    llvm::IRBuilder<> b(&exchange);
    Value *pointer = exchange.getPointerOperand(), *address = b.CreatePtrToInt(pointer, b.getInt64Ty());
    Value *shift = b.CreateTrunc(b.CreateShl(b.CreateAnd(address, 3), 3), b.getInt32Ty());
    Value *whole = b.CreateIntToPtr(b.CreateAnd(address, ~uint64_t{3}), pointer->getType());
    Value *mask = b.CreateShl(b.getInt32(unsigned(llvm::maskTrailingOnes<uint32_t>(narrow->getIntegerBitWidth()))), shift);
    Value *wanted = b.CreateShl(b.CreateZExt(exchange.getCompareOperand(), b.getInt32Ty()), shift);
    Value *given = b.CreateShl(b.CreateZExt(exchange.getNewValOperand(), b.getInt32Ty()), shift);
    const llvm::SyncScope::ID scope = exchange.getSyncScopeID();
    Value *first = call(b, "_Z18__spirv_AtomicLoad" + mangled(pointer->getType(), 32) + "ii", b.getInt32Ty(), {whole, b.getInt32(scopeOf(scope)), b.getInt32(0)});
    llvm::BasicBlock *before = exchange.getParent(), *after = llvm::SplitBlock(before, &exchange);
    auto *loop = llvm::BasicBlock::Create(context_, "within", &kernel_, after), *swap = llvm::BasicBlock::Create(context_, "swap", &kernel_, after);
    before->getTerminator()->setSuccessor(0, loop);
    b.SetInsertPoint(loop);
    llvm::PHINode *seen = b.CreatePHI(b.getInt32Ty(), 2, "seen");
    Value *same = b.CreateICmpEQ(b.CreateAnd(seen, mask), wanted);
    b.CreateCondBr(same, swap, after);
    b.SetInsertPoint(swap);
    Value *next = b.CreateOr(b.CreateAnd(seen, b.CreateNot(mask)), given);
    Value *both = b.CreateAtomicCmpXchg(whole, seen, next, llvm::Align(4), AtomicOrdering::Monotonic, AtomicOrdering::Monotonic, scope);
    Value *now = b.CreateExtractValue(both, 0), *won = b.CreateExtractValue(both, 1);
    b.CreateCondBr(won, after, loop);
    seen->addIncoming(first, before);
    seen->addIncoming(now, swap);
    b.SetInsertPoint(&exchange);
    llvm::PHINode *success = b.CreatePHI(b.getInt1Ty(), 2, "success");
    success->addIncoming(b.getFalse(), loop);
    success->addIncoming(b.getTrue(), swap);
    Value *old = b.CreateTrunc(b.CreateLShr(seen, shift), narrow);
    for (llvm::User *user : llvm::make_early_inc_range(exchange.users())) {
      auto *part = llvm::dyn_cast<llvm::ExtractValueInst>(user);
      if (!part) continue;
      part->replaceAllUsesWith(part->getIndices()[0] == 0 ? old : success);
      part->eraseFromParent();
    }
    if (!exchange.use_empty()) exchange.replaceAllUsesWith(b.CreateInsertValue(b.CreateInsertValue(llvm::PoisonValue::get(exchange.getType()), old, 0), success, 1));
    exchange.eraseFromParent();
  }

  llvm::Function &kernel_;
  llvm::LLVMContext &context_;
};

}  // namespace

llvm::Error expandAtomics(llvm::Function &kernel) { return Atomics(kernel).run(); }

}  // namespace cutrans::emit::spirv
