// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What all strategies share: counting what was given, and fills row by row.
#include "strategy.h"

#include <cstdlib>
#include <cstring>

#include "host.h"

namespace cutrans::opencl {

ct_status Strategy::take(ct_memory_kind kind, uint64_t size, uint64_t align, uint64_t &out_address) {
  if (refuses(kind))
    return refuse(Code::opencl_no_shared_memory, found_.name + " has no memory that the host and kernels use at the same time");
  if (size > UINT64_MAX - align) return CT_ERR_OUT_OF_MEMORY;
  if (process_ && kind == CT_MEMORY_DEVICE) {
    out_address = process_->allocate(size, align);
    return out_address ? CT_OK : CT_ERR_OUT_OF_MEMORY;
  }
  if (kind == CT_MEMORY_DEVICE) {
    // Reserved first, so that two threads never get more than there is together.
    uint64_t before = used_.load(std::memory_order_relaxed);
    do {
      if (size > found_.can.memory_bytes || before > found_.can.memory_bytes - size) return CT_ERR_OUT_OF_MEMORY;
    } while (!used_.compare_exchange_weak(before, before + size, std::memory_order_relaxed));
  }
  // A device in this process uses plain memory as well, and drivers bound what one allocation of theirs may be.
  const bool plain = (kind == CT_MEMORY_HOST && !sharesHostMemory()) || (found_.can.cpu && hostReaches() && size > found_.can.largest_bytes);
  void *base = plain ? std::aligned_alloc(align, roundUp(size, align)) : acquire(kind, size, align, out_address);
  if (!base) {
    if (kind == CT_MEMORY_DEVICE) used_.fetch_sub(size, std::memory_order_relaxed);
    return CT_ERR_OUT_OF_MEMORY;
  }
  if (plain) out_address = reinterpret_cast<uint64_t>(base);
  std::lock_guard hold(lock_);
  pieces_.emplace(out_address, Piece{kind, plain, size, base});
  generation_.fetch_add(1, std::memory_order_release);
  return CT_OK;
}

void Strategy::give(uint64_t address) {
  std::unique_lock hold(lock_);
  auto found = pieces_.find(address);
  if (found == pieces_.end()) {
    process_->free(address);
    return;
  }
  const Piece piece = found->second;
  pieces_.erase(found);
  generation_.fetch_add(1, std::memory_order_release);
  hold.unlock();
  if (piece.kind == CT_MEMORY_DEVICE) used_.fetch_sub(piece.size, std::memory_order_relaxed);
  if (piece.plain)
    std::free(piece.base);
  else
    release(piece);
}

cl_int Strategy::announce(cl_kernel kernel, uint64_t &known) {
  const uint64_t now = generation_.load(std::memory_order_acquire);
  if (known == now) return CL_SUCCESS;
  std::lock_guard hold(lock_);
  const cl_int error = announceAll(kernel, pieces_);
  if (error == CL_SUCCESS) known = now;
  return error;
}

cl_int Strategy::fill(cl_command_queue queue, const ct_fill &box, Waits waits, cl_event *out) {
  uint64_t bytes = box.width * box.element, rows = box.height;
  if (box.pitch == bytes) {
    bytes *= rows;
    rows = 1;
  }
  unsigned char pattern[4];
  std::memcpy(pattern, &box.value, sizeof pattern);  // little-endian, as all devices are whose addresses are 64 bits here
  for (uint64_t y = 0; y < rows; ++y) {
    const bool last = y + 1 == rows;
    if (cl_int error = fillRow(queue, box.dst + y * box.pitch, pattern, box.element, bytes, waits, last ? out : nullptr); error != CL_SUCCESS) return error;
    waits = {};
  }
  return CL_SUCCESS;
}

const char *bestStrategy(const Capabilities &can) {
  if (can.svm & CL_DEVICE_SVM_FINE_GRAIN_SYSTEM) return "system";
  if (can.svm & CL_DEVICE_SVM_FINE_GRAIN_BUFFER) return "fine";
  if (can.unified) return "unified";
  if (can.buffer_address) return "address";
  if (can.svm & CL_DEVICE_SVM_COARSE_GRAIN_BUFFER) return "coarse";
  return "";
}

std::unique_ptr<Strategy> makeStrategy(const std::string &name, const Found &found, cl_context context) {
  const Capabilities &can = found.can;
  const std::string which = name.empty() || name == "auto" ? bestStrategy(can) : name;
  if (which == "unified" && can.unified) return makeUnifiedStrategy(found, context);
  if (which == "address" && can.buffer_address && cl.clCreateBufferWithProperties) return makeAddressStrategy(found, context);
  if ((which == "system" && (can.svm & CL_DEVICE_SVM_FINE_GRAIN_SYSTEM)) || (which == "fine" && (can.svm & CL_DEVICE_SVM_FINE_GRAIN_BUFFER)) ||
      (which == "coarse" && (can.svm & CL_DEVICE_SVM_COARSE_GRAIN_BUFFER)))
    return makeSvmStrategy(which, found, context);
  return nullptr;
}

}  // namespace cutrans::opencl
