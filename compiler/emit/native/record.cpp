// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The artifact's one exported symbol: a constant ct_native_kernel that points at the code.
#include <llvm/IR/Constants.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/Module.h>

#include "compiler/emit/native/native.h"

namespace cutrans::emit {

void addKernelRecord(llvm::Function &kernel, const ct_native_kernel &record, llvm::StringRef name) {
  llvm::Module &module = *kernel.getParent();
  llvm::LLVMContext &context = module.getContext();
  auto *i32 = llvm::Type::getInt32Ty(context);
  auto *pointer = llvm::PointerType::get(context, 0);
  auto number = [&](uint32_t value) { return llvm::ConstantInt::get(i32, value); };
  auto triple = [&](const uint32_t (&values)[3]) {
    return llvm::ConstantArray::get(llvm::ArrayType::get(i32, 3), {number(values[0]), number(values[1]), number(values[2])});
  };
  auto *text = llvm::ConstantDataArray::getString(context, name);
  auto *nameVariable = new llvm::GlobalVariable(module, text->getType(), true, llvm::GlobalValue::PrivateLinkage, text);
  kernel.setLinkage(llvm::GlobalValue::InternalLinkage);
  // The order of ct_native_kernel's fields; the two assertions notice a change of it.
  static_assert(offsetof(ct_native_kernel, scratch_bytes) == 52 && offsetof(ct_native_kernel, entry) == 56);
  static_assert(offsetof(ct_native_kernel, name) == 64 && sizeof(ct_native_kernel) == 72);
  llvm::Constant *fields[] = {number(CT_NATIVE_ABI), number(sizeof(ct_native_kernel)), number(record.form), number(record.flags),
                              number(record.gang_width), triple(record.block), triple(record.max_grid),
                              number(record.static_shared_bytes), number(record.local_bytes), number(record.scratch_bytes),
                              &kernel, nameVariable};
  llvm::SmallVector<llvm::Type *, 12> types;
  for (llvm::Constant *field : fields) types.push_back(field->getType());
  auto *type = llvm::StructType::get(context, types);
  (void)pointer;
  new llvm::GlobalVariable(module, type, true, llvm::GlobalValue::ExternalLinkage, llvm::ConstantStruct::get(type, fields),
                           CT_NATIVE_KERNEL_SYMBOL);
}

}  // namespace cutrans::emit
