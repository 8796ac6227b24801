// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Gangs on a device that has no fibers: LLVM's coroutines. What a gang waits for is asked of device code (gangs.c), which says whether it
// is to be suspended; a suspension becomes a return, and the next call of `cutrans_device_resume` goes on behind it. Values that live across lie
// in a frame, whose size is known when the kernel is compiled.
#include <algorithm>
#include <cstddef>

#include <llvm/IR/CFG.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/Module.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Transforms/Coroutines/CoroCleanup.h>
#include <llvm/Transforms/Coroutines/CoroEarly.h>
#include <llvm/Transforms/Coroutines/CoroSplit.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>

#include "compiler/emit/opencl/opencl.h"
#include "compiler/simt/phases.h"
#include "compiler/simt/refusal.h"

namespace cutrans::emit::opencl {
namespace {

using llvm::Value;

constexpr char Suspend[] = "cutrans_device_suspend", Ended[] = "cutrans_device_gang_ended", Start[] = "cutrans_device_start", Resume[] = "cutrans_device_resume";

struct Service {
  size_t offset;     // of ct_native_services
  const char *name;  // in gangs.c
  bool suspends;     // it returns whether the gang is to be suspended
};
constexpr Service Services[] = {
    {offsetof(ct_native_services, barrier), "cutrans_device_gang_barrier", true},
    {offsetof(ct_native_services, barrier_arrive), "cutrans_device_gang_arrive", false},
    {offsetof(ct_native_services, barrier_reduce), "cutrans_device_gang_reduce", true},
    {offsetof(ct_native_services, yield), "cutrans_device_gang_yield", true},
    {offsetof(ct_native_services, wait_shared), "cutrans_device_gang_wait_shared", true},
    {offsetof(ct_native_services, warp_exchange), "cutrans_device_gang_exchange", true},
    {offsetof(ct_native_services, cluster_arrive), "cutrans_device_gang_arrive_cluster", false},
    {offsetof(ct_native_services, cluster_wait), "cutrans_device_gang_wait_cluster", true},
};

llvm::CallInst *callDevice(llvm::IRBuilderBase &b, const char *name, llvm::Type *result, llvm::ArrayRef<Value *> arguments) {
  llvm::SmallVector<llvm::Type *, 8> types;
  for (Value *argument : arguments) types.push_back(argument->getType());
  llvm::FunctionCallee callee = b.GetInsertBlock()->getModule()->getOrInsertFunction(name, llvm::FunctionType::get(result, types, false));
  llvm::cast<llvm::Function>(callee.getCallee())->setDoesNotThrow();
  return b.CreateCall(callee, arguments);
}

class Coroutine {
 public:
  explicit Coroutine(llvm::Function &body) : module_(*body.getParent()), b_(body.getContext()) {
    auto *pointer = b_.getPtrTy();
    function_ = llvm::Function::Create(llvm::FunctionType::get(b_.getVoidTy(), {pointer, b_.getInt32Ty(), pointer}, false), llvm::GlobalValue::ExternalLinkage, Start, module_);
    function_->setDoesNotThrow();
    function_->splice(function_->begin(), &body);
    for (unsigned i = 0; i < 2; ++i) body.getArg(i)->replaceAllUsesWith(function_->getArg(i));
    body.eraseFromParent();
  }

  // Returns in all places but one are suspensions or the end of the gang; both go to the coroutine's end.
  void write() {
    llvm::LLVMContext &context = b_.getContext();
    llvm::BasicBlock &old = function_->getEntryBlock();
    llvm::SmallVector<llvm::ReturnInst *, 8> returns;
    llvm::SmallVector<llvm::CallInst *, 16> suspensions;
    llvm::SmallVector<llvm::AllocaInst *, 8> allocas;
    for (llvm::Instruction &instruction : llvm::instructions(*function_)) {
      if (auto *back = llvm::dyn_cast<llvm::ReturnInst>(&instruction)) returns.push_back(back);
      if (auto *local = llvm::dyn_cast<llvm::AllocaInst>(&instruction)) allocas.push_back(local);
      if (auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction); call && call->getCalledFunction() && call->getCalledFunction()->getName() == Suspend) suspensions.push_back(call);
    }
    auto *entry = llvm::BasicBlock::Create(context, "coroutine", function_, &old);
    b_.SetInsertPoint(entry);
    Value *none = llvm::ConstantPointerNull::get(b_.getPtrTy());
    Value *id = b_.CreateIntrinsic(llvm::Intrinsic::coro_id, {}, {b_.getInt32(CT_OPENCL_SLOT_ALIGN), none, none, none});
    frame_ = b_.CreateIntrinsic(llvm::Intrinsic::coro_begin, {}, {id, function_->getArg(2)});
    end_ = llvm::BasicBlock::Create(context, "end", function_);
    // It begins when it is first resumed.
    suspend(&old);
    for (llvm::AllocaInst *local : allocas) local->moveBefore(entry->getFirstInsertionPt());
    for (llvm::CallInst *call : suspensions) {
      llvm::BasicBlock *before = call->getParent(), *behind = before->splitBasicBlock(std::next(call->getIterator()), "resumed");
      before->getTerminator()->eraseFromParent();
      call->eraseFromParent();
      b_.SetInsertPoint(before);
      suspend(behind);
    }
    if (llvm::Function *declared = module_.getFunction(Suspend)) declared->eraseFromParent();
    for (llvm::ReturnInst *back : returns) {
      b_.SetInsertPoint(back);
      callDevice(b_, Ended, b_.getVoidTy(), {function_->getArg(0), function_->getArg(1)});
      b_.CreateBr(end_);
      back->eraseFromParent();
    }
    b_.SetInsertPoint(end_);
    b_.CreateIntrinsic(llvm::Intrinsic::coro_end, {}, {frame_, b_.getFalse(), llvm::ConstantTokenNone::get(context)});
    b_.CreateRetVoid();
    function_->setPresplitCoroutine();
  }

  llvm::Expected<uint32_t> split();

 private:
  void suspend(llvm::BasicBlock *behind) {
    Value *where = b_.CreateIntrinsic(llvm::Intrinsic::coro_suspend, {}, {llvm::ConstantTokenNone::get(b_.getContext()), b_.getFalse()});
    llvm::SwitchInst *choice = b_.CreateSwitch(where, end_, 2);
    choice->addCase(b_.getInt8(0), behind);
    choice->addCase(b_.getInt8(1), end_);  // destroyed, which never happens
  }

  llvm::Module &module_;
  llvm::IRBuilder<> b_;
  llvm::Function *function_ = nullptr;
  Value *frame_ = nullptr;
  llvm::BasicBlock *end_ = nullptr;
};

// The frame's number of the suspension has as few bits as will do; devices want whole bytes.
void widenNumbers(llvm::Function &function) {
  auto odd = [](llvm::Type *type) { return type->isIntegerTy() && type->getIntegerBitWidth() % 8; };
  for (llvm::Instruction &instruction : llvm::make_early_inc_range(llvm::instructions(function))) {
    llvm::IRBuilder<> b(&instruction);
    auto whole = [&](llvm::Type *type) { return b.getIntNTy(unsigned(llvm::alignTo(type->getIntegerBitWidth(), 8))); };
    if (auto *store = llvm::dyn_cast<llvm::StoreInst>(&instruction); store && odd(store->getValueOperand()->getType())) {
      store->setOperand(0, b.CreateZExt(store->getValueOperand(), whole(store->getValueOperand()->getType())));
    } else if (auto *load = llvm::dyn_cast<llvm::LoadInst>(&instruction); load && odd(load->getType())) {
      Value *value = b.CreateTrunc(b.CreateAlignedLoad(whole(load->getType()), load->getPointerOperand(), load->getAlign()), load->getType());
      load->replaceAllUsesWith(value);
      load->eraseFromParent();
    }
  }
}

// Wide vectors want more than a slot has; what is at their place in the frame has the slot's alignment.
void limitAlignment(llvm::Function &function) {
  const llvm::Align Most(CT_OPENCL_SLOT_ALIGN);
  for (llvm::Instruction &instruction : llvm::instructions(function)) {
    if (auto *load = llvm::dyn_cast<llvm::LoadInst>(&instruction)) load->setAlignment(std::min(load->getAlign(), Most));
    if (auto *store = llvm::dyn_cast<llvm::StoreInst>(&instruction)) store->setAlignment(std::min(store->getAlign(), Most));
  }
}

llvm::Expected<uint32_t> Coroutine::split() {
  runPasses(module_, [](llvm::PassBuilder &builder, llvm::ModulePassManager &passes) {
    passes.addPass(llvm::CoroEarlyPass());
    // What need not live across a suspension shall not be in the frame.
    passes.addPass(llvm::createModuleToFunctionPassAdaptor(builder.buildFunctionSimplificationPipeline(llvm::OptimizationLevel::O2, llvm::ThinOrFullLTOPhase::None)));
    passes.addPass(llvm::createModuleToPostOrderCGSCCPassAdaptor(llvm::CoroSplitPass(/*OptimizeFrame=*/true)));
    passes.addPass(llvm::CoroCleanupPass());
  });
  llvm::Function *resume = module_.getFunction((llvm::Twine(Start) + ".resume").str());
  if (!resume) return simt::refuse(Diag::codegen_verify, "the gang was not split at its suspensions");
  const uint64_t bytes = resume->getParamDereferenceableBytes(0);
  const uint64_t align = std::min<uint64_t>(resume->getParamAlign(0).valueOrOne().value(), CT_OPENCL_SLOT_ALIGN);
  // The frame holds its functions' addresses, which nobody asks for: the one to resume is known.
  llvm::Function *others[] = {module_.getFunction((llvm::Twine(Start) + ".destroy").str()), module_.getFunction((llvm::Twine(Start) + ".cleanup").str())};
  for (llvm::Function *function : {resume, others[0], others[1]}) {
    if (!function) continue;
    for (llvm::User *user : llvm::make_early_inc_range(function->users())) {
      if (auto *store = llvm::dyn_cast<llvm::StoreInst>(user)) store->eraseFromParent();
      else if (auto *choice = llvm::dyn_cast<llvm::SelectInst>(user)) choice->replaceAllUsesWith(llvm::PoisonValue::get(choice->getType()));
    }
  }
  for (llvm::GlobalVariable &variable : llvm::make_early_inc_range(module_.globals()))
    if (variable.getName().starts_with(Start) && variable.use_empty()) variable.eraseFromParent();
  for (llvm::Function *function : {others[0], others[1]})
    if (function && function->use_empty()) function->eraseFromParent();
  resume->setName(Resume);
  resume->setCallingConv(llvm::CallingConv::C);
  resume->setLinkage(llvm::GlobalValue::ExternalLinkage);
  resume->setAttributes({});
  resume->setDoesNotThrow();
  for (llvm::Function *function : {resume, function_}) {
    widenNumbers(*function);
    limitAlignment(*function);
  }
  if (!bytes || bytes > UINT32_MAX - CT_OPENCL_SLOT_ALIGN) return simt::refuse(Diag::codegen_verify, "the frame of a gang has an impossible size");
  return uint32_t(llvm::alignTo(bytes, align));
}

}  // namespace

void callGangServices(llvm::Function &body) {
  simt::makeGangsResumable(body, [&](llvm::IRBuilderBase &b, size_t offset, llvm::ArrayRef<Value *> arguments) {
    const Service &service = *llvm::find_if(Services, [&](const Service &row) { return row.offset == offset; });
    llvm::SmallVector<Value *, 8> all{body.getArg(0)};
    all.append(arguments.begin(), arguments.end());
    // Where a reduction's results go is asked behind it.
    const bool reduces = offset == offsetof(ct_native_services, barrier_reduce);
    if (reduces) all.resize(all.size() - 2);
    llvm::Instruction *before = &*b.GetInsertPoint();
    Value *wait = callDevice(b, service.name, service.suspends ? static_cast<llvm::Type *>(b.getInt32Ty()) : b.getVoidTy(), all);
    if (!service.suspends) return;
    llvm::IRBuilder<> there(llvm::SplitBlockAndInsertIfThen(b.CreateIsNotNull(wait), before->getIterator(), false));
    callDevice(there, Suspend, b.getVoidTy(), {});
    if (!reduces) return;
    there.SetInsertPoint(before);
    callDevice(there, "cutrans_device_gang_reduced", b.getVoidTy(), {all[0], all[1], arguments[arguments.size() - 2], arguments.back()});
  });
}

llvm::Expected<uint32_t> splitGangs(llvm::Function &body) {
  Coroutine coroutine(body);
  coroutine.write();
  return coroutine.split();
}

}  // namespace cutrans::emit::opencl
