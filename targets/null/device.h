// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The one device, and its memory.
//
// Device memory is in two ranges of the same size. `window` is what addresses point to: reserved, never accessible, so
// that a runtime or a program that follows a device pointer on the host crashes here as it would on a card.
// `bytes` holds the contents; only copies and fills reach them, through translate().
#pragma once

#include <cutrans/target.h>

#include <cstdint>
#include <map>
#include <mutex>

namespace cutrans::null {
extern const ct_device_ops device_ops;
extern const ct_memory_ops memory_ops;
}  // namespace cutrans::null

struct ct_device {
  explicit ct_device(uint64_t memory_bytes);
  ~ct_device();
  bool good() const { return bytes != nullptr; }
  // The place of a device address; addresses outside of device memory are host addresses.
  uint64_t translate(uint64_t address) const;

  uint64_t size = 0;
  uint64_t window = 0;
  unsigned char *bytes = nullptr;
  std::mutex lock;                       // the two below
  std::map<uint64_t, uint64_t> used;     // address: size, in `window`
  uint64_t used_bytes = 0;
};
