// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Batches: the operations of one are submitted one after the other, which is one of the orders that they may have.
#include "shim/common/batches.h"

#include <driver_types.h>

#include <vector>

#include "cutrans/runtime/array.h"
#include "shim/common/memory_hints.h"

namespace cutrans::shim {

static_assert(sizeof(CUmemcpyAttributes) == sizeof(cudaMemcpyAttributes) && offsetof(CUmemcpyAttributes, flags) == offsetof(cudaMemcpyAttributes, flags));
static_assert(sizeof(CUDA_MEMCPY3D_BATCH_OP) == sizeof(cudaMemcpy3DBatchOp) &&
              offsetof(CUDA_MEMCPY3D_BATCH_OP, extent) == offsetof(cudaMemcpy3DBatchOp, extent) &&
              offsetof(CUDA_MEMCPY3D_BATCH_OP, flags) == offsetof(cudaMemcpy3DBatchOp, flags));
static_assert(sizeof(CUmemLocation) == sizeof(cudaMemLocation));

namespace {

using runtime::Copy;

// Each operation has one: the first begins at 0, they ascend, the last lies inside.
template <class Attribute>
bool covers(const Runs<Attribute> &runs, size_t count) {
  if (!runs.attributes || !runs.first || runs.count == 0 || runs.count > count || runs.first[0] != 0) return false;
  for (size_t i = 1; i < runs.count; ++i)
    if (runs.first[i] <= runs.first[i - 1]) return false;
  return runs.first[runs.count - 1] < count;
}

// Calls use(index, attribute) for each operation, until one fails.
template <class Attribute, class Use>
Status forEach(const Runs<Attribute> &runs, size_t count, Use &&use) {
  size_t run = 0;
  for (size_t i = 0; i < count; ++i) {
    if (run + 1 < runs.count && runs.first[run + 1] == i) ++run;
    if (Status status = use(i, runs.attributes[run]); !status.ok()) return status;
  }
  return Code::ok;
}

Status setReads(Copy &copy, CUmemcpySrcAccessOrder order, unsigned flags) {
  if (flags & ~unsigned{CU_MEMCPY_FLAG_PREFER_OVERLAP_WITH_COMPUTE}) return Code::invalid_value;
  switch (order) {
    case CU_MEMCPY_SRC_ACCESS_ORDER_STREAM:
    case CU_MEMCPY_SRC_ACCESS_ORDER_ANY:
      copy.reads = Copy::Reads::in_order;
      return Code::ok;
    case CU_MEMCPY_SRC_ACCESS_ORDER_DURING_API_CALL:
      copy.reads = Copy::Reads::now;
      return Code::ok;
    default:
      return Code::invalid_value;
  }
}

Status submitAll(runtime::Queue &queue, const std::vector<Copy> &copies) {
  for (const Copy &copy : copies)
    if (Status status = queue.copy(copy); !status.ok()) return status;
  return Code::ok;
}

struct Place {
  uint64_t address = 0, pitch = 0, slice = 0;
};

// 0: memory, of bytes.
Result<uint64_t> elementSize(const CUmemcpy3DOperand &operand) {
  switch (operand.type) {
    case CU_MEMCPY_OPERAND_TYPE_POINTER:
      return uint64_t{0};
    case CU_MEMCPY_OPERAND_TYPE_ARRAY:
      if (const runtime::Array *array = runtime::Array::find(operand.op.array.array)) return uint64_t{array->shape().format.bytes()};
      return Code::invalid_handle;
    default:
      return Code::invalid_value;
  }
}

// `width` in bytes, the operand's own numbers in elements.
Result<Place> locate(const CUmemcpy3DOperand &operand, const CUextent3D &extent, uint64_t element, uint64_t width) {
  if (operand.type == CU_MEMCPY_OPERAND_TYPE_ARRAY) {
    const runtime::Array &array = *runtime::Array::find(operand.op.array.array);
    const CUoffset3D &at = operand.op.array.offset;
    uint64_t x = 0;
    if (__builtin_mul_overflow(at.x, element, &x)) return Code::invalid_value;
    Result<runtime::Address> start = array.locate({x, at.y, at.z, width, extent.height, extent.depth});
    if (!start.ok()) return start.status();
    return Place{*start, array.rowPitch(), array.slicePitch()};
  }
  const auto &memory = operand.op.ptr;
  if ((memory.rowLength && memory.rowLength < extent.width) || (memory.layerHeight && memory.layerHeight < extent.height)) return Code::invalid_value;
  Place place{memory.ptr};
  if (__builtin_mul_overflow(memory.rowLength ? memory.rowLength : extent.width, element, &place.pitch) ||
      __builtin_mul_overflow(place.pitch, memory.layerHeight ? memory.layerHeight : extent.height, &place.slice))
    return Code::invalid_value;
  return place;
}

Result<Copy> boxOf(const CUDA_MEMCPY3D_BATCH_OP &op) {
  Copy copy;
  if (Status valid = setReads(copy, op.srcAccessOrder, op.flags); !valid.ok()) return valid;
  if (!op.extent.width || !op.extent.height || !op.extent.depth) return Code::invalid_value;
  Result<uint64_t> from = elementSize(op.src), to = elementSize(op.dst);
  if (!from.ok() || !to.ok()) return from.ok() ? to.status() : from.status();
  if (*from && *to && *from != *to) return Code::invalid_value;
  const uint64_t element = *from ? *from : *to ? *to : 1;
  if (__builtin_mul_overflow(op.extent.width, element, &copy.width)) return Code::invalid_value;
  copy.height = op.extent.height;
  copy.depth = op.extent.depth;
  Result<Place> src = locate(op.src, op.extent, element, copy.width), dst = locate(op.dst, op.extent, element, copy.width);
  if (!src.ok() || !dst.ok()) return src.ok() ? dst.status() : src.status();
  copy.src = src->address, copy.src_pitch = src->pitch, copy.src_slice = src->slice;
  copy.dst = dst->address, copy.dst_pitch = dst->pitch, copy.dst_slice = dst->slice;
  return copy;
}

Status checkRanges(const runtime::Queue &queue, const Ranges &ranges, unsigned long long flags) {
  if (flags != 0 || queue.isLegacy() || ranges.count == 0 || !ranges.starts || !ranges.sizes) return Code::invalid_value;
  for (size_t i = 0; i < ranges.count; ++i)
    if (Status valid = checkHintedRange(queue.context(), ranges.starts[i], ranges.sizes[i]); !valid.ok()) return valid;
  return Code::ok;
}

}  // namespace

Status copyBatch(runtime::Queue &queue, const CUdeviceptr *to, const CUdeviceptr *from, const size_t *sizes, size_t count,
                 Runs<CUmemcpyAttributes> attributes, size_t *failed) {
  if (failed) *failed = count;
  if (queue.isLegacy() || count == 0 || !to || !from || !sizes || !covers(attributes, count)) return Code::invalid_value;
  std::vector<Copy> copies(count);
  Status valid = forEach(attributes, count, [&](size_t i, const CUmemcpyAttributes &a) -> Status {
    copies[i].dst = to[i];
    copies[i].src = from[i];
    copies[i].width = sizes[i];
    Status status = to[i] && from[i] ? setReads(copies[i], a.srcAccessOrder, a.flags) : Status(Code::invalid_value);
    if (!status.ok() && failed) *failed = i;
    return status;
  });
  return valid.ok() ? submitAll(queue, copies) : valid;
}

Status copyBoxBatch(runtime::Queue &queue, std::span<const CUDA_MEMCPY3D_BATCH_OP> list, unsigned long long flags, size_t *failed) {
  if (failed) *failed = list.size();
  if (flags != 0 || queue.isLegacy() || list.empty() || !list.data()) return Code::invalid_value;
  std::vector<Copy> copies;
  for (const CUDA_MEMCPY3D_BATCH_OP &op : list) {
    Result<Copy> copy = boxOf(op);
    if (!copy.ok()) {
      if (failed) *failed = copies.size();
      return copy.status();
    }
    copies.push_back(*copy);
  }
  return submitAll(queue, copies);
}

Status prefetchBatch(runtime::Queue &queue, Ranges ranges, Runs<CUmemLocation> locations, unsigned long long flags) {
  if (Status valid = checkRanges(queue, ranges, flags); !valid.ok()) return valid;
  if (!covers(locations, ranges.count)) return Code::invalid_value;
  Status valid = forEach(locations, ranges.count, [](size_t, const CUmemLocation &where) { return checkLocation(where.type, where.id); });
  if (!valid.ok()) return valid;
  return forEach(locations, ranges.count, [&](size_t i, const CUmemLocation &where) -> Status {
    notePrefetch(ranges.starts[i], ranges.sizes[i], where);
    return Code::ok;
  });
}

Status discardBatch(runtime::Queue &queue, Ranges ranges, unsigned long long flags) { return checkRanges(queue, ranges, flags); }

}  // namespace cutrans::shim
