// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The driver API's handle types around the runtime's objects: a handle is the object's address.
// A CUfunction may be a kernel of a module, or a kernel of a library (CUkernel), as CUDA allows.
#pragma once
#include <cuda.h>

#include "cutrans/runtime/context.h"
#include "cutrans/runtime/event.h"
#include "cutrans/runtime/library.h"
#include "cutrans/runtime/module.h"
#include "cutrans/runtime/partition.h"
#include "cutrans/runtime/queue.h"

namespace cutrans::driver {

inline CUcontext handle(runtime::Context *context) {
  return reinterpret_cast<CUcontext>(context);
}
// A green context as a context is a handle of its own: the primary context with a part of the units.
inline CUcontext handle(runtime::Context *context, runtime::Partition *partition) {
  return partition ? reinterpret_cast<CUcontext>(partition) : handle(context);
}
struct GivenContext {
  runtime::Context *context = nullptr;  // null: no live context
  runtime::Partition *partition = nullptr;
};
inline GivenContext findContext(CUcontext given) {
  if (runtime::Context *context = runtime::Context::find(given)) return {context, nullptr};
  runtime::Partition *partition = runtime::Partition::find(given);
  return {partition ? &partition->context() : nullptr, partition};
}
inline CUgreenCtx greenHandle(runtime::Partition *partition) {
  return reinterpret_cast<CUgreenCtx>(partition);
}
inline CUstream handle(runtime::Queue *queue) {
  return reinterpret_cast<CUstream>(queue);
}
inline CUevent handle(runtime::Event *event) {
  return reinterpret_cast<CUevent>(event);
}
inline CUmodule handle(runtime::Module *module) {
  return reinterpret_cast<CUmodule>(module);
}
inline CUfunction handle(runtime::Kernel *kernel) {
  return reinterpret_cast<CUfunction>(kernel);
}
inline CUlibrary handle(runtime::Library *library) {
  return reinterpret_cast<CUlibrary>(library);
}
inline CUkernel handle(runtime::LibraryKernel *kernel) {
  return reinterpret_cast<CUkernel>(kernel);
}

// What a CUfunction argument means in `context`: a library's kernel is taken to the module of that context.
inline Result<runtime::Kernel *> resolveKernel(CUfunction function, runtime::Context &context) {
  if (runtime::Kernel *kernel = runtime::Kernel::find(function)) return kernel;
  if (runtime::LibraryKernel *kernel = runtime::LibraryKernel::find(function)) return kernel->in(context);
  return Code::invalid_handle;
}

inline bool validContextFlags(unsigned flags) {
  return !(flags & ~CU_CTX_FLAGS_MASK) && (flags & CU_CTX_SCHED_MASK) <= CU_CTX_SCHED_BLOCKING_SYNC &&
         (flags & CU_CTX_SCHED_MASK) != 3;
}

}  // namespace cutrans::driver
