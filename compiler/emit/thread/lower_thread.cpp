// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Thread form: one thread's SPMD IR becomes a kernel of the device's calling convention. What is the launch's comes from its record, the rest are the
// machine's own operations (thread.h); warp operations are lower_warp.cpp's, barriers lower_block.cpp's.
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/ReplaceConstant.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>

#include "compiler/emit/thread/lowering.h"
#include "compiler/emit/device/device_code.h"
#include "compiler/emit/native/lower_native.h"
#include "compiler/emit/native/lower_texture.h"
#include "compiler/emit/shared_layout.h"
#include "compiler/ir/mbarrier.h"
#include "compiler/ir/spmd.h"
#include "compiler/simt/refusal.h"
#include "cutrans/messages.h"

namespace cutrans::emit::thread {

using ir::Intrinsic;
using llvm::Value;

namespace {

uint64_t offsetOf(const llvm::GlobalVariable &variable) {
  llvm::MDNode *node = variable.getMetadata(ir::OffsetMetadata);
  return node ? llvm::mdconst::extract<llvm::ConstantInt>(node->getOperand(0))->getZExtValue() : 0;
}

llvm::CallInst *callOf(llvm::Instruction &instruction) {
  auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction);
  return call && ir::intrinsicOf(call) != Intrinsic::None ? call : nullptr;
}

bool endsThread(Intrinsic id) {
  return id == Intrinsic::Trap || id == Intrinsic::Fault || id == Intrinsic::AssertFail || id == Intrinsic::Brkpt;
}

bool isTexture(Intrinsic id) {
  return id == Intrinsic::TexSample || id == Intrinsic::TexQuery || id == Intrinsic::SurfLoad || id == Intrinsic::SurfStore;
}

class Lowering {
 public:
  Lowering(llvm::Function &kernel, Value *launch, Value *params, const simt::SimtOptions &options, Machine &machine, Needs &needs)
      : kernel_(kernel), module_(*kernel.getParent()), params_(params), machine_(machine), needs_(needs), ids_(kernel, launch, options, machine), warp_(kernel, ids_),
        block_(kernel, ids_) {}

  llvm::Error run();

 private:
  template <class Visit>
  void eachCall(Visit visit) {
    llvm::SmallVector<llvm::CallInst *, 64> calls;
    for (llvm::Instruction &instruction : llvm::instructions(kernel_))
      if (llvm::CallInst *call = callOf(instruction)) calls.push_back(call);
    for (llvm::CallInst *call : calls) visit(*call, ir::intrinsicOf(call));
  }
  static void replace(llvm::CallInst &call, Value *value) {
    if (!call.getType()->isVoidTy()) call.replaceAllUsesWith(value);
    call.eraseFromParent();
  }
  llvm::BasicBlock *exitBlock() {
    llvm::BasicBlock *exit = nullptr;
    for (llvm::BasicBlock &block : kernel_)
      if (llvm::isa<llvm::ReturnInst>(block.getTerminator())) exit = &block;
    return exit;
  }
  void endThreads();
  void guardStart();
  void replaceVariables();
  void replaceScopes();
  llvm::Expected<Value *> lower(llvm::CallInst &call, Intrinsic id);
  Value *isSpace(llvm::CallInst &call, Intrinsic id);
  Value *totalShared(llvm::CallInst &call);
  Value *inRange(llvm::IRBuilderBase &builder, Value *address, Value *start, Value *bytes) {
    return builder.CreateICmpULT(builder.CreateSub(address, start), bytes);
  }
  Value *message(llvm::CallInst &call, Intrinsic id);
  Value *texture(llvm::CallInst &call);
  Value *allocate(llvm::CallInst &call);
  Value *updateMbarrier(llvm::CallInst &call);
  Value *number(uint32_t value) { return llvm::ConstantInt::get(llvm::Type::getInt32Ty(kernel_.getContext()), value); }
  llvm::Type *i64() { return llvm::Type::getInt64Ty(kernel_.getContext()); }
  llvm::Type *i32() { return llvm::Type::getInt32Ty(kernel_.getContext()); }
  Value *globals() { return globals_ ? globals_ : globals_ = ids_.field(machine_.fields.globals, i64(), "globals"); }
  Value *messages() {
    needs_.messages = true;
    return messages_ ? messages_ : messages_ = ids_.field(machine_.fields.messages, i64(), "messages");
  }

  Value *heap() {
    needs_.heap = true;
    return heap_ ? heap_ : heap_ = ids_.field(machine_.fields.heap, i64(), "heap");
  }

  llvm::Function &kernel_;
  llvm::Module &module_;
  Value *params_;  // null: there are none
  Machine &machine_;
  Needs &needs_;
  Ids ids_;
  WarpLowering warp_;
  BlockLowering block_;
  TextureCalls textures_{ir::space::Local};
  Value *globals_ = nullptr, *messages_ = nullptr, *heap_ = nullptr;
  llvm::BasicBlock *failed_ = nullptr;
  llvm::PHINode *code_ = nullptr;  // of the trap or refusal that led to `failed_`
  bool guarded_ = false;           // the program itself ends grids
};

// A thread goes no further than its trap: it leaves the kernel as if it returned. The front end ends no block there. All traps and
// refusals share one block, so that each costs a branch.
void Lowering::endThreads() {
  llvm::BasicBlock *exit = exitBlock();
  bool ended = false;
  eachCall([&](llvm::CallInst &call, Intrinsic id) {
    if (!endsThread(id) || call.getParent() == failed_) return;
    auto *next = llvm::dyn_cast<llvm::BranchInst>(call.getNextNode());
    if (id == Intrinsic::AssertFail && next && next->isUnconditional() && next->getSuccessor(0) == exit) return;
    llvm::SplitBlock(call.getParent(), call.getNextNode())->setName("never");
    llvm::BasicBlock *block = call.getParent();
    block->getTerminator()->eraseFromParent();
    ended = true;
    if (id == Intrinsic::AssertFail) {
      llvm::BranchInst::Create(exit, block);
      return;
    }
    if (!failed_) {
      failed_ = llvm::BasicBlock::Create(kernel_.getContext(), "failed", &kernel_, exit);
      llvm::IRBuilder<> builder(failed_);
      code_ = builder.CreatePHI(i32(), 2, "code");
      ir::call(builder, Intrinsic::Fault, {code_});
      builder.CreateBr(exit);
    }
    Value *code = id == Intrinsic::Fault ? call.getArgOperand(0) : number(0);
    if (auto *constant = llvm::dyn_cast<llvm::ConstantInt>(code)) code = number(simt::withLine(uint32_t(constant->getZExtValue()), call));
    code_->addIncoming(code, block);
    llvm::BranchInst::Create(failed_, block);
    call.eraseFromParent();
  });
  if (ended) llvm::EliminateUnreachableBlocks(kernel_);
}

// Where a thread has ended the grid, blocks that start after it have nothing to do.
void Lowering::guardStart() {
  if (!guarded_) return;
  llvm::BasicBlock *exit = exitBlock();
  llvm::Instruction *place = llvm::cast<llvm::Instruction>(messages_)->getNextNode();
  llvm::IRBuilder<> builder(place);
  Value *address = builder.CreateIntToPtr(builder.CreateAdd(messages_, builder.getInt64(offsetof(ct_messages, ended))),
                                          llvm::PointerType::get(kernel_.getContext(), ir::space::Global));
  llvm::LoadInst *ended = builder.CreateAlignedLoad(i32(), address, llvm::Align(4), "ended");
  ended->setAtomic(llvm::AtomicOrdering::Monotonic);
  Value *stop = builder.CreateIsNotNull(ended);
  llvm::BasicBlock *start = place->getParent();
  llvm::BasicBlock *rest = llvm::SplitBlock(start, place);
  start->getTerminator()->eraseFromParent();
  builder.SetInsertPoint(start);
  builder.CreateCondBr(stop, exit, rest, llvm::MDBuilder(kernel_.getContext()).createUnlikelyBranchWeights());
}

void Lowering::replaceVariables() {
  SharedLayout shared = layOutShared(module_);
  needs_.staticSharedBytes = shared.bytes;
  llvm::SmallVector<llvm::Constant *, 16> placed;
  for (llvm::GlobalVariable &variable : llvm::make_early_inc_range(module_.globals())) {
    if (variable.getAddressSpace() == ir::space::Shared) {
      if (!variable.use_empty())
        variable.replaceAllUsesWith(llvm::ConstantExpr::getIntToPtr(llvm::ConstantInt::get(i32(), machine_.sharedStart + shared.offsets.lookup(&variable)), variable.getType()));
      variable.eraseFromParent();
    } else if (variable.getAddressSpace() != 0) {
      placed.push_back(&variable);
    }
  }
  llvm::convertUsersOfConstantsToInstructions(placed);
  for (llvm::Constant *constant : placed) {
    auto *variable = llvm::cast<llvm::GlobalVariable>(constant);
    if (!variable->use_empty()) {
      globals();
      llvm::IRBuilder<> builder = ids_.entry();
      Value *address = builder.CreateAdd(globals(), builder.getInt64(offsetOf(*variable)));
      variable->replaceAllUsesWith(builder.CreateIntToPtr(address, variable->getType(), variable->getName()));
    }
    variable->eraseFromParent();
  }
}

// Scopes by the machine's names; a cluster is one block.
void Lowering::replaceScopes() {
  llvm::LLVMContext &context = kernel_.getContext();
  llvm::SyncScope::ID block = context.getOrInsertSyncScopeID(ir::ScopeBlock), cluster = context.getOrInsertSyncScopeID(ir::ScopeCluster),
                      device = context.getOrInsertSyncScopeID(ir::ScopeDevice), group = context.getOrInsertSyncScopeID(machine_.blockScope),
                      agent = context.getOrInsertSyncScopeID(machine_.deviceScope);
  auto scopeOf = [&](llvm::SyncScope::ID scope) { return scope == block || scope == cluster ? group : scope == device ? agent : scope; };
  for (llvm::Instruction &instruction : llvm::instructions(kernel_)) {
    if (auto *rmw = llvm::dyn_cast<llvm::AtomicRMWInst>(&instruction)) rmw->setSyncScopeID(scopeOf(rmw->getSyncScopeID()));
    else if (auto *exchange = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&instruction)) exchange->setSyncScopeID(scopeOf(exchange->getSyncScopeID()));
    else if (auto *fence = llvm::dyn_cast<llvm::FenceInst>(&instruction)) fence->setSyncScopeID(scopeOf(fence->getSyncScopeID()));
    else if (auto *load = llvm::dyn_cast<llvm::LoadInst>(&instruction)) load->setSyncScopeID(scopeOf(load->getSyncScopeID()));
    else if (auto *store = llvm::dyn_cast<llvm::StoreInst>(&instruction)) store->setSyncScopeID(scopeOf(store->getSyncScopeID()));
  }
}

Value *Lowering::isSpace(llvm::CallInst &call, Intrinsic id) {
  Value *address = call.getArgOperand(0);
  // First, so that what is made at the start of the kernel is there.
  Value *stackStart = nullptr, *stackBytes = nullptr;
  if (needs_.stack) stackStart = machine_.stackArea(ids_), stackBytes = ids_.field(machine_.fields.stackBytes, i64());
  Value *image = nullptr;
  for (llvm::GlobalVariable &variable : module_.globals())
    if (variable.getAddressSpace() == ir::space::Const) image = globals();
  Value *sharedBytes = totalShared(call);
  llvm::IRBuilder<> builder(&call);
  auto shared = [&] { return machine_.isShared(builder, ids_, address, sharedBytes); };
  auto local = [&]() -> Value * {
    Value *own = machine_.isLocal(builder, kernel_, address);
    if (!stackStart) return own;
    return builder.CreateOr(own, inRange(builder, address, stackStart, builder.CreateMul(stackBytes, builder.getInt64(machine_.wave))));
  };
  auto param = [&]() -> Value * {
    if (!params_ || !needs_.paramsBytes) return builder.getFalse();
    return inRange(builder, address, builder.CreatePtrToInt(params_, i64()), builder.getInt64(needs_.paramsBytes));
  };
  auto constant = [&]() -> Value * {
    Value *any = builder.getFalse();
    for (llvm::GlobalVariable &variable : module_.globals()) {
      if (variable.getAddressSpace() != ir::space::Const) continue;
      Value *start = builder.CreateAdd(image, builder.getInt64(offsetOf(variable)));
      any = builder.CreateOr(any, inRange(builder, address, start, builder.getInt64(module_.getDataLayout().getTypeAllocSize(variable.getValueType()))));
    }
    return any;
  };
  switch (id) {
    case Intrinsic::IsShared:
    case Intrinsic::IsSharedCluster: return shared();
    case Intrinsic::IsLocal: return local();
    case Intrinsic::IsParam: return param();
    case Intrinsic::IsConst: return constant();
    default: return builder.CreateNot(builder.CreateOr(builder.CreateOr(shared(), local()), builder.CreateOr(param(), constant())));
  }
}

Value *Lowering::totalShared(llvm::CallInst &call) {
  Value *dynamic = ids_.field(machine_.fields.dynamicShared, i32());
  llvm::IRBuilder<> builder(&call);
  // The static part is known when all variables are laid out; the name stands for it until then.
  return builder.CreateAdd(dynamic, builder.CreateCall(module_.getOrInsertFunction("cutrans.static.shared", i32())));
}

// A call of compiler/emit/device/heap.c.
Value *Lowering::allocate(llvm::CallInst &call) {
  Value *from = heap();
  llvm::IRBuilder<> builder(&call);
  llvm::FunctionCallee alloc = module_.getOrInsertFunction("cutrans_device_heap_alloc", i64(), builder.getPtrTy(), i64());
  return builder.CreateCall(alloc, {builder.CreateIntToPtr(from, builder.getPtrTy()), call.getArgOperand(0)});
}

// A call of compiler/emit/device/messages.c, or of what may write one.
Value *Lowering::message(llvm::CallInst &call, Intrinsic id) {
  Value *from = id == Intrinsic::Free ? heap() : nullptr, *space = messages(), *thread = ids_.linearThread(), *group[] = {ids_.groupId(0), ids_.groupId(1), ids_.groupId(2)};
  llvm::IRBuilder<> builder(&call);
  auto generic = [&](unsigned index) {
    Value *value = call.getArgOperand(index);
    return value->getType()->isPointerTy() ? builder.CreateAddrSpaceCast(value, builder.getPtrTy()) : builder.CreateIntToPtr(value, builder.getPtrTy());
  };
  llvm::SmallVector<Value *, 10> arguments{builder.CreateIntToPtr(space, builder.getPtrTy()), group[0], group[1], group[2], thread};
  const char *name = "cutrans_device_trap";
  llvm::Type *result = builder.getVoidTy();
  if (id == Intrinsic::Vprintf) {
    name = "cutrans_device_vprintf";
    result = i32();
    arguments.append({generic(0), generic(1)});
  } else if (id == Intrinsic::AssertFail) {
    name = "cutrans_device_assert";
    arguments.append({generic(0), generic(1), call.getArgOperand(2), generic(3)});
  } else if (id == Intrinsic::Free) {
    name = "cutrans_device_heap_free";
    arguments.append({builder.CreateIntToPtr(from, builder.getPtrTy()), call.getArgOperand(0), number(simt::withLine(uint32_t(Diag::host_heap_free), call))});
  } else {
    arguments.push_back(call.getArgOperand(0));
  }
  llvm::SmallVector<llvm::Type *, 10> types;
  for (Value *argument : arguments) types.push_back(argument->getType());
  return builder.CreateCall(module_.getOrInsertFunction(name, llvm::FunctionType::get(result, types, false)), arguments);
}

// A call of compiler/emit/device/texture.c; a fault ends the thread.
Value *Lowering::texture(llvm::CallInst &call) {
  auto run = [&](llvm::IRBuilder<> &builder, uint32_t form, unsigned lanes, const TextureCalls::Arrays &arrays) {
    Value *arguments[] = {number(form), number(lanes), number(1), arrays.handles, arrays.words, arrays.results};
    llvm::Type *pointer = builder.getPtrTy(), *types[] = {i32(), i32(), i32(), pointer, pointer, pointer};
    Value *fault = builder.CreateCall(module_.getOrInsertFunction(textureFunction(form), llvm::FunctionType::get(i32(), types, false)), arguments);
    llvm::MDNode *unlikely = llvm::MDBuilder(kernel_.getContext()).createUnlikelyBranchWeights();
    builder.SetInsertPoint(llvm::SplitBlockAndInsertIfThen(builder.CreateIsNotNull(fault), &call, /*Unreachable=*/false, unlikely));
    ir::call(builder, Intrinsic::Fault, {builder.CreateOr(fault, number(simt::withLine(0, call)))});
    builder.SetInsertPoint(&call);
    return true;
  };
  Value *value = &call;
  textures_.lower(call, 1, run, value);
  return value;
}

// A compare-and-swap loop on the word (ir/mbarrier.h).
Value *Lowering::updateMbarrier(llvm::CallInst &call) {
  llvm::BasicBlock *before = call.getParent(), *after = llvm::SplitBlock(before, &call);
  auto *loop = llvm::BasicBlock::Create(kernel_.getContext(), "mbarrier", &kernel_, after);
  before->getTerminator()->eraseFromParent();
  llvm::IRBuilder<> builder(before);
  Value *place = builder.CreateIntToPtr(call.getArgOperand(0), llvm::PointerType::get(kernel_.getContext(), ir::space::Shared));
  llvm::SyncScope::ID group = kernel_.getContext().getOrInsertSyncScopeID(machine_.blockScope);
  llvm::LoadInst *first = builder.CreateAlignedLoad(i64(), place, llvm::Align(8));
  first->setAtomic(llvm::AtomicOrdering::Monotonic, group);
  builder.CreateBr(loop);
  builder.SetInsertPoint(loop);
  llvm::PHINode *old = builder.CreatePHI(i64(), 2, "old");
  Value *next = ir::mbarrier::updated(builder, old, call.getArgOperand(1));
  Value *both = builder.CreateAtomicCmpXchg(place, old, next, llvm::Align(8), llvm::AtomicOrdering::AcquireRelease, llvm::AtomicOrdering::Monotonic, group);
  Value *seen = builder.CreateExtractValue(both, 0);
  old->addIncoming(first, before);
  old->addIncoming(seen, loop);
  builder.CreateCondBr(builder.CreateExtractValue(both, 1), after, loop);
  return old;
}

llvm::Expected<Value *> Lowering::lower(llvm::CallInst &call, Intrinsic id) {
  using enum Intrinsic;
  if (Value *value = warp_.lower(call, id)) return value;
  if (Value *value = block_.lower(call, id)) return value;
  const LaunchFields &fields = machine_.fields;
  auto field = [&](size_t offset) { return ids_.field(offset, call.getType(), call.getName()); };
  auto lane = [&] { return ids_.lane(); };
  switch (id) {
    case TidX:
    case TidY:
    case TidZ: return ids_.threadId(unsigned(id) - unsigned(TidX));
    case CtaidX:
    case CtaidY:
    case CtaidZ: return ids_.groupId(unsigned(id) - unsigned(CtaidX));
    case NtidX:
    case NtidY:
    case NtidZ: return ids_.groupSize(unsigned(id) - unsigned(NtidX));
    case LaneId: return lane();
    case WarpId: return ids_.warp();
    case GangThread: return ids_.linearThread();
    case NctaidX:
    case NctaidY:
    case NctaidZ: return field(fields.grid + 4 * (unsigned(id) - unsigned(NctaidX)));
    case GridId: return field(fields.gridId);
    case DynamicSmemSize: return field(fields.dynamicShared);
    case StackBytes: return field(fields.stackBytes);
    case SmId: return machine_.unit(ids_);
    case NsmId: return machine_.unitCount(ids_);
    case StackArea: return machine_.stackArea(ids_);
    case ClusterNctaidX:
    case ClusterNctaidY:
    case ClusterNctaidZ: return number(1);
    case ClusterCtarank: return number(0);
    default: break;
  }
  Value *place = lane();
  llvm::IRBuilder<> builder(&call);
  Value *bit = builder.CreateShl(number(1), place);
  switch (id) {
    case LanemaskEq: return bit;
    case LanemaskLt: return builder.CreateSub(bit, number(1));
    case LanemaskLe: return builder.CreateOr(bit, builder.CreateSub(bit, number(1)));
    case LanemaskGe: return builder.CreateNeg(bit);
    case LanemaskGt: return builder.CreateXor(builder.CreateNeg(bit), bit);
    case TotalSmemSize: return totalShared(call);
    case ClusterIsExplicit: return builder.getFalse();
    case EnvReg: {
      // As native: 1 and 2 a cooperative grid's workspace, 3 and 4 the grid's child queue, high and low half.
      const uint64_t which = llvm::cast<llvm::ConstantInt>(call.getArgOperand(0))->getZExtValue();
      if (which < 1 || which > 4) return number(0);
      if (which <= 2 && fields.gridWorkspace == LaunchFields::None) return number(0);
      Value *address = ids_.field(which <= 2 ? fields.gridWorkspace : fields.childQueue, i64());
      builder.SetInsertPoint(&call);
      if (which % 2 == 1) address = builder.CreateLShr(address, 32);
      return builder.CreateTrunc(address, i32());
    }
    case Clock:
    case Clock64: {
      Value *now = machine_.clock(builder);
      if (!now) break;
      return builder.CreateTrunc(now, call.getType());
    }
    case GlobalTimer: {
      Value *now = machine_.globalTimer(builder, ids_);
      if (!now) break;
      needs_.timer = true;
      return now;
    }
    case IsGlobal:
    case IsShared:
    case IsSharedCluster:
    case IsLocal:
    case IsConst:
    case IsParam: return isSpace(call, id);
    case Malloc: return allocate(call);
    case Free:
    case Vprintf:
    case AssertFail:
    case Fault: return message(call, id);
    case Nanosleep:
    case GangYield: machine_.pause(builder); return &call;
    case GangAny: return call.getArgOperand(0);  // scalar-cleanup's exit of loops without one
    case MbarrierUpdate: return updateMbarrier(call);
    case TexSample:
    case TexQuery:
    case SurfLoad:
    case SurfStore: return texture(call);
    default: break;
  }
  if (isMath(id)) return nullptr;
  return simt::refuse(machine_.noForm, call, (call.getCalledFunction()->getName() + " has no rule for " + machine_.words).str());
}

llvm::Error Lowering::run() {
  for (llvm::Instruction &instruction : llvm::make_early_inc_range(llvm::instructions(kernel_)))
    if (auto *marker = llvm::dyn_cast<llvm::LifetimeIntrinsic>(&instruction)) marker->eraseFromParent();
  // First of all: what guards the start must not stand behind what a thread has to give back.
  eachCall([&](llvm::CallInst &, Intrinsic id) {
    guarded_ |= endsThread(id) || id == Intrinsic::Free;
    if (endsThread(id) || id == Intrinsic::Vprintf || id == Intrinsic::Free || isTexture(id) || WarpLowering::hasMembers(id)) messages();
  });
  endThreads();
  warp_.markLeaving();
  bool more = true;  // warp operations leave checks behind, which may end a thread
  while (more) {
    more = false;
    llvm::Error error = llvm::Error::success();
    eachCall([&](llvm::CallInst &call, Intrinsic id) {
      if (error || isMath(id)) return;
      llvm::Expected<Value *> value = lower(call, id);
      if (!value) {
        error = llvm::joinErrors(std::move(error), value.takeError());
        return;
      }
      if (*value) replace(call, *value), more = true;
    });
    if (error) return error;
    if (more) endThreads();
  }
  machine_.finish(kernel_, ids_);
  guardStart();
  replaceVariables();
  if (llvm::Function *bytes = module_.getFunction("cutrans.static.shared")) {
    for (llvm::User *user : llvm::make_early_inc_range(bytes->users())) replace(*llvm::cast<llvm::CallInst>(user), number(needs_.staticSharedBytes));
    bytes->eraseFromParent();
  }
  if (needs_.staticSharedBytes > machine_.maxShared)
    return simt::refuse(machine_.noForm, std::to_string(needs_.staticSharedBytes) + " bytes of shared memory; a work-group has " + std::to_string(machine_.maxShared));
  replaceScopes();
  return llvm::Error::success();
}

}  // namespace

llvm::Error lowerThread(llvm::Function &kernel, Value *launch, Value *params, const simt::SimtOptions &options, Machine &machine, Needs &needs) {
  // Static allocas stay in the entry block, whatever is split off behind them.
  llvm::SmallVector<llvm::AllocaInst *, 8> locals;
  for (llvm::Instruction &instruction : llvm::instructions(kernel))
    if (auto *local = llvm::dyn_cast<llvm::AllocaInst>(&instruction)) locals.push_back(local);
  for (llvm::AllocaInst *local : locals) local->moveBefore(kernel.getEntryBlock().getFirstInsertionPt());
  return Lowering(kernel, launch, params, options, machine, needs).run();
}

uint32_t mostThreads(const llvm::Function &kernel, const simt::SimtOptions &options) {
  if (!options.anyShape()) return options.threads();
  uint32_t threads = 1024;
  for (const char *attribute : {ir::ReqntidAttr, ir::MaxntidAttr})
    if (kernel.hasFnAttribute(attribute)) {
      llvm::SmallVector<llvm::StringRef, 3> parts;
      kernel.getFnAttribute(attribute).getValueAsString().split(parts, ',');
      uint32_t product = 1, extent;
      for (llvm::StringRef part : parts) product *= part.getAsInteger(10, extent) ? 1 : extent;
      threads = std::min(threads, product);
    }
  return threads;
}

}  // namespace cutrans::emit::thread
