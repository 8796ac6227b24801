// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "shim/common/device_attributes.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "cutrans/runtime/mapping.h"
#include "cutrans/runtime/platform.h"
#include "cutrans/runtime/texture_limits.h"
#include "shim/common/launch_attributes.h"

namespace cutrans::shim {
namespace {

enum : int { kMajor = 75, kMinor = 76 };

int asInt(int64_t value) { return static_cast<int>(std::clamp<int64_t>(value, INT32_MIN, INT32_MAX)); }

}  // namespace

Result<int> deviceAttribute(const runtime::Device &device, int attribute) {
  const ct_device_info &info = device.info();
  const runtime::TextureLimits &limits = runtime::textureLimits(device);
  unsigned capability = 0;
  if (attribute == kMajor || attribute == kMinor) {
    Result<runtime::Platform *> platform = runtime::Platform::get();
    if (!platform.ok()) return platform.status();
    Result<unsigned> claimed = (*platform)->computeCapability();
    if (!claimed.ok()) return claimed.status();
    capability = *claimed;
  }
  switch (attribute) {
#define CT_ATTRIBUTE(number, value) \
  case number: return asInt(int64_t{value});
#define CT_ATTRIBUTES(first, last, value) \
  case first ... last: return asInt(int64_t{value});
#include "shim/common/device_attributes.def"
  }
  return Code::invalid_value;
}

}  // namespace cutrans::shim
