// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// specialize-launch-shape: what is known about the launch becomes constants and ranges, from which LLVM proves that index
// arithmetic does not wrap and shapes.cpp that ids are affine in the lane.
//
// Before: inlined kernel. After: attribute "cutrans.block-shape" where the shape is known; ntid is constant then.
#include "compiler/ir/intrinsics.h"
#include "compiler/simt/passes.h"
#include "compiler/simt/widened.h"

using namespace llvm;

namespace cutrans::simt {
namespace {

constexpr uint64_t MaxThreads = 1024;        // of a block, in any dimension
constexpr uint64_t MaxIndex = 0x7fffffff;    // grid.x; and grid*block where a small grid may be assumed
constexpr uint64_t MaxGridYZ = 65535;

void setRange(CallInst *call, uint64_t low, uint64_t high) {  // [low, high)
  call->addRangeRetAttr(ConstantRange(APInt(32, low), APInt(32, high)));
}

class Specializer {
 public:
  Specializer(const SimtOptions &options) : options_(options) {}

  // What replaces the call, or null.
  Value *apply(CallInst *call) {
    using enum ir::Intrinsic;
    switch (ir::intrinsicOf(call)) {
      case TidX: return tid(call, 0);
      case TidY: return tid(call, 1);
      case TidZ: return tid(call, 2);
      case NtidX: return ntid(call, 0);
      case NtidY: return ntid(call, 1);
      case NtidZ: return ntid(call, 2);
      case CtaidX: setRange(call, 0, maxGrid(0)); return nullptr;
      case CtaidY: setRange(call, 0, maxGrid(1)); return nullptr;
      case CtaidZ: setRange(call, 0, maxGrid(2)); return nullptr;
      case NctaidX: setRange(call, 1, maxGrid(0) + 1); return nullptr;
      case NctaidY: setRange(call, 1, maxGrid(1) + 1); return nullptr;
      case NctaidZ: setRange(call, 1, maxGrid(2) + 1); return nullptr;
      case LaneId: setRange(call, 0, 32); return nullptr;
      case WarpId: setRange(call, 0, options_.anyShape() ? MaxThreads / 32 : (options_.threads() + 31) / 32); return nullptr;
      case NwarpId: return warps(call);
      default: return nullptr;
    }
  }

 private:
  Constant *tid(CallInst *call, unsigned dimension) {
    uint64_t extent = options_.anyShape() ? MaxThreads : options_.block[dimension];
    if (extent == 1) return ConstantInt::get(call->getType(), 0);
    setRange(call, 0, extent);
    return nullptr;
  }
  Constant *ntid(CallInst *call, unsigned dimension) {
    if (!options_.anyShape()) return ConstantInt::get(call->getType(), options_.block[dimension]);
    setRange(call, 1, MaxThreads + 1);
    return nullptr;
  }
  Value *warps(CallInst *call) {
    if (!options_.anyShape()) return ConstantInt::get(call->getType(), (options_.threads() + 31) / 32);
    IRBuilder<> builder(call);
    Value *threads = nullptr;
    for (ir::Intrinsic id : {ir::Intrinsic::NtidX, ir::Intrinsic::NtidY, ir::Intrinsic::NtidZ}) {
      CallInst *extent = ir::call(builder, id, {});
      setRange(extent, 1, MaxThreads + 1);
      threads = threads ? builder.CreateMul(threads, extent) : extent;
    }
    return builder.CreateLShr(builder.CreateAdd(threads, builder.getInt32(31)), 5);
  }
  uint64_t maxGrid(unsigned dimension) const {
    uint64_t limit = dimension == 0 ? MaxIndex : MaxGridYZ;
    if (!options_.anyGrid && !options_.anyShape()) limit = std::min(limit, MaxIndex / options_.block[dimension]);
    return limit;
  }

  const SimtOptions &options_;
};

}  // namespace

Error specializeLaunchShape(Function &kernel, const SimtOptions &options) {
  Specializer specializer(options);
  for (Instruction &instruction : make_early_inc_range(instructions(kernel)))
    if (auto *call = dyn_cast<CallInst>(&instruction))
      if (Value *value = specializer.apply(call)) {
        call->replaceAllUsesWith(value);
        call->eraseFromParent();
      }
  if (!options.anyShape())
    kernel.addFnAttr(widened::BlockShapeAttr, std::to_string(options.block[0]) + "," + std::to_string(options.block[1]) + "," +
                                                  std::to_string(options.block[2]));
  return Error::success();
}

}  // namespace cutrans::simt
