// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How a device's memory gets addresses. OpenCL has five ways; each is a strategy, and a device uses the best that it has:
//   system   fine-grain system SVM: plain memory
//   fine     fine-grain buffer SVM
//   unified  cl_intel_unified_shared_memory
//   address  cl_ext_buffer_device_address: buffers that have an address
//   coarse   coarse-grain SVM: the host copies
#pragma once

#include <cutrans/target.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "event_ref.h"
#include "platforms.h"
#include "suballocator.h"

namespace cutrans::opencl {

class Strategy {
 public:
  explicit Strategy(const Found &found) : found_(found) {}
  virtual ~Strategy() = default;

  // The host reads and writes device memory through its address.
  virtual bool hostReaches() const = 0;
  // CT_MEMORY_HOST is memory that kernels read through the same address.
  virtual bool sharesHostMemory() const = 0;

  // At least `align`ed; 0: there is none. A refusal has been reported before CT_ERR_UNSUPPORTED is returned.
  ct_status take(ct_memory_kind kind, uint64_t size, uint64_t align, uint64_t &out_address);
  void give(uint64_t address);
  uint64_t used() const { return process_ ? process_->used() : used_.load(std::memory_order_relaxed); }  // device memory
  // Device memory is from now on this process's own, which other processes can map; `mapped` is device memory that has no address. For devices that use
  // every pointer of the process, before the first take.
  void useProcessMemory(const std::atomic<uint64_t> &mapped) { process_ = std::make_unique<process::Suballocator>(found_.can.memory_bytes, 256, true, &mapped); }
  process::Suballocator *processMemory() const { return process_.get(); }

  virtual cl_int setArgument(cl_kernel kernel, cl_uint index, uint64_t address) = 0;
  // Tells the driver what kernels may reach through addresses in memory. `known`: what the kernel was told last.
  cl_int announce(cl_kernel kernel, uint64_t &known);

  // Commands of this strategy do not take the address: it is the host's.
  virtual bool isForeign(uint64_t) const { return false; }
  // Both may be several commands of an in-order queue: the first waits, `out` is the last one's.
  virtual cl_int copy(cl_command_queue queue, const ct_copy &box, Waits waits, cl_event *out) = 0;
  cl_int fill(cl_command_queue queue, const ct_fill &box, Waits waits, cl_event *out);
  // `size` is a multiple of `pattern_size`.
  virtual cl_int fillRow(cl_command_queue queue, uint64_t to, const void *pattern, size_t pattern_size, size_t size, Waits waits, cl_event *out) = 0;

 protected:
  struct Piece {
    ct_memory_kind kind;
    bool plain;         // from the C library
    uint64_t size;      // that was asked for
    void *base;         // for `release`
  };
  // `base` is what release gets. Null: no memory.
  virtual void *acquire(ct_memory_kind kind, uint64_t size, uint64_t align, uint64_t &out_address) = 0;
  virtual void release(const Piece &piece) = 0;
  virtual bool refuses(ct_memory_kind) const { return false; }
  virtual cl_int announceAll(cl_kernel kernel, const std::unordered_map<uint64_t, Piece> &pieces) = 0;

  const Found &found_;
  mutable std::mutex lock_;
  std::unordered_map<uint64_t, Piece> pieces_;     // by address
  std::atomic<uint64_t> generation_{1};            // counts changes of pieces_
  std::atomic<uint64_t> used_{0};
  std::unique_ptr<process::Suballocator> process_;
};

// The best that the device has, or the one of that name; null: none, or not that one.
std::unique_ptr<Strategy> makeStrategy(const std::string &name, const Found &found, cl_context context);
std::unique_ptr<Strategy> makeSvmStrategy(const std::string &name, const Found &found, cl_context context);
std::unique_ptr<Strategy> makeUnifiedStrategy(const Found &found, cl_context context);
std::unique_ptr<Strategy> makeAddressStrategy(const Found &found, cl_context context);
// What makeStrategy would take; "" for none.
const char *bestStrategy(const Capabilities &can);

// Rows that follow each other without a gap become one. Calls move(to, from, bytes) for each row that is left.
template <class Move>
void eachRow(const ct_copy &box, Move move) {
  uint64_t width = box.width, height = box.height, depth = box.depth;
  if (height > 1 && box.dst_pitch == width && box.src_pitch == width) {
    width *= height;
    height = 1;
  }
  if (depth > 1 && height == 1 && box.dst_slice == width && box.src_slice == width) {
    width *= depth;
    depth = 1;
  }
  for (uint64_t z = 0; z < depth; ++z)
    for (uint64_t y = 0; y < height; ++y)
      move(box.dst + z * box.dst_slice + y * box.dst_pitch, box.src + z * box.src_slice + y * box.src_pitch, width,
           z + 1 == depth && y + 1 == height);
}

}  // namespace cutrans::opencl
