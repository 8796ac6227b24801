// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// lower-amdgcn: one thread's SPMD IR becomes a kernel of AMDGPU's calling convention. What is the launch's comes from the record behind
// the parameters (amdgpu_kernel.h), the rest are the chip's own operations; warp operations are lower_warp.cpp's, barriers and
// stacks lower_block.cpp's.
//
// Local addresses are generic ones: PTX's local window holds the stack of recursion too, which is no scratch memory. LLVM finds
// the accesses again that are to scratch memory for certain.
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicsAMDGPU.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/ReplaceConstant.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>

#include "compiler/emit/address_spaces.h"
#include "compiler/emit/amdgcn/lowering.h"
#include "compiler/emit/device/device_code.h"
#include "compiler/emit/native/lower_native.h"
#include "compiler/emit/native/lower_texture.h"
#include "compiler/emit/shared_layout.h"
#include "compiler/ir/mbarrier.h"
#include "compiler/ir/spmd.h"
#include "compiler/simt/refusal.h"

namespace cutrans::emit::amdgcn {

using ir::Intrinsic;
using llvm::Value;

namespace {

constexpr unsigned kConstantSpace = 4;  // of AMDGPU
constexpr uint32_t kMaxShared = 65536;

struct FieldRow {
  Intrinsic id;
  size_t offset;
};
constexpr FieldRow Fields[] = {
    {Intrinsic::NctaidX, offsetof(ct_amdgpu_launch, grid)},
    {Intrinsic::NctaidY, offsetof(ct_amdgpu_launch, grid) + 4},
    {Intrinsic::NctaidZ, offsetof(ct_amdgpu_launch, grid) + 8},
    {Intrinsic::GridId, offsetof(ct_amdgpu_launch, grid_id)},
    {Intrinsic::DynamicSmemSize, offsetof(ct_amdgpu_launch, dynamic_shared_bytes)},
    {Intrinsic::StackBytes, offsetof(ct_amdgpu_launch, stack_bytes)},
};

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

// ---- the kernel's own frame ----

// The same code with the arguments that the artifact has.
llvm::Function *makeKernel(llvm::Function &old, ct_amdgpu_kernel &record) {
  llvm::Module &module = *old.getParent();
  llvm::LLVMContext &context = module.getContext();
  old.getFnAttribute(ir::ParamsSizeAttr).getValueAsString().getAsInteger(10, record.params_bytes);
  auto *pointer = llvm::PointerType::get(context, kConstantSpace);
  llvm::SmallVector<llvm::Type *, 2> types(record.params_bytes ? 2 : 1, pointer);
  auto *kernel = llvm::Function::Create(llvm::FunctionType::get(llvm::Type::getVoidTy(context), types, false), llvm::GlobalValue::ExternalLinkage,
                                        CT_AMDGPU_KERNEL_NAME, module);
  kernel->setCallingConv(llvm::CallingConv::AMDGPU_KERNEL);
  kernel->setVisibility(llvm::GlobalValue::ProtectedVisibility);
  kernel->splice(kernel->end(), &old);
  auto piece = [&](unsigned index, uint64_t bytes, unsigned align, const char *name) {
    llvm::Argument *argument = kernel->getArg(index);
    argument->setName(name);
    argument->addAttr(llvm::Attribute::getWithByRefType(context, llvm::ArrayType::get(llvm::Type::getInt8Ty(context), bytes)));
    argument->addAttr(llvm::Attribute::getWithAlignment(context, llvm::Align(align)));
    argument->addAttr(llvm::Attribute::NoAlias);
  };
  if (record.params_bytes) piece(0, record.params_bytes, 16, "params");
  piece(kernel->arg_size() - 1, sizeof(ct_amdgpu_launch), 8, "launch");
  // Static allocas stay in the entry block, whatever is split off behind them.
  llvm::SmallVector<llvm::AllocaInst *, 8> locals;
  for (llvm::Instruction &instruction : llvm::instructions(*kernel))
    if (auto *local = llvm::dyn_cast<llvm::AllocaInst>(&instruction)) locals.push_back(local);
  for (llvm::AllocaInst *local : locals) local->moveBefore(kernel->getEntryBlock().getFirstInsertionPt());
  llvm::IRBuilder<> builder(&kernel->getEntryBlock(), kernel->getEntryBlock().getFirstNonPHIOrDbgOrAlloca());
  old.getArg(0)->replaceAllUsesWith(builder.CreateAddrSpaceCast(kernel->getArg(0), old.getArg(0)->getType(), "params.window"));
  record.launch_offset = uint32_t(llvm::alignTo(record.params_bytes, 8));
  record.kernarg_bytes = record.launch_offset + uint32_t(sizeof(ct_amdgpu_launch));
  if (old.hasFnAttribute(llvm::Attribute::NullPointerIsValid)) kernel->addFnAttr(llvm::Attribute::NullPointerIsValid);
  kernel->addFnAttr(llvm::Attribute::NoUnwind);
  return kernel;
}

class Lowering {
 public:
  Lowering(llvm::Function &kernel, const simt::SimtOptions &options, const Chip &chip, ct_amdgpu_kernel &record)
      : kernel_(kernel), module_(*kernel.getParent()), record_(record),
        ids_(kernel, kernel.getArg(kernel.arg_size() - 1), options, chip), warp_(kernel, ids_), block_(kernel, ids_) {}

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
  Value *inRange(llvm::IRBuilderBase &builder, Value *address, Value *start, Value *bytes) {
    return builder.CreateICmpULT(builder.CreateSub(address, start), bytes);
  }
  Value *message(llvm::CallInst &call, Intrinsic id);
  Value *allocate(llvm::CallInst &call);
  Value *texture(llvm::CallInst &call);
  Value *updateMbarrier(llvm::CallInst &call);
  Value *number(uint32_t value) { return llvm::ConstantInt::get(llvm::Type::getInt32Ty(kernel_.getContext()), value); }
  llvm::Type *i64() { return llvm::Type::getInt64Ty(kernel_.getContext()); }
  llvm::Type *i32() { return llvm::Type::getInt32Ty(kernel_.getContext()); }
  Value *globals() { return globals_ ? globals_ : globals_ = ids_.field(offsetof(ct_amdgpu_launch, globals), i64(), "globals"); }
  Value *messages() {
    record_.flags |= CT_AMDGPU_USES_MESSAGES;
    return messages_ ? messages_ : messages_ = ids_.field(offsetof(ct_amdgpu_launch, messages), i64(), "messages");
  }

  Value *heap() {
    record_.flags |= CT_AMDGPU_USES_HEAP;
    return heap_ ? heap_ : heap_ = ids_.field(offsetof(ct_amdgpu_launch, heap), i64(), "heap");
  }

  llvm::Function &kernel_;
  llvm::Module &module_;
  ct_amdgpu_kernel &record_;
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
  record_.static_shared_bytes = shared.bytes;
  llvm::SmallVector<llvm::Constant *, 16> placed;
  for (llvm::GlobalVariable &variable : llvm::make_early_inc_range(module_.globals())) {
    if (variable.getAddressSpace() == ir::space::Shared) {
      if (!variable.use_empty())
        variable.replaceAllUsesWith(llvm::ConstantExpr::getIntToPtr(llvm::ConstantInt::get(i32(), shared.offsets.lookup(&variable)), variable.getType()));
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

// Scopes by name; a cluster is one block. LLVM's own names for AMDGPU.
void Lowering::replaceScopes() {
  llvm::LLVMContext &context = kernel_.getContext();
  llvm::SyncScope::ID block = context.getOrInsertSyncScopeID(ir::ScopeBlock), cluster = context.getOrInsertSyncScopeID(ir::ScopeCluster),
                      device = context.getOrInsertSyncScopeID(ir::ScopeDevice), group = context.getOrInsertSyncScopeID("workgroup"),
                      agent = context.getOrInsertSyncScopeID("agent");
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
  if (record_.flags & CT_AMDGPU_USES_STACK) stackStart = block_.stackArea(), stackBytes = ids_.field(offsetof(ct_amdgpu_launch, stack_bytes), i64());
  Value *image = nullptr;
  for (llvm::GlobalVariable &variable : module_.globals())
    if (variable.getAddressSpace() == ir::space::Const) image = globals();
  llvm::IRBuilder<> builder(&call);
  Value *pointer = builder.CreateIntToPtr(address, builder.getPtrTy());
  auto shared = [&] { return builder.CreateIntrinsic(llvm::Intrinsic::amdgcn_is_shared, {}, {pointer}); };
  auto local = [&]() -> Value * {
    Value *scratch = builder.CreateIntrinsic(llvm::Intrinsic::amdgcn_is_private, {}, {pointer});
    if (!stackStart) return scratch;
    return builder.CreateOr(scratch, inRange(builder, address, stackStart, builder.CreateMul(stackBytes, builder.getInt64(ids_.chip().wave))));
  };
  auto param = [&]() -> Value * {
    if (!record_.params_bytes) return builder.getFalse();
    return inRange(builder, address, builder.CreatePtrToInt(kernel_.getArg(0), i64()), builder.getInt64(record_.params_bytes));
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
  llvm::SyncScope::ID group = kernel_.getContext().getOrInsertSyncScopeID("workgroup");
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
  for (const FieldRow &row : Fields)
    if (row.id == id) return ids_.field(row.offset, call.getType(), call.getName());
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
    case SmId: return ids_.unit();
    case NsmId: return number(Ids::unitCount(ids_.chip()));
    case StackArea: return block_.stackArea();
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
    case TotalSmemSize: {
      Value *dynamic = ids_.field(offsetof(ct_amdgpu_launch, dynamic_shared_bytes), i32());
      builder.SetInsertPoint(&call);
      // The static part is known when all variables are laid out; the name stands for it until then.
      return builder.CreateAdd(dynamic, builder.CreateCall(module_.getOrInsertFunction("cutrans.static.shared", i32())));
    }
    case ClusterIsExplicit: return builder.getFalse();
    case EnvReg: {
      // As native: 1 and 2 a cooperative grid's workspace, 3 and 4 the grid's child queue, high and low half.
      const uint64_t which = llvm::cast<llvm::ConstantInt>(call.getArgOperand(0))->getZExtValue();
      if (which < 1 || which > 4) return number(0);
      Value *address = ids_.field(which <= 2 ? offsetof(ct_amdgpu_launch, grid_workspace) : offsetof(ct_amdgpu_launch, child_queue), i64());
      builder.SetInsertPoint(&call);
      if (which % 2 == 1) address = builder.CreateLShr(address, 32);
      return builder.CreateTrunc(address, i32());
    }
    case Clock:
    case Clock64: {
      // The counter of cycles has 20 bits on gfx11: there the constant one serves, whose rate is another.
      bool cycles = ids_.chip().generation != 11;
      Value *now = builder.CreateIntrinsic(i64(), cycles ? llvm::Intrinsic::readcyclecounter : llvm::Intrinsic::readsteadycounter, {});
      return builder.CreateTrunc(now, call.getType());
    }
    case GlobalTimer: {
      record_.flags |= CT_AMDGPU_USES_TIMER;
      Value *khz = ids_.field(offsetof(ct_amdgpu_launch, timer_khz), i32());
      builder.SetInsertPoint(&call);
      khz = builder.CreateZExt(khz, i64());
      Value *ticks = builder.CreateIntrinsic(i64(), llvm::Intrinsic::readsteadycounter, {}), *million = builder.getInt64(1000000);
      Value *whole = builder.CreateMul(builder.CreateUDiv(ticks, khz), million);
      return builder.CreateAdd(whole, builder.CreateUDiv(builder.CreateMul(builder.CreateURem(ticks, khz), million), khz));
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
    case GangYield: builder.CreateIntrinsic(llvm::Intrinsic::amdgcn_s_sleep, {}, {number(1)}); return &call;
    case GangAny: return call.getArgOperand(0);  // scalar-cleanup's exit of loops without one
    case MbarrierUpdate: return updateMbarrier(call);
    case TexSample:
    case TexQuery:
    case SurfLoad:
    case SurfStore: return texture(call);
    default: break;
  }
  if (isMath(id)) return nullptr;
  return simt::refuse(Diag::codegen_amdgpu, call, (call.getCalledFunction()->getName() + " has no rule for AMD's chips").str());
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
  block_.finish(kernel_);
  guardStart();
  replaceVariables();
  if (llvm::Function *bytes = module_.getFunction("cutrans.static.shared")) {
    for (llvm::User *user : llvm::make_early_inc_range(bytes->users())) replace(*llvm::cast<llvm::CallInst>(user), number(record_.static_shared_bytes));
    bytes->eraseFromParent();
  }
  if (record_.static_shared_bytes > kMaxShared)
    return simt::refuse(Diag::codegen_amdgpu, std::to_string(record_.static_shared_bytes) + " bytes of shared memory; a work-group has 65536");
  replaceScopes();
  mapAddressSpaces(kernel_, [](unsigned space) {
    return space == ir::space::Local ? unsigned(ir::space::Generic) : space == ir::space::Param ? kConstantSpace : space;
  });
  return llvm::Error::success();
}

}  // namespace

llvm::Expected<llvm::Function *> lowerKernel(llvm::Function &old, const simt::SimtOptions &options, const Chip &chip, ct_amdgpu_kernel &record) {
  llvm::Module &module = *old.getParent();
  if (old.hasFnAttribute(simt::UsesStackAttr)) record.flags |= CT_AMDGPU_USES_STACK;
  uint32_t threads = options.anyShape() ? 1024 : options.threads();
  if (options.anyShape())
    for (const char *attribute : {ir::ReqntidAttr, ir::MaxntidAttr})
      if (old.hasFnAttribute(attribute)) {
        llvm::SmallVector<llvm::StringRef, 3> parts;
        old.getFnAttribute(attribute).getValueAsString().split(parts, ',');
        uint32_t product = 1, extent;
        for (llvm::StringRef part : parts) product *= part.getAsInteger(10, extent) ? 1 : extent;
        threads = std::min(threads, product);
      }
  record.magic = CT_AMDGPU_MAGIC;
  record.abi = CT_AMDGPU_ABI;
  record.struct_size = sizeof record;
  record.wave_size = chip.wave;
  record.max_threads = threads;
  for (unsigned i = 0; i < 3; ++i) record.block[i] = options.block[i];
  // Only x can break the promise: the other extents of a grid end at 65535.
  if (!options.anyGrid) record.max_grid[0] = 0x7fffffffu / (options.anyShape() ? 1024 : options.block[0]);
  llvm::Function *kernel = makeKernel(old, record);
  old.eraseFromParent();
  if (llvm::Error error = Lowering(*kernel, options, chip, record).run()) return std::move(error);
  kernel->addFnAttr("amdgpu-lds-size", std::to_string(record.static_shared_bytes));
  kernel->addFnAttr("amdgpu-flat-work-group-size", (options.anyShape() ? "1" : std::to_string(threads)) + "," + std::to_string(threads));
  kernel->addFnAttr("amdgpu-no-implicitarg-ptr");
  kernel->addFnAttr("uniform-work-group-size", "true");
  kernel->addFnAttr("denormal-fp-math", "ieee,ieee");
  kernel->addFnAttr("denormal-fp-math-f32", "ieee,ieee");
  kernel->addFnAttr("no-builtins");
  module.addModuleFlag(llvm::Module::Error, "amdhsa_code_object_version", 500);
  return kernel;
}

}  // namespace cutrans::emit::amdgcn
