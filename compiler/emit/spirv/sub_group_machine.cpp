// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// lower-spirv: what thread form asks of a machine, as OpenCL's functions by the names under which LLVM's back end knows them.
//
// OpenCL does not say how sub-groups follow from local ids, but that all have the same size except the last one (OpenCL 3.0 API, "Sub-groups"). So the number of
// a thread is made of its sub-group's number and its own in it, and is right wherever the device puts it.
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>

#include "compiler/emit/spirv/spirv.h"
#include "compiler/emit/thread/lowering.h"
#include "compiler/ir/spmd.h"

namespace cutrans::emit::spirv {
namespace {

using llvm::Value;

constexpr uint32_t kSharedStart = 1u << 30;  // so that `array[t - 4]` does not wrap

// Of SPIR-V's memory semantics and scopes.
constexpr unsigned kAcquireRelease = 0x8, kWorkgroupMemory = 0x100, kCrossWorkgroupMemory = 0x200;
constexpr unsigned kAllMemory = kAcquireRelease | kWorkgroupMemory | kCrossWorkgroupMemory;
constexpr unsigned kWorkgroup = 2, kSubgroup = 3;

enum class Kind { value, crossLane, barrier };

Value *callOf(llvm::IRBuilderBase &b, llvm::StringRef name, llvm::Type *result, llvm::ArrayRef<Value *> arguments, Kind kind) {
  llvm::SmallVector<llvm::Type *, 3> types;
  for (Value *argument : arguments) types.push_back(argument->getType());
  llvm::Module &module = *b.GetInsertBlock()->getModule();
  auto *function = llvm::cast<llvm::Function>(module.getOrInsertFunction(name, llvm::FunctionType::get(result, types, false)).getCallee());
  function->setCallingConv(llvm::CallingConv::SPIR_FUNC);
  function->setDoesNotThrow();
  function->addFnAttr(llvm::Attribute::WillReturn);
  if (kind != Kind::value) function->addFnAttr(llvm::Attribute::Convergent);
  if (kind != Kind::barrier) function->setDoesNotAccessMemory();
  llvm::CallInst *call = b.CreateCall(function, arguments);
  call->setCallingConv(llvm::CallingConv::SPIR_FUNC);
  if (kind != Kind::value) call->setConvergent();
  return call;
}

class SubGroupMachine final : public thread::Machine {
 public:
  SubGroupMachine() {
    words = "SPIR-V";
    noForm = Diag::codegen_spirv;
    barrierRefusal = Diag::codegen_spirv_barrier;
    waitsRefusal = Diag::codegen_spirv_waits;
    wave = 32;
    using Launch = ct_opencl_launch;
    fields = {offsetof(Launch, globals), offsetof(Launch, grid_id), offsetof(Launch, child_queue), thread::LaunchFields::None, offsetof(Launch, messages),
              offsetof(Launch, stack_bytes), offsetof(Launch, grid), offsetof(Launch, block), offsetof(Launch, dynamic_shared_bytes), thread::LaunchFields::None};
    linear = true;
    mayWait = false;  // OpenCL promises no progress of work-items beside each other
    deviceScope = "device";
    sharedStart = kSharedStart;
    maxShared = 227u << 10;
  }

  Value *linearThread(llvm::IRBuilder<> &b) override {
    Value *group = callOf(b, "_Z16get_sub_group_idv", b.getInt32Ty(), {}, Kind::value);
    return b.CreateOr(b.CreateShl(group, 5), waveLane(b), "thread");
  }
  Value *groupId(llvm::IRBuilder<> &b, unsigned dimension) override {
    return b.CreateTrunc(callOf(b, "_Z12get_group_idj", b.getInt64Ty(), {b.getInt32(dimension)}, Kind::value), b.getInt32Ty());
  }
  Value *waveLane(llvm::IRBuilder<> &b) override { return callOf(b, "_Z22get_sub_group_local_idv", b.getInt32Ty(), {}, Kind::value); }
  // Which unit runs a block, OpenCL does not say.
  Value *unit(thread::Ids &ids) override {
    Value *group = ids.groupId(0), *units = unitCount(ids);
    llvm::IRBuilder<> b = ids.entry();
    auto *unit = llvm::cast<llvm::Instruction>(b.CreateURem(group, units, "smid"));
    ids.behind(unit);
    return unit;
  }
  Value *unitCount(thread::Ids &ids) override {
    return ids.field(offsetof(ct_opencl_launch, unit_count), llvm::Type::getInt32Ty(ids.kernel().getContext()), "nsmid");
  }

  Value *ballot(llvm::IRBuilderBase &b, Value *condition) override {
    Value *bits = callOf(b, "_Z16sub_group_balloti", llvm::FixedVectorType::get(b.getInt32Ty(), 4), {b.CreateZExt(condition, b.getInt32Ty())}, Kind::crossLane);
    return b.CreateExtractElement(bits, uint64_t{0});
  }
  // A number that no lane has is undefined; it is not looked at.
  Value *permute(llvm::IRBuilderBase &b, Value *from, Value *word) override {
    return callOf(b, "_Z17sub_group_shufflejj", b.getInt32Ty(), {word, b.CreateAnd(from, 31)}, Kind::crossLane);
  }
  void syncWarp(llvm::IRBuilderBase &b) override {
    callOf(b, "_Z21__spirv_MemoryBarrierii", b.getVoidTy(), {b.getInt32(kSubgroup), b.getInt32(kAllMemory)}, Kind::barrier);
  }
  void syncBlock(llvm::IRBuilderBase &b) override {
    callOf(b, "_Z22__spirv_ControlBarrieriii", b.getVoidTy(), {b.getInt32(kWorkgroup), b.getInt32(kWorkgroup), b.getInt32(kAllMemory)}, Kind::barrier);
  }

  Value *isShared(llvm::IRBuilderBase &b, thread::Ids &ids, Value *address, Value *bytes) override {
    Value *start = b.CreatePtrToInt(b.CreateAddrSpaceCast(ids.kernel().getArg(1), b.getPtrTy()), b.getInt64Ty());
    return b.CreateICmpULT(b.CreateSub(address, start), b.CreateZExt(bytes, b.getInt64Ty()));
  }
  // A thread has addresses of its own variables only.
  Value *isLocal(llvm::IRBuilderBase &b, llvm::Function &kernel, Value *address) override {
    Value *any = b.getFalse();
    for (llvm::Instruction &instruction : llvm::instructions(kernel)) {
      auto *local = llvm::dyn_cast<llvm::AllocaInst>(&instruction);
      if (!local) continue;
      const uint64_t bytes = local->getAllocationSize(kernel.getDataLayout())->getFixedValue();
      Value *start = b.CreatePtrToInt(b.CreateAddrSpaceCast(local, b.getPtrTy()), b.getInt64Ty());
      any = b.CreateOr(any, b.CreateICmpULT(b.CreateSub(address, start), b.getInt64(bytes)));
    }
    return any;
  }

  Value *clock(llvm::IRBuilderBase &) override { return nullptr; }
  void pause(llvm::IRBuilderBase &) override {}
};

}  // namespace

std::unique_ptr<thread::Machine> makeMachine() { return std::make_unique<SubGroupMachine>(); }

}  // namespace cutrans::emit::spirv
