// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Copy nodes: boxes, plain ranges, and variables of the program. A node tells a range as a box of one row.
#include "bodies.h"
#include "shim/cudart/copies.h"
#include "shim/cudart/graph_caller.h"
#include "shim/cudart/symbol_ranges.h"

namespace cutrans::cudart {

using namespace shim::graphs;
using runtime::CopyEnd;
using runtime::CopyWork;

namespace {

cudaMemcpyKind kindOf(runtime::Direction direction) {
  using enum runtime::Direction;
  switch (direction) {
    case host_to_host: return cudaMemcpyHostToHost;
    case host_to_device: return cudaMemcpyHostToDevice;
    case device_to_host: return cudaMemcpyDeviceToHost;
    case device_to_device: return cudaMemcpyDeviceToDevice;
    case infer: break;
  }
  return cudaMemcpyDefault;
}

// Bytes of a texel; 1 for what is no array.
size_t elementOf(const runtime::Array *array) { return array ? array->shape().format.bytes() : 1; }

// Positions in an array count its elements, and so does the extent if there is an array at either end.
Result<CopyEnd> endOf(cudaArray_t array, const cudaPos &at, const cudaPitchedPtr &memory) {
  CopyEnd end{0, nullptr, memory.pitch, memory.ysize, at.x, at.y, at.z};
  if (!array) {
    if (!memory.ptr || memory.pitch > INT32_MAX) return Code::invalid_value;
    end.address = addressOf(memory.ptr);
    return end;
  }
  if (memory.ptr) return Code::invalid_value;
  end.array = runtime::Array::find(array);
  if (!end.array || __builtin_mul_overflow(at.x, elementOf(end.array), &end.x)) return Code::invalid_value;
  return end;
}

Result<NodeWork> boxWork(const Caller &caller, const cudaMemcpy3DParms &p, const NodeWork *now) {
  Result<runtime::Context *> context = contextOf(caller, nullptr, now);
  if (!context.ok()) return context.status();
  std::optional<runtime::Direction> direction = directionOf(p.kind);
  if (!direction || checkSides(p.kind, p.dstArray, p.srcArray) != cudaSuccess) return Code::invalid_copy_direction;
  Result<CopyEnd> dst = endOf(p.dstArray, p.dstPos, p.dstPtr), src = endOf(p.srcArray, p.srcPos, p.srcPtr);
  if (!dst.ok() || !src.ok()) return Code::invalid_value;
  if (dst->array && src->array && elementOf(dst->array) != elementOf(src->array)) return Code::invalid_value;
  CopyWork work{*context, *dst, *src, p.extent.width, p.extent.height, p.extent.depth, *direction};
  if (__builtin_mul_overflow(work.width, elementOf(dst->array ? dst->array : src->array), &work.width)) return Code::invalid_value;
  Status fits = checkBox(work);
  return fits.ok() ? Result<NodeWork>(NodeWork(work)) : fits;
}

void giveEnd(const CopyEnd &end, const CopyWork &work, cudaArray_t *array, cudaPos *at, cudaPitchedPtr *memory) {
  *array = reinterpret_cast<cudaArray_t>(end.array);
  *at = {end.x / elementOf(end.array), end.y, end.z};
  *memory = end.array ? cudaPitchedPtr{} : cudaPitchedPtr{reinterpret_cast<void *>(end.address), end.pitch, end.x + work.width, end.rows};
}

Result<NodeWork> rangeWork(const Call &call, runtime::Address dst, runtime::Address src, size_t bytes, cudaMemcpyKind kind) {
  std::optional<runtime::Direction> direction = directionOf(kind);
  if (!direction) return Code::invalid_copy_direction;
  if (!dst || !src || !bytes) return Code::invalid_value;
  const CopyEnd to{dst, nullptr, bytes, 1, 0, 0, 0}, from{src, nullptr, bytes, 1, 0, 0, 0};
  return NodeWork(CopyWork{call.context, to, from, bytes, 1, 1, *direction});
}

Result<NodeWork> symbolWork(const Call &call, Side side, const void *symbol, const void *other, size_t bytes, size_t offset, cudaMemcpyKind kind) {
  Result<runtime::Address> place = rangeInSymbol(*call.context, side, symbol, bytes, offset, kind);
  if (!place.ok()) return place.status();
  return side == Side::to_symbol ? rangeWork(call, *place, addressOf(other), bytes, kind) : rangeWork(call, addressOf(other), *place, bytes, kind);
}

// For nodes that are there: copies only.
Result<NodeWork> forCopy(cudaGraphNode_t node, Result<NodeWork> work) {
  return workIn<CopyWork>(node) ? work : Result<NodeWork>(Code::invalid_value);
}

Result<NodeWork> newBox(const Call &call, cudaGraphNode_t node, const cudaMemcpy3DParms *params) {
  GraphNode *it = GraphNode::find(node);
  return it && params ? boxWork(callerOf(call), *params, &it->work()) : Result<NodeWork>(Code::invalid_value);
}

}  // namespace

Result<NodeWork> graphCopy(const Caller &caller, const CUgraphNodeParams &params, const NodeWork *now) {
  const auto &copy = reinterpret_cast<const cudaGraphNodeParams &>(params).memcpy;
  if (copy.flags || copy.reserved[0] || copy.reserved[1] || copy.reserved[2]) return Code::invalid_value;
  const auto *bytes = reinterpret_cast<const char *>(params.reserved1);
  for (size_t i = sizeof copy; i < sizeof params.reserved1; ++i)
    if (bytes[i]) return Code::invalid_value;
  return boxWork(caller, copy.copyParams, now);
}

cudaError_t body::cudaGraphAddMemcpyNode(Call &call, cudaGraphNode_t *out, cudaGraph_t graph, const cudaGraphNode_t *after, size_t count,
                                         const cudaMemcpy3DParms *params) {
  return error(add(out, graph, after, nullptr, count, params ? boxWork(callerOf(call), *params, nullptr) : Result<NodeWork>(Code::invalid_value)));
}
cudaError_t body::cudaGraphMemcpyNodeGetParams(Call &, cudaGraphNode_t node, cudaMemcpy3DParms *out) {
  const auto *work = workIn<CopyWork>(node);
  if (!work || !out) return cudaErrorInvalidValue;
  giveEnd(work->dst, *work, &out->dstArray, &out->dstPos, &out->dstPtr);
  giveEnd(work->src, *work, &out->srcArray, &out->srcPos, &out->srcPtr);
  out->extent = {work->width / elementOf(work->dst.array ? work->dst.array : work->src.array), work->height, work->depth};
  out->kind = kindOf(work->direction);
  return cudaSuccess;
}
cudaError_t body::cudaGraphMemcpyNodeSetParams(Call &call, cudaGraphNode_t node, const cudaMemcpy3DParms *params) {
  return error(set(node, newBox(call, node, params)));
}
cudaError_t body::cudaGraphExecMemcpyNodeSetParams(Call &call, cudaGraphExec_t exec, cudaGraphNode_t node, const cudaMemcpy3DParms *params) {
  return error(setIn(exec, node, newBox(call, node, params)));
}

cudaError_t body::cudaGraphAddMemcpyNode1D(Call &call, cudaGraphNode_t *out, cudaGraph_t graph, const cudaGraphNode_t *after, size_t count,
                                           void *dst, const void *src, size_t bytes, cudaMemcpyKind kind) {
  return error(add(out, graph, after, nullptr, count, rangeWork(call, addressOf(dst), addressOf(src), bytes, kind)));
}
cudaError_t body::cudaGraphMemcpyNodeSetParams1D(Call &call, cudaGraphNode_t node, void *dst, const void *src, size_t bytes, cudaMemcpyKind kind) {
  return error(set(node, forCopy(node, rangeWork(call, addressOf(dst), addressOf(src), bytes, kind))));
}
cudaError_t body::cudaGraphExecMemcpyNodeSetParams1D(Call &call, cudaGraphExec_t exec, cudaGraphNode_t node, void *dst, const void *src,
                                                     size_t bytes, cudaMemcpyKind kind) {
  return error(setIn(exec, node, forCopy(node, rangeWork(call, addressOf(dst), addressOf(src), bytes, kind))));
}

cudaError_t body::cudaGraphAddMemcpyNodeToSymbol(Call &call, cudaGraphNode_t *out, cudaGraph_t graph, const cudaGraphNode_t *after, size_t count,
                                                 const void *symbol, const void *src, size_t bytes, size_t offset, cudaMemcpyKind kind) {
  return error(add(out, graph, after, nullptr, count, symbolWork(call, Side::to_symbol, symbol, src, bytes, offset, kind)));
}
cudaError_t body::cudaGraphMemcpyNodeSetParamsToSymbol(Call &call, cudaGraphNode_t node, const void *symbol, const void *src, size_t bytes,
                                                       size_t offset, cudaMemcpyKind kind) {
  return error(set(node, forCopy(node, symbolWork(call, Side::to_symbol, symbol, src, bytes, offset, kind))));
}
cudaError_t body::cudaGraphExecMemcpyNodeSetParamsToSymbol(Call &call, cudaGraphExec_t exec, cudaGraphNode_t node, const void *symbol,
                                                           const void *src, size_t bytes, size_t offset, cudaMemcpyKind kind) {
  return error(setIn(exec, node, forCopy(node, symbolWork(call, Side::to_symbol, symbol, src, bytes, offset, kind))));
}

cudaError_t body::cudaGraphAddMemcpyNodeFromSymbol(Call &call, cudaGraphNode_t *out, cudaGraph_t graph, const cudaGraphNode_t *after, size_t count,
                                                   void *dst, const void *symbol, size_t bytes, size_t offset, cudaMemcpyKind kind) {
  return error(add(out, graph, after, nullptr, count, symbolWork(call, Side::from_symbol, symbol, dst, bytes, offset, kind)));
}
cudaError_t body::cudaGraphMemcpyNodeSetParamsFromSymbol(Call &call, cudaGraphNode_t node, void *dst, const void *symbol, size_t bytes,
                                                         size_t offset, cudaMemcpyKind kind) {
  return error(set(node, forCopy(node, symbolWork(call, Side::from_symbol, symbol, dst, bytes, offset, kind))));
}
cudaError_t body::cudaGraphExecMemcpyNodeSetParamsFromSymbol(Call &call, cudaGraphExec_t exec, cudaGraphNode_t node, void *dst,
                                                             const void *symbol, size_t bytes, size_t offset, cudaMemcpyKind kind) {
  return error(setIn(exec, node, forCopy(node, symbolWork(call, Side::from_symbol, symbol, dst, bytes, offset, kind))));
}

}  // namespace cutrans::cudart
