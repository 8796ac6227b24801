// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Variables and functions of the SPMD IR module (docs/spmd-ir.md), made when a body first names them.
#include <algorithm>

#include <llvm/IR/Constants.h>
#include <llvm/IR/Module.h>

#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

ModuleState::ModuleState(const Program &program, llvm::Module &module)
    : program(program), module(module), context(module.getContext()) {}

void ModuleState::refuse(Diag code, const Location &location, std::string_view text, std::string_view reason) {
  std::string line = "kernel " + std::string(program.kernel->name) + ", ";
  if (location.unit < program.units.size() && !program.units[location.unit].name.empty())
    line += program.units[location.unit].name + " ";
  line += "line " + std::to_string(location.line);
  if (!text.empty()) {
    std::string flat(text.substr(0, 120));
    std::replace_if(
        flat.begin(), flat.end(), [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
    line += ": `" + flat + "`";
  }
  line += ": " + std::string(reason);
  for (const Refusal &known : refusals)
    if (known.text == line) return;
  refusals.push_back({code, std::move(line)});
}

namespace {

std::string shape(const uint32_t (&extent)[3]) {
  std::string text;
  for (uint32_t n : extent) text += (text.empty() ? "" : ",") + std::to_string(std::max(1u, n));
  return text;
}

llvm::StringRef view(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

llvm::Function *ModuleState::function(const Function &source) {
  llvm::Function *&made = functions[&source];
  if (made) return made;
  llvm::SmallVector<llvm::Type *, 8> arguments;
  if (source.entry)
    arguments.push_back(llvm::PointerType::get(context, ir::space::Param));
  else
    arguments.assign(source.results.size() + source.params.size(), llvm::PointerType::get(context, ir::space::Local));
  auto linkage = source.entry ? llvm::GlobalValue::ExternalLinkage : llvm::GlobalValue::InternalLinkage;
  made = llvm::Function::Create(llvm::FunctionType::get(llvm::Type::getVoidTy(context), arguments, false), linkage,
                                view(source.name), module);
  made->addFnAttr(llvm::Attribute::NoUnwind);
  made->addFnAttr(llvm::Attribute::Convergent);  // until its body is known, it may hold barriers
  if (source.entry) {
    made->getArg(0)->setName("params");
    made->addFnAttr(ir::KernelAttr);
    made->addFnAttr(ir::ParamsSizeAttr, std::to_string(source.params_size));
    const Performance &limits = source.performance;
    if (limits.maxntid[0]) made->addFnAttr(ir::MaxntidAttr, shape(limits.maxntid));
    if (limits.reqntid[0]) made->addFnAttr(ir::ReqntidAttr, shape(limits.reqntid));
  } else {
    for (size_t i = 0; i < made->arg_size(); ++i) {
      const Variable &formal = i < source.results.size() ? source.results[i] : source.params[i - source.results.size()];
      made->getArg(i)->setName(view(formal.name));
    }
  }
  return made;
}

llvm::GlobalVariable *ModuleState::dynamicShared(uint64_t align) {
  auto *type = llvm::ArrayType::get(llvm::Type::getInt8Ty(context), 0);
  if (!dynamic)
    dynamic = new llvm::GlobalVariable(module, type, false, llvm::GlobalValue::InternalLinkage,
                                       llvm::UndefValue::get(type), "cutrans.dynamic.shared", nullptr,
                                       llvm::GlobalValue::NotThreadLocal, ir::space::Shared);
  if (!dynamic->getAlign() || dynamic->getAlign()->value() < align) dynamic->setAlignment(llvm::Align(align));
  return dynamic;
}

llvm::GlobalVariable *ModuleState::variable(const Variable &source) {
  uint64_t align = std::max<uint64_t>(1, source.align);
  // All extern shared arrays are one: they start at the same address (manual 5.1.7).
  if (source.space == Space::Shared && source.dynamic) return dynamicShared(align);
  llvm::GlobalVariable *&made = variables[&source];
  if (made) return made;
  auto *type = llvm::ArrayType::get(llvm::Type::getInt8Ty(context), source.size);
  bool shared = source.space == Space::Shared;
  unsigned number = shared ? ir::space::Shared : source.space == Space::Const ? ir::space::Const : ir::space::Global;
  made = new llvm::GlobalVariable(module, type, false,
                                  shared ? llvm::GlobalValue::InternalLinkage : llvm::GlobalValue::ExternalLinkage,
                                  shared ? llvm::UndefValue::get(type) : nullptr, view(source.name), nullptr,
                                  llvm::GlobalValue::NotThreadLocal, number);
  made->setAlignment(llvm::Align(align));
  if (!shared) {
    auto *offset = llvm::ConstantInt::get(llvm::Type::getInt64Ty(context), source.offset);
    made->setMetadata(ir::OffsetMetadata, llvm::MDNode::get(context, llvm::ConstantAsMetadata::get(offset)));
    if (!source.in_image)
      refuse(Diag::ptx_unresolved, source.location, source.name, "the variable is declared but defined in no unit");
  }
  return made;
}

}  // namespace cutrans::ptx::lowering
