// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// widen-to-gang: textures and surfaces. One call for all lanes (widened.h), so that the target looks at a handle once.
#include "compiler/ir/spmd.h"
#include "compiler/simt/widen_to_gang.h"
#include "compiler/simt/widened.h"

using namespace llvm;

namespace cutrans::simt {

void Widener::widenTexture(CallInst &call, ir::Intrinsic id) {
  SmallVector<Value *, 16> arguments{call.getArgOperand(0), builder_.CreateZExt(maskBits(), builder_.getInt32Ty()),
                                     linearThread(builder_.getInt32(0))};
  for (Use &argument : drop_begin(call.args())) arguments.push_back(vectorOf(argument));
  SmallVector<Type *, 16> types;
  for (Value *argument : arguments) types.push_back(argument->getType());
  StringRef name = StringRef(ir::info(id).name).drop_front(strlen("cutrans."));
  std::string wide = (widened::TexturePrefix + name + ".v" + Twine(width_)).str();
  CallInst *result = builder_.CreateCall(external(wide, widened(call.getType()), types), arguments);
  result->setMetadata(ir::LineMetadata, call.getMetadata(ir::LineMetadata));
  if (call.getType()->isVoidTy()) return;
  if (isUniform(&call)) setScalar(&call, lane(result, builder_.getInt32(0), call.getType()));  // a gang of one lane
  else setVector(&call, result);
}

}  // namespace cutrans::simt
