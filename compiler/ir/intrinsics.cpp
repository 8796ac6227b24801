// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Declares and recognises the intrinsics of intrinsics.def.
#include "compiler/ir/intrinsics.h"

#include <llvm/ADT/StringMap.h>
#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/ErrorHandling.h>
#include <llvm/Support/ModRef.h>

namespace cutrans::ir {

namespace {

constexpr IntrinsicInfo Table[] = {
    {"", "void()", Effects::memory, ""},
#define CT_INTRINSIC(Name, text, type, effects, section) {"cutrans." text, type, Effects::effects, section},
#include "compiler/ir/intrinsics.def"
};

// One type of the closed set that the table uses; consumes it from the front of `text`.
llvm::Type *parseType(llvm::StringRef &text, llvm::LLVMContext &context) {
  if (text.consume_front("{")) {
    llvm::SmallVector<llvm::Type *, 4> parts;
    while (!text.consume_front("}")) {
      parts.push_back(parseType(text, context));
      text.consume_front(",");
    }
    return llvm::StructType::get(context, parts);
  }
  llvm::StringRef word = text.take_while([](char c) { return llvm::isAlnum(c); });
  text = text.drop_front(word.size());
  if (word == "void") return llvm::Type::getVoidTy(context);
  if (word == "ptr") return llvm::PointerType::get(context, 0);
  if (word == "half") return llvm::Type::getHalfTy(context);
  if (word == "float") return llvm::Type::getFloatTy(context);
  if (word == "double") return llvm::Type::getDoubleTy(context);
  unsigned bits = 0;
  if (word.consume_front("i") && !word.getAsInteger(10, bits)) return llvm::Type::getIntNTy(context, bits);
  llvm::report_fatal_error("intrinsics.def: unknown type");
}

void addAttributes(llvm::Function &function, Effects effects) {
  using llvm::Attribute;
  using llvm::MemoryEffects;
  function.addFnAttr(Attribute::NoUnwind);
  if (effects != Effects::ends) function.addFnAttr(Attribute::WillReturn);
  switch (effects) {
    case Effects::pure:
      function.setMemoryEffects(MemoryEffects::none());
      function.addFnAttr(Attribute::Speculatable);
      function.addFnAttr(Attribute::NoFree);
      function.addFnAttr(Attribute::NoSync);
      function.addFnAttr(Attribute::NoCallback);
      break;
    case Effects::lanes:
    case Effects::internal:
      function.setMemoryEffects(MemoryEffects::none());
      function.addFnAttr(Attribute::Convergent);
      break;
    case Effects::mask:
      function.addFnAttr(Attribute::Convergent);
      [[fallthrough]];
    case Effects::state:
      function.setMemoryEffects(MemoryEffects::inaccessibleMemOnly());
      break;
    case Effects::barrier:
      function.addFnAttr(Attribute::Convergent);
      break;
    case Effects::memory:
      break;
    case Effects::ends:
      function.addFnAttr(Attribute::NoReturn);  // any memory: what the thread wrote before stays written
      break;
  }
}

}  // namespace

const IntrinsicInfo &info(Intrinsic id) {
  return Table[size_t(id)];
}

bool isConvergent(Intrinsic id) {
  switch (info(id).effects) {
    case Effects::lanes:
    case Effects::internal:
    case Effects::mask:
    case Effects::barrier:
      return true;
    default:
      return false;
  }
}

bool isInternal(Intrinsic id) {
  return info(id).effects == Effects::mask || info(id).effects == Effects::internal;
}

llvm::FunctionType *typeOf(Intrinsic id, llvm::LLVMContext &context) {
  llvm::StringRef text = info(id).type;
  llvm::Type *result = parseType(text, context);
  llvm::SmallVector<llvm::Type *, 4> arguments;
  text.consume_front("(");
  while (!text.consume_front(")")) {
    arguments.push_back(parseType(text, context));
    text.consume_front(",");
  }
  return llvm::FunctionType::get(result, arguments, false);
}

llvm::Function *declaration(llvm::Module &module, Intrinsic id) {
  if (llvm::Function *known = module.getFunction(info(id).name)) return known;
  auto *function = llvm::Function::Create(typeOf(id, module.getContext()), llvm::GlobalValue::ExternalLinkage,
                                          info(id).name, module);
  addAttributes(*function, info(id).effects);
  return function;
}

Intrinsic intrinsicNamed(llvm::StringRef name) {
  static const llvm::StringMap<Intrinsic> byName = [] {
    llvm::StringMap<Intrinsic> map;
    for (size_t id = 1; id < size_t(Intrinsic::Count); ++id) map[Table[id].name] = Intrinsic(id);
    return map;
  }();
  if (!name.starts_with("cutrans.")) return Intrinsic::None;
  auto found = byName.find(name);
  return found == byName.end() ? Intrinsic::None : found->second;
}

Intrinsic intrinsicOf(const llvm::Function *function) {
  return function ? intrinsicNamed(function->getName()) : Intrinsic::None;
}

Intrinsic intrinsicOf(const llvm::Value *call) {
  const auto *site = llvm::dyn_cast_or_null<llvm::CallBase>(call);
  return site ? intrinsicOf(site->getCalledFunction()) : Intrinsic::None;
}

llvm::CallInst *call(llvm::IRBuilderBase &builder, Intrinsic id, llvm::ArrayRef<llvm::Value *> arguments,
                     const llvm::Twine &name) {
  llvm::Function *function = declaration(*builder.GetInsertBlock()->getModule(), id);
  return builder.CreateCall(function, arguments, name);
}

}  // namespace cutrans::ir
