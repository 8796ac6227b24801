// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The closed list of cutrans.* intrinsics (intrinsics.def) as C++: declare one, call one, recognise one.
//
// An intrinsic is an external llvm::Function; recognition goes by its name, so it survives printing, linking and
// cloning.
#pragma once

#include <cstdint>

#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/StringRef.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>

namespace llvm {
class Function;
class FunctionType;
class Module;
class Value;
}  // namespace llvm

namespace cutrans::ir {

enum class Intrinsic : uint16_t {
  None,
#define CT_INTRINSIC(Name, text, type, effects, section) Name,
#include "compiler/ir/intrinsics.def"
  Count
};

enum class Effects : uint8_t { pure, lanes, state, memory, barrier, ends, mask, internal };

struct IntrinsicInfo {
  const char *name;  // with "cutrans."
  const char *type;  // LLVM's spelling
  Effects effects;
  const char *section;  // of the PTX manual
};

const IntrinsicInfo &info(Intrinsic id);

// Whether all lanes that reach the call must reach it together.
bool isConvergent(Intrinsic id);
// Written by passes of compiler/simt only.
bool isInternal(Intrinsic id);

llvm::FunctionType *typeOf(Intrinsic id, llvm::LLVMContext &context);

// The declaration in `module`, made with its attributes on first use.
llvm::Function *declaration(llvm::Module &module, Intrinsic id);

// None for anything that is not an intrinsic of this list.
Intrinsic intrinsicNamed(llvm::StringRef name);
Intrinsic intrinsicOf(const llvm::Function *function);
Intrinsic intrinsicOf(const llvm::Value *call);  // a direct call of one

llvm::CallInst *call(llvm::IRBuilderBase &builder, Intrinsic id, llvm::ArrayRef<llvm::Value *> arguments = {},
                     const llvm::Twine &name = "");

// The directed roundings are three rows in this order after the Rz row.
enum class Rounding : uint8_t { Zero, Down, Up };
inline Intrinsic rounded(Intrinsic rz, Rounding mode) {
  return Intrinsic(uint16_t(rz) + uint16_t(mode));
}

}  // namespace cutrans::ir
