// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The captures of the process, for capture.cpp and calls.cpp. All under the registry's lock.
#pragma once
#include "capture/capture.h"

namespace cutrans::runtime {

struct CaptureRegistry {
  std::mutex lock;
  std::vector<std::unique_ptr<Capture>> all;  // also invalid ones, until they are ended
};
CaptureRegistry &registry();

// Those that are not invalid: what the fast answer of forbidDuringCapture() reads.
inline constinit std::atomic<unsigned> active_captures{0};

CaptureBranch *branchOf(const Queue &queue);  // null; &legacy_blocked
Capture *findCapture(uint64_t id);            // null: over
void invalidate(Capture &capture);
void join(Capture &capture, Queue &queue, std::vector<Dependency> next);
// The legacy queue was used while blocking queues of its context capture: they are invalid.
Status legacyForbidden(Context &context);
// Each node once.
void addDependency(std::vector<Dependency> &list, const Dependency &added);

}  // namespace cutrans::runtime
