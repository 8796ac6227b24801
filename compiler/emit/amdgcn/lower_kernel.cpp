// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// lower-amdgcn: thread form (emit/thread) becomes a kernel of AMDGPU's calling convention. The chip's own operations are chip_machine.cpp's.
//
// Local addresses are generic ones: PTX's local window holds the stack of recursion too, which is no scratch memory. LLVM finds
// the accesses again that are to scratch memory for certain.
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>

#include "compiler/emit/address_spaces.h"
#include "compiler/emit/amdgcn/amdgcn.h"
#include "compiler/emit/thread/thread.h"
#include "compiler/ir/spmd.h"

namespace cutrans::emit::amdgcn {

using llvm::Value;

namespace {

constexpr unsigned kConstantSpace = 4;  // of AMDGPU

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
  llvm::IRBuilder<> builder(&kernel->getEntryBlock(), kernel->getEntryBlock().getFirstNonPHIOrDbgOrAlloca());
  old.getArg(0)->replaceAllUsesWith(builder.CreateAddrSpaceCast(kernel->getArg(0), old.getArg(0)->getType(), "params.window"));
  record.launch_offset = uint32_t(llvm::alignTo(record.params_bytes, 8));
  record.kernarg_bytes = record.launch_offset + uint32_t(sizeof(ct_amdgpu_launch));
  if (old.hasFnAttribute(llvm::Attribute::NullPointerIsValid)) kernel->addFnAttr(llvm::Attribute::NullPointerIsValid);
  kernel->addFnAttr(llvm::Attribute::NoUnwind);
  return kernel;
}

}  // namespace

llvm::Expected<llvm::Function *> lowerKernel(llvm::Function &old, const simt::SimtOptions &options, const Chip &chip, ct_amdgpu_kernel &record) {
  llvm::Module &module = *old.getParent();
  thread::Needs needs;
  needs.stack = old.hasFnAttribute(simt::UsesStackAttr);
  const uint32_t threads = thread::mostThreads(old, options);
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
  needs.paramsBytes = record.params_bytes;
  auto machine = makeMachine(chip);
  Value *params = record.params_bytes ? kernel->getArg(0) : nullptr;
  if (llvm::Error error = thread::lowerThread(*kernel, kernel->getArg(kernel->arg_size() - 1), params, options, *machine, needs)) return std::move(error);
  mapAddressSpaces(*kernel, [](unsigned space) {
    return space == ir::space::Local ? unsigned(ir::space::Generic) : space == ir::space::Param ? kConstantSpace : space;
  });
  record.flags = (needs.stack ? CT_AMDGPU_USES_STACK : 0) | (needs.messages ? CT_AMDGPU_USES_MESSAGES : 0) | (needs.timer ? CT_AMDGPU_USES_TIMER : 0) |
                 (needs.heap ? CT_AMDGPU_USES_HEAP : 0);
  record.static_shared_bytes = needs.staticSharedBytes;
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
