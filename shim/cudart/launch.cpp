// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Launches in all their forms. The hot path of the library: no lock, no allocation, no look-up by string.
#include "bodies.h"
#include "cutrans/runtime/queue.h"
#include "shim/common/launch_attributes.h"
#include "shim/cudart/kernel_handles.h"

namespace cutrans::cudart {
namespace {

// <<<...>>> pushes a configuration and the kernel's stub pops it, at once but for launches inside the argument list of
// another launch. A ring, so that a program whose arguments throw again and again does not run out of places.
struct Configuration {
  dim3 grid, block;
  size_t shared_bytes = 0;
  cudaStream_t stream = nullptr;
};
constexpr unsigned kNested = 16;
struct Pushed {
  Configuration at[kNested];
  unsigned count = 0, top = 0;  // count: how many are valid, at most kNested
};
constinit thread_local Pushed pushed;

runtime::LaunchShape shapeOf(dim3 grid, dim3 block, size_t shared_bytes) {
  runtime::LaunchShape shape;
  shape.grid[0] = grid.x, shape.grid[1] = grid.y, shape.grid[2] = grid.z;
  shape.block[0] = block.x, shape.block[1] = block.y, shape.block[2] = block.z;
  shape.dynamic_shared_bytes = shared_bytes;
  return shape;
}

// `origin`: what the program named the kernel by; null: its host function, which the kernel tells.
cudaError_t launch(Call &call, Result<runtime::LibraryKernel *> function, const void *origin, const runtime::LaunchShape &shape,
                   void **arguments, cudaStream_t stream, std::span<const runtime::KeptAttribute> attributes = {}) {
  if (!function.ok()) return error(function.status());
  Result<runtime::Kernel *> kernel = kernelIn(call, *function);
  if (!kernel.ok()) [[unlikely]]
    return error(kernel.status());
  return call.onQueue(stream, [&](runtime::Queue &queue) {
    runtime::Arguments packed;
    packed.pointers = arguments;
    packed.origin = origin;
    packed.attributes = attributes;
    return queue.launch(**kernel, shape, packed);
  });
}

}  // namespace

unsigned body::__cudaPushCallConfiguration(Call &, dim3 grid, dim3 block, size_t shared_bytes, CUstream_st *stream) {
  Pushed &stack = pushed;
  stack.at[stack.top % kNested] = {grid, block, shared_bytes, stream};
  stack.top++;
  if (stack.count < kNested) stack.count++;
  return 0;
}

cudaError_t body::__cudaPopCallConfiguration(Call &, dim3 *grid, dim3 *block, size_t *shared_bytes, void *stream) {
  Pushed &stack = pushed;
  if (stack.count == 0) return cudaErrorMissingConfiguration;
  stack.count--;
  const Configuration &last = stack.at[--stack.top % kNested];
  *grid = last.grid;
  *block = last.block;
  *shared_bytes = last.shared_bytes;
  *static_cast<cudaStream_t *>(stream) = last.stream;
  return cudaSuccess;
}

cudaError_t body::__cudaLaunchKernel(Call &call, cudaKernel_t handle, dim3 grid, dim3 block, void **arguments,
                                     size_t shared_bytes, cudaStream_t stream) {
  runtime::LibraryKernel *kernel = runtime::LibraryKernel::find(handle);
  if (!kernel) return cudaErrorInvalidDeviceFunction;
  return launch(call, kernel, nullptr, shapeOf(grid, block, shared_bytes), arguments, stream);
}

cudaError_t body::cudaLaunchKernel(Call &call, const void *function, dim3 grid, dim3 block, void **arguments,
                                   size_t shared_bytes, cudaStream_t stream) {
  return launch(call, resolveFunction(function), function, shapeOf(grid, block, shared_bytes), arguments, stream);
}

cudaError_t body::cudaLaunchCooperativeKernel(Call &call, const void *function, dim3 grid, dim3 block,
                                              void **arguments, size_t shared_bytes, cudaStream_t stream) {
  runtime::LaunchShape shape = shapeOf(grid, block, shared_bytes);
  shape.cooperative = true;
  return launch(call, resolveFunction(function), function, shape, arguments, stream);
}

cudaError_t body::cudaLaunchKernelExC(Call &call, const cudaLaunchConfig_t *config, const void *function,
                                      void **arguments) {
  if (!config || (config->numAttrs != 0 && !config->attrs)) return cudaErrorInvalidValue;
  // The driver API's attributes are laid out alike (launch_attributes.cpp compares).
  std::span attributes(reinterpret_cast<const CUlaunchAttribute *>(config->attrs), config->numAttrs);
  runtime::LaunchShape shape = shapeOf(config->gridDim, config->blockDim, config->dynamicSmemBytes);
  if (Status status = shim::readLaunchAttributes(attributes, &shape, call.name); !status.ok()) return error(status);
  Result<runtime::Queue *> queue = call.queue(config->stream);
  if (!queue.ok()) return error(queue.status());
  std::vector<runtime::KeptAttribute> kept;
  if (!attributes.empty()) {
    if (Status events = shim::checkLaunchEvents(attributes, **queue); !events.ok()) return error(events);
    kept = shim::attributesForNode(attributes, **queue);
  }
  cudaError_t launched = launch(call, resolveFunction(function), function, shape, arguments, config->stream, kept);
  if (launched != cudaSuccess || attributes.empty()) return launched;
  return error(shim::recordLaunchEvents(attributes, **queue));
}

}  // namespace cutrans::cudart
