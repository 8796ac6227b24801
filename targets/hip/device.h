// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Devices: what HIP says of each (asked once, when the target starts), and what is kept of one that is open.
#pragma once

#include <cutrans/target.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "library.h"

namespace cutrans::hip {

extern const ct_device_ops device_ops;
extern const ct_memory_ops memory_ops;
bool hostReaches(uint64_t address);  // pinned, managed and registered memory

// What is constant for a device.
struct Facts {
  uint32_t index = 0;
  ct_device_info info{};
  std::string arch;             // "gfx90a:sramecc+:xnack-"; empty: not known, kernels are refused
  std::string codegen;
  int wave_size = 0;
  int timer_khz = 0;            // of the constant counter
  int least_priority = 0, greatest_priority = 0;
  bool wait_value = false;      // streams can wait for a word of memory
  bool managed = false;         // HIP has managed memory there, not pinned memory in its place
};
// False where HIP fails; reported.
bool askDevices();
void forgetDevices();

// A point in time on a device that later events are measured from. HIP gives differences in float milliseconds only, so an
// event is measured from a base that is never more than a few seconds older: that keeps what a float loses below a microsecond.
struct Base {
  Base(hipEvent_t recorded, uint64_t at) : event(recorded), ns(at) {}
  ~Base();
  Base(const Base &) = delete;
  hipEvent_t event;  // finished
  uint64_t ns;
};

}  // namespace cutrans::hip

struct ct_device {
  explicit ct_device(const cutrans::hip::Facts &of) : facts(of) {}
  ~ct_device();

  // HIP's calls that make things are for the thread's current device.
  ct_status makeCurrent() const;
  // Keeps the first fault, all later queries and waits return it. `keep`: one that HIP gave, which stays in HIP until a reset.
  ct_status keep(ct_status status);
  void fail(ct_status fault);
  ct_status fault() const { return kept.load(std::memory_order_acquire); }
  // A few bytes of device memory, now, whatever queues do.
  ct_status read(uint64_t address, void *to, uint64_t bytes) const;
  // The memory of malloc in kernels (cutrans/device_heap.h), made at the first launch that needs it.
  ct_status needHeap(uint64_t &address);
  // The base for an event that is recorded now; null with `status` set where HIP fails.
  std::shared_ptr<cutrans::hip::Base> base(ct_status &status);

  const cutrans::hip::Facts &facts;
  std::atomic<ct_status> kept{CT_OK};
  std::atomic<bool> lost{false};           // the fault was HIP's own: only a reset of the device ends it
  std::atomic<uint64_t> next_grid{1};
  // Allocations that HIP did not align as asked: the address given out, and HIP's.
  std::mutex memory_lock;
  std::unordered_map<uint64_t, void *> moved;

 private:
  std::mutex base_lock;                    // making a new one
  std::atomic<std::shared_ptr<cutrans::hip::Base>> newest;
  std::atomic<uint64_t> renew_at{0};       // host's clock, ns
  hipStream_t base_stream = nullptr;
  mutable std::mutex read_lock;
  mutable hipStream_t read_stream = nullptr;
  mutable void *read_buffer = nullptr;     // pinned
  std::mutex heap_lock;                    // making it
  void *heap = nullptr;                    // as HIP gave it
  std::atomic<uint64_t> heap_address{0};   // on a page
};
