// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Questions about devices that both APIs answer: by PCI name, and about pairs of devices.
#pragma once
#include <optional>
#include <string_view>

#include "cutrans/runtime/device.h"
#include "cutrans/support/status.h"

namespace cutrans::shim {

// The index of the device with this PCI name; domain and function may be left out ("00:00", "0000:00:00.0").
// Only after the platform was loaded.
std::optional<int> deviceByPciName(std::string_view name);

// Whether a kernel on one may use memory of the other. False for one and the same device.
bool canAccessPeer(const runtime::Device &device, const runtime::Device &peer);

// Of two different devices, by the number that CUdevice_P2PAttribute and cudaDeviceP2PAttr share. invalid_value else.
Result<int> peerAttribute(const runtime::Device &device, const runtime::Device &peer, int attribute);

// For each operation the atomics that are atomic with those of the other side of a link as well, as bits: CUatomicOperation and
// CUatomicOperationCapability; cudart's have the same numbers. `linked` false: none. invalid_value: null, nothing asked, unknown.
Status atomicCapabilities(bool linked, const void *operations, unsigned count, unsigned *out);

}  // namespace cutrans::shim
