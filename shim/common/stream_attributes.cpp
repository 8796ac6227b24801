// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Attributes of streams: kept with the queue, given back, without effect on what work does.
#include "shim/common/launch_attributes.h"

namespace cutrans::shim {

namespace {

uint8_t small(int value) { return static_cast<uint8_t>(value); }

}  // namespace

Status setStreamAttribute(runtime::Queue &queue, CUstreamAttrID id, const CUstreamAttrValue *value) {
  if (!value) return Code::invalid_value;
  if (Status valid = checkAttributeValue(id, *value); !valid.ok()) return valid;
  runtime::QueueHints hints = queue.hints();
  switch (id) {
    case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
      hints.window = reinterpret_cast<uintptr_t>(value->accessPolicyWindow.base_ptr);
      hints.window_bytes = value->accessPolicyWindow.num_bytes;
      hints.hit_ratio = value->accessPolicyWindow.hitRatio;
      hints.hit_kind = small(value->accessPolicyWindow.hitProp);
      hints.miss_kind = small(value->accessPolicyWindow.missProp);
      break;
    case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY:
      hints.waiting = small(value->syncPolicy);
      break;
    case CU_LAUNCH_ATTRIBUTE_PRIORITY:
      hints.priority = value->priority;
      break;
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
      hints.fence_domains[0] = value->memSyncDomainMap.default_;
      hints.fence_domains[1] = value->memSyncDomainMap.remote;
      break;
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
      hints.fence_domain = small(value->memSyncDomain);
      break;
    case CU_LAUNCH_ATTRIBUTE_NVLINK_UTIL_CENTRIC_SCHEDULING:
      hints.fills_links = value->nvlinkUtilCentricScheduling != 0;
      break;
    default:
      return Code::invalid_value;
  }
  queue.setHints(hints);
  return Code::ok;
}

Status streamAttribute(const runtime::Queue &queue, CUstreamAttrID id, CUstreamAttrValue *value) {
  if (!value) return Code::invalid_value;
  const runtime::QueueHints hints = queue.hints();
  CUstreamAttrValue answer{};
  switch (id) {
    case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
      answer.accessPolicyWindow = {reinterpret_cast<void *>(hints.window), hints.window_bytes, hints.hit_ratio,
                                   static_cast<CUaccessProperty>(hints.hit_kind), static_cast<CUaccessProperty>(hints.miss_kind)};
      break;
    case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY:
      answer.syncPolicy = hints.waiting ? static_cast<CUsynchronizationPolicy>(hints.waiting) : CU_SYNC_POLICY_AUTO;
      break;
    case CU_LAUNCH_ATTRIBUTE_PRIORITY:
      answer.priority = hints.priority;
      break;
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
      answer.memSyncDomainMap = {hints.fence_domains[0], hints.fence_domains[1]};
      break;
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
      answer.memSyncDomain = static_cast<CUlaunchMemSyncDomain>(hints.fence_domain);
      break;
    case CU_LAUNCH_ATTRIBUTE_NVLINK_UTIL_CENTRIC_SCHEDULING:
      answer.nvlinkUtilCentricScheduling = hints.fills_links;
      break;
    default:
      return Code::invalid_value;
  }
  *value = answer;
  return Code::ok;
}

Status copyStreamAttributes(runtime::Queue &to, const runtime::Queue &from) {
  if (&to.context() != &from.context()) return Code::invalid_value;
  to.setHints(from.hints());
  return Code::ok;
}

}  // namespace cutrans::shim
