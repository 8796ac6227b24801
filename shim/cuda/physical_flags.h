// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the driver API keeps in PhysicalTraits::flags, which mapped allocations carry too.
#pragma once
#include <cuda.h>

namespace cutrans::driver {

constexpr uint32_t physicalFlags(unsigned handle_types, CUmemLocationType place) { return (handle_types & 0xffu) | static_cast<uint32_t>(place) << 8; }
constexpr unsigned exportableAs(uint32_t flags) { return flags & 0xffu; }
constexpr CUmemLocationType placeOf(uint32_t flags) { return static_cast<CUmemLocationType>(flags >> 8); }

}  // namespace cutrans::driver
