// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The APIs' opaque structures of 64 bytes (IPC handles, export data of pools) are the runtime's handles.
#pragma once
#include <cstring>

#include "cutrans/runtime/shared_memory.h"

namespace cutrans::shim {

template <class Opaque>
runtime::SharedHandle sharedHandle(const Opaque &given) {
  static_assert(sizeof(Opaque) == sizeof(runtime::SharedHandle));
  runtime::SharedHandle handle;
  std::memcpy(&handle, &given, sizeof handle);
  return handle;
}

// ok: `out` is written.
template <class Opaque>
Status giveHandle(Opaque *out, const Result<runtime::SharedHandle> &handle) {
  static_assert(sizeof(Opaque) == sizeof(runtime::SharedHandle));
  if (handle.ok()) std::memcpy(out, &*handle, sizeof *out);
  return handle.status();
}

}  // namespace cutrans::shim
