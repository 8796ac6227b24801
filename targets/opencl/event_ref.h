// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Owning references to OpenCL events.
#pragma once

#include <utility>

#include "api.h"

namespace cutrans::opencl {

class EventRef {
 public:
  EventRef() = default;
  EventRef(const EventRef &other) : event_(other.event_) {
    if (event_) cl.clRetainEvent(event_);
  }
  EventRef(EventRef &&other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
  EventRef &operator=(EventRef other) noexcept {
    std::swap(event_, other.event_);
    return *this;
  }
  ~EventRef() {
    if (event_) cl.clReleaseEvent(event_);
  }
  // Takes the reference that a function returned.
  static EventRef own(cl_event event) {
    EventRef ref;
    ref.event_ = event;
    return ref;
  }
  cl_event get() const { return event_; }
  explicit operator bool() const { return event_ != nullptr; }
  bool operator==(const EventRef &other) const { return event_ == other.event_; }

  // CL_COMPLETE, what is left to happen (positive), or an error (negative).
  cl_int status() const {
    cl_int status = CL_COMPLETE;
    if (event_) cl.clGetEventInfo(event_, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, nullptr);
    return status;
  }
  bool done() const { return status() <= CL_COMPLETE; }

 private:
  cl_event event_ = nullptr;
};

// What a command waits for beyond the order of its queue.
struct Waits {
  cl_uint count = 0;
  const cl_event *list = nullptr;
};

}  // namespace cutrans::opencl
