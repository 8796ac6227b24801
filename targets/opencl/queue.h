// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A queue is an in-order command queue of OpenCL with profiling. What OpenCL cannot run stands in it as a user event, which
// the queue's own thread completes.
#pragma once

#include <cutrans/target.h>

#include <functional>
#include <mutex>
#include <vector>

#include "device.h"
#include "event_ref.h"
#include "launch_memory.h"
#include "messages.h"
#include "queue_thread.h"

namespace cutrans::opencl {
extern const ct_queue_ops queue_ops;
}

struct ct_queue {
  ct_queue(ct_device &on, cl_command_queue of);
  ~ct_queue();  // waits for what was submitted

  ct_status launch(const ct_launch &request, bool may_wait);
  ct_status copy(const ct_copy &request);
  ct_status fill(const ct_fill &request);
  ct_status record(ct_event &event);
  ct_status wait(ct_event &event);
  ct_status waitWord(const ct_word &word);
  ct_status writeWord(const ct_word &word);
  // Everything before it is done when it runs; nothing behind it starts before it has returned.
  ct_status runOnThread(std::function<void()> task);

  // When it is done, so is everything that was submitted. None: nothing is under way. Any thread.
  ct_status end(cutrans::opencl::EventRef &out);
  // Submitted commands get going although nobody waits for them.
  void flush();
  ct_device &device;

 private:
  using EventRef = cutrans::opencl::EventRef;
  // enqueue(Waits, cl_event *out) is an OpenCL function that may fail; what it says otherwise becomes `last_`.
  template <class Enqueue>
  ct_status submit(Enqueue enqueue);
  template <class Enqueue>
  ct_status submitLocked(Enqueue enqueue);
  ct_status marker();
  // A function of ours as a command. `argument` is copied.
  template <class Argument>
  ct_status call(void (*function)(void *), const Argument &argument);
  ct_status provideMemory(const ct_kernel &kernel, const ct_launch &request, ct_opencl_launch &record);
  ct_status enqueueKernel(ct_kernel &kernel, uint64_t record, const ct_launch &request);
  ct_status readMessages(ct_kernel &kernel, const ct_launch &request);

  const cl_command_queue commands_;
  std::mutex lock_;                  // last_ and pending_: submissions do not overlap, but end() comes at any time
  EventRef last_;                    // what was submitted last; it completes after everything before it, but for pending_
  std::vector<EventRef> pending_;    // what the next command waits for
  cutrans::opencl::LaunchRing ring_;
  cutrans::opencl::Arena arena_;
  cutrans::opencl::GangArena gang_arena_;
  cutrans::opencl::MessageSpace messages_;
  cutrans::opencl::QueueThread thread_;
};
