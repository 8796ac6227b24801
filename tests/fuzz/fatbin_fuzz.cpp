// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// libFuzzer: any bytes as a file, and as a container in a mapped image. Nothing may crash, hang or take much memory.
#include <cstdint>

#include "cutrans/fatbin/choose.h"
#include "cutrans/fatbin/payload.h"
#include "cutrans/fatbin/scan.h"

namespace fatbin = cutrans::fatbin;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  constexpr uint64_t kUnpackBound = 16 << 20;  // keeps a run fast; the real bound differs only in size
  fatbin::Bytes bytes = std::as_bytes(std::span(data, size));
  fatbin::Scan found = fatbin::scan(bytes);
  for (const fatbin::FoundContainer &at : found.containers)
    for (const fatbin::Entry &entry : at.container.entries) (void)fatbin::unpack(entry, kUnpackBound);

  auto containers = fatbin::readContainers(bytes);
  if (!containers.ok()) return 0;
  (void)fatbin::summary(*containers);
  for (const fatbin::Container &container : *containers) (void)fatbin::bestPtx(container, 90);
  return 0;
}
