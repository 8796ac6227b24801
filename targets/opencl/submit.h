// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The two ways into a queue's commands, for queue.cpp and launch.cpp.
#pragma once

#include "queue.h"

namespace cutrans::opencl {
ct_status enqueueFailed(ct_device &device, cl_int error);
}

template <class Enqueue>
ct_status ct_queue::submitLocked(Enqueue enqueue) {
  cl_event few[8];
  std::vector<cl_event> many;
  cutrans::opencl::Waits waits{static_cast<cl_uint>(pending_.size()), few};
  if (pending_.size() > std::size(few)) {
    many.resize(pending_.size());
    waits.list = many.data();
  }
  for (size_t i = 0; i < pending_.size(); ++i) (many.empty() ? few : many.data())[i] = pending_[i].get();
  if (!waits.count) waits.list = nullptr;
  cl_event out = nullptr;
  if (const cl_int error = enqueue(waits, &out); error != CL_SUCCESS) return cutrans::opencl::enqueueFailed(device, error);
  last_ = EventRef::own(out);
  pending_.clear();
  return CT_OK;
}

template <class Enqueue>
ct_status ct_queue::submit(Enqueue enqueue) {
  std::lock_guard hold(lock_);
  return submitLocked(enqueue);
}

template <class Argument>
ct_status ct_queue::call(void (*function)(void *), const Argument &argument) {
  static_assert(std::is_trivially_copyable_v<Argument>);
  Argument copied = argument;
  return submit([&](cutrans::opencl::Waits waits, cl_event *out) {
    return cutrans::opencl::cl.clEnqueueNativeKernel(commands_, function, &copied, sizeof copied, 0, nullptr, nullptr, waits.count, waits.list, out);
  });
}
