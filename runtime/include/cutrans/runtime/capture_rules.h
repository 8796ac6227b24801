// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What captures forbid, for callers that have nothing else to do with them (capture.h).
#pragma once
#include "cutrans/runtime/export.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/support/status.h"

namespace cutrans::runtime {

enum class CaptureMode : uint8_t { global, thread_local_, relaxed };

// What this thread may do while captures are under way; gives the mode that was.
CUTRANS_API CaptureMode exchangeCaptureMode(CaptureMode mode);

// For calls that may disturb a capture without being part of it (synchronous ones, memory management...): ok when no
// capture of this process or thread, as the modes say, is in the way; else invalidates it: capture_unsupported. One
// relaxed load when nobody captures.
CUTRANS_API Status forbidDuringCapture();

// For work that cannot be captured: ok where the queue does not capture, else capture_unsupported; the capture is invalid.
CUTRANS_API Status forbidOnCapturing(Queue &queue);

// True while the queue is part of a capture, be it an invalid one. One relaxed load.
CUTRANS_API bool capturing(const Queue &queue);

// True as well for the legacy queue beside blocking queues that capture: nothing may be done on it. The calls of capture.h
// for such queues say which it is.
CUTRANS_API bool captureDiverts(const Queue &queue);

}  // namespace cutrans::runtime
