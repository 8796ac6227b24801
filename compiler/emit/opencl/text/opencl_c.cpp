// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The text of a module: what LLVM can expand itself is expanded first, then each function is written.
#include "compiler/emit/opencl/text/opencl_c.h"

#include <cctype>

#include <llvm/CodeGen/AtomicExpandUtils.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>

#include "compiler/emit/opencl/text/prepare.h"
#include "compiler/emit/opencl/text/writer.h"
#include "compiler/simt/refusal.h"

namespace cutrans::emit {
namespace {

using namespace text;

bool isName(llvm::StringRef name) {
  return !name.empty() && !std::isdigit(name[0]) && llvm::all_of(name, [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

// OpenCL's built-in functions of work-items, as SPIR names them.
std::string builtin(llvm::StringRef mangled) {
  for (const char *name : {"get_group_id", "get_num_groups", "get_local_id", "get_local_size", "get_global_id", "get_global_size", "get_global_offset"})
    if (mangled == "_Z" + std::to_string(llvm::StringRef(name).size()) + name + "j") return name;
  return mangled == "_Z12get_work_dimv" ? "get_work_dim" : "";
}

// Bytes of a constant; false where an address is among them.
bool bytesOf(const llvm::Constant *constant, const llvm::DataLayout &layout, std::vector<uint8_t> &bytes, uint64_t at) {
  if (constant->isNullValue() || llvm::isa<llvm::UndefValue>(constant)) return true;
  llvm::Type *type = constant->getType();
  if (llvm::isa<llvm::ConstantInt>(constant) || llvm::isa<llvm::ConstantFP>(constant)) {
    if (type->isVectorTy()) return false;
    llvm::APInt bits = llvm::isa<llvm::ConstantInt>(constant) ? llvm::cast<llvm::ConstantInt>(constant)->getValue()
                                                             : llvm::cast<llvm::ConstantFP>(constant)->getValueAPF().bitcastToAPInt();
    for (uint64_t i = 0, n = layout.getTypeStoreSize(type); i < n; ++i)
      if (8 * i < bits.getBitWidth()) bytes[at + i] = uint8_t(bits.extractBitsAsZExtValue(std::min<unsigned>(8, bits.getBitWidth() - unsigned(8 * i)), unsigned(8 * i)));
    return true;
  }
  if (auto *structure = llvm::dyn_cast<llvm::StructType>(type)) {
    for (unsigned i = 0; i < structure->getNumElements(); ++i)
      if (!bytesOf(constant->getAggregateElement(i), layout, bytes, at + layout.getStructLayout(structure)->getElementOffset(i))) return false;
    return true;
  }
  auto *vector = llvm::dyn_cast<llvm::FixedVectorType>(type);
  if (!vector && !type->isArrayTy()) return false;
  llvm::Type *element = vector ? vector->getElementType() : type->getArrayElementType();
  if (vector && layout.getTypeSizeInBits(element) % 8) return false;
  uint64_t count = vector ? vector->getNumElements() : type->getArrayNumElements(), step = layout.getTypeAllocSize(element);
  for (uint64_t i = 0; i < count; ++i)
    if (!bytesOf(constant->getAggregateElement(unsigned(i)), layout, bytes, at + i * step)) return false;
  return true;
}

llvm::Error variables(llvm::Module &module, llvm::DenseMap<const llvm::Value *, std::string> &names, std::string &out) {
  for (llvm::GlobalVariable &variable : module.globals()) {
    variable.removeDeadConstantUsers();
    if (variable.use_empty() || variable.getName().starts_with("llvm.")) continue;
    std::vector<uint8_t> bytes(module.getDataLayout().getTypeAllocSize(variable.getValueType()));
    if (!variable.hasInitializer() || !variable.isConstant() || !bytesOf(variable.getInitializer(), module.getDataLayout(), bytes, 0))
      return simt::refuse(Diag::codegen_opencl_c, "the variable " + variable.getName().str());
    std::string name = "g" + std::to_string(names.size());
    unsigned align = unsigned(variable.getAlign().value_or(module.getDataLayout().getPreferredAlign(&variable)).value());
    out += "__constant uchar " + name + "[" + std::to_string(std::max<size_t>(bytes.size(), 1)) + "] __attribute__((aligned(" + std::to_string(align) + ")))={";
    for (size_t i = 0; i < bytes.size(); ++i) out += (i ? "," : "") + std::to_string(bytes[i]);
    out += bytes.empty() ? "0};\n" : "};\n";
    names[&variable] = name;
  }
  return llvm::Error::success();
}

}  // namespace

llvm::Expected<std::string> writeOpenclC(llvm::Module &module, const OpenclCDevice &device) {
  prepareForText(module);
  Prelude prelude;
  llvm::DenseMap<const llvm::Value *, std::string> names;
  std::string head, prototypes, bodies;
  if (llvm::Error error = variables(module, names, head)) return error;
  for (llvm::Function &function : module) {
    if (function.isDeclaration()) {
      if (std::string name = builtin(function.getName()); !name.empty()) names[&function] = name;
      continue;
    }
    bool kernel = !function.hasLocalLinkage();
    if (kernel && !isName(function.getName())) return simt::refuse(Diag::codegen_opencl_c, "a kernel by the name " + function.getName().str());
    names[&function] = kernel ? function.getName().str() : "f" + std::to_string(names.size());
  }
  for (llvm::Function &function : module) {
    if (function.isDeclaration()) continue;
    Writer writer(function, prelude, device, names);
    bodies += writer.write();
    if (function.hasLocalLinkage()) prototypes += writer.prototype() + ";\n";
    if (const auto &objection = writer.objection())
      return objection->place ? simt::refuse(Diag::codegen_opencl_c, *objection->place, objection->text) : simt::refuse(Diag::codegen_opencl_c, objection->text);
  }
  if (prelude.usesDouble && !device.fp64) return simt::refuse(Diag::codegen_opencl_c, "double precision, which the device lacks");
  std::string text = "#pragma OPENCL FP_CONTRACT OFF\n";
  if (prelude.usesDouble) text += "#pragma OPENCL EXTENSION cl_khr_fp64:enable\n";
  if (prelude.usesLongAtomics)
    text += "#pragma OPENCL EXTENSION cl_khr_int64_base_atomics:enable\n#pragma OPENCL EXTENSION cl_khr_int64_extended_atomics:enable\n";
  return text + head + prelude.text() + prototypes + bodies;
}

}  // namespace cutrans::emit
