// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions that PTX declares and never defines: the device runtime's (CUDA C++ guide: printf, assert, malloc). Each is
// an intrinsic; any other name is refused.
#include <llvm/IR/Constants.h>

#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

namespace {

struct RuntimeFunction {
  std::string_view name;
  IrIntrinsic intrinsic;
  size_t results, arguments;  // of the PTX function; extra arguments of PTX are dropped (the character size of assert)
};

constexpr RuntimeFunction Known[] = {
#define CT_PTX_RUNTIME_FUNCTION(name, intrinsic, results, parameters) {name, IrIntrinsic::intrinsic, results, parameters},
#include "compiler/ptx/runtime_functions.def"
};

}  // namespace

void runtimeCall(BodyLowering &lo, const Function &callee, llvm::ArrayRef<Value *> results,
                 llvm::ArrayRef<Value *> arguments) {
  for (const RuntimeFunction &known : Known) {
    if (known.name != callee.name) continue;
    if (results.size() != known.results || arguments.size() != known.arguments) break;
    llvm::FunctionType *type = ir::typeOf(known.intrinsic, lo.context);
    llvm::SmallVector<Value *, 4> values;
    for (unsigned i = 0; i < type->getNumParams(); ++i) {
      llvm::Type *wanted = type->getParamType(i);
      llvm::Type *stored = wanted->isPointerTy() ? lo.intType(64) : wanted;
      Value *value = lo.b.CreateLoad(stored, arguments[i]);
      values.push_back(wanted->isPointerTy() ? lo.b.CreateIntToPtr(value, wanted) : value);
    }
    Value *result = lo.call(known.intrinsic, values);
    if (!results.empty()) lo.b.CreateStore(result, results[0]);
    return;
  }
  lo.refuse(Diag::ptx_runtime_function, "the function " + std::string(callee.name) +
                                            " is defined in no unit and is not one of this layer's device runtime");
}

}  // namespace cutrans::ptx::lowering
