// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernel nodes: their parameters, and the attributes of their launch. Clusters and cooperation are part of the shape;
// the other attributes have no effect on results, and are kept.
#include <algorithm>
#include <cstring>

#include "cutrans/runtime/library.h"
#include "cutrans/runtime/module.h"
#include "shim/common/graph_nodes.h"
#include "shim/common/launch_attributes.h"
#include "shim/common/launch_extra.h"

namespace cutrans::shim::graphs {

namespace {

using runtime::KernelWork;

// The module that it came from may be gone.
bool loaded(const KernelWork &work) { return runtime::Kernel::find(work.kernel); }

// The arguments in the kernel's layout.
Status pack(const ctc_kernel &info, void **pointers, void **extra, KernelWork *work) {
  if (pointers && extra) return Code::invalid_value;
  work->arguments.assign(info.params_size, std::byte{0});
  work->packed = extra != nullptr;
  if (extra) {
    Result<runtime::Arguments> given = readExtra(extra);
    if (!given.ok()) return given.status();
    const uint32_t needed = info.param_count ? info.params[info.param_count - 1].offset + info.params[info.param_count - 1].size : 0;
    if (given->buffer_size < needed) return Code::invalid_value;
    std::memcpy(work->arguments.data(), given->buffer, std::min<size_t>(given->buffer_size, info.params_size));
    return Code::ok;
  }
  if (info.param_count && !pointers) return Code::invalid_value;
  for (uint32_t i = 0; i < info.param_count; ++i) {
    if (!pointers[i]) return Code::invalid_value;
    std::memcpy(work->arguments.data() + info.params[i].offset, pointers[i], info.params[i].size);
  }
  return Code::ok;
}

void show(const KernelWork &work, CUDA_KERNEL_NODE_PARAMS_v2 *out) {
  const ctc_kernel &info = work.kernel->info();
  auto *first = const_cast<std::byte *>(work.arguments.data());
  runtime::ShownArguments &shown = work.shown;
  if (shown.list.empty()) {
    if (work.packed) {
      // The size that the list points to stands behind its end.
      shown.list = {CU_LAUNCH_PARAM_BUFFER_POINTER, first, CU_LAUNCH_PARAM_BUFFER_SIZE, nullptr, CU_LAUNCH_PARAM_END,
                    reinterpret_cast<void *>(work.arguments.size())};
      shown.list[3] = &shown.list[5];
    } else {
      for (uint32_t i = 0; i < info.param_count; ++i) shown.list.push_back(first + info.params[i].offset);
    }
  }
  if (!shown.list.empty()) (work.packed ? out->extra : out->kernelParams) = shown.list.data();
}

// Attributes that a kernel node may carry besides those of its shape.
bool kept(CUlaunchAttributeID id) {
  switch (id) {
    case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
    case CU_LAUNCH_ATTRIBUTE_PRIORITY:
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
    case CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION:
    case CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    case CU_LAUNCH_ATTRIBUTE_NVLINK_UTIL_CENTRIC_SCHEDULING:
      return true;
    default:
      return false;
  }
}

bool ofNodes(CUlaunchAttributeID id) {
  return kept(id) || id == CU_LAUNCH_ATTRIBUTE_COOPERATIVE || id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION ||
         id == CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE;
}

// What an attribute is that nobody has set.
CUlaunchAttributeValue initial(CUlaunchAttributeID id) {
  CUlaunchAttributeValue value{};
  if (id == CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP) value.memSyncDomainMap = {0, 1};
  if (id == CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT) value.sharedMemCarveout = -1;
  return value;
}

}  // namespace

Result<NodeWork> workOf(const Caller &caller, const CUDA_KERNEL_NODE_PARAMS_v2 &p, const NodeWork *now) {
  KernelWork work;
  // Attributes belong to the node, not to its parameters.
  if (const auto *old = now ? std::get_if<KernelWork>(now) : nullptr) {
    work.attributes = old->attributes;
    work.shape = old->shape;
  }
  Result<runtime::Kernel *> kernel = Code::invalid_value;
  if (p.func || !p.kern) {
    kernel = caller.kernel(caller, p.func);
  } else if (runtime::LibraryKernel *library_kernel = runtime::LibraryKernel::find(p.kern)) {
    Result<runtime::Context *> context = contextOf(caller, p.ctx, now);
    kernel = context.ok() ? library_kernel->in(**context) : Result<runtime::Kernel *>(context.status());
  }
  if (!kernel.ok()) return kernel.status();
  work.kernel = *kernel;
  work.origin = p.func ? static_cast<const void *>(p.func) : p.kern;
  const uint32_t grid[] = {p.gridDimX, p.gridDimY, p.gridDimZ}, block[] = {p.blockDimX, p.blockDimY, p.blockDimZ};
  std::ranges::copy(grid, work.shape.grid);
  std::ranges::copy(block, work.shape.block);
  work.shape.dynamic_shared_bytes = p.sharedMemBytes;
  if (p.extra && work.shape.cooperative) return Code::invalid_value;
  if (Status status = pack((*kernel)->info(), p.kernelParams, p.extra, &work); !status.ok()) return status;
  return NodeWork(std::move(work));
}

Status give(const Caller &caller, const KernelWork &work, CUDA_KERNEL_NODE_PARAMS_v2 *out) {
  if (!loaded(work)) return Code::invalid_function;
  const auto &grid = work.shape.grid, &block = work.shape.block;
  *out = {static_cast<CUfunction>(caller.name(work)), grid[0], grid[1], grid[2], block[0], block[1], block[2],
          static_cast<unsigned>(work.shape.dynamic_shared_bytes), nullptr, nullptr, nullptr, nullptr};
  if (runtime::LibraryKernel::find(work.origin)) out->kern = reinterpret_cast<CUkernel>(const_cast<void *>(work.origin));
  out->ctx = reinterpret_cast<CUcontext>(&work.kernel->module().context());
  show(work, out);
  return Code::ok;
}

Status kernelAttribute(CUgraphNode node, CUlaunchAttributeID id, CUlaunchAttributeValue *out) {
  const auto *work = workIn<KernelWork>(node);
  if (!work || !out || !ofNodes(id)) return Code::invalid_value;
  *out = initial(id);
  if (id == CU_LAUNCH_ATTRIBUTE_COOPERATIVE) out->cooperative = work->shape.cooperative;
  if (id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION) out->clusterDim = {work->shape.cluster[0], work->shape.cluster[1], work->shape.cluster[2]};
  auto set = std::ranges::find(work->attributes, static_cast<uint32_t>(id), &runtime::KeptAttribute::id);
  if (set != work->attributes.end()) std::memcpy(out, set->value.data(), sizeof *out);
  return Code::ok;
}

Status setKernelAttribute(CUgraphNode handle, CUlaunchAttributeID id, const CUlaunchAttributeValue *value, const char *entry) {
  const auto *now = workIn<KernelWork>(handle);
  if (!now || !value || !ofNodes(id)) return Code::invalid_value;
  KernelWork work = *now;
  CUlaunchAttribute attribute{};
  attribute.id = id;
  attribute.value = *value;
  if (Status status = readLaunchAttributes({&attribute, 1}, &work.shape, entry); !status.ok()) return status;
  if (work.shape.cooperative && work.packed) return Code::invalid_value;
  if (kept(id)) {
    auto set = std::ranges::find(work.attributes, static_cast<uint32_t>(id), &runtime::KeptAttribute::id);
    if (set == work.attributes.end()) set = work.attributes.insert(set, runtime::KeptAttribute{static_cast<uint32_t>(id), {}});
    static_assert(sizeof *value == sizeof set->value);
    std::memcpy(set->value.data(), value, sizeof *value);
  }
  return set(handle, NodeWork(std::move(work)));
}

Status copyKernelAttributes(CUgraphNode to, CUgraphNode from) {
  const auto *source = workIn<KernelWork>(from), *target = workIn<KernelWork>(to);
  if (!source || !target) return Code::invalid_value;
  if (!loaded(*source) || !loaded(*target)) return Code::invalid_function;
  if (&source->kernel->module().context() != &target->kernel->module().context()) return Code::invalid_context;
  KernelWork work = *target;
  work.attributes = source->attributes;
  work.shape.cooperative = source->shape.cooperative;
  std::ranges::copy(source->shape.cluster, work.shape.cluster);
  return set(to, NodeWork(std::move(work)));
}

}  // namespace cutrans::shim::graphs
