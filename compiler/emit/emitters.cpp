// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/emit/emitters.h"

#include "cutrans/amdgpu_kernel.h"
#include "cutrans/native_kernel.h"
#include "cutrans/opencl_kernel.h"

namespace cutrans::emit {
namespace {

struct Row {
  llvm::StringLiteral format;
  Emitter emitter;
};
constexpr Row Rows[] = {
    {CT_NATIVE_FORMAT, emitNative},
    {CT_OPENCL_FORMAT_SPIR, emitSpirBitcode},
    {CT_OPENCL_FORMAT_C, emitOpenclC},
    {CT_OPENCL_FORMAT_SPIRV, emitSpirv},
    {CT_AMDGPU_FORMAT, emitAmdgcn},
};

}  // namespace

Emitter emitterFor(llvm::StringRef format) {
  for (const Row &row : Rows)
    if (row.format == format) return row.emitter;
  return nullptr;
}

}  // namespace cutrans::emit
