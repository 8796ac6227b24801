// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// lower-opencl: block code becomes an OpenCL kernel. The structure that block code reads (native_kernel.h) is a local variable of the kernel,
// filled from the launch record; the optimiser makes values of it. Services are functions of the device code, not pointers,
// and what ends the kernel returns from the block.
#include <cstddef>

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Cloning.h>
#include <llvm/Transforms/Utils/Local.h>

#include "compiler/emit/device/device_code.h"
#include "compiler/emit/device/running_block.h"
#include "compiler/emit/native/lower_native.h"
#include "compiler/emit/opencl/opencl.h"
#include "compiler/ir/spmd.h"
#include "compiler/simt/refusal.h"
#include "compiler/simt/services.h"

namespace cutrans::emit::opencl {
namespace {

using llvm::Value;

constexpr size_t WindowField = offsetof(ct_running_block, window), MessagesField = offsetof(ct_running_block, messages), LaunchField = offsetof(ct_running_block, launch);
static_assert(Surroundings::SharedStart == CT_RUNNING_SHARED_START);

// Work memory of a block whose size is known and at most this lies in the kernel's own frame.
constexpr uint64_t MaxFrameBytes = 32 << 10;

const char *const DataLayout = "e-i64:64-i128:128-v16:16-v24:32-v32:32-v48:64-v96:128-v192:256-v256:256-v512:512-v1024:1024-n8:16:32:64";

llvm::CallInst *callDevice(llvm::IRBuilderBase &b, const char *name, llvm::Type *result, llvm::ArrayRef<Value *> arguments) {
  llvm::SmallVector<llvm::Type *, 12> types;
  for (Value *argument : arguments) types.push_back(argument->getType());
  llvm::Module &module = *b.GetInsertBlock()->getModule();
  return b.CreateCall(module.getOrInsertFunction(name, llvm::FunctionType::get(result, types, false)), arguments);
}

class OpenclSurroundings : public Surroundings {
 public:
  Value *service(llvm::IRBuilderBase &b, Value *block, size_t offset, Value *thread, llvm::Type *result, llvm::ArrayRef<Value *> arguments) override {
    if (offset == offsetof(ct_native_services, clock)) return b.CreateIntrinsic(b.getInt64Ty(), llvm::Intrinsic::readcyclecounter, {});
    // No time passes; the thread only wanted to be slower.
    if (offset == offsetof(ct_native_services, nanosleep)) return llvm::PoisonValue::get(b.getInt32Ty());
    if (offset == offsetof(ct_native_services, global_timer)) return globalTimer(b, block);
    if (offset == offsetof(ct_native_services, heap_alloc)) {
      flags |= CT_OPENCL_USES_HEAP;
      return callDevice(b, "cutrans_device_heap_alloc", result, {heap(b, block), arguments[0]});
    }
    if (offset == offsetof(ct_native_services, heap_free)) {
      flags |= CT_OPENCL_USES_HEAP | CT_OPENCL_USES_MESSAGES;
      llvm::SmallVector<Value *, 12> all = place(b, block, thread);
      all.append({heap(b, block), arguments[0], b.getInt32(uint32_t(Diag::host_heap_free))});
      return callDevice(b, "cutrans_device_heap_free", result, all);
    }
    if (offset == offsetof(ct_native_services, texture)) return texture(b, block, arguments);
    const char *name = nullptr;
    if (offset == offsetof(ct_native_services, bulk_copy)) name = "cutrans_device_bulk_copy";
    if (offset == offsetof(ct_native_services, bulk_reduce)) name = "cutrans_device_bulk_reduce";
    if (offset == offsetof(ct_native_services, tensor_copy)) name = "cutrans_device_tensor_copy";
    if (name) {
      flags |= CT_OPENCL_USES_MESSAGES;
      llvm::SmallVector<Value *, 12> all = place(b, block, thread);
      for (Diag wrong : {Diag::host_misaligned, Diag::host_transaction}) all.push_back(b.getInt32(uint32_t(wrong)));
      all.append(arguments.begin(), arguments.end());
      if (offset == offsetof(ct_native_services, tensor_copy)) all.push_back(sharedWindow(b, block));
      return callDevice(b, name, result, all);
    }
    bool ends = false;
    if (offset == offsetof(ct_native_services, vprintf)) name = "cutrans_device_vprintf";
    if (offset == offsetof(ct_native_services, assert_fail)) name = "cutrans_device_assert", ends = true;
    if (offset == offsetof(ct_native_services, trap)) name = "cutrans_device_trap", ends = true;
    if (!name) return nullptr;
    flags |= CT_OPENCL_USES_MESSAGES;
    llvm::SmallVector<Value *, 12> all = place(b, block, thread);
    all.append(arguments.begin() + (ends ? 1 : 0), arguments.end());  // the thread comes first in those that end
    llvm::CallInst *call = callDevice(b, name, result, all);
    if (ends) endings.push_back(call);
    return call;
  }
  Value *sharedWindow(llvm::IRBuilderBase &b, Value *block) override { return simt::loadBlockField(b, block, WindowField, b.getInt64Ty()); }

  bool seesCluster() const override { return clusters; }

  bool clusters = false;
  llvm::SmallVector<llvm::CallInst *, 8> endings;
  uint32_t flags = 0;  // of the header

 private:
  static Value *ofLaunch(llvm::IRBuilderBase &b, Value *block, size_t offset, llvm::Type *type) {
    Value *field = b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), simt::loadBlockField(b, block, LaunchField, b.getPtrTy()), offset);
    return b.CreateAlignedLoad(type, field, llvm::Align(type->getPrimitiveSizeInBits() / 8));
  }
  static Value *heap(llvm::IRBuilderBase &b, Value *block) {
    return b.CreateIntToPtr(ofLaunch(b, block, offsetof(ct_opencl_launch, heap), b.getInt64Ty()), b.getPtrTy());
  }
  // Who says something: what functions that write messages take first.
  static llvm::SmallVector<Value *, 12> place(llvm::IRBuilderBase &b, Value *block, Value *thread) {
    llvm::SmallVector<Value *, 12> all{simt::loadBlockField(b, block, MessagesField, b.getPtrTy())};
    for (unsigned i = 0; i < 3; ++i) all.push_back(simt::loadBlockField(b, block, offsetof(ct_native_block, block_id) + 4 * i, b.getInt32Ty()));
    all.push_back(thread ? thread : b.getInt32(0));
    return all;
  }
  // timer_ns + cycles since then * rate / 2^24, without more than 64 bits; a counter that is a little behind counts backwards.
  Value *globalTimer(llvm::IRBuilderBase &b, Value *block) {
    flags |= CT_OPENCL_USES_TIMER;
    llvm::Type *i64 = b.getInt64Ty();
    Value *since = b.CreateSub(b.CreateIntrinsic(i64, llvm::Intrinsic::readcyclecounter, {}), ofLaunch(b, block, offsetof(ct_opencl_launch, timer_cycles), i64));
    Value *rate = b.CreateZExt(ofLaunch(b, block, offsetof(ct_opencl_launch, timer_rate), b.getInt32Ty()), i64);
    Value *high = b.CreateShl(b.CreateMul(b.CreateAShr(since, 32), rate), 32 - 24);
    Value *low = b.CreateLShr(b.CreateMul(b.CreateAnd(since, 0xffffffff), rate), 24);
    return b.CreateAdd(ofLaunch(b, block, offsetof(ct_opencl_launch, timer_ns), i64), b.CreateAdd(high, low));
  }
  // Linked in, with a fault that ends the kernel as a refusal found at run time. (thread, form, lanes, mask, handles, words, results)
  Value *texture(llvm::IRBuilderBase &b, Value *block, llvm::ArrayRef<Value *> arguments) {
    llvm::Instruction &next = *b.GetInsertPoint();
    auto form = uint32_t(llvm::cast<llvm::ConstantInt>(arguments[1])->getZExtValue());
    Value *fault = callDevice(b, textureFunction(form), b.getInt32Ty(), arguments.drop_front());
    b.SetInsertPoint(llvm::SplitBlockAndInsertIfThen(b.CreateIsNotNull(fault), &next, /*Unreachable=*/false, llvm::MDBuilder(b.getContext()).createUnlikelyBranchWeights()));
    Value *thread = b.CreateAdd(arguments[0], b.CreateAlignedLoad(b.getInt32Ty(), arguments.back(), llvm::Align(4)));
    service(b, block, offsetof(ct_native_services, trap), thread, b.getVoidTy(), {thread, b.CreateOr(fault, b.getInt32(simt::withLine(0, next)))});
    b.SetInsertPoint(&next);
    return fault;
  }
};

void returnBehind(llvm::ArrayRef<llvm::CallInst *> endings) {
  for (llvm::CallInst *call : endings) {
    llvm::BasicBlock *before = call->getParent();
    before->splitBasicBlock(std::next(call->getIterator()));
    before->getTerminator()->eraseFromParent();
    llvm::IRBuilder<>(before).CreateRetVoid();
  }
}

class Wrapper {
 public:
  Wrapper(llvm::Module &module, const ct_native_kernel &record, const ct_opencl_header &header)
      : module_(module), record_(record), header_(header), b_(module.getContext()) {}
  llvm::Function *writeWhole(llvm::Function &body);
  llvm::Function *writeGangs(const GangOptions &options);

 private:
  llvm::Function *createKernel();
  void defineRelax(bool yields);
  Value *groupId(unsigned dimension);
  Value *number(size_t offset, llvm::Type *type) {
    llvm::LoadInst *load = b_.CreateAlignedLoad(type, b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), launch_, offset), llvm::Align(type->getPrimitiveSizeInBits() / 8));
    load->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(b_.getContext(), {}));
    return load;
  }
  Value *word(size_t offset) { return number(offset, b_.getInt32Ty()); }
  Value *address(size_t offset) { return number(offset, b_.getInt64Ty()); }
  void store(size_t offset, Value *value) {
    b_.CreateAlignedStore(value, b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), block_, offset), llvm::Align(value->getType()->getPrimitiveSizeInBits() / 8));
  }
  void fill(Value *shared);
  void takeMemory();

  llvm::Module &module_;
  const ct_native_kernel &record_;
  const ct_opencl_header &header_;
  llvm::IRBuilder<> b_;
  Value *launch_ = nullptr, *block_ = nullptr;
  Value *slots_ = nullptr, *slot_ = nullptr;
};

Value *Wrapper::groupId(unsigned dimension) {
  auto *function = llvm::cast<llvm::Function>(
      module_.getOrInsertFunction(GroupId, llvm::FunctionType::get(b_.getInt64Ty(), {b_.getInt32Ty()}, false)).getCallee());
  function->setCallingConv(llvm::CallingConv::SPIR_FUNC);
  function->setDoesNotAccessMemory();
  function->setDoesNotThrow();
  function->addFnAttr(llvm::Attribute::WillReturn);
  llvm::CallInst *id = b_.CreateCall(function, {b_.getInt32(dimension)});
  id->setCallingConv(llvm::CallingConv::SPIR_FUNC);
  return b_.CreateTrunc(id, b_.getInt32Ty());
}

void Wrapper::fill(Value *shared) {
  Value *ids[3], *sizes[3];
  for (unsigned i = 0; i < 3; ++i) {
    ids[i] = groupId(i);
    store(offsetof(ct_native_block, block_id) + 4 * i, ids[i]);
    store(offsetof(ct_native_block, grid) + 4 * i, word(offsetof(ct_opencl_launch, grid) + 4 * i));
    store(offsetof(ct_native_block, block) + 4 * i, word(offsetof(ct_opencl_launch, block) + 4 * i));
    sizes[i] = word(offsetof(ct_opencl_launch, cluster) + 4 * i);
    store(offsetof(ct_native_block, cluster) + 4 * i, sizes[i]);
  }
  // Such a kernel knows its place in the cluster and nothing else of it.
  auto within = [&](unsigned i) { return b_.CreateURem(ids[i], sizes[i]); };
  store(offsetof(ct_native_block, cluster_rank), b_.CreateAdd(within(0), b_.CreateMul(sizes[0], b_.CreateAdd(within(1), b_.CreateMul(sizes[1], within(2))))));
  store(offsetof(ct_native_block, cluster_explicit), word(offsetof(ct_opencl_launch, cluster_explicit)));
  for (auto [to, from] : {std::pair{offsetof(ct_native_block, params), offsetof(ct_opencl_launch, params)},
                          {offsetof(ct_native_block, globals), offsetof(ct_opencl_launch, globals)},
                          {offsetof(ct_native_block, grid_id), offsetof(ct_opencl_launch, grid_id)},
                          {offsetof(ct_native_block, child_queue), offsetof(ct_opencl_launch, child_queue)},
                          {offsetof(ct_native_block, stack_bytes), offsetof(ct_opencl_launch, stack_bytes)},
                          {offsetof(ct_native_block, grid_workspace), offsetof(ct_opencl_launch, grid_workspace)},
                          {MessagesField, offsetof(ct_opencl_launch, messages)}})
    store(to, address(from));
  store(LaunchField, b_.CreatePtrToInt(launch_, b_.getInt64Ty()));
  store(WindowField, b_.CreateSub(b_.CreatePtrToInt(shared, b_.getInt64Ty()), b_.getInt64(Surroundings::SharedStart)));
  Value *dynamic = word(offsetof(ct_opencl_launch, dynamic_shared_bytes)), *units = word(offsetof(ct_opencl_launch, unit_count));
  store(offsetof(ct_native_block, dynamic_shared_bytes), dynamic);
  store(offsetof(ct_native_block, shared_bytes), b_.CreateAdd(dynamic, b_.getInt32(record_.static_shared_bytes)));
  // Which unit runs a block, OpenCL does not say.
  store(offsetof(ct_native_block, unit), b_.CreateURem(ids[0], b_.CreateBinaryIntrinsic(llvm::Intrinsic::umax, units, b_.getInt32(1))));
  store(offsetof(ct_native_block, unit_count), units);
  for (size_t field : {offsetof(ct_native_block, shared_base), offsetof(ct_native_block, cluster_base)}) store(field, b_.getInt32(0));
  store(offsetof(ct_native_block, cluster_shift), b_.getInt32(31));
}

// Scratch, local memory of whole gangs, stacks, in this order; opencl_kernel.h.
void Wrapper::takeMemory() {
  const uint64_t scratch = llvm::alignTo(record_.scratch_bytes, 64);
  const bool stacks = header_.flags & CT_OPENCL_USES_STACK;
  Value *memory = nullptr;
  if (!header_.scratch_bytes && !header_.local_bytes && !stacks) {
    const uint64_t threads = uint64_t(record_.block[0]) * record_.block[1] * record_.block[2];
    const uint64_t bytes = scratch + record_.local_bytes * llvm::alignTo(threads, record_.gang_width);
    if (!bytes) return;
    llvm::AllocaInst *frame = b_.CreateAlloca(llvm::ArrayType::get(b_.getInt8Ty(), bytes), nullptr, "work");
    frame->setAlignment(llvm::Align(64));
    memory = frame;
  } else {
    slots_ = b_.CreateIntToPtr(address(offsetof(ct_opencl_launch, arena_slots)), b_.getPtrTy());
    Value *first = b_.CreateAlignedLoad(b_.getInt32Ty(), b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), block_, offsetof(ct_native_block, block_id)), llvm::Align(4));
    slot_ = callDevice(b_, "cutrans_device_take_slot", b_.getInt32Ty(), {slots_, word(offsetof(ct_opencl_launch, arena_slot_count)), first});
    Value *offset = b_.CreateMul(b_.CreateZExt(slot_, b_.getInt64Ty()), address(offsetof(ct_opencl_launch, slot_bytes)));
    memory = b_.CreateIntToPtr(b_.CreateAdd(address(offsetof(ct_opencl_launch, arena)), offset), b_.getPtrTy());
  }
  auto storePointer = [&](size_t offset, Value *value) {
    b_.CreateAlignedStore(value, b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), block_, offset), llvm::Align(8));
  };
  storePointer(offsetof(ct_native_block, scratch), memory);
  Value *local = b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), memory, scratch);
  storePointer(offsetof(ct_native_block, local), local);
  if (!stacks) return;
  Value *threads = b_.getInt64(1);
  for (unsigned i = 0; i < 3; ++i) threads = b_.CreateMul(threads, b_.CreateZExt(word(offsetof(ct_opencl_launch, block) + 4 * i), b_.getInt64Ty()));
  auto up = [&](Value *value, uint64_t to) { return b_.CreateAnd(b_.CreateAdd(value, b_.getInt64(to - 1)), b_.getInt64(~(to - 1))); };
  Value *locals = up(b_.CreateMul(up(threads, record_.gang_width), b_.getInt64(record_.local_bytes)), 64);
  store(offsetof(ct_native_block, stack), b_.CreatePtrToInt(b_.CreateGEP(b_.getInt8Ty(), local, locals), b_.getInt64Ty()));
}

llvm::Function *Wrapper::createKernel() {
  llvm::LLVMContext &context = b_.getContext();
  auto *type = llvm::FunctionType::get(b_.getVoidTy(), {llvm::PointerType::get(context, 1), llvm::PointerType::get(context, 3)}, false);
  auto *kernel = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, CT_OPENCL_KERNEL_NAME, module_);
  kernel->setCallingConv(llvm::CallingConv::SPIR_KERNEL);
  kernel->setDoesNotThrow();
  kernel->getArg(0)->setName("launch");
  kernel->getArg(1)->setName("shared");
  b_.SetInsertPoint(llvm::BasicBlock::Create(context, "entry", kernel));
  launch_ = b_.CreateIntToPtr(b_.CreatePtrToInt(kernel->getArg(0), b_.getInt64Ty()), b_.getPtrTy());
  return kernel;
}

// What OpenCL has no word for: Linux's sched_yield on x86-64.
void Wrapper::defineRelax(bool yields) {
  auto *function = llvm::Function::Create(llvm::FunctionType::get(b_.getInt32Ty(), false), llvm::GlobalValue::ExternalLinkage, "cutrans_device_relax", module_);
  b_.SetInsertPoint(llvm::BasicBlock::Create(b_.getContext(), "entry", function));
  if (yields) {
    auto *type = llvm::FunctionType::get(b_.getInt64Ty(), {b_.getInt64Ty()}, false);
    b_.CreateCall(llvm::InlineAsm::get(type, "syscall", "={ax},{ax},~{rcx},~{r11},~{memory},~{dirflag},~{fpsr},~{flags}", /*hasSideEffects=*/true), {b_.getInt64(24)});
  }
  b_.CreateRet(b_.getInt32(yields));
}

// All is done by device code, which knows the gangs by the two functions that split_gangs.cpp has made of them.
llvm::Function *Wrapper::writeGangs(const GangOptions &options) {
  defineRelax(options.yields);
  llvm::Function *kernel = createKernel();
  auto constant = [&](uint32_t value) { return b_.getInt32(value); };
  callDevice(b_, "cutrans_device_run_gangs", b_.getVoidTy(),
             {launch_, groupId(0), constant(record_.gang_width), constant(record_.static_shared_bytes), constant(record_.local_bytes), constant(header_.frame_bytes),
              constant((header_.flags & CT_OPENCL_WAITS_ON_GRID ? CT_RUNNING_WAITS : 0) | (options.clusters ? CT_RUNNING_CLUSTERS : 0))});
  b_.CreateRetVoid();
  return kernel;
}

llvm::Function *Wrapper::writeWhole(llvm::Function &body) {
  llvm::LLVMContext &context = b_.getContext();
  llvm::Function *kernel = createKernel();
  llvm::BasicBlock *entry = b_.GetInsertBlock(), *start = entry;
  auto *blockType = llvm::ArrayType::get(b_.getInt8Ty(), offsetof(ct_running_block, gangs));
  llvm::AllocaInst *block = b_.CreateAlloca(blockType, nullptr, "block");
  block->setAlignment(llvm::Align(8));
  block_ = block;
  // A thread has ended the grid: nothing of it starts any more.
  if (header_.flags & CT_OPENCL_USES_MESSAGES) {
    Value *messages = b_.CreateIntToPtr(address(offsetof(ct_opencl_launch, messages)), b_.getPtrTy());
    llvm::LoadInst *ended = b_.CreateAlignedLoad(b_.getInt32Ty(), b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), messages, offsetof(ct_messages, ended)), llvm::Align(4));
    ended->setAtomic(llvm::AtomicOrdering::Monotonic);
    start = llvm::BasicBlock::Create(context, "start", kernel);
    auto *over = llvm::BasicBlock::Create(context, "over", kernel);
    b_.CreateCondBr(b_.CreateIsNull(ended), start, over);
    b_.SetInsertPoint(over);
    b_.CreateRetVoid();
    b_.SetInsertPoint(start);
  }
  fill(kernel->getArg(1));
  // Allocas belong into the entry block.
  if (start != entry) b_.SetInsertPoint(start);
  takeMemory();
  for (llvm::Instruction &instruction : llvm::make_early_inc_range(*start))
    if (start != entry && llvm::isa<llvm::AllocaInst>(instruction)) instruction.moveBefore(entry->getFirstNonPHIOrDbgOrAlloca());
  llvm::CallInst *run = b_.CreateCall(&body, {block_});
  if (slot_) callDevice(b_, "cutrans_device_give_slot", b_.getVoidTy(), {slots_, slot_});
  b_.CreateRetVoid();
  body.setLinkage(llvm::GlobalValue::InternalLinkage);
  body.removeFnAttr(llvm::Attribute::NoInline);
  llvm::InlineFunctionInfo info;
  llvm::InlineFunction(*run, info);
  body.eraseFromParent();
  return kernel;
}

// Where the record's grid is empty the kernel does nothing.
void returnFromEmptyGrid(llvm::Function &kernel) {
  llvm::BasicBlock &entry = kernel.getEntryBlock();
  llvm::BasicBlock *rest = entry.splitBasicBlock(entry.getFirstNonPHIOrDbgOrAlloca(), "run");
  auto *over = llvm::BasicBlock::Create(kernel.getContext(), "over", &kernel);
  llvm::ReturnInst::Create(kernel.getContext(), over);
  llvm::IRBuilder<> b(entry.getTerminator());
  Value *launch = b.CreateIntToPtr(b.CreatePtrToInt(kernel.getArg(0), b.getInt64Ty()), b.getPtrTy());
  Value *grid = b.CreateAlignedLoad(b.getInt32Ty(), b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), launch, offsetof(ct_opencl_launch, grid)), llvm::Align(4));
  b.CreateCondBr(b.CreateIsNull(grid), over, rest);
  entry.getTerminator()->eraseFromParent();
}

// Fields of the block are written in this very function: nothing about them is invariant any more.
void forgetInvariance(Value *pointer) {
  for (llvm::User *user : pointer->users()) {
    if (llvm::isa<llvm::GetElementPtrInst>(user)) forgetInvariance(user);
    else if (auto *load = llvm::dyn_cast<llvm::LoadInst>(user)) load->setMetadata(llvm::LLVMContext::MD_invariant_load, nullptr);
  }
}

}  // namespace

llvm::Expected<llvm::Function *> lowerKernel(llvm::Function &body, const GangOptions *gangs, ct_native_kernel &record, ct_opencl_header &header) {
  OpenclSurroundings surroundings;
  surroundings.clusters = gangs && gangs->clusters;
  if (llvm::Error error = lowerBlock(body, record, surroundings)) return std::move(error);
  llvm::Module &module = *body.getParent();
  llvm::IRBuilder<> entry(&*body.getEntryBlock().getFirstInsertionPt());
  addSharedWindow(body, surroundings.sharedWindow(entry, body.getArg(0)));
  dropAddressSpaces(body);
  module.setDataLayout(DataLayout);
  module.setTargetTriple(llvm::Triple("spir64-unknown-unknown"));
  returnBehind(surroundings.endings);
  llvm::removeUnreachableBlocks(body);
  forgetInvariance(body.getArg(0));

  header.magic = CT_OPENCL_MAGIC;
  header.abi = CT_OPENCL_ABI;
  header.header_bytes = sizeof header;
  header.gang_width = record.gang_width;
  header.static_shared_bytes = record.static_shared_bytes;
  for (unsigned i = 0; i < 3; ++i) {
    header.block[i] = record.block[i];
    header.max_grid[i] = record.max_grid[i];
  }
  if (record.flags & CT_NATIVE_USES_STACK) header.flags |= CT_OPENCL_USES_STACK;
  header.flags |= surroundings.flags;
  const uint64_t threads = uint64_t(record.block[0]) * record.block[1] * record.block[2];
  const uint64_t bytes = llvm::alignTo(record.scratch_bytes, 64) + record.local_bytes * llvm::alignTo(threads, record.gang_width);
  const bool known = threads || !record.local_bytes;
  if (!known || bytes > MaxFrameBytes || (record.flags & CT_NATIVE_USES_STACK)) {
    header.scratch_bytes = record.scratch_bytes;
    header.local_bytes = record.local_bytes;
  }
  body.removeFnAttr(llvm::Attribute::Convergent);
  header.flags |= CT_OPENCL_EMPTY_GRIDS;
  auto finished = [](llvm::Function *kernel) { return returnFromEmptyGrid(*kernel), kernel; };
  if (!gangs) return finished(Wrapper(module, record, header).writeWhole(body));
  header.flags |= CT_OPENCL_GANGS | CT_OPENCL_USES_MESSAGES;
  if (record.flags & CT_NATIVE_WAITS_ON_GRID) header.flags |= CT_OPENCL_WAITS_ON_GRID;
  header.local_bytes = record.local_bytes;
  header.block_bytes = sizeof(ct_running_block);
  header.gang_bytes = sizeof(ct_gang);
  header.warp_bytes = record.gang_width < CT_GANGS_WARP ? sizeof(ct_gangs_warp) : 0;
  llvm::Expected<uint32_t> frame = splitGangs(body);
  if (!frame) return frame.takeError();
  header.frame_bytes = *frame;
  return finished(Wrapper(module, record, header).writeGangs(*gangs));
}

}  // namespace cutrans::emit::opencl
