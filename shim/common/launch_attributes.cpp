// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Attributes of launches. The two APIs' enums and structures are one; the assertion below holds them together.
#include "shim/common/launch_attributes.h"

#include <driver_types.h>

#include <cstring>

#include "cutrans/runtime/capture_rules.h"
#include "cutrans/runtime/event.h"
#include "shim/common/refusal.h"

namespace cutrans::shim {

static_assert(sizeof(CUlaunchAttribute) == sizeof(cudaLaunchAttribute) &&
              offsetof(CUlaunchAttribute, value) == offsetof(cudaLaunchAttribute, val));

namespace {

bool isWindow(const CUaccessPolicyWindow &w) {
  return w.hitRatio >= 0 && w.hitRatio <= 1 && w.hitProp >= CU_ACCESS_PROPERTY_NORMAL && w.hitProp <= CU_ACCESS_PROPERTY_PERSISTING &&
         (w.missProp == CU_ACCESS_PROPERTY_NORMAL || w.missProp == CU_ACCESS_PROPERTY_STREAMING);
}

// Such an event tells no time and stays in the process.
Status checkEvent(CUevent given, int flags) {
  const runtime::Event *event = runtime::Event::find(given);
  if (!event) return Code::invalid_handle;
  using enum runtime::Event::Flags;
  return flags == CU_EVENT_RECORD_DEFAULT && (event->flags() & kNoTiming) && !(event->flags() & kInterprocess) ? Code::ok : Code::invalid_value;
}

CUevent eventOf(const CUlaunchAttribute &a) {
  return a.id == CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT        ? a.value.programmaticEvent.event
         : a.id == CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT ? a.value.launchCompletionEvent.event
                                                               : nullptr;
}

// The larger cluster that a launch would like: a multiple of the one that must do, which is what it gets.
bool fits(const uint32_t (&preferred)[3], const runtime::LaunchShape &shape) {
  for (int d = 0; d < 3; ++d)
    if (preferred[d] % shape.cluster[d] != 0 || shape.grid[d] % preferred[d] != 0) return false;
  return preferred[2] == shape.cluster[2];
}

}  // namespace

Status checkAttributeValue(CUlaunchAttributeID id, const CUlaunchAttributeValue &value) {
  auto valid = [](bool holds) { return holds ? Code::ok : Code::invalid_value; };
  switch (id) {
    case CU_LAUNCH_ATTRIBUTE_IGNORE:
    case CU_LAUNCH_ATTRIBUTE_COOPERATIVE:
    case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION:
    case CU_LAUNCH_ATTRIBUTE_PRIORITY:  // clamped
      return Code::ok;
    case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
      return valid(isWindow(value.accessPolicyWindow));
    case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY:
      return valid(value.syncPolicy >= CU_SYNC_POLICY_AUTO && value.syncPolicy <= CU_SYNC_POLICY_BLOCKING_SYNC);
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION:
      return valid(value.clusterDim.x && value.clusterDim.y && value.clusterDim.z);
    case CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION:
      return valid(value.preferredClusterDim.x && value.preferredClusterDim.y && value.preferredClusterDim.z);
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
      return valid(static_cast<unsigned>(value.clusterSchedulingPolicyPreference) <= CU_CLUSTER_SCHEDULING_POLICY_LOAD_BALANCING);
    case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT:
      return checkEvent(value.programmaticEvent.event, value.programmaticEvent.flags);
    case CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT:
      return checkEvent(value.launchCompletionEvent.event, value.launchCompletionEvent.flags);
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
      return valid(value.memSyncDomainMap.default_ < kFenceDomains && value.memSyncDomainMap.remote < kFenceDomains);
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
      return valid(static_cast<unsigned>(value.memSyncDomain) <= CU_LAUNCH_MEM_SYNC_DOMAIN_REMOTE);
    case CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE:
      return valid(static_cast<unsigned>(value.deviceUpdatableKernelNode.deviceUpdatable) <= 1);
    case CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:  // in percent, or the default
      return valid(value.sharedMemCarveout <= 100 || static_cast<int>(value.sharedMemCarveout) == CU_SHAREDMEM_CARVEOUT_DEFAULT);
    case CU_LAUNCH_ATTRIBUTE_NVLINK_UTIL_CENTRIC_SCHEDULING:
      return valid(value.nvlinkUtilCentricScheduling <= 1);
    default:
      return Code::invalid_value;
  }
}

Status readLaunchAttributes(std::span<const CUlaunchAttribute> list, runtime::LaunchShape *shape, const char *entry) {
  uint32_t preferred[3] = {};
  for (const CUlaunchAttribute &a : list) {
    if (Status valid = checkAttributeValue(a.id, a.value); !valid.ok()) return valid;
    switch (a.id) {
      case CU_LAUNCH_ATTRIBUTE_COOPERATIVE:
        shape->cooperative = a.value.cooperative != 0;
        break;
      case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION:
        shape->cluster[0] = a.value.clusterDim.x;
        shape->cluster[1] = a.value.clusterDim.y;
        shape->cluster[2] = a.value.clusterDim.z;
        break;
      case CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION:
        preferred[0] = a.value.preferredClusterDim.x;
        preferred[1] = a.value.preferredClusterDim.y;
        preferred[2] = a.value.preferredClusterDim.z;
        break;
      case CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE:
        refuseArgument(entry, Diag::api_graphs, "a graph node that the device updates");
        return Code::unsupported;
      case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY:
        return Code::invalid_value;  // of streams only
      case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION:
        shape->overlaps = a.value.programmaticStreamSerializationAllowed != 0;
        break;
      default:
        break;  // hints, events, and permissions to overlap that nobody has to use
    }
  }
  return preferred[0] && shape->cluster[0] && !fits(preferred, *shape) ? Code::invalid_value : Code::ok;
}

Status checkLaunchEvents(std::span<const CUlaunchAttribute> list, const runtime::Queue &queue) {
  for (const CUlaunchAttribute &a : list)
    if (const runtime::Event *event = runtime::Event::find(eventOf(a)); event && &event->context() != &queue.context()) return Code::invalid_handle;
  return Code::ok;
}

std::vector<runtime::KeptAttribute> attributesForNode(std::span<const CUlaunchAttribute> list, const runtime::Queue &queue) {
  std::vector<runtime::KeptAttribute> kept;
  if (!runtime::capturing(queue)) [[likely]]
    return kept;
  for (const CUlaunchAttribute &a : list) {
    if (a.id == CU_LAUNCH_ATTRIBUTE_IGNORE) continue;
    static_assert(sizeof kept.front().value == sizeof a.value);
    std::memcpy(kept.emplace_back(runtime::KeptAttribute{static_cast<uint32_t>(a.id), {}}).value.data(), &a.value, sizeof a.value);
  }
  return kept;
}

// Both kinds of event may fire as late as at the end of the kernel.
Status recordLaunchEvents(std::span<const CUlaunchAttribute> list, runtime::Queue &queue) {
  for (const CUlaunchAttribute &a : list) {
    runtime::Event *event = runtime::Event::find(eventOf(a));
    if (!event) continue;
    const bool at_start = a.id != CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT || a.value.programmaticEvent.triggerAtBlockStart;
    if (Status status = queue.record(*event, at_start ? runtime::LaunchPoint::start : runtime::LaunchPoint::trigger); !status.ok()) return status;
  }
  return Code::ok;
}

}  // namespace cutrans::shim
