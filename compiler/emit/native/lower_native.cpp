// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// lower-native: everything of widened code that is not plain LLVM IR becomes an access to ct_native_block or a call of
// its services; then the address spaces go (drop_address_spaces.cpp).
//
// In: `void @kernel(ptr %block)` or `void @kernel(ptr %block, i32 %gang)`, widened.h. Out: only expand-math's cutrans.* are left.
#include <cstddef>

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/ReplaceConstant.h>

#include "compiler/emit/native/lower_native.h"
#include "compiler/emit/native/lower_texture.h"
#include "compiler/emit/native/native.h"
#include "compiler/emit/shared_layout.h"
#include "compiler/ir/intrinsics.h"
#include "compiler/ir/spmd.h"
#include "compiler/simt/phases.h"
#include "compiler/simt/refusal.h"
#include "compiler/simt/services.h"
#include "compiler/simt/widened.h"

namespace cutrans::emit {
namespace {

using ir::Intrinsic;
using simt::loadBlockField;
namespace widened = simt::widened;

// An id that is one field of the block.
struct FieldRow {
  Intrinsic id;
  size_t offset;
};
constexpr FieldRow Fields[] = {
    {Intrinsic::CtaidX, offsetof(ct_native_block, block_id)},  {Intrinsic::CtaidY, offsetof(ct_native_block, block_id) + 4},
    {Intrinsic::CtaidZ, offsetof(ct_native_block, block_id) + 8}, {Intrinsic::NtidX, offsetof(ct_native_block, block)},
    {Intrinsic::NtidY, offsetof(ct_native_block, block) + 4},  {Intrinsic::NtidZ, offsetof(ct_native_block, block) + 8},
    {Intrinsic::NctaidX, offsetof(ct_native_block, grid)},     {Intrinsic::NctaidY, offsetof(ct_native_block, grid) + 4},
    {Intrinsic::NctaidZ, offsetof(ct_native_block, grid) + 8}, {Intrinsic::SmId, offsetof(ct_native_block, unit)},
    {Intrinsic::NsmId, offsetof(ct_native_block, unit_count)}, {Intrinsic::GridId, offsetof(ct_native_block, grid_id)},
    {Intrinsic::DynamicSmemSize, offsetof(ct_native_block, dynamic_shared_bytes)},
    {Intrinsic::StackArea, offsetof(ct_native_block, stack)},  {Intrinsic::StackBytes, offsetof(ct_native_block, stack_bytes)},
    {Intrinsic::ClusterNctaidX, offsetof(ct_native_block, cluster)}, {Intrinsic::ClusterNctaidY, offsetof(ct_native_block, cluster) + 4},
    {Intrinsic::ClusterNctaidZ, offsetof(ct_native_block, cluster) + 8}, {Intrinsic::ClusterCtarank, offsetof(ct_native_block, cluster_rank)},
    {Intrinsic::TotalSmemSize, offsetof(ct_native_block, shared_bytes)},
};

class Lowering {
 public:
  explicit Lowering(llvm::Function &kernel, ct_native_kernel &record, Surroundings &surroundings)
      : kernel_(kernel), module_(*kernel.getParent()), block_(kernel.getArg(0)), record_(record), surroundings_(surroundings) {}

  llvm::Error run() {
    shared_ = layOutShared(module_);
    record_.static_shared_bytes = shared_.bytes;
    replaceVariables();
    llvm::SmallVector<llvm::CallInst *, 64> calls;
    for (llvm::Instruction &instruction : llvm::instructions(kernel_))
      if (auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction); call && call->getCalledFunction()) calls.push_back(call);
    for (llvm::CallInst *call : calls) {
      llvm::Expected<llvm::Value *> value = lower(*call);
      if (!value) return value.takeError();
      if (*value == call) continue;
      if (!call->getType()->isVoidTy()) call->replaceAllUsesWith(*value);
      call->eraseFromParent();
    }
    return llvm::Error::success();
  }

 private:
  void replaceVariables();
  llvm::Value *variableAddress(llvm::GlobalVariable &variable, llvm::IRBuilderBase &builder);
  llvm::Expected<llvm::Value *> lower(llvm::CallInst &call);
  llvm::Expected<llvm::Value *> lowerService(llvm::CallInst &call, llvm::StringRef name);
  llvm::Expected<llvm::Value *> service(llvm::CallInst &call, size_t offset, llvm::Value *thread, llvm::Type *result, llvm::ArrayRef<llvm::Value *> arguments);
  llvm::Value *lowerCluster(llvm::CallInst &call, Intrinsic id);
  llvm::Value *lowerIsSpace(llvm::CallInst &call, Intrinsic id);
  llvm::Value *inRange(llvm::IRBuilderBase &builder, llvm::Value *address, llvm::Value *start, llvm::Value *bytes);

  llvm::Function &kernel_;
  llvm::Module &module_;
  llvm::Argument *block_;
  ct_native_kernel &record_;
  Surroundings &surroundings_;
  SharedLayout shared_;
  TextureCalls textures_;
};

// Services are functions of the target's table.
class NativeSurroundings : public Surroundings {
 public:
  llvm::Value *service(llvm::IRBuilderBase &builder, llvm::Value *block, size_t offset, llvm::Value *, llvm::Type *result,
                       llvm::ArrayRef<llvm::Value *> arguments) override {
    const bool clock = offset == offsetof(ct_native_services, clock) || offset == offsetof(ct_native_services, global_timer);
    return simt::callService(builder, block, offset, result, arguments, !clock);
  }
};

llvm::Value *Lowering::variableAddress(llvm::GlobalVariable &variable, llvm::IRBuilderBase &builder) {
  if (variable.getAddressSpace() == ir::space::Shared) {
    if (surroundings_.sharedWindow(builder, block_) && !surroundings_.seesCluster()) return builder.CreateIntToPtr(builder.getInt32(Surroundings::SharedStart + shared_.offsets.lookup(&variable)), variable.getType());
    llvm::Value *base = loadBlockField(builder, block_, offsetof(ct_native_block, shared_base), builder.getInt32Ty());
    llvm::Value *sum = builder.CreateNUWAdd(base, builder.getInt32(shared_.offsets.lookup(&variable)), variable.getName());
    return builder.CreateIntToPtr(sum, variable.getType());
  }
  llvm::MDNode *node = variable.getMetadata(ir::OffsetMetadata);
  uint64_t offset = node ? llvm::mdconst::extract<llvm::ConstantInt>(node->getOperand(0))->getZExtValue() : 0;
  llvm::Value *base = loadBlockField(builder, block_, offsetof(ct_native_block, globals), builder.getPtrTy());
  llvm::Value *address = builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), base, offset, variable.getName());
  return builder.CreateAddrSpaceCast(address, variable.getType());
}

void Lowering::replaceVariables() {
  llvm::SmallVector<llvm::Constant *, 16> all;
  for (llvm::GlobalVariable &variable : module_.globals())
    if (variable.getAddressSpace() != 0) all.push_back(&variable);
  llvm::convertUsersOfConstantsToInstructions(all);
  for (llvm::Constant *constant : all) {
    auto *variable = llvm::cast<llvm::GlobalVariable>(constant);
    if (variable->use_empty()) continue;
    llvm::IRBuilder<> builder(&*kernel_.getEntryBlock().getFirstInsertionPt());
    llvm::Value *address = variableAddress(*variable, builder);
    variable->replaceUsesWithIf(address, [&](llvm::Use &use) {
      auto *user = llvm::dyn_cast<llvm::Instruction>(use.getUser());
      return user && user->getFunction() == &kernel_;
    });
  }
}

// address - start < bytes, unsigned; vectors too.
llvm::Value *Lowering::inRange(llvm::IRBuilderBase &builder, llvm::Value *address, llvm::Value *start, llvm::Value *bytes) {
  if (auto *vector = llvm::dyn_cast<llvm::FixedVectorType>(address->getType())) {
    start = builder.CreateVectorSplat(vector->getNumElements(), start);
    bytes = builder.CreateVectorSplat(vector->getNumElements(), bytes);
  }
  return builder.CreateICmpULT(builder.CreateSub(address, start), bytes);
}

llvm::Value *Lowering::lowerIsSpace(llvm::CallInst &call, Intrinsic id) {
  llvm::IRBuilder<> builder(&call);
  auto *i64 = builder.getInt64Ty();
  llvm::Value *address = call.getArgOperand(0);
  auto field = [&](size_t offset, llvm::Type *type) {
    llvm::Value *value = loadBlockField(builder, block_, offset, type);
    return type->isPointerTy() ? builder.CreatePtrToInt(value, i64) : builder.CreateZExt(value, i64);
  };
  auto shared = [&] {
    llvm::Value *window = surroundings_.sharedWindow(builder, block_);
    llvm::Value *start = window && !surroundings_.seesCluster() ? builder.getInt64(Surroundings::SharedStart) : field(offsetof(ct_native_block, shared_base), builder.getInt32Ty());
    window = window ? builder.CreateAdd(window, start) : start;
    return inRange(builder, address, window, field(offsetof(ct_native_block, shared_bytes), builder.getInt32Ty()));
  };
  auto cluster = [&] {
    llvm::Value *window = surroundings_.sharedWindow(builder, block_);
    if (window && !surroundings_.seesCluster()) return shared();
    llvm::Value *blocks = builder.getInt64(1);
    for (unsigned i = 0; i < 3; ++i) blocks = builder.CreateMul(blocks, field(offsetof(ct_native_block, cluster) + 4 * i, builder.getInt32Ty()));
    llvm::Value *start = field(offsetof(ct_native_block, cluster_base), builder.getInt32Ty());
    return inRange(builder, address, window ? builder.CreateAdd(window, start) : start,
                   builder.CreateShl(blocks, field(offsetof(ct_native_block, cluster_shift), builder.getInt32Ty())));
  };
  auto local = [&] {
    // Rounded up to whole gangs, native_kernel.h.
    llvm::Value *threads = builder.getInt64(32);
    for (unsigned i = 0; i < 3; ++i)
      threads = i == 0 ? field(offsetof(ct_native_block, block), builder.getInt32Ty())
                       : builder.CreateMul(threads, field(offsetof(ct_native_block, block) + 4 * i, builder.getInt32Ty()));
    llvm::Value *in = inRange(builder, address, field(offsetof(ct_native_block, local), builder.getPtrTy()),
                              builder.CreateMul(threads, builder.getInt64(record_.local_bytes)));
    if (!(record_.flags & CT_NATIVE_USES_STACK)) return in;
    return builder.CreateOr(in, inRange(builder, address, field(offsetof(ct_native_block, stack), i64),
                                        builder.CreateMul(threads, field(offsetof(ct_native_block, stack_bytes), i64))));
  };
  auto param = [&] {
    uint64_t bytes = 0;
    kernel_.getFnAttribute(ir::ParamsSizeAttr).getValueAsString().getAsInteger(10, bytes);
    return inRange(builder, address, field(offsetof(ct_native_block, params), builder.getPtrTy()), builder.getInt64(bytes));
  };
  auto constant = [&] {
    llvm::Value *any = llvm::Constant::getNullValue(call.getType());
    for (llvm::GlobalVariable &variable : module_.globals()) {
      llvm::MDNode *node = variable.getMetadata(ir::OffsetMetadata);
      if (variable.getAddressSpace() != ir::space::Const || !node) continue;
      uint64_t offset = llvm::mdconst::extract<llvm::ConstantInt>(node->getOperand(0))->getZExtValue();
      llvm::Value *start = builder.CreateAdd(field(offsetof(ct_native_block, globals), builder.getPtrTy()), builder.getInt64(offset));
      uint64_t bytes = module_.getDataLayout().getTypeAllocSize(variable.getValueType());
      any = builder.CreateOr(any, inRange(builder, address, start, builder.getInt64(bytes)));
    }
    return any;
  };
  switch (id) {
    case Intrinsic::IsShared: return shared();
    case Intrinsic::IsSharedCluster: return cluster();
    case Intrinsic::IsLocal: return local();
    case Intrinsic::IsParam: return param();
    case Intrinsic::IsConst: return constant();
    default: return builder.CreateNot(builder.CreateOr(builder.CreateOr(cluster(), local()), builder.CreateOr(param(), constant())));
  }
}

// Windows lie side by side, native_kernel.h; vectors too.
llvm::Value *Lowering::lowerCluster(llvm::CallInst &call, Intrinsic id) {
  llvm::IRBuilder<> builder(&call);
  auto *vector = llvm::dyn_cast<llvm::FixedVectorType>(call.getType());
  auto field = [&](size_t offset) {
    llvm::Value *value = loadBlockField(builder, block_, offset, builder.getInt32Ty());
    return vector ? builder.CreateVectorSplat(vector->getNumElements(), value) : value;
  };
  llvm::Value *base = field(offsetof(ct_native_block, cluster_base)), *shift = field(offsetof(ct_native_block, cluster_shift));
  llvm::Value *place = builder.CreateSub(call.getArgOperand(0), base);
  if (id == Intrinsic::ClusterRankOf) return builder.CreateLShr(place, shift);
  llvm::Value *within = builder.CreateAnd(place, builder.CreateNot(builder.CreateShl(llvm::Constant::getAllOnesValue(call.getType()), shift)));
  // A block that the cluster has not: an address in the first page, where every access is a fault.
  llvm::Value *blocks = field(offsetof(ct_native_block, cluster));
  for (unsigned d : {1u, 2u}) blocks = builder.CreateMul(blocks, field(offsetof(ct_native_block, cluster) + 4 * d));
  llvm::Value *mapped = builder.CreateAdd(builder.CreateAdd(base, builder.CreateShl(call.getArgOperand(1), shift)), within);
  return builder.CreateSelect(builder.CreateICmpULT(call.getArgOperand(1), blocks), mapped, builder.CreateAnd(within, llvm::ConstantInt::get(call.getType(), 0xff)));
}

llvm::Expected<llvm::Value *> Lowering::service(llvm::CallInst &call, size_t offset, llvm::Value *thread, llvm::Type *result,
                                                llvm::ArrayRef<llvm::Value *> arguments) {
  llvm::IRBuilder<> builder(&call);
  if (llvm::Value *value = surroundings_.service(builder, block_, offset, thread, result, arguments)) return value;
  llvm::StringRef name = call.getCalledFunction()->getName();
  name.consume_front("cutrans.");
  name.consume_front("gang.");
  return simt::refuse(Diag::codegen_service, call, name.str());
}

// cutrans.gang.<name>(thread, ...): once for each live lane. Null: no such name.
llvm::Expected<llvm::Value *> Lowering::lowerService(llvm::CallInst &call, llvm::StringRef name) {
  llvm::IRBuilder<> builder(&call);
  auto *none = builder.getVoidTy();
  auto argument = [&](unsigned i) -> llvm::Value * {
    llvm::Value *value = call.getArgOperand(i);
    if (value->getType()->isPointerTy()) return builder.CreateAddrSpaceCast(value, builder.getPtrTy());
    return value;
  };
  auto pointer = [&](unsigned i) -> llvm::Value * {
    llvm::Value *value = argument(i);
    if (!value->getType()->isIntegerTy()) return value;
    if (value->getType()->isIntegerTy(64)) return builder.CreateIntToPtr(value, builder.getPtrTy());
    return builder.CreateAddrSpaceCast(builder.CreateIntToPtr(value, builder.getPtrTy(ir::space::Shared)), builder.getPtrTy());
  };
  auto ask = [&](size_t offset, llvm::Type *result, llvm::ArrayRef<llvm::Value *> arguments) {
    llvm::Value *thread = name == "nanosleep" ? nullptr : argument(0);
    return service(call, offset, thread, result, arguments);
  };
  if (name == "vprintf") return ask(offsetof(ct_native_services, vprintf), builder.getInt32Ty(), {pointer(1), pointer(2)});
  if (name == "assertfail")
    return ask(offsetof(ct_native_services, assert_fail), none, {argument(0), pointer(1), pointer(2), argument(3), pointer(4)});
  if (name == "malloc") return ask(offsetof(ct_native_services, heap_alloc), builder.getInt64Ty(), {argument(1)});
  if (name == "free") return ask(offsetof(ct_native_services, heap_free), none, {argument(1)});
  if (name == "trap" || name == "brkpt")
    return ask(offsetof(ct_native_services, trap), none, {argument(0), call.arg_size() > 1 ? argument(1) : builder.getInt32(0)});
  if (name == "bulk.copy" || name == "bulk.reduce")
    return ask(name == "bulk.copy" ? offsetof(ct_native_services, bulk_copy) : offsetof(ct_native_services, bulk_reduce), none,
               {pointer(1), pointer(2), argument(3), argument(4)});
  if (name == "tensor.copy") {
    llvm::IRBuilder<> entry(&*kernel_.getEntryBlock().getFirstInsertionPt());
    llvm::AllocaInst *where = entry.CreateAlloca(llvm::ArrayType::get(builder.getInt32Ty(), 8), nullptr, "where");
    for (unsigned i = 0; i < 8; ++i) builder.CreateStore(argument(3 + i), builder.CreateConstInBoundsGEP1_32(builder.getInt32Ty(), where, i));
    return ask(offsetof(ct_native_services, tensor_copy), builder.getInt32Ty(), {pointer(1), pointer(2), where, argument(11)});
  }
  if (name == "nanosleep") return ask(offsetof(ct_native_services, nanosleep), none, {argument(call.arg_size() - 1)});
  return nullptr;
}

llvm::Expected<llvm::Value *> Lowering::lower(llvm::CallInst &call) {
  llvm::StringRef full = call.getCalledFunction()->getName(), name = full;
  if (!name.consume_front("cutrans.")) return &call;
  llvm::IRBuilder<> builder(&call);
  if (full == widened::LocalBase) return loadBlockField(builder, block_, offsetof(ct_native_block, local), builder.getPtrTy());
  if (full.starts_with(widened::TexturePrefix)) {
    // (form, mask, thread, handles, words...)
    auto run = [&](llvm::IRBuilder<> &b, uint32_t, unsigned lanes, const TextureCalls::Arrays &arrays) {
      return surroundings_.service(b, block_, offsetof(ct_native_services, texture), nullptr, b.getVoidTy(),
                                   {call.getArgOperand(2), call.getArgOperand(0), b.getInt32(lanes), call.getArgOperand(1), arrays.handles, arrays.words, arrays.results});
    };
    llvm::Value *value = nullptr;
    if (textures_.lower(call, 3, run, value)) return value;
    return simt::refuse(Diag::codegen_service, call, "textures and surfaces");
  }
  if (name.consume_front("gang.")) {
    llvm::Expected<llvm::Value *> value = lowerService(call, name);
    if (!value || *value) return value;
  }
  Intrinsic id = baseIntrinsic(full);
  for (const FieldRow &row : Fields)
    if (row.id == id) return loadBlockField(builder, block_, row.offset, call.getType(), name);
  switch (id) {
    case Intrinsic::Clock64: return service(call, offsetof(ct_native_services, clock), nullptr, builder.getInt64Ty(), {});
    case Intrinsic::Clock: {
      llvm::Expected<llvm::Value *> clock = service(call, offsetof(ct_native_services, clock), nullptr, builder.getInt64Ty(), {});
      return clock ? builder.CreateTrunc(*clock, call.getType()) : std::move(clock);
    }
    case Intrinsic::GlobalTimer: return service(call, offsetof(ct_native_services, global_timer), nullptr, builder.getInt64Ty(), {});
    case Intrinsic::Nanosleep: return lowerService(call, "nanosleep");
    case Intrinsic::EnvReg: {
      // Two addresses, high and low half: %envreg1 and 2 a cooperative grid's workspace, 3 and 4 the grid's child queue;
      // the others are 0.
      auto *index = llvm::dyn_cast<llvm::ConstantInt>(call.getArgOperand(0));
      const uint64_t number = index ? index->getZExtValue() : 0;
      if (number < 1 || number > 4) return builder.getInt32(0);
      const size_t field = number <= 2 ? offsetof(ct_native_block, grid_workspace) : offsetof(ct_native_block, child_queue);
      llvm::Value *address = loadBlockField(builder, block_, field, builder.getInt64Ty());
      if (number % 2 == 1) address = builder.CreateLShr(address, 32);
      return builder.CreateTrunc(address, builder.getInt32Ty());
    }
    case Intrinsic::ClusterIsExplicit:
      return builder.CreateIsNotNull(loadBlockField(builder, block_, offsetof(ct_native_block, cluster_explicit), builder.getInt32Ty()));
    case Intrinsic::ClusterMap:
    case Intrinsic::ClusterRankOf: return lowerCluster(call, id);
    case Intrinsic::IsGlobal:
    case Intrinsic::IsShared:
    case Intrinsic::IsSharedCluster:
    case Intrinsic::IsLocal:
    case Intrinsic::IsConst:
    case Intrinsic::IsParam: return lowerIsSpace(call, id);
    default: break;
  }
  if (isMath(id)) return &call;
  return simt::refuse(Diag::codegen_intrinsic, call, ("the native code generator has no rule for " + full).str());
}

}  // namespace

ir::Intrinsic baseIntrinsic(llvm::StringRef name) {
  auto [base, lanes] = name.rsplit(".v");
  unsigned count;
  return ir::intrinsicNamed(!lanes.empty() && !lanes.getAsInteger(10, count) ? base : name);
}

bool isMath(Intrinsic id) { return id >= Intrinsic::AddF32Rz && id <= Intrinsic::RsqrtApproxFtzF64; }

llvm::Error lowerBlock(llvm::Function &kernel, ct_native_kernel &record, Surroundings &surroundings) {
  return Lowering(kernel, record, surroundings).run();
}

llvm::Error lowerNative(llvm::Function &kernel, ct_native_kernel &record) {
  NativeSurroundings surroundings;
  if (llvm::Error error = lowerBlock(kernel, record, surroundings)) return error;
  dropAddressSpaces(kernel);
  return llvm::Error::success();
}

}  // namespace cutrans::emit
