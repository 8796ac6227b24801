// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// PCI names and pairs of devices, answered from what the target says.
#include "shim/common/device_queries.h"

#include <cuda.h>

#include <cstdio>
#include <string>

#include "cutrans/runtime/platform.h"

namespace cutrans::shim {

std::optional<int> deviceByPciName(std::string_view name) {
  unsigned domain = 0, bus = 0, slot = 0;
  std::string text(name.substr(0, 32));
  if (std::sscanf(text.c_str(), "%x:%x:%x", &domain, &bus, &slot) != 3) {
    domain = 0;
    if (std::sscanf(text.c_str(), "%x:%x", &bus, &slot) != 2) return std::nullopt;
  }
  runtime::Platform *platform = runtime::Platform::loaded();
  for (int i = 0; i < platform->deviceCount(); ++i) {
    Result<runtime::Device *> device = platform->device(i);
    if (!device.ok()) continue;
    const ct_device_info &info = (*device)->info();
    if (info.pci_domain == domain && info.pci_bus == bus && info.pci_device == slot) return i;
  }
  return std::nullopt;
}

bool canAccessPeer(const runtime::Device &device, const runtime::Device &peer) {
  auto open = [](const runtime::Device &d) { return d.hostCanAccess() && d.canAccessHost(); };
  return &device != &peer && open(device) && open(peer);
}

Result<int> peerAttribute(const runtime::Device &device, const runtime::Device &peer, int attribute) {
  switch (attribute) {
    case CU_DEVICE_P2P_ATTRIBUTE_ACCESS_SUPPORTED:
    case CU_DEVICE_P2P_ATTRIBUTE_NATIVE_ATOMIC_SUPPORTED:
      return canAccessPeer(device, peer) ? 1 : 0;
    case CU_DEVICE_P2P_ATTRIBUTE_PERFORMANCE_RANK:  // all links are alike
    case CU_DEVICE_P2P_ATTRIBUTE_CUDA_ARRAY_ACCESS_SUPPORTED:
    case CU_DEVICE_P2P_ATTRIBUTE_ONLY_PARTIAL_NATIVE_ATOMIC_SUPPORTED:
      return 0;
    default:
      return Code::invalid_value;
  }
}

Status atomicCapabilities(bool linked, const void *operations, unsigned count, unsigned *out) {
  constexpr unsigned kBoth = CU_ATOMIC_CAPABILITY_SCALAR_32 | CU_ATOMIC_CAPABILITY_SCALAR_64, kReduces = CU_ATOMIC_CAPABILITY_REDUCTION,
                     kSigned = CU_ATOMIC_CAPABILITY_SIGNED, kUnsigned = CU_ATOMIC_CAPABILITY_UNSIGNED;
  // What atom and red of PTX have, but for operations of 128 bits and on vectors, which are not one access on all hosts.
  constexpr unsigned kCan[CU_ATOMIC_OPERATION_MAX] = {
      kSigned | kUnsigned | kReduces | kBoth,                        // add
      kSigned | kUnsigned | kReduces | kBoth,                        // min
      kSigned | kUnsigned | kReduces | kBoth,                        // max
      kUnsigned | kReduces | CU_ATOMIC_CAPABILITY_SCALAR_32,         // increment
      kUnsigned | kReduces | CU_ATOMIC_CAPABILITY_SCALAR_32,         // decrement
      kUnsigned | kReduces | kBoth,                                  // and
      kUnsigned | kReduces | kBoth,                                  // or
      kUnsigned | kReduces | kBoth,                                  // xor
      kUnsigned | kBoth,                                             // exchange
      kUnsigned | kBoth,                                             // compare and swap
      kSigned | kReduces | kBoth,                                    // floating-point add
      0,                                                             // floating-point min and max: not of these widths
      0,
  };
  if (!operations || !out || count == 0) return Code::invalid_value;
  const auto *asked = static_cast<const CUatomicOperation *>(operations);
  for (unsigned i = 0; i < count; ++i)
    if (static_cast<unsigned>(asked[i]) >= CU_ATOMIC_OPERATION_MAX) return Code::invalid_value;
  for (unsigned i = 0; i < count; ++i) out[i] = linked ? kCan[asked[i]] : 0;
  return Code::ok;
}

}  // namespace cutrans::shim
