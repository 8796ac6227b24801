// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The two enums and structures are one; the assertion below holds them together.
#include "shim/common/launch_attributes.h"

#include <driver_types.h>

#include "cutrans/runtime/event.h"
#include "shim/common/refusal.h"

namespace cutrans::shim {

static_assert(sizeof(CUlaunchAttribute) == sizeof(cudaLaunchAttribute) &&
              offsetof(CUlaunchAttribute, value) == offsetof(cudaLaunchAttribute, val));

Status readLaunchAttributes(std::span<const CUlaunchAttribute> list, runtime::LaunchShape *shape, const char *entry) {
  for (const CUlaunchAttribute &a : list) {
    switch (a.id) {
      case CU_LAUNCH_ATTRIBUTE_COOPERATIVE:
        shape->cooperative = a.value.cooperative != 0;
        break;
      case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION:
        if (!a.value.clusterDim.x || !a.value.clusterDim.y || !a.value.clusterDim.z) return Code::invalid_value;
        shape->cluster[0] = a.value.clusterDim.x;
        shape->cluster[1] = a.value.clusterDim.y;
        shape->cluster[2] = a.value.clusterDim.z;
        break;
      case CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE:
        if (a.value.deviceUpdatableKernelNode.deviceUpdatable) {
          refuseArgument(entry, Diag::api_graphs, "a graph node that the device updates");
          return Code::unsupported;
        }
        break;
      case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT:
        if (!runtime::Event::find(a.value.programmaticEvent.event)) return Code::invalid_handle;
        break;
      case CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT:
        if (!runtime::Event::find(a.value.launchCompletionEvent.event)) return Code::invalid_handle;
        break;
      // Hints, and permissions to overlap that nobody has to use.
      case CU_LAUNCH_ATTRIBUTE_IGNORE:
      case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
      case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY:
      case CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
      case CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION:  // clusters of the size that must do are as good
      case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION:
      case CU_LAUNCH_ATTRIBUTE_PRIORITY:
      case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
      case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
      case CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
      case CU_LAUNCH_ATTRIBUTE_NVLINK_UTIL_CENTRIC_SCHEDULING:
        break;
      default:
        return Code::invalid_value;
    }
  }
  return Code::ok;
}

// Both kinds of event may fire as late as at the end of the kernel.
Status recordLaunchEvents(std::span<const CUlaunchAttribute> list, runtime::Queue &queue) {
  for (const CUlaunchAttribute &a : list) {
    CUevent given = a.id == CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT        ? a.value.programmaticEvent.event
                    : a.id == CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT ? a.value.launchCompletionEvent.event
                                                                          : nullptr;
    runtime::Event *event = given ? runtime::Event::find(given) : nullptr;
    if (!event) continue;
    if (Status status = queue.record(*event); !status.ok()) return status;
  }
  return Code::ok;
}

}  // namespace cutrans::shim
