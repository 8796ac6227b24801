// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// lower-spirv: thread form (emit/thread) becomes an OpenCL kernel; then its pointers become those of SPIR-V.
//
// Local addresses are generic ones, as the PTX has them; LLVM finds the accesses again that are to the thread's own variables for certain.
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/Utils/Cloning.h>

#include "compiler/emit/address_spaces.h"
#include "compiler/emit/opencl/opencl.h"
#include "compiler/emit/spirv/spirv.h"
#include "compiler/ir/spmd.h"

namespace cutrans::emit::spirv {

using llvm::Value;

namespace {

// An artifact calls nothing of its own.
llvm::Error inlineAll(llvm::Module &module, llvm::Function &kernel) {
  for (bool more = true; more;) {
    more = false;
    for (llvm::Instruction &instruction : llvm::instructions(kernel)) {
      auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction);
      if (!call || !call->getCalledFunction() || call->getCalledFunction()->isDeclaration()) continue;
      llvm::InlineFunctionInfo info;
      if (!llvm::InlineFunction(*call, info).isSuccess()) return simt::refuse(Diag::codegen_verify, "device code cannot become part of the kernel");
      more = true;
      break;
    }
  }
  for (llvm::Function &function : llvm::make_early_inc_range(module))
    if (&function != &kernel && !function.isDeclaration()) function.dropAllReferences();
  for (llvm::Function &function : llvm::make_early_inc_range(module))
    if (&function != &kernel && function.use_empty()) function.eraseFromParent();
  return llvm::Error::success();
}

}  // namespace

llvm::Expected<Device> parseDevice(llvm::StringRef codegen) {
  Device device;
  llvm::SmallVector<llvm::StringRef, 8> parts;
  codegen.split(parts, ';', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef part : parts) {
    auto [key, value] = part.split('=');
    if (key == "fp64") device.fp64 = value != "0";
    if (key == "fp16") device.fp16 = value != "0";
    if (key == "int64_atomics") device.int64Atomics = value != "0";
  }
  return device;
}

llvm::Expected<llvm::Function *> lowerKernel(llvm::Function &old, const simt::SimtOptions &options, thread::Machine &machine, ct_opencl_header &header) {
  llvm::Module &module = *old.getParent();
  llvm::LLVMContext &context = module.getContext();
  if (old.hasFnAttribute(simt::UsesStackAttr)) return simt::refuse(Diag::codegen_spirv, "recursion or alloca, which need a stack in memory");
  const uint32_t threads = thread::mostThreads(old, options);
  thread::Needs needs;
  old.getFnAttribute(ir::ParamsSizeAttr).getValueAsString().getAsInteger(10, needs.paramsBytes);
  auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context),
                                       {llvm::PointerType::get(context, ir::space::Global), llvm::PointerType::get(context, ir::space::Shared)}, false);
  auto *kernel = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, CT_OPENCL_KERNEL_NAME, module);
  kernel->setCallingConv(llvm::CallingConv::SPIR_KERNEL);
  kernel->getArg(0)->setName("launch");
  kernel->getArg(1)->setName("shared");
  kernel->splice(kernel->end(), &old);
  llvm::IRBuilder<> b(&kernel->getEntryBlock(), kernel->getEntryBlock().getFirstNonPHIOrDbgOrAlloca());
  Value *place = b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), kernel->getArg(0), offsetof(ct_opencl_launch, params));
  Value *params = b.CreateIntToPtr(b.CreateAlignedLoad(b.getInt64Ty(), place, llvm::Align(8), "params"), old.getArg(0)->getType(), "params.window");
  old.getArg(0)->replaceAllUsesWith(params);
  if (old.hasFnAttribute(llvm::Attribute::NullPointerIsValid)) kernel->addFnAttr(llvm::Attribute::NullPointerIsValid);
  kernel->addFnAttr(llvm::Attribute::NoUnwind);
  kernel->addFnAttr(llvm::Attribute::Convergent);
  old.eraseFromParent();
  if (llvm::Error error = thread::lowerThread(*kernel, kernel->getArg(0), params, options, machine, needs)) return std::move(error);

  header.magic = CT_OPENCL_MAGIC;
  header.abi = CT_OPENCL_ABI;
  header.header_bytes = sizeof header;
  header.flags = CT_OPENCL_THREADS | (needs.messages ? CT_OPENCL_USES_MESSAGES : 0);
  header.sub_group_size = header.gang_width = 32;
  header.static_shared_bytes = needs.staticSharedBytes;
  for (unsigned i = 0; i < 3; ++i) header.block[i] = options.block[i];
  // Only x can break the promise: the other extents of a grid end at 65535.
  if (!options.anyGrid) header.max_grid[0] = 0x7fffffffu / (options.anyShape() ? 1024 : options.block[0]);
  // Its name is Intel's; LLVM's back end makes the execution mode SubgroupSize of it.
  kernel->setMetadata("intel_reqd_sub_group_size", opencl::words(context, {32}));
  if (!options.anyShape()) kernel->setMetadata("reqd_work_group_size", opencl::words(context, {threads, 1, 1}));
  return kernel;
}

llvm::Error placePointers(llvm::Module &module, llvm::Function &kernel, const thread::Machine &machine, const llvm::TargetMachine &target) {
  if (llvm::Error error = inlineAll(module, kernel)) return error;
  module.setTargetTriple(target.getTargetTriple());
  module.setDataLayout(target.createDataLayout());
  opencl::addSharedWindow(kernel, kernel.getArg(1), machine.sharedStart);
  mapAddressSpaces(kernel, [](unsigned from) {
    switch (from) {
      case ir::space::Const:
      case ir::space::Param:
      case ir::space::Global: return space::Global;
      case ir::space::Shared: return space::Local;
      default: return space::Generic;  // local variables too: what they are is known at the alloca
    }
  });
  for (llvm::Instruction &instruction : llvm::instructions(kernel))
    if (auto *local = llvm::dyn_cast<llvm::AllocaInst>(&instruction)) local->mutateType(llvm::PointerType::get(module.getContext(), space::Private));
  return llvm::Error::success();
}

}  // namespace cutrans::emit::spirv
