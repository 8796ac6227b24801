// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The attribute list of cuLaunchKernelEx and cudaLaunchKernelExC, and the attributes of streams: CUlaunchAttribute and
// cudaLaunchAttribute are laid out alike.
#pragma once
#include <cuda.h>

#include <span>
#include <vector>

#include "cutrans/runtime/launch.h"
#include "cutrans/runtime/queue.h"

namespace cutrans::shim {

// That kernels may name; fences order all memory whatever the domain.
inline constexpr int kFenceDomains = 4;

// Whether the attribute exists and may have this value, apart from what depends on the launch and on other attributes.
Status checkAttributeValue(CUlaunchAttributeID id, const CUlaunchAttributeValue &value);

// Reads the list into the shape. Hints are taken note of by doing nothing; events that the list names are recorded
// behind the launch by launchWithEvents. `entry` is for messages.
Status readLaunchAttributes(std::span<const CUlaunchAttribute> list, runtime::LaunchShape *shape, const char *entry);

// invalid_handle: an event of the list is of another context than the queue.
Status checkLaunchEvents(std::span<const CUlaunchAttribute> list, const runtime::Queue &queue);
Status recordLaunchEvents(std::span<const CUlaunchAttribute> list, runtime::Queue &queue);
// For the node, when the queue captures; else empty.
std::vector<runtime::KeptAttribute> attributesForNode(std::span<const CUlaunchAttribute> list, const runtime::Queue &queue);

// Those attributes that streams have. invalid_value for others.
Status setStreamAttribute(runtime::Queue &queue, CUstreamAttrID id, const CUstreamAttrValue *value);
Status streamAttribute(const runtime::Queue &queue, CUstreamAttrID id, CUstreamAttrValue *value);
Status copyStreamAttributes(runtime::Queue &to, const runtime::Queue &from);  // invalid_value: of another context

}  // namespace cutrans::shim
