// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The host target: kernels run on this machine's processors. The table that the runtime sees, init and shutdown.
#include <cutrans/target.h>

#include <cstring>

#include "device.h"
#include "event.h"
#include "faults.h"
#include "host.h"
#include "host_threads.h"
#include "machine.h"
#include "mapping.h"
#include "module.h"
#include "queue.h"
#include "scheduler.h"
#include "word_waits.h"

namespace cutrans::host {
namespace {

ct_status init(const ct_host *host) {
  std::memcpy(&globals.host, host, std::min<size_t>(host->struct_size, sizeof globals.host));
  readSettings();
  startMapping({globals.settings.devices, globals.settings.huge_pages, roomFor, memoryOf});
  // Two at least: one kernel may wait for another.
  const uint32_t units = globals.settings.threads ? globals.settings.threads : std::max(2u, machine().processors);
  host_threads = new HostThreads;
  word_waits = new WordWaits;
  scheduler = new Scheduler;
  scheduler->start(units, units);
  installFaultHandlers();
  return CT_OK;
}

void shutdown() {
  scheduler->stop();
  host_threads->stop();
  word_waits->stop();
  removeFaultHandlers();
  endMapping();
  delete scheduler;
  delete host_threads;
  delete word_waits;
  scheduler = nullptr;
  host_threads = nullptr;
  word_waits = nullptr;
}

const ct_target table = {
    CT_TARGET_MAGIC, CT_TARGET_ABI_MAJOR, CT_TARGET_ABI_MINOR, sizeof(ct_target), "host",      CUTRANS_BUILD, 0, init,
    shutdown,        &device_ops,         &memory_ops,         &queue_ops,        &event_ops, &module_ops,
    &mapping_ops};

}  // namespace
}  // namespace cutrans::host

extern "C" __attribute__((visibility("default"))) const ct_target *cutrans_target_query(uint32_t major, uint32_t) {
  return major == CT_TARGET_ABI_MAJOR ? &cutrans::host::table : nullptr;
}
