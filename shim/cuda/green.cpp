// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Green contexts: device resources, descriptors, and contexts that have a part of the units; events of all streams of a context.
//
// Units are alike and independent of each other, so that a resource may be split into groups of any size. The split is of
// numbers: work of a green context may run on more units than it was given, as CUDA allows.
#include <atomic>
#include <cstring>
#include <map>
#include <mutex>
#include <type_traits>

#include "bodies.h"
#include "cutrans/runtime/shared_state.h"

namespace cutrans::driver {

namespace {

// What a CUdevResource carries in its private bytes.
struct Origin {
  static constexpr uint64_t kMark = 0x7263'7365'7275'6f73;
  uint64_t mark = kMark;
  uint64_t split = 0;  // which split it came out of; 0: none
  int32_t device = 0;
};
static_assert(sizeof(Origin) <= sizeof(CUdevResource::_internal_padding) && std::is_trivially_copyable_v<Origin>);

struct Descriptor {
  int device = 0;
  uint32_t units = 0;
};

// Descriptors live as long as the process: CUDA has no call that ends one.
struct DescriptorTable {
  static constexpr const char *kSharedName = "resource descriptors";
  std::mutex mutex;
  std::map<uint64_t, Descriptor> rows;
  uint64_t last = 0;
};

CUdevResource resourceOf(int device, uint32_t units, uint64_t split) {
  CUdevResource resource{};
  if (units == 0) return resource;  // of no type
  resource.type = CU_DEV_RESOURCE_TYPE_SM;
  resource.sm.smCount = units;
  resource.sm.minSmPartitionSize = resource.sm.smCoscheduledAlignment = 1;
  const Origin origin{Origin::kMark, split, device};
  std::memcpy(resource._internal_padding, &origin, sizeof origin);
  return resource;
}

// False for what no call of this layer has filled in.
bool readOrigin(const CUdevResource &resource, Origin *out) {
  std::memcpy(out, resource._internal_padding, sizeof *out);
  return out->mark == Origin::kMark && runtime::Platform::loaded()->device(out->device).ok();
}

CUresult giveResource(CUdevResource *out, CUdevResourceType type, int device, uint32_t units) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  if (type != CU_DEV_RESOURCE_TYPE_SM) return CUDA_ERROR_INVALID_RESOURCE_TYPE;
  *out = resourceOf(device, units, 0);
  return CUDA_SUCCESS;
}

// `use(partition)` for a live green context.
template <class Use>
CUresult onGreen(CUgreenCtx given, Use &&use) {
  runtime::Partition *partition = runtime::Partition::find(given);
  return partition ? use(*partition) : CUDA_ERROR_INVALID_CONTEXT;
}

using OfAll = Status (*)(runtime::Context &, const runtime::Partition *, runtime::Event &);

CUresult onEvent(runtime::Context *context, const runtime::Partition *partition, CUevent given, OfAll act) {
  runtime::Event *event = runtime::Event::find(given);
  return event ? error(act(*context, partition, *event)) : CUDA_ERROR_INVALID_HANDLE;
}

CUresult onContextEvent(CUcontext given, CUevent event, OfAll act) {
  const GivenContext found = findContext(given);
  return found.context ? onEvent(found.context, found.partition, event, act) : CUDA_ERROR_INVALID_CONTEXT;
}

}  // namespace

CUresult body::cuDeviceGetDevResource(Call &call, CUdevice ordinal, CUdevResource *out, CUdevResourceType type) {
  Result<runtime::Device *> device = call.device(ordinal);
  if (!device.ok()) return error(device.status());
  return giveResource(out, type, ordinal, (*device)->info().compute_units);
}

CUresult body::cuCtxGetDevResource(Call &, CUcontext given, CUdevResource *out, CUdevResourceType type) {
  const GivenContext found = findContext(given);
  if (!found.context) return CUDA_ERROR_INVALID_CONTEXT;
  const runtime::Device &device = found.context->device();
  return giveResource(out, type, device.index(), found.partition ? found.partition->units() : device.info().compute_units);
}

CUresult body::cuGreenCtxGetDevResource(Call &, CUgreenCtx given, CUdevResource *out, CUdevResourceType type) {
  return onGreen(given, [&](runtime::Partition &p) { return giveResource(out, type, p.device().index(), p.units()); });
}

CUresult body::cuDevSmResourceSplitByCount(Call &, CUdevResource *groups, unsigned int *count, const CUdevResource *input,
                                           CUdevResource *rest, unsigned int flags, unsigned int at_least) {
  constexpr unsigned kFlags = CU_DEV_SM_RESOURCE_SPLIT_IGNORE_SM_COSCHEDULING | CU_DEV_SM_RESOURCE_SPLIT_MAX_POTENTIAL_CLUSTER_SIZE;
  Origin origin;
  if (!count || !input || (flags & ~kFlags)) return CUDA_ERROR_INVALID_VALUE;
  if (input->type != CU_DEV_RESOURCE_TYPE_SM) return CUDA_ERROR_INVALID_RESOURCE_TYPE;
  if (!readOrigin(*input, &origin) || at_least > input->sm.smCount) return CUDA_ERROR_INVALID_VALUE;
  if (origin.split != 0) return CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION;  // only through a green context
  const unsigned size = at_least ? at_least : 1, most = input->sm.smCount / size;
  if (groups && *count == 0) return CUDA_ERROR_INVALID_VALUE;
  const unsigned made = groups ? std::min(*count, most) : most;
  static std::atomic<uint64_t> splits{0};
  const uint64_t split = splits.fetch_add(1, std::memory_order_relaxed) + 1;
  const unsigned left = input->sm.smCount - made * size;
  if (groups)
    for (unsigned i = 0; i < made; ++i) groups[i] = resourceOf(origin.device, size, split);
  if (rest) *rest = resourceOf(origin.device, left, split);
  *count = made;
  return CUDA_SUCCESS;
}

CUresult body::cuDevResourceGenerateDesc(Call &, CUdevResourceDesc *out, CUdevResource *resources, unsigned int count) {
  if (!out || !resources || count == 0) return CUDA_ERROR_INVALID_VALUE;
  Origin first{};
  Descriptor made;
  for (unsigned i = 0; i < count; ++i) {
    Origin origin;
    if (resources[i].type != CU_DEV_RESOURCE_TYPE_SM) return CUDA_ERROR_INVALID_RESOURCE_TYPE;
    if (!readOrigin(resources[i], &origin)) return CUDA_ERROR_INVALID_VALUE;
    if (i == 0) first = origin;
    if (origin.device != first.device || origin.split != first.split || (count > 1 && origin.split == 0))
      return CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION;
    made.units += resources[i].sm.smCount;
  }
  made.device = first.device;
  auto &table = runtime::shared<DescriptorTable>();
  std::lock_guard hold(table.mutex);
  table.rows[++table.last] = made;
  *out = reinterpret_cast<CUdevResourceDesc>(table.last);
  return CUDA_SUCCESS;
}

CUresult body::cuGreenCtxCreate(Call &call, CUgreenCtx *out, CUdevResourceDesc given, CUdevice ordinal, unsigned int flags) {
  if (!out || flags != CU_GREEN_CTX_DEFAULT_STREAM) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Device *> device = call.device(ordinal);
  if (!device.ok()) return error(device.status());
  Descriptor descriptor;
  {
    auto &table = runtime::shared<DescriptorTable>();
    std::lock_guard hold(table.mutex);
    auto row = table.rows.find(reinterpret_cast<uintptr_t>(given));
    if (row == table.rows.end()) return CUDA_ERROR_INVALID_VALUE;
    descriptor = row->second;
  }
  if (descriptor.device != ordinal) return CUDA_ERROR_INVALID_DEVICE;
  Result<runtime::Partition *> partition = runtime::Partition::create(**device, descriptor.units);
  if (!partition.ok()) return error(partition.status());
  *out = greenHandle(*partition);
  return CUDA_SUCCESS;
}

CUresult body::cuGreenCtxDestroy(Call &, CUgreenCtx given) {
  return onGreen(given, [](runtime::Partition &partition) {
    if (runtime::currentPartition() == &partition) (void)runtime::popContext();
    return error(partition.destroy());
  });
}

CUresult body::cuCtxFromGreenCtx(Call &, CUcontext *out, CUgreenCtx given) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  return onGreen(given, [&](runtime::Partition &partition) {
    *out = handle(&partition.context(), &partition);
    return CUDA_SUCCESS;
  });
}

CUresult body::cuGreenCtxGetId(Call &, CUgreenCtx given, unsigned long long *out) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  return onGreen(given, [&](runtime::Partition &partition) {
    *out = 1ull << 62 | partition.id();  // no context has such a number
    return CUDA_SUCCESS;
  });
}

CUresult body::cuGreenCtxStreamCreate(Call &, CUstream *out, CUgreenCtx given, unsigned int flags, int priority) {
  if (!out || flags != CU_STREAM_NON_BLOCKING) return CUDA_ERROR_INVALID_VALUE;
  return onGreen(given, [&](runtime::Partition &partition) {
    Result<runtime::Queue *> queue = runtime::Queue::create(partition.context(), runtime::Queue::kNonBlocking, priority, &partition);
    if (!queue.ok()) return error(queue.status());
    *out = handle(*queue);
    return CUDA_SUCCESS;
  });
}

CUresult body::cuGreenCtxRecordEvent(Call &, CUgreenCtx given, CUevent event) {
  return onGreen(given, [&](runtime::Partition &p) { return onEvent(&p.context(), &p, event, runtime::recordAll); });
}
CUresult body::cuGreenCtxWaitEvent(Call &, CUgreenCtx given, CUevent event) {
  return onGreen(given, [&](runtime::Partition &p) { return onEvent(&p.context(), &p, event, runtime::waitAll); });
}
CUresult body::cuCtxRecordEvent(Call &, CUcontext given, CUevent event) { return onContextEvent(given, event, runtime::recordAll); }
CUresult body::cuCtxWaitEvent(Call &, CUcontext given, CUevent event) { return onContextEvent(given, event, runtime::waitAll); }

// Contexts are not bound to a number of units when they are created: that is what multi-process servers do.
CUresult body::cuDeviceGetExecAffinitySupport(Call &call, int *out, CUexecAffinityType type, CUdevice ordinal) {
  if (!out || type != CU_EXEC_AFFINITY_TYPE_SM_COUNT) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Device *> device = call.device(ordinal);
  if (device.ok()) *out = 0;
  return error(device.status());
}
CUresult body::cuCtxGetExecAffinity(Call &, CUexecAffinityParam *out, CUexecAffinityType type) {
  return !out || type != CU_EXEC_AFFINITY_TYPE_SM_COUNT ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY;
}

}  // namespace cutrans::driver
