// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/LowerAtomic.h>

#include "compiler/emit/address_spaces.h"
#include "compiler/emit/native/lower_native.h"
#include "compiler/ir/spmd.h"

namespace cutrans::emit {
namespace {

void simplifyAtomics(llvm::Function &kernel) {
  llvm::SyncScope::ID block = kernel.getContext().getOrInsertSyncScopeID(ir::ScopeBlock);
  auto own = [&](llvm::Value *pointer, llvm::SyncScope::ID scope) {
    return pointer->getType()->getPointerAddressSpace() == ir::space::Shared || scope == block ||
           scope == llvm::SyncScope::SingleThread;
  };
  for (llvm::Instruction &instruction : llvm::make_early_inc_range(llvm::instructions(kernel))) {
    if (auto *rmw = llvm::dyn_cast<llvm::AtomicRMWInst>(&instruction)) {
      if (own(rmw->getPointerOperand(), rmw->getSyncScopeID())) llvm::lowerAtomicRMWInst(rmw);
      else rmw->setSyncScopeID(llvm::SyncScope::System);
    } else if (auto *exchange = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&instruction)) {
      if (own(exchange->getPointerOperand(), exchange->getSyncScopeID())) llvm::lowerAtomicCmpXchgInst(exchange);
      else exchange->setSyncScopeID(llvm::SyncScope::System);
    } else if (auto *fence = llvm::dyn_cast<llvm::FenceInst>(&instruction)) {
      fence->setSyncScopeID(fence->getSyncScopeID() == block ? llvm::SyncScope::SingleThread : llvm::SyncScope::System);
    } else if (auto *load = llvm::dyn_cast<llvm::LoadInst>(&instruction)) {
      if (load->isAtomic()) load->setSyncScopeID(llvm::SyncScope::System);
    } else if (auto *store = llvm::dyn_cast<llvm::StoreInst>(&instruction)) {
      if (store->isAtomic()) store->setSyncScopeID(llvm::SyncScope::System);
    }
  }
}

}  // namespace

void dropAddressSpaces(llvm::Function &kernel) {
  simplifyAtomics(kernel);
  // Locals are no allocas any more (lower_locals.cpp); what allocas there are lie in space 0.
  mapAddressSpaces(kernel, [](unsigned) { return 0u; });
  llvm::Module &module = *kernel.getParent();
  for (llvm::GlobalVariable &variable : llvm::make_early_inc_range(module.globals())) {
    variable.removeDeadConstantUsers();
    if (variable.use_empty() && variable.getAddressSpace() != 0) variable.eraseFromParent();
  }
}

}  // namespace cutrans::emit
