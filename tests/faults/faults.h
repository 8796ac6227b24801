// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The door of the faulty target (plugin.cpp) for the tests in the same process: which call is to fail, and what is alive.
#pragma once
#include <cutrans/target.h>

#include <cstdint>

namespace cutrans::faults {

enum class Object { none, device, memory, registration, queue, event, module };
constexpr Object kObjects[] = {Object::device, Object::memory, Object::registration, Object::queue, Object::event, Object::module};
constexpr const char *kObjectNames[] = {"none", "devices", "allocations", "registrations", "queues", "events", "modules"};

struct Control {
  // The nth call from now on (1 is the next one) of a slot that may fail returns `status` and does nothing. 0: none.
  void (*arm)(uint64_t nth, ct_status status);
  // The slot that failed since arm(), as "queue.copy", or null.
  const char *(*fired)();
  long (*live)(Object object);
  // The name of a group of slots that has more slots than slots.def, or null.
  const char *(*incomplete)();
};

constexpr const char *kControlSymbol = "cutrans_faults_control";

}  // namespace cutrans::faults
