// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The table that the runtime asks for. Everything that a target is hangs on it.
#include <cutrans/target.h>

#include "device.h"
#include "event.h"
#include "host.h"
#include "module.h"
#include "queue.h"

namespace cutrans::null {

const ct_host *host = nullptr;

namespace {

ct_status init(const ct_host *services) {
  host = services;
  host->log(host->ctx, CT_LOG_DEBUG, "null target ready");
  return CT_OK;
}

void shutdown() { host = nullptr; }

const ct_target table = {
    CT_TARGET_MAGIC, CT_TARGET_ABI_MAJOR, CT_TARGET_ABI_MINOR, sizeof(ct_target), "null", CUTRANS_BUILD, 0, init, shutdown,
    &device_ops,     &memory_ops,         &queue_ops,          &event_ops,        &module_ops,
    nullptr};  // no mapping: addresses are not memory here

}  // namespace
}  // namespace cutrans::null

extern "C" __attribute__((visibility("default"))) const ct_target *cutrans_target_query(uint32_t major, uint32_t) {
  return major == CT_TARGET_ABI_MAJOR ? &cutrans::null::table : nullptr;
}
