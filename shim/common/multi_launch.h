// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Cooperative launches on several devices, for both APIs.
#pragma once
#include <vector>

#include "cutrans/runtime/multi_launch.h"
#include "cutrans/runtime/platform.h"
#include "shim/common/handles.h"

namespace cutrans::shim {

// read(params, part, &stream): shape and arguments; kernelIn(params, context): the kernel.
template <class Params, class Read, class KernelIn>
Status launchOnDevices(const Params *list, unsigned count, unsigned flags, Read &&read, KernelIn &&kernelIn) {
  if (!list || count > static_cast<unsigned>(runtime::Platform::loaded()->deviceCount())) return Code::invalid_value;
  std::vector<runtime::PartLaunch> parts(count);
  for (unsigned i = 0; i < count; ++i) {
    const void *stream = nullptr;
    read(list[i], parts[i], stream);
    if (reinterpret_cast<uintptr_t>(stream) <= kPerThreadStream) return Code::invalid_value;
    parts[i].queue = runtime::Queue::find(stream);
    if (!parts[i].queue) return Code::invalid_handle;
    Result<runtime::Kernel *> kernel = kernelIn(list[i], parts[i].queue->context());
    if (!kernel.ok()) return kernel.status();
    parts[i].kernel = *kernel;
  }
  return runtime::launchOnDevices(parts, flags);
}

}  // namespace cutrans::shim
