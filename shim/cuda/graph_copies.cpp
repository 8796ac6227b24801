// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Copy nodes, by CUDA_MEMCPY3D.
#include "bodies.h"
#include "cutrans/runtime/array.h"
#include "shim/cuda/copy_ends.h"
#include "shim/cuda/graph_caller.h"

namespace cutrans::driver {

using namespace shim::graphs;
using runtime::CopyEnd;
using runtime::CopyWork;

namespace {

// Pitch and rows of 0 are those of the box.
Result<CopyEnd> endOf(const CopySide &side, const CUDA_MEMCPY3D &box) {
  CopyEnd end{0, nullptr, side.pitch ? side.pitch : box.WidthInBytes, side.height ? side.height : box.Height, side.x, side.y, side.z};
  switch (side.type) {
    case CU_MEMORYTYPE_HOST: end.address = reinterpret_cast<uintptr_t>(side.host); break;
    case CU_MEMORYTYPE_DEVICE:
    case CU_MEMORYTYPE_UNIFIED: end.address = side.device; break;
    case CU_MEMORYTYPE_ARRAY: end.array = runtime::Array::find(side.array); break;
  }
  if (!end.address && !end.array) return Code::invalid_value;
  return end;
}

Result<NodeWork> copyWork(const CUDA_MEMCPY3D &c, runtime::Context *context) {
  if (c.srcLOD || c.dstLOD) return Code::invalid_value;
  const CopySide to = destinationOf(c), from = sourceOf(c);
  Result<CopyEnd> dst = endOf(to, c), src = endOf(from, c);
  if (!dst.ok() || !src.ok()) return Code::invalid_value;
  const CopyWork work{context, *dst, *src, c.WidthInBytes, c.Height, c.Depth, directionOf(to, from)};
  Status fits = checkBox(work);
  return fits.ok() ? Result<NodeWork>(NodeWork(work)) : fits;
}

// The context is an argument of its own here, and not optional.
Result<NodeWork> copyWork(const CUDA_MEMCPY3D *params, CUcontext handle) {
  if (!params) return Code::invalid_value;
  runtime::Context *context = runtime::Context::find(handle);
  return context ? copyWork(*params, context) : Result<NodeWork>(Code::invalid_context);
}

CUmemorytype typeOf(const CopyEnd &end, runtime::Direction direction, bool host) {
  if (end.array) return CU_MEMORYTYPE_ARRAY;
  if (direction == runtime::Direction::infer) return CU_MEMORYTYPE_UNIFIED;
  return host ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE;
}

}  // namespace

Result<NodeWork> graphCopy(const Caller &caller, const CUgraphNodeParams &params, const NodeWork *now) {
  const CUDA_MEMCPY_NODE_PARAMS &copy = params.memcpy;
  static_assert(sizeof copy % sizeof params.reserved1[0] == 0);
  for (size_t i = sizeof copy / sizeof params.reserved1[0]; i < std::size(params.reserved1); ++i)
    if (params.reserved1[i]) return Code::invalid_value;
  if (copy.flags || copy.reserved) return Code::invalid_value;
  Result<runtime::Context *> context = contextOf(caller, copy.copyCtx, now);
  return context.ok() ? copyWork(copy.copyParams, *context) : Result<NodeWork>(context.status());
}

CUresult body::cuGraphAddMemcpyNode(Call &, CUgraphNode *out, CUgraph graph, const CUgraphNode *after, size_t count, const CUDA_MEMCPY3D *params,
                                    CUcontext context) {
  return error(add(out, graph, after, nullptr, count, copyWork(params, context)));
}

CUresult body::cuGraphMemcpyNodeGetParams(Call &, CUgraphNode node, CUDA_MEMCPY3D *out) {
  const auto *work = workIn<CopyWork>(node);
  if (!work || !out) return CUDA_ERROR_INVALID_VALUE;
  using enum runtime::Direction;
  const runtime::Direction direction = work->direction;
  const CopyEnd &src = work->src, &dst = work->dst;
  *out = {};
  out->srcXInBytes = src.x, out->srcY = src.y, out->srcZ = src.z;
  out->srcMemoryType = typeOf(src, direction, direction == host_to_host || direction == host_to_device);
  (out->srcMemoryType == CU_MEMORYTYPE_HOST ? reinterpret_cast<CUdeviceptr &>(out->srcHost) : out->srcDevice) = src.address;
  out->srcArray = reinterpret_cast<CUarray>(src.array);
  out->dstXInBytes = dst.x, out->dstY = dst.y, out->dstZ = dst.z;
  out->dstMemoryType = typeOf(dst, direction, direction == host_to_host || direction == device_to_host);
  (out->dstMemoryType == CU_MEMORYTYPE_HOST ? reinterpret_cast<CUdeviceptr &>(out->dstHost) : out->dstDevice) = dst.address;
  out->dstArray = reinterpret_cast<CUarray>(dst.array);
  if (!src.array) out->srcPitch = src.pitch, out->srcHeight = src.rows;
  if (!dst.array) out->dstPitch = dst.pitch, out->dstHeight = dst.rows;
  out->WidthInBytes = work->width, out->Height = work->height, out->Depth = work->depth;
  return CUDA_SUCCESS;
}

CUresult body::cuGraphMemcpyNodeSetParams(Call &, CUgraphNode node, const CUDA_MEMCPY3D *params) {
  const auto *now = workIn<CopyWork>(node);
  if (!now || !params) return CUDA_ERROR_INVALID_VALUE;
  return error(set(node, copyWork(*params, now->context)));
}

CUresult body::cuGraphExecMemcpyNodeSetParams(Call &, CUgraphExec exec, CUgraphNode node, const CUDA_MEMCPY3D *params, CUcontext context) {
  return error(setIn(exec, node, copyWork(params, context)));
}

}  // namespace cutrans::driver
