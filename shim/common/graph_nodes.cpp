// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "shim/common/graph_nodes.h"

#include <algorithm>
#include <cstring>

#include "cutrans/runtime/context.h"
#include "cutrans/runtime/device.h"
#include "cutrans/runtime/module.h"
#include "cutrans/runtime/platform.h"
#include "shim/common/refusal.h"

namespace cutrans::shim::graphs {

namespace {

runtime::Context *contextIn(const NodeWork &work) {
  if (const auto *kernel = std::get_if<runtime::KernelWork>(&work)) return runtime::Kernel::find(kernel->kernel) ? &kernel->kernel->module().context() : nullptr;
  if (const auto *copy = std::get_if<runtime::CopyWork>(&work)) return copy->context;
  if (const auto *fill = std::get_if<runtime::FillWork>(&work)) return fill->context;
  if (const auto *words = std::get_if<runtime::WordsWork>(&work)) return words->context;
  return nullptr;
}

template <class T>
std::vector<std::byte> bytesOf(const T *first, size_t count) {
  const auto *bytes = reinterpret_cast<const std::byte *>(first);
  return {bytes, bytes + count * sizeof(T)};
}

// Members and padding behind the first `used` bytes of the union must be zero.
bool restIsZero(const CUgraphNodeParams &params, size_t used) {
  const auto *bytes = reinterpret_cast<const char *>(params.reserved1);
  return std::all_of(bytes + used, bytes + sizeof params.reserved1, [](char byte) { return byte == 0; });
}

Result<NodeWork> conditionalWork(const CUDA_CONDITIONAL_NODE_PARAMS &params) {
  runtime::ConditionalWork work;
  work.handle = params.handle;
  switch (params.type) {
    case CU_GRAPH_COND_TYPE_IF: work.kind = runtime::ConditionalKind::once; break;
    case CU_GRAPH_COND_TYPE_WHILE: work.kind = runtime::ConditionalKind::loop; break;
    case CU_GRAPH_COND_TYPE_SWITCH: work.kind = runtime::ConditionalKind::choice; break;
    default: return Code::invalid_value;
  }
  const unsigned most = params.type == CU_GRAPH_COND_TYPE_IF ? 2 : params.type == CU_GRAPH_COND_TYPE_WHILE ? 1 : UINT16_MAX;
  if (params.size == 0 || params.size > most) return Code::invalid_value;
  work.bodies.resize(params.size);
  return NodeWork(std::move(work));
}

Status checkLocation(const CUmemLocation &location, const char *entry, const char *refusal) {
  switch (location.type) {
    case CU_MEM_LOCATION_TYPE_DEVICE:
      return runtime::Platform::loaded()->device(location.id).ok() ? Code::ok : Code::invalid_value;
    case CU_MEM_LOCATION_TYPE_HOST:
    case CU_MEM_LOCATION_TYPE_HOST_NUMA:
    case CU_MEM_LOCATION_TYPE_HOST_NUMA_CURRENT:
      refuseArgument(entry, Diag::api_pools, refusal);
      return Code::unsupported;
    default:
      return Code::invalid_value;
  }
}

}  // namespace

Result<runtime::Context *> contextOf(const Caller &caller, CUcontext given, const NodeWork *now) {
  runtime::Context *context = given ? runtime::Context::find(given) : now ? contextIn(*now) : nullptr;
  if (!context && !given) context = caller.context;
  if (!context) return Code::invalid_context;
  return context;
}

Result<NodeWork> workOf(const Caller &caller, const CUDA_KERNEL_NODE_PARAMS_v1 &p, const NodeWork *now) {
  return workOf(caller,
                CUDA_KERNEL_NODE_PARAMS_v2{p.func, p.gridDimX, p.gridDimY, p.gridDimZ, p.blockDimX, p.blockDimY, p.blockDimZ,
                                           p.sharedMemBytes, p.kernelParams, p.extra, nullptr, nullptr},
                now);
}

Status give(const Caller &caller, const runtime::KernelWork &work, CUDA_KERNEL_NODE_PARAMS_v1 *out) {
  CUDA_KERNEL_NODE_PARAMS_v2 all{};
  Status status = give(caller, work, &all);
  if (status.ok()) std::memcpy(out, &all, sizeof *out);  // the first members are the older structure
  return status;
}

Result<NodeWork> workOf(const Caller &caller, const CUDA_MEMSET_NODE_PARAMS_v2 &p, const NodeWork *now) {
  Result<runtime::Context *> context = contextOf(caller, p.ctx, now);
  if (!context.ok()) return context.status();
  if (p.elementSize != 1 && p.elementSize != 2 && p.elementSize != 4) return Code::invalid_value;
  if (!p.dst || p.dst % p.elementSize || !p.width || !p.height) return Code::invalid_value;
  uint64_t row = 0;
  if (__builtin_mul_overflow(p.width, p.elementSize, &row)) return Code::invalid_value;
  if (p.height > 1 && (p.pitch < row || p.pitch % p.elementSize)) return Code::invalid_value;
  runtime::Fill fill;
  fill.dst = p.dst;
  fill.element = p.elementSize;
  fill.value = p.value;
  fill.width = p.width;
  fill.height = p.height;
  fill.pitch = p.pitch;
  return NodeWork(runtime::FillWork{*context, fill});
}

Result<NodeWork> workOf(const Caller &caller, const CUDA_MEMSET_NODE_PARAMS_v1 &p, const NodeWork *now) {
  return workOf(caller, CUDA_MEMSET_NODE_PARAMS_v2{p.dst, p.pitch, p.value, p.elementSize, p.width, p.height, nullptr}, now);
}

Status give(const Caller &, const runtime::FillWork &work, CUDA_MEMSET_NODE_PARAMS_v1 *out) {
  const runtime::Fill &fill = work.fill;
  *out = {fill.dst, fill.pitch, fill.value, fill.element, fill.width, fill.height};
  return Code::ok;
}

Result<NodeWork> workOf(const Caller &, const CUDA_HOST_NODE_PARAMS_v1 &p, const NodeWork *) {
  if (!p.fn) return Code::invalid_value;
  return NodeWork(runtime::HostWork{p.fn, p.userData});
}

Status give(const Caller &, const runtime::HostWork &work, CUDA_HOST_NODE_PARAMS_v1 *out) {
  *out = {work.fn, work.user};
  return Code::ok;
}

Result<NodeWork> workOf(const Caller &caller, const CUDA_MEM_ALLOC_NODE_PARAMS_v1 &p, const NodeWork *) {
  const CUmemPoolProps &pool = p.poolProps;
  if (pool.allocType != CU_MEM_ALLOCATION_TYPE_PINNED || pool.handleTypes != CU_MEM_HANDLE_TYPE_NONE || pool.win32SecurityAttributes)
    return Code::invalid_value;
  if (p.bytesize == 0 || (p.accessDescCount && !p.accessDescs)) return Code::invalid_value;
  if (p.accessDescCount > static_cast<size_t>(runtime::Platform::loaded()->deviceCount())) return Code::invalid_value;
  if (Status status = checkLocation(pool.location, caller.entry, "a memory node in host memory"); !status.ok()) return status;
  for (const CUmemAccessDesc &access : std::span(p.accessDescs, p.accessDescCount)) {
    if (access.flags != CU_MEM_ACCESS_FLAGS_PROT_READ && access.flags != CU_MEM_ACCESS_FLAGS_PROT_READWRITE) return Code::invalid_value;
    if (Status status = checkLocation(access.location, caller.entry, "access of the host to a memory node"); !status.ok()) return status;
  }
  runtime::AllocWork work;
  work.device = *runtime::Platform::loaded()->device(pool.location.id);
  work.size = p.bytesize;
  work.pool = bytesOf(&pool, 1);
  work.access = bytesOf(p.accessDescs, p.accessDescCount);
  return NodeWork(std::move(work));
}

// Nodes that a capture made carry no descriptions: theirs are those of a plain allocation on the device.
Status give(const Caller &, const runtime::AllocWork &work, CUDA_MEM_ALLOC_NODE_PARAMS_v1 *out) {
  *out = {};
  if (work.pool.size() == sizeof out->poolProps) {
    std::memcpy(&out->poolProps, work.pool.data(), sizeof out->poolProps);
  } else {
    out->poolProps.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
    out->poolProps.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
    out->poolProps.location.id = work.device->index();
  }
  out->accessDescCount = work.access.size() / sizeof(CUmemAccessDesc);
  if (out->accessDescCount) out->accessDescs = reinterpret_cast<const CUmemAccessDesc *>(work.access.data());
  out->bytesize = work.size;
  out->dptr = work.address;
  return Code::ok;
}

Status checkBox(const runtime::CopyWork &work) {
  if (!work.width || !work.height || !work.depth) return Code::invalid_value;
  for (const runtime::CopyEnd &end : {work.dst, work.src}) {
    if (end.array) continue;  // the runtime knows its shape
    const bool rows = work.height > 1 || work.depth > 1, slices = work.depth > 1;
    if (rows && (work.width > end.pitch || end.x > end.pitch - work.width)) return Code::invalid_pitch;
    if (slices && (work.height > end.rows || end.y > end.rows - work.height)) return Code::invalid_value;
    uint64_t slice = 0, slices_end = 0, rows_end = 0, last = 0, row = 0;
    if (__builtin_mul_overflow(end.pitch, end.rows, &slice) || __builtin_add_overflow(end.z, work.depth, &slices_end) ||
        __builtin_mul_overflow(slice, slices_end, &last) || __builtin_add_overflow(end.y, work.height, &rows_end) ||
        __builtin_mul_overflow(end.pitch, rows_end, &row) || __builtin_add_overflow(last, row, &last) ||
        __builtin_add_overflow(last, end.x, &last) || __builtin_add_overflow(last, work.width, &last) ||
        __builtin_add_overflow(last, end.address, &last))
      return Code::invalid_value;
  }
  return Code::ok;
}

Result<NodeWork> childWork(CUgraph graph) {
  Result<Graph *> child = found<Graph>(graph);
  if (!child.ok()) return child.status();
  return NodeWork(runtime::ChildWork{*child, false});
}

Result<NodeWork> freeWork(runtime::Address address) {
  if (!address) return Code::invalid_value;
  return NodeWork(runtime::FreeWork{address});
}

Result<NodeWork> workOf(const Caller &caller, const CUgraphNodeParams &p, const NodeWork *now) {
  if (p.reserved0[0] || p.reserved0[1] || p.reserved0[2] || p.reserved2) return Code::invalid_value;
  // What is behind the member that the tag names.
  auto rest = [&](const auto &member) { return restIsZero(p, sizeof member); };
  switch (p.type) {
    case CU_GRAPH_NODE_TYPE_KERNEL: {
      if (!rest(p.kernel)) return Code::invalid_value;
      CUDA_KERNEL_NODE_PARAMS_v2 kernel;
      static_assert(sizeof kernel == sizeof p.kernel);
      std::memcpy(&kernel, &p.kernel, sizeof kernel);
      return workOf(caller, kernel, now);
    }
    case CU_GRAPH_NODE_TYPE_MEMCPY:
      return caller.copy(caller, p, now);
    case CU_GRAPH_NODE_TYPE_MEMSET:
      return rest(p.memset) ? workOf(caller, p.memset, now) : Result<NodeWork>(Code::invalid_value);
    case CU_GRAPH_NODE_TYPE_HOST:
      return rest(p.host) ? workOf(caller, CUDA_HOST_NODE_PARAMS_v1{p.host.fn, p.host.userData}, now) : Result<NodeWork>(Code::invalid_value);
    case CU_GRAPH_NODE_TYPE_GRAPH: {
      Result<NodeWork> work = rest(p.graph) ? childWork(p.graph.graph) : Result<NodeWork>(Code::invalid_value);
      if (p.graph.ownership != CU_GRAPH_CHILD_GRAPH_OWNERSHIP_CLONE && p.graph.ownership != CU_GRAPH_CHILD_GRAPH_OWNERSHIP_MOVE)
        return Code::invalid_value;
      if (work.ok()) std::get<runtime::ChildWork>(*work).moved = p.graph.ownership == CU_GRAPH_CHILD_GRAPH_OWNERSHIP_MOVE;
      return work;
    }
    case CU_GRAPH_NODE_TYPE_EMPTY:
      return restIsZero(p, 0) ? Result<NodeWork>(NodeWork(runtime::EmptyWork{})) : Result<NodeWork>(Code::invalid_value);
    case CU_GRAPH_NODE_TYPE_WAIT_EVENT:
      return rest(p.eventWait) ? eventWork<runtime::WaitWork>(p.eventWait.event) : Result<NodeWork>(Code::invalid_value);
    case CU_GRAPH_NODE_TYPE_EVENT_RECORD:
      return rest(p.eventRecord) ? eventWork<runtime::RecordWork>(p.eventRecord.event) : Result<NodeWork>(Code::invalid_value);
    case CU_GRAPH_NODE_TYPE_MEM_ALLOC: {
      if (!rest(p.alloc)) return Code::invalid_value;
      if (now) return Code::unsupported;  // the manual: memory nodes stay as they are
      CUDA_MEM_ALLOC_NODE_PARAMS_v1 alloc;
      static_assert(sizeof alloc == sizeof p.alloc);
      std::memcpy(&alloc, &p.alloc, sizeof alloc);
      return workOf(caller, alloc, now);
    }
    case CU_GRAPH_NODE_TYPE_MEM_FREE:
      if (!rest(p.free)) return Code::invalid_value;
      return now ? Result<NodeWork>(Code::unsupported) : freeWork(p.free.dptr);
    case CU_GRAPH_NODE_TYPE_CONDITIONAL:
      return rest(p.conditional) ? conditionalWork(p.conditional) : Result<NodeWork>(Code::invalid_value);
    case CU_GRAPH_NODE_TYPE_EXT_SEMAS_SIGNAL: {
      const auto &[list, params, count] = p.extSemSignal;
      return rest(p.extSemSignal) ? workOf(caller, CUDA_EXT_SEM_SIGNAL_NODE_PARAMS_v1{list, params, count}, now) : Result<NodeWork>(Code::invalid_value);
    }
    case CU_GRAPH_NODE_TYPE_EXT_SEMAS_WAIT: {
      const auto &[list, params, count] = p.extSemWait;
      return rest(p.extSemWait) ? workOf(caller, CUDA_EXT_SEM_WAIT_NODE_PARAMS_v1{list, params, count}, now) : Result<NodeWork>(Code::invalid_value);
    }
    case CU_GRAPH_NODE_TYPE_BATCH_MEM_OP:
      return caller.words ? caller.words(caller, p, now) : Result<NodeWork>(Code::invalid_value);
    default:
      return Code::invalid_value;
  }
}

Status add(CUgraphNode *out, CUgraph graph, const CUgraphNode *after, const CUgraphEdgeData *data, size_t count, Result<NodeWork> work) {
  Result<Graph *> it = found<Graph>(graph);
  if (!it.ok() || !out) return Code::invalid_value;
  if (!work.ok()) return work.status();
  Result<std::vector<runtime::Dependency>> before = dependenciesOf(after, data, count, std::holds_alternative<runtime::KernelWork>(*work));
  if (!before.ok()) return before.status();
  Result<GraphNode *> node = (*it)->add(std::move(*work), *before);
  if (node.ok()) *out = handle(*node);
  return node.status();
}

Status addAlloc(const Caller &caller, CUgraphNode *out, CUgraph graph, const CUgraphNode *after, size_t count, CUDA_MEM_ALLOC_NODE_PARAMS_v1 *params) {
  Status status = addNode(caller, out, graph, after, count, params);
  if (status.ok()) params->dptr = workIn<runtime::AllocWork>(*out)->address;
  return status;
}

Status addAny(const Caller &caller, CUgraphNode *out, CUgraph graph, const CUgraphNode *after, const CUgraphEdgeData *data, size_t count,
              CUgraphNodeParams *params) {
  if (!params) return Code::invalid_value;
  Status status = add(out, graph, after, data, count, workOf(caller, *params, nullptr));
  if (!status.ok()) return status;
  if (const auto *alloc = workIn<runtime::AllocWork>(*out)) params->alloc.dptr = alloc->address;
  // The node's own list, which lives as long as it does.
  if (const auto *conditional = workIn<runtime::ConditionalWork>(*out))
    params->conditional.phGraph_out = reinterpret_cast<CUgraph *>(const_cast<Graph **>(conditional->bodies.data()));
  return status;
}

Status set(CUgraphNode handle, Result<NodeWork> work) {
  Result<GraphNode *> node = found<GraphNode>(handle);
  if (!node.ok()) return node.status();
  return work.ok() ? (*node)->setWork(std::move(*work)) : work.status();
}

Status setIn(CUgraphExec handle, CUgraphNode node_handle, Result<NodeWork> work) {
  Result<runtime::GraphExec *> exec = found<runtime::GraphExec>(handle);
  Result<GraphNode *> node = found<GraphNode>(node_handle);
  if (!exec.ok() || !node.ok()) return Code::invalid_value;
  return work.ok() ? (*exec)->setWork(**node, std::move(*work)) : work.status();
}

}  // namespace cutrans::shim::graphs
