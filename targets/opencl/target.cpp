// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The OpenCL target: kernels run on whatever device an OpenCL driver offers. The table that the runtime sees, init and shutdown.
#include <cutrans/target.h>

#include <algorithm>
#include <cstring>

#include "device.h"
#include "event.h"
#include "faults.h"
#include "host.h"
#include "mapping.h"
#include "module.h"
#include "queue.h"

namespace cutrans::opencl {
namespace {

ct_status init(const ct_host *services) {
  std::memcpy(&host, services, std::min<size_t>(services->struct_size, sizeof host));
  if (const std::string problem = loadApi(setting("OPENCL_LIBRARY").c_str()); !problem.empty()) return refuse(Code::opencl_no_library, problem);
  const std::vector<Found> all = findDevices();
  devices.clear();
  for (const Found &found : all) logLine(CT_LOG_INFO, "opencl: " + found.platform_name + ": " + found.name + " (" + found.codegen + ")");
  if (const std::string unknown = choose(setting("OPENCL_DEVICES"), all, devices); !unknown.empty()) {
    std::string text = "no device is \"" + unknown + "\"; there are";
    for (size_t i = 0; i < all.size(); ++i) text += (i ? ", " : " ") + std::to_string(i) + " \"" + all[i].platform_name + ": " + all[i].name + "\"";
    return refuse(Code::opencl_setting, all.empty() ? "there is no OpenCL device" : text);
  }
  process::startMapping({static_cast<uint32_t>(devices.size()), true, roomFor, memoryOf});
  return CT_OK;
}

void shutdown() {
  removeFaultHandlers();
  process::endMapping();
  devices.clear();
}

const ct_target table = {
    CT_TARGET_MAGIC, CT_TARGET_ABI_MAJOR, CT_TARGET_ABI_MINOR, sizeof(ct_target), "opencl", CUTRANS_BUILD, 0, init, shutdown,
    &device_ops,     &memory_ops,         &queue_ops,          &event_ops,        &module_ops,
    &process::mapping_ops};

}  // namespace
}  // namespace cutrans::opencl

extern "C" __attribute__((visibility("default"))) const ct_target *cutrans_target_query(uint32_t major, uint32_t) {
  return major == CT_TARGET_ABI_MAJOR ? &cutrans::opencl::table : nullptr;
}
