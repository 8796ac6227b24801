// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The HIP target: AMD's GPUs, and all others whose stack has HIP's module API. The table that the runtime sees.
#include <cutrans/target.h>

#include <utility>

#include "device.h"
#include "event.h"
#include "host.h"
#include "host_threads.h"
#include "library.h"
#include "module.h"
#include "queue.h"

namespace cutrans::hip {
namespace {

ct_status init(const ct_host *services) {
  host = services;
  if (!openLibrary()) return CT_ERR_INTERNAL;
  const hipError_t started = api.hipInit(0);
  int version = 0;
  if (started != hipErrorNoDevice) {  // of that the runtime tells
    if (ct_status status = told(started, "hipInit"); status != CT_OK) return status;
    (void)api.hipRuntimeGetVersion(&version);
    if (!askDevices()) return CT_ERR_INTERNAL;
  }
  host_threads = new HostThreads;  // none starts before it is needed
  host->log(host->ctx, CT_LOG_DEBUG, ("HIP runtime " + std::to_string(version)).c_str());
  return CT_OK;
}

void shutdown() {
  host_threads->stop();
  delete std::exchange(host_threads, nullptr);
  forgetDevices();
  host = nullptr;
}

// No mapping group: HIP has the calls, but not the rules of the group for files that any process can import.
const ct_target table = {
    CT_TARGET_MAGIC, CT_TARGET_ABI_MAJOR, CT_TARGET_ABI_MINOR, sizeof(ct_target), "hip", CUTRANS_BUILD, 0, init, shutdown,
    &device_ops,     &memory_ops,         &queue_ops,          &event_ops,        &module_ops,
    nullptr};

}  // namespace
}  // namespace cutrans::hip

extern "C" __attribute__((visibility("default"))) const ct_target *cutrans_target_query(uint32_t major, uint32_t) {
  return major == CT_TARGET_ABI_MAJOR ? &cutrans::hip::table : nullptr;
}
