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

}  // namespace cutrans::shim
