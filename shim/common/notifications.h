// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions of the program that want to hear when it has used more memory of a device than it was granted. No device grants a
// process less than all it has, so none is ever called; who is registered is kept.
#pragma once
#include <map>
#include <mutex>

#include "cutrans/runtime/shared_state.h"
#include "cutrans/support/status.h"

namespace cutrans::shim {

struct NotificationTable {
  static constexpr const char *kSharedName = "notifications";
  std::mutex mutex;
  std::map<uint64_t, int> device_of;  // by handle
  uint64_t last = 0;
};

// The device has been checked.
inline void *registerNotification(int device) {
  auto &table = runtime::shared<NotificationTable>();
  std::lock_guard hold(table.mutex);
  table.device_of[table.last += 16] = device;
  return reinterpret_cast<void *>(table.last);
}

inline Status unregisterNotification(int device, const void *handle) {
  auto &table = runtime::shared<NotificationTable>();
  std::lock_guard hold(table.mutex);
  auto row = table.device_of.find(reinterpret_cast<uintptr_t>(handle));
  if (row == table.device_of.end() || row->second != device) return Code::invalid_value;
  table.device_of.erase(row);
  return Code::ok;
}

}  // namespace cutrans::shim
