// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Texture and surface instructions of one kernel, for gangs (widened.h) and for single threads (intrinsics.def): what all formats share.
#pragma once

#include <llvm/ADT/STLFunctionalExtras.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>

namespace cutrans::emit {

class TextureCalls {
 public:
  struct Arrays {  // generic pointers
    llvm::Value *handles = nullptr, *words = nullptr, *results = nullptr;
  };
  // Calls the sampler; the builder stands where the instruction was, and may do so in another block afterwards. False: there is none.
  using Run = llvm::function_ref<bool(llvm::IRBuilder<> &builder, uint32_t form, unsigned lanes, const Arrays &arrays)>;

  // `space`: of local variables.
  explicit TextureCalls(unsigned space = 0) : space_(space) {}
  // Argument 0 of the call is the form, number `handle` the handles, and words follow. *value stays null where the call gives nothing.
  bool lower(llvm::CallInst &call, unsigned handle, Run run, llvm::Value *&value);

 private:
  unsigned space_;
  Arrays arrays_;
};

}  // namespace cutrans::emit
