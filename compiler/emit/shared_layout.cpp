// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/emit/shared_layout.h"

#include <llvm/IR/Module.h>

#include "compiler/ir/spmd.h"

namespace cutrans::emit {

static bool isDynamic(const llvm::GlobalVariable &variable) {
  return variable.getParent()->getDataLayout().getTypeAllocSize(variable.getValueType()) == 0;
}

SharedLayout layOutShared(llvm::Module &module) {
  SharedLayout layout;
  llvm::SmallVector<llvm::GlobalVariable *, 8> variables;
  uint64_t dynamicAlign = 16;
  for (llvm::GlobalVariable &variable : module.globals()) {
    if (variable.getAddressSpace() != ir::space::Shared || variable.use_empty()) continue;
    if (isDynamic(variable)) dynamicAlign = std::max(dynamicAlign, variable.getAlign().valueOrOne().value());
    variables.push_back(&variable);
  }
  // Insertion keeps equals in the module's order.
  for (size_t i = 1; i < variables.size(); ++i)
    for (size_t k = i; k && variables[k]->getAlign().valueOrOne() > variables[k - 1]->getAlign().valueOrOne(); --k)
      std::swap(variables[k], variables[k - 1]);
  uint64_t size = 0;
  for (llvm::GlobalVariable *variable : variables) {
    if (isDynamic(*variable)) continue;
    size = llvm::alignTo(size, variable->getAlign().valueOrOne());
    layout.offsets[variable] = uint32_t(size);
    size += module.getDataLayout().getTypeAllocSize(variable->getValueType());
  }
  size = llvm::alignTo(size, dynamicAlign);
  for (llvm::GlobalVariable *variable : variables)
    if (isDynamic(*variable)) layout.offsets[variable] = uint32_t(size);
  layout.bytes = uint32_t(size);
  return layout;
}

}  // namespace cutrans::emit
