// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A loaded target plug-in, as the runtime calls it: the plug-in's tables copied once, with defaults in the optional
// slots that it left empty, so that no call site tests for null.
#pragma once
#include <string>

#include "cutrans/support/status.h"
#include "cutrans/target.h"

namespace cutrans::runtime {

struct Target {
  void *library = nullptr;
  std::string path, name, build;
  ct_device_ops device{};
  ct_memory_ops memory{};
  ct_queue_ops queue{};
  ct_event_ops event{};
  ct_module_ops module{};
  bool words = false;  // has queue.wait_word and queue.write_word of its own
  ct_mapping_ops mapping{};  // granularity 0: the target has none
  void (*shutdown)(void) = nullptr;
};

// `wanted`: a name, or a path when it has a slash. Searches `folders` (colon separated), then the layer's own folder.
// Failures are reported (CT30xx). Calls the plug-in's init.
Result<Target *> loadTarget(const std::string &wanted, const std::string &folders);

// Where a target of this name would be loaded from; empty when there is none.
std::string findTarget(const std::string &wanted, const std::string &folders);

// The table that the runtime gives to plug-ins.
const ct_host &hostServices();

// Neutral code for a target's status.
Code fromTarget(ct_status status);

}  // namespace cutrans::runtime
