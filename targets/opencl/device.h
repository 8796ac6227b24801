// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An open device: its context, its memory, its fault.
#pragma once

#include <cutrans/target.h>

#include <atomic>
#include <memory>
#include <mutex>

#include "kernel_heap.h"
#include "platforms.h"
#include "strategy.h"
#include "timer.h"

namespace cutrans::opencl {

extern const ct_device_ops device_ops;
extern const ct_memory_ops memory_ops;

// The devices that the user chose; filled by init().
extern std::vector<Found> devices;

constexpr uint32_t kMaxThreadsPerBlock = 1024, kMaxThreadsPerUnit = 2048, kMaxBlocksPerUnit = 32, kMaxClusterBlocks = 16;
constexpr uint32_t kSharedPerBlock = 48u << 10, kSharedPerBlockMax = 227u << 10, kSharedReserved = 1u << 10;
// For targets/process: a CPU's memory is this process's, if the strategy is one of those that use any pointer.
ct_status roomFor(uint32_t index, uint64_t size);
process::Suballocator *memoryOf(ct_device *device, uint32_t &out_index);
uint32_t sharedLimit(const Found &found);  // of a block that opts in

}  // namespace cutrans::opencl

struct ct_device {
  explicit ct_device(const cutrans::opencl::Found &from) : found(from) {}
  ~ct_device();

  const cutrans::opencl::Found &found;
  cl_context context = nullptr;
  std::unique_ptr<cutrans::opencl::Strategy> memory;
  cutrans::opencl::KernelHeap heap{found.can.memory_bytes};
  const cutrans::opencl::Timer timer;
  std::atomic<int> fault{CT_OK};  // the first one, for ever
  std::atomic<uint64_t> next_grid_id{1};

  uint32_t index() const { return static_cast<uint32_t>(&found - cutrans::opencl::devices.data()); }
  ct_status status() const { return static_cast<ct_status>(fault.load(std::memory_order_acquire)); }
  // true: this is the device's first fault, and worth a line.
  bool setFault(ct_status status) {
    int none = CT_OK;
    return fault.compare_exchange_strong(none, status, std::memory_order_acq_rel);
  }
  // Copies, fills and short functions of ours run as commands of the device, by pointer.
  bool runsFunctions() const { return found.can.native_kernels && memory->hostReaches(); }
  // Kernels use every pointer of this process.
  bool reachesHost() const { return found.can.cpu || (found.can.svm & CL_DEVICE_SVM_FINE_GRAIN_SYSTEM); }

  // Blocking, beside all queues. false: it could not be done.
  bool readNow(void *to, uint64_t from, size_t size);
  bool writeNow(uint64_t to, const void *from, size_t size);
  bool runNow(cl_kernel kernel, size_t groups);

 private:
  bool moveNow(const ct_copy &box);
  std::mutex aside_lock_;
  cl_command_queue aside_ = nullptr;  // made when it is first needed
};

namespace cutrans::opencl {
// An in-order queue with timing; null: none.
cl_command_queue makeCommandQueue(const ct_device &device);
}
