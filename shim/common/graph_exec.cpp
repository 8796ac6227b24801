// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "shim/common/graph_exec.h"

#include <cstring>

#include "cutrans/runtime/platform.h"

namespace cutrans::shim::graphs {

namespace {

using runtime::GraphExec;
using Trouble = GraphExec::Trouble;

constexpr bool same(uint32_t ours, uint32_t theirs) { return ours == theirs; }
static_assert(same(GraphExec::kAutoFreeOnLaunch, CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH) &&
              same(GraphExec::kUpload, CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD) &&
              same(GraphExec::kDeviceLaunch, CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH) &&
              same(GraphExec::kUseNodePriority, CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY));
constexpr unsigned long long kFlags = GraphExec::kAutoFreeOnLaunch | GraphExec::kUpload | GraphExec::kDeviceLaunch | GraphExec::kUseNodePriority;

CUgraphInstantiateResult instantiateResult(Trouble trouble) {
  switch (trouble) {
    case Trouble::none: return CUDA_GRAPH_INSTANTIATE_SUCCESS;
    case Trouble::circle:
    case Trouble::topology: return CUDA_GRAPH_INSTANTIATE_INVALID_STRUCTURE;
    case Trouble::unsupported: return CUDA_GRAPH_INSTANTIATE_NODE_OPERATION_NOT_SUPPORTED;
    case Trouble::multiple_contexts: return CUDA_GRAPH_INSTANTIATE_MULTIPLE_CTXS_NOT_SUPPORTED;
    case Trouble::conditional: return CUDA_GRAPH_INSTANTIATE_CONDITIONAL_HANDLE_UNUSED;
    case Trouble::error:
    case Trouble::kind:
    case Trouble::kernel:
    case Trouble::parameters:
    case Trouble::attributes:
    case Trouble::not_updatable: break;
  }
  return CUDA_GRAPH_INSTANTIATE_ERROR;
}

CUgraphExecUpdateResult updateResult(Trouble trouble) {
  switch (trouble) {
    case Trouble::none: return CU_GRAPH_EXEC_UPDATE_SUCCESS;
    case Trouble::topology:
    case Trouble::circle: return CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
    case Trouble::kind: return CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED;
    case Trouble::kernel: return CU_GRAPH_EXEC_UPDATE_ERROR_UNSUPPORTED_FUNCTION_CHANGE;
    case Trouble::parameters: return CU_GRAPH_EXEC_UPDATE_ERROR_PARAMETERS_CHANGED;
    case Trouble::attributes: return CU_GRAPH_EXEC_UPDATE_ERROR_ATTRIBUTES_CHANGED;
    case Trouble::unsupported:
    case Trouble::not_updatable: return CU_GRAPH_EXEC_UPDATE_ERROR_NOT_SUPPORTED;
    case Trouble::error:
    case Trouble::multiple_contexts:
    case Trouble::conditional: break;
  }
  return CU_GRAPH_EXEC_UPDATE_ERROR;
}

}  // namespace

Status instantiateReporting(CUgraphExec *out, CUgraph graph, unsigned long long flags, CUgraphNode *node, CUgraphInstantiateResult *result) {
  *node = nullptr;
  *result = CUDA_GRAPH_INSTANTIATE_ERROR;
  Result<Graph *> it = found<Graph>(graph);
  if (!it.ok() || !out || flags & ~kFlags) return Code::invalid_value;
  if (flags & GraphExec::kDeviceLaunch && flags & GraphExec::kAutoFreeOnLaunch) return Code::invalid_value;
  GraphExec::Report report;
  Result<GraphExec *> exec = GraphExec::instantiate(**it, static_cast<uint32_t>(flags), &report);
  if (exec.ok()) {
    *out = reinterpret_cast<CUgraphExec>(*exec);
    *result = CUDA_GRAPH_INSTANTIATE_SUCCESS;
  } else {
    *result = report.trouble == Trouble::none ? CUDA_GRAPH_INSTANTIATE_ERROR : instantiateResult(report.trouble);
    if (*result != CUDA_GRAPH_INSTANTIATE_ERROR && report.node) *node = handle(report.node);
  }
  return exec.status();
}

Status instantiate(CUgraphExec *out, CUgraph graph, unsigned long long flags) {
  CUgraphNode node;
  CUgraphInstantiateResult result;
  if (flags & GraphExec::kUpload) return Code::invalid_value;
  return instantiateReporting(out, graph, flags, &node, &result);
}

Status destroyExec(CUgraphExec exec) {
  Result<GraphExec *> it = found<GraphExec>(exec);
  return it.ok() ? (*it)->destroy() : it.status();
}

Status upload(CUgraphExec exec, Result<runtime::Queue *> queue) {
  Result<GraphExec *> it = found<GraphExec>(exec);
  if (!it.ok()) return it.status();
  return queue.ok() ? (*it)->upload(**queue) : queue.status();
}

Status update(CUgraphExec exec, CUgraph graph, CUgraphExecUpdateResultInfo *info) {
  if (!info) return Code::invalid_value;
  *info = {CU_GRAPH_EXEC_UPDATE_ERROR, nullptr, nullptr};
  Result<GraphExec *> it = found<GraphExec>(exec);
  Result<Graph *> from = found<Graph>(graph);
  if (!it.ok() || !from.ok()) return Code::invalid_value;
  GraphExec::Report report;
  Status status = (*it)->update(**from, &report);
  if (status.ok()) {
    info->result = CU_GRAPH_EXEC_UPDATE_SUCCESS;
  } else if (report.trouble != Trouble::none) {
    info->result = updateResult(report.trouble);
    info->errorNode = handle(report.node);
    info->errorFromNode = handle(report.other);
  }
  return status;
}

Status setEnabled(CUgraphExec exec, CUgraphNode node, unsigned value) {
  Result<GraphExec *> it = found<GraphExec>(exec);
  Result<GraphNode *> which = found<GraphNode>(node);
  return it.ok() && which.ok() ? (*it)->setEnabled(**which, value != 0) : Status(Code::invalid_value);
}

Status enabled(CUgraphExec exec, CUgraphNode node, unsigned *out) {
  Result<GraphExec *> it = found<GraphExec>(exec);
  Result<GraphNode *> which = found<GraphNode>(node);
  if (!it.ok() || !which.ok() || !out) return Code::invalid_value;
  Result<bool> is = (*it)->enabled(**which);
  if (is.ok()) *out = *is;
  return is.status();
}

Status createCondition(CUgraphConditionalHandle *out, CUgraph graph, runtime::Context *context, unsigned initial, unsigned flags) {
  Result<Graph *> it = found<Graph>(graph);
  if (!it.ok() || !out || flags & ~CU_GRAPH_COND_ASSIGN_DEFAULT) return Code::invalid_value;
  if (!context) return Code::invalid_context;
  Result<runtime::Address> made = (*it)->createCondition(*context, initial, flags & CU_GRAPH_COND_ASSIGN_DEFAULT);
  if (made.ok()) *out = *made;
  return made.status();
}

Status memoryAttribute(int index, CUgraphMem_attribute attribute, void *value) {
  Result<runtime::Device *> device = runtime::Platform::loaded()->device(index);
  if (!device.ok()) return device.status();
  if (!value) return Code::invalid_value;
  const runtime::GraphMemory memory = runtime::graphMemory(**device);
  auto give = [&](uint64_t number) {
    std::memcpy(value, &number, sizeof number);
    return Code::ok;
  };
  switch (attribute) {
    case CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT: return give(memory.used);
    case CU_GRAPH_MEM_ATTR_USED_MEM_HIGH: return give(memory.used_high);
    case CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT: return give(memory.reserved);
    case CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH: return give(memory.reserved_high);
  }
  return Code::invalid_value;
}

Status setMemoryAttribute(int index, CUgraphMem_attribute attribute, const void *value) {
  Result<runtime::Device *> device = runtime::Platform::loaded()->device(index);
  if (!device.ok()) return device.status();
  uint64_t number = 1;
  if (value) std::memcpy(&number, value, sizeof number);
  const bool used = attribute == CU_GRAPH_MEM_ATTR_USED_MEM_HIGH;
  if (number != 0 || (!used && attribute != CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH)) return Code::invalid_value;
  runtime::resetGraphMemoryHigh(**device, used ? runtime::GraphMemoryHigh::used : runtime::GraphMemoryHigh::reserved);
  return Code::ok;
}

Status trimMemory(int index) {
  Result<runtime::Device *> device = runtime::Platform::loaded()->device(index);
  return device.ok() ? runtime::trimGraphMemory(**device) : device.status();
}

}  // namespace cutrans::shim::graphs
