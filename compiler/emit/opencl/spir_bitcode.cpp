// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The kernel as bitcode that LLVM 15 reads, in the shape that OpenCL implementations expect of SPIR 1.2 (cl_khr_spir). A reader takes older
// bitcode, never newer: what LLVM learnt after 15 is taken away, and what has changed is written as it was.
#include <llvm/Analysis/VectorUtils.h>
#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/CodeGen/AtomicExpandUtils.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Operator.h>

#include "compiler/emit/opencl/opencl.h"
#include "compiler/simt/refusal.h"

namespace cutrans::emit::opencl {
namespace {

using llvm::Intrinsic::ID;
namespace in = llvm::Intrinsic;
using llvm::Value;

// Those that LLVM 15 knows with the meaning and the type of today.
bool isOld(ID id) {
  switch (id) {
    case in::fma: case in::fmuladd: case in::sqrt: case in::fabs: case in::copysign: case in::floor: case in::ceil: case in::trunc: case in::rint:
    case in::nearbyint: case in::round: case in::roundeven: case in::minnum: case in::maxnum:
    case in::ctpop: case in::ctlz: case in::cttz: case in::bswap: case in::bitreverse: case in::fshl: case in::fshr:
    case in::smin: case in::smax: case in::umin: case in::umax: case in::abs:
    case in::sadd_sat: case in::uadd_sat: case in::ssub_sat: case in::usub_sat: case in::sshl_sat: case in::ushl_sat:
    case in::sadd_with_overflow: case in::uadd_with_overflow: case in::ssub_with_overflow: case in::usub_with_overflow:
    case in::smul_with_overflow: case in::umul_with_overflow:
    case in::fptosi_sat: case in::fptoui_sat: case in::is_fpclass:
    case in::vector_reduce_add: case in::vector_reduce_mul: case in::vector_reduce_and: case in::vector_reduce_or: case in::vector_reduce_xor:
    case in::vector_reduce_smin: case in::vector_reduce_smax: case in::vector_reduce_umin: case in::vector_reduce_umax:
    case in::vector_insert: case in::vector_extract:
    case in::memcpy: case in::memmove: case in::memset: case in::readcyclecounter: return true;
    default: return false;
  }
}

void dropNewFlags(llvm::Instruction &instruction) {
  if (llvm::isa<llvm::PossiblyNonNegInst>(instruction) || llvm::isa<llvm::TruncInst>(instruction) || llvm::isa<llvm::PossiblyDisjointInst>(instruction) ||
      llvm::isa<llvm::ICmpInst>(instruction))
    instruction.dropPoisonGeneratingFlags();
  if (auto *gep = llvm::dyn_cast<llvm::GetElementPtrInst>(&instruction))
    gep->setNoWrapFlags(gep->isInBounds() ? llvm::GEPNoWrapFlags::inBounds() : llvm::GEPNoWrapFlags::none());
  if (auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction)) call->setAttributes({});
  llvm::SmallVector<std::pair<unsigned, llvm::MDNode *>, 4> metadata;
  instruction.getAllMetadata(metadata);
  for (auto [kind, node] : metadata)
    if (kind != llvm::LLVMContext::MD_invariant_load && kind != llvm::LLVMContext::MD_alias_scope && kind != llvm::LLVMContext::MD_noalias &&
        kind != llvm::LLVMContext::MD_range)
      instruction.setMetadata(kind, nullptr);
}

bool isMaskedAccess(ID id) {
  return id == in::masked_load || id == in::masked_store || id == in::masked_gather || id == in::masked_scatter;
}

// Until LLVM 21 the alignment was an operand.
void writeMaskedAccesses(llvm::Function &now) {
  const ID id = now.getIntrinsicID();
  const unsigned pointer = id == in::masked_load || id == in::masked_gather ? 0 : 1;
  llvm::SmallVector<llvm::Type *, 4> types(now.getFunctionType()->params());
  types.insert(types.begin() + pointer + 1, llvm::Type::getInt32Ty(now.getContext()));
  const std::string name = now.getName().str();
  now.setName("");
  auto *old = llvm::Function::Create(llvm::FunctionType::get(now.getReturnType(), types, false), llvm::GlobalValue::ExternalLinkage, name, *now.getParent());
  for (llvm::User *user : llvm::make_early_inc_range(now.users())) {
    auto *call = llvm::cast<llvm::CallInst>(user);
    llvm::IRBuilder<> b(call);
    llvm::SmallVector<Value *, 4> arguments(call->args());
    arguments.insert(arguments.begin() + pointer + 1, b.getInt32(uint32_t(call->getParamAlign(pointer).valueOrOne().value())));
    llvm::CallInst *written = b.CreateCall(old, arguments);
    written->copyMetadata(*call);
    written->takeName(call);
    call->replaceAllUsesWith(written);
    call->eraseFromParent();
  }
  now.eraseFromParent();
}

llvm::Error writeOld(llvm::IntrinsicInst &call) {
  if (expandToSelections(call)) return llvm::Error::success();
  switch (const ID id = call.getIntrinsicID()) {
    // Hints.
    case in::assume: case in::lifetime_start: case in::lifetime_end: case in::experimental_noalias_scope_decl: case in::invariant_start: case in::invariant_end:
      if (!call.use_empty()) call.replaceAllUsesWith(llvm::PoisonValue::get(call.getType()));
      call.eraseFromParent();
      return llvm::Error::success();
    default:
      if (isOld(id) || isMaskedAccess(id)) return llvm::Error::success();
      return simt::refuse(Diag::codegen_intrinsic, call, ("bitcode for LLVM 15 has no " + call.getCalledFunction()->getName()).str());
  }
}

bool isOld(llvm::AtomicRMWInst::BinOp operation) {
  return operation <= llvm::AtomicRMWInst::UMin || operation == llvm::AtomicRMWInst::FAdd || operation == llvm::AtomicRMWInst::FSub;
}

// Others become loops of compare-and-swap.
void writeOldAtomics(llvm::Function &function) {
  llvm::SmallVector<llvm::AtomicRMWInst *, 8> found;
  for (llvm::Instruction &instruction : llvm::instructions(function))
    if (auto *atomic = llvm::dyn_cast<llvm::AtomicRMWInst>(&instruction); atomic && !isOld(atomic->getOperation())) found.push_back(atomic);
  for (llvm::AtomicRMWInst *atomic : found) {
    llvm::expandAtomicRMWToCmpXchg(atomic, [](llvm::IRBuilderBase &b, Value *address, Value *loaded, Value *wanted, llvm::Align align, llvm::AtomicOrdering order,
                                              llvm::SyncScope::ID scope, Value *&success, Value *&found, llvm::Instruction *) {
      llvm::Type *type = wanted->getType();
      if (type->isFloatingPointTy()) {
        llvm::Type *integer = b.getIntNTy(type->getPrimitiveSizeInBits());
        loaded = b.CreateBitCast(loaded, integer), wanted = b.CreateBitCast(wanted, integer);
      }
      Value *pair = b.CreateAtomicCmpXchg(address, loaded, wanted, align, order, llvm::AtomicCmpXchgInst::getStrongestFailureOrdering(order), scope);
      success = b.CreateExtractValue(pair, 1);
      found = b.CreateBitCast(b.CreateExtractValue(pair, 0), type);
    });
  }
}

// Intel's runtime makes a call of OpenCL's convert_floatN of it, which is there for at most 16 lanes.
void splitNarrowing(llvm::FPTruncInst &narrow) {
  constexpr int Most = 16;
  auto *type = llvm::dyn_cast<llvm::FixedVectorType>(narrow.getType());
  const int lanes = type ? int(type->getNumElements()) : 0;
  if (lanes <= Most || lanes % Most) return;
  llvm::IRBuilder<> b(&narrow);
  llvm::SmallVector<Value *, 8> pieces;
  for (int at = 0; at < lanes; at += Most) {
    llvm::SmallVector<int, Most> which;
    for (int i = 0; i < Most; ++i) which.push_back(at + i);
    Value *piece = b.CreateShuffleVector(narrow.getOperand(0), which);
    pieces.push_back(b.CreateFPTrunc(piece, llvm::FixedVectorType::get(type->getElementType(), Most)));
  }
  narrow.replaceAllUsesWith(llvm::concatenateVectors(b, pieces));
  narrow.eraseFromParent();
}

llvm::MDNode *texts(llvm::LLVMContext &context, llvm::ArrayRef<llvm::StringRef> values) {
  llvm::SmallVector<llvm::Metadata *, 4> all;
  for (llvm::StringRef value : values) all.push_back(llvm::MDString::get(context, value));
  return llvm::MDNode::get(context, all);
}

// What a target needs to leave a kernel that made a bad access (opencl_kernel.h).
void markEntry(llvm::Module &module, llvm::Function &kernel) {
  for (llvm::Function &function : module)
    if (!function.isDeclaration()) function.addFnAttr("frame-pointer", "all");
  llvm::IRBuilder<> b(&*kernel.getEntryBlock().getFirstNonPHIOrDbgOrAlloca());
  auto *type = llvm::FunctionType::get(b.getVoidTy(), false);
  b.CreateCall(llvm::InlineAsm::get(type, CT_OPENCL_ENTRY_ASM, CT_OPENCL_ENTRY_CLOBBERS, /*hasSideEffects=*/true));
}

}  // namespace

llvm::MDNode *words(llvm::LLVMContext &context, llvm::ArrayRef<unsigned> values) {
  llvm::SmallVector<llvm::Metadata *, 4> all;
  for (unsigned value : values) all.push_back(llvm::ConstantAsMetadata::get(llvm::ConstantInt::get(llvm::Type::getInt32Ty(context), value)));
  return llvm::MDNode::get(context, all);
}

llvm::Expected<std::string> writeSpirBitcode(llvm::Module &module, llvm::Function &kernel, const Device &device) {
  llvm::LLVMContext &context = module.getContext();
  llvm::SmallVector<llvm::Function *, 8> masked;
  for (llvm::Function &function : module)
    if (isMaskedAccess(function.getIntrinsicID())) masked.push_back(&function);
  for (llvm::Function *function : masked) writeMaskedAccesses(*function);
  for (llvm::Function &function : module) {
    writeOldAtomics(function);
    for (llvm::Instruction &instruction : llvm::make_early_inc_range(llvm::instructions(function)))
      if (auto *narrow = llvm::dyn_cast<llvm::FPTruncInst>(&instruction)) splitNarrowing(*narrow);
    for (llvm::Instruction &instruction : llvm::make_early_inc_range(llvm::instructions(function)))
      if (auto *call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction))
        if (llvm::Error error = writeOld(*call)) return std::move(error);
    for (llvm::Instruction &instruction : llvm::instructions(function)) dropNewFlags(instruction);
    function.setAttributes({});
    function.setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::None);
  }
  for (llvm::Function &function : llvm::make_early_inc_range(module))
    if (function.isDeclaration() && function.use_empty()) function.eraseFromParent();
  for (llvm::NamedMDNode &node : llvm::make_early_inc_range(module.named_metadata())) node.eraseFromParent();

  if (device.x86) markEntry(module, kernel);
  kernel.addFnAttr(llvm::Attribute::NoUnwind);
  kernel.addFnAttr("prefer-vector-width", std::to_string(device.vectorBits));
  kernel.addFnAttr("min-legal-vector-width", std::to_string(device.vectorBits));
  // The function's own metadata, not the list "opencl.kernels" of SPIR 1.2: PoCL 3.1 reads past the end of that (docs/opencl-target.md).
  kernel.setMetadata("kernel_arg_addr_space", words(context, {1, 3}));
  kernel.setMetadata("kernel_arg_access_qual", texts(context, {"none", "none"}));
  kernel.setMetadata("kernel_arg_type", texts(context, {"uchar*", "uchar*"}));
  kernel.setMetadata("kernel_arg_base_type", texts(context, {"uchar*", "uchar*"}));
  kernel.setMetadata("kernel_arg_type_qual", texts(context, {"", ""}));
  kernel.setMetadata("reqd_work_group_size", words(context, {1, 1, 1}));
  for (const char *name : {"opencl.ocl.version", "opencl.spir.version"}) module.getOrInsertNamedMetadata(name)->addOperand(words(context, {1, 2}));

  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream out(bytes);
  llvm::WriteBitcodeToFile(module, out);
  return std::string(bytes.begin(), bytes.end());
}

}  // namespace cutrans::emit::opencl
