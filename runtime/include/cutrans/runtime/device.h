// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One device of the target: its limits, and its primary context. A Device lives as long as the process.
#pragma once
#include <string>

#include "cutrans/runtime/export.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/support/status.h"
#include "cutrans/target.h"

namespace cutrans::runtime {

// Neutral facts that CUDA programs ask for and that no target has to say.
inline constexpr uint32_t kLanesPerWarp = 32;
inline constexpr uint32_t kPitchAlign = 512;            // rows of pitched allocations
inline constexpr uint32_t kMaxParameterBytes = 32764;   // of one kernel
inline constexpr uint32_t kRegistersPerUnit = 65536;
inline constexpr uint32_t kPortableCluster = 8;  // blocks that a cluster may have without opting in
inline constexpr int kLeastPriority = 0, kGreatestPriority = -5;

class CUTRANS_API Device {
 public:
  int index() const { return index_; }
  const ct_device_info &info() const { return info_; }
  bool hostCanAccess() const { return info_.flags & CT_DEVICE_HOST_CAN_ACCESS; }
  bool canAccessHost() const { return info_.flags & CT_DEVICE_CAN_ACCESS_HOST; }
  bool textures() const { return info_.flags & CT_DEVICE_TEXTURES; }
  bool words() const;  // Queue::onWords
  bool cooperative() const { return info_.flags & CT_DEVICE_COOPERATIVE; }

  // "0000:00:00.0"
  std::string pciName() const;

  // ---- the primary context: one object for the whole life of the process, active or not -------------------
  Context &primary() const { return *primary_; }
  // Counted as cuDevicePrimaryCtxRetain does; activates it at the first.
  Result<Context *> retainPrimary();
  Status releasePrimary();  // the last one deactivates; invalid_context when not retained
  Status resetPrimary();    // whatever the count: destroys all that lives in it, clears a fault
  // Activates without counting more than once per process: what a runtime API does at the first use of a device.
  Result<Context *> usePrimary();
  Status setPrimaryFlags(unsigned flags);
  void primaryState(unsigned *out_flags, bool *out_active) const;

  // Free and total bytes. Opens the device for the question if no context is active.
  Status memoryInfo(uint64_t *out_free, uint64_t *out_total);

  struct State;  // runtime/core only

 private:
  friend class DeviceAccess;
  Device() = default;
  int index_ = 0;
  ct_device_info info_{};
  Context *primary_ = nullptr;
  State *state_ = nullptr;
};

}  // namespace cutrans::runtime
