// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "event.h"

#include <chrono>
#include <new>

namespace cutrans::null {

void Mark::pass() {
  std::lock_guard hold(lock_);
  *time_ = static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1));
  passed_ = true;
  changed_.notify_all();
}

bool Mark::passed() const {
  std::lock_guard hold(lock_);
  return passed_;
}

void Mark::wait() const {
  std::unique_lock hold(lock_);
  changed_.wait(hold, [this] { return passed_; });
}

namespace {

ct_status create(ct_device *, uint32_t, ct_event **out) {
  *out = new (std::nothrow) ct_event;
  return *out ? CT_OK : CT_ERR_OUT_OF_MEMORY;
}

void destroy(ct_event *event) { delete event; }

ct_status query(ct_event *event) {
  auto mark = event->get();
  return !mark || mark->passed() ? CT_OK : CT_NOT_READY;
}

ct_status synchronize(ct_event *event) {
  if (auto mark = event->get()) mark->wait();
  return CT_OK;
}

ct_status timestamp(ct_event *event, uint64_t *out_ns) {
  *out_ns = *event->time;
  return *out_ns ? CT_OK : CT_ERR_INVALID;  // no record is done
}

}  // namespace

const ct_event_ops event_ops = {sizeof(ct_event_ops), create, destroy, query, synchronize, timestamp};

}  // namespace cutrans::null
