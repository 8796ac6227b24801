// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One cooperative launch on several devices: the same kernel with the same shape, all parts at the same time.
#pragma once
#include <span>

#include "cutrans/runtime/export.h"
#include "cutrans/runtime/queue.h"

namespace cutrans::runtime {

struct PartLaunch {
  Queue *queue = nullptr;
  Kernel *kernel = nullptr;      // in the queue's context
  LaunchShape shape;             // cooperative or not: it is taken as cooperative
  Arguments arguments;
};

enum MultiLaunch : unsigned { kBeginApart = 1, kEndApart = 2 };

// No part begins before the earlier work of all queues is done (but for kBeginApart), and what is submitted later to any of the
// queues begins when all parts are done (but for kEndApart). Checked as a whole before anything is submitted. invalid_value: no
// parts, two on one device, a default queue, kernels or shapes that differ, a kernel that launches kernels; the codes of a launch.
CUTRANS_API Status launchOnDevices(std::span<const PartLaunch> parts, unsigned flags);

}  // namespace cutrans::runtime
