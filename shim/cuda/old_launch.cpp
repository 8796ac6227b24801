// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Launches as they were before CUDA 4: the block, the shared memory and the parameters are set on the function, call by call, and
// stay for the launches after. Not for hot paths: one lock.
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

#include "bodies.h"
#include "cutrans/runtime/shared_state.h"
#include "shim/cuda/old_launch.h"

namespace cutrans::driver {

namespace {

struct OldLaunch {
  uint64_t context_id = 0;            // whose settings these are: handles are used again
  uint32_t block[3] = {};
  uint32_t shared_bytes = 0;
  std::vector<std::byte> parameters;  // as long as the largest offset that was set
  size_t size = 0;                    // as cuParamSetSize said
};

struct OldLaunchTable {
  static constexpr const char *kSharedName = "old launches";
  std::mutex mutex;
  std::map<const runtime::Kernel *, OldLaunch> rows;
};

// `use(kernel, settings)` under the lock.
template <class Use>
CUresult onFunction(Call &call, CUfunction function, Use &&use) {
  Result<runtime::Kernel *> kernel = resolveKernel(function, *call.context);
  if (!kernel.ok()) return error(kernel.status());
  auto &table = runtime::shared<OldLaunchTable>();
  std::lock_guard hold(table.mutex);
  OldLaunch &row = table.rows[*kernel];
  if (const uint64_t id = call.context->id(); row.context_id != id) {
    row = {};
    row.context_id = id;
  }
  return use(**kernel, row);
}

CUresult setParameter(Call &call, CUfunction function, int offset, const void *value, size_t size) {
  if (!value || offset < 0 || size > runtime::kMaxParameterBytes || static_cast<size_t>(offset) > runtime::kMaxParameterBytes - size)
    return CUDA_ERROR_INVALID_VALUE;
  return onFunction(call, function, [&](runtime::Kernel &, OldLaunch &settings) {
    const size_t end = static_cast<size_t>(offset) + size;
    if (settings.parameters.size() < end) settings.parameters.resize(end);
    std::memcpy(settings.parameters.data() + offset, value, size);
    return CUDA_SUCCESS;
  });
}

CUresult launch(Call &call, CUfunction function, int width, int height, CUstream stream) {
  if (width < 1 || height < 1) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Queue *> queue = call.queue(stream);
  if (!queue.ok()) return error(queue.status());
  return onFunction(call, function, [&](runtime::Kernel &kernel, OldLaunch &settings) {
    settings.parameters.resize(std::max(settings.parameters.size(), settings.size));
    runtime::LaunchShape shape;
    shape.grid[0] = static_cast<uint32_t>(width), shape.grid[1] = static_cast<uint32_t>(height);
    std::copy_n(settings.block, 3, shape.block);
    shape.dynamic_shared_bytes = settings.shared_bytes;
    runtime::Arguments arguments;
    arguments.buffer = settings.parameters.data();
    arguments.buffer_size = settings.size;
    return error((*queue)->launch(kernel, shape, arguments));
  });
}

}  // namespace

void forgetOldLaunches() {
  auto &table = runtime::shared<OldLaunchTable>();
  std::lock_guard hold(table.mutex);
  std::erase_if(table.rows, [](const auto &row) { return !runtime::Kernel::find(row.first); });
}

CUresult body::cuFuncSetBlockShape(Call &call, CUfunction function, int x, int y, int z) {
  if (x < 1 || y < 1 || z < 1) return CUDA_ERROR_INVALID_VALUE;
  return onFunction(call, function, [&](runtime::Kernel &kernel, OldLaunch &settings) {
    if (uint64_t{static_cast<unsigned>(x)} * static_cast<unsigned>(y) > kernel.maxThreads() ||
        uint64_t{static_cast<unsigned>(x)} * static_cast<unsigned>(y) * static_cast<unsigned>(z) > kernel.maxThreads())
      return CUDA_ERROR_INVALID_VALUE;
    settings.block[0] = static_cast<uint32_t>(x), settings.block[1] = static_cast<uint32_t>(y), settings.block[2] = static_cast<uint32_t>(z);
    return CUDA_SUCCESS;
  });
}

CUresult body::cuFuncSetSharedSize(Call &call, CUfunction function, unsigned int bytes) {
  return onFunction(call, function, [&](runtime::Kernel &kernel, OldLaunch &settings) {
    if (bytes > kernel.maxDynamicShared()) return CUDA_ERROR_INVALID_VALUE;
    settings.shared_bytes = bytes;
    return CUDA_SUCCESS;
  });
}

CUresult body::cuParamSetSize(Call &call, CUfunction function, unsigned int bytes) {
  if (bytes > runtime::kMaxParameterBytes) return CUDA_ERROR_INVALID_VALUE;
  return onFunction(call, function, [&](runtime::Kernel &, OldLaunch &settings) {
    settings.size = bytes;
    return CUDA_SUCCESS;
  });
}

CUresult body::cuParamSeti(Call &call, CUfunction function, int offset, unsigned int value) {
  return setParameter(call, function, offset, &value, sizeof value);
}
CUresult body::cuParamSetf(Call &call, CUfunction function, int offset, float value) {
  return setParameter(call, function, offset, &value, sizeof value);
}
CUresult body::cuParamSetv(Call &call, CUfunction function, int offset, void *value, unsigned int bytes) {
  return setParameter(call, function, offset, value, bytes);
}

CUresult body::cuLaunch(Call &call, CUfunction function) { return launch(call, function, 1, 1, nullptr); }
CUresult body::cuLaunchGrid(Call &call, CUfunction function, int width, int height) { return launch(call, function, width, height, nullptr); }
CUresult body::cuLaunchGridAsync(Call &call, CUfunction function, int width, int height, CUstream stream) {
  return launch(call, function, width, height, stream);
}

}  // namespace cutrans::driver
