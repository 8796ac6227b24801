// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A test double of the HIP library: every function that targets/hip calls, with strict checks of its arguments, and real results:
// streams, events and memory are those of the host target, and kernels run on it from the SPMD IR that code objects carry on request.
// It promises no more than HIP's documentation does, and less where HIPs differ; what a program must not do ends the process with a message.
#pragma once

#include <cutrans/target.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "targets/hip/hip_api.h"

// Whoever defines one with other types does not compile.
#define HIP_FUNCTION(need, name, ...) extern "C" __attribute__((visibility("default"))) hipError_t name(__VA_ARGS__);
#include "targets/hip/hip_functions.def"

namespace cutrans::hip_double {

// Ends the process.
[[noreturn]] void violation(const char *function, const std::string &what);

enum class Function : unsigned {
#define HIP_FUNCTION(need, name, ...) name,
#include "targets/hip/hip_functions.def"
  count
};

// Entry of every function: an error that was asked for (control.h), or hipSuccess.
hipError_t enter(Function function, const char *name);
// Set while a host function runs on "HIP's thread": nothing of HIP may be called there.
extern thread_local bool inside_host_function;
#define ENTER(name)                                                                                                   \
  const char *const self = #name;                                                                                     \
  (void)self;                                                                                                         \
  if (hipError_t asked_for = ::cutrans::hip_double::enter(::cutrans::hip_double::Function::name, #name); asked_for != hipSuccess) return asked_for

// ---- the host target below ----
struct Inner {
  const ct_target *table = nullptr;
  ct_device *devices[2] = {};
};
extern Inner inner;
constexpr int kDevices = 2;
void openInner();
hipError_t errorOf(ct_status status);

// ---- what lives ----
// Handles are never used again, so that a stale one is known for what it is.
struct Stream;
struct Event;
struct Module;
struct Kernel;

template <class T>
class Registry {
 public:
  void add(void *handle) {
    std::lock_guard hold(lock_);
    all_[handle] = true;
  }
  void check(const void *handle, const char *function, const char *what) {
    std::lock_guard hold(lock_);
    if (!handle) violation(function, std::string("a null ") + what);
    auto found = all_.find(handle);
    if (found == all_.end()) violation(function, std::string("not a ") + what);
    if (!found->second) violation(function, std::string("a destroyed ") + what);
  }
  void remove(void *handle) {
    std::lock_guard hold(lock_);
    all_[handle] = false;
  }
  long live() {
    std::lock_guard hold(lock_);
    long count = 0;
    for (auto &[handle, alive] : all_) count += alive;
    return count;
  }

 private:
  std::mutex lock_;
  std::unordered_map<const void *, bool> all_;
};
extern Registry<Stream> streams;
extern Registry<Event> events;
extern Registry<Module> modules;
extern Registry<Kernel> kernels;

struct Stream {
  int device;
  ct_queue *queue;
};
struct Event {
  int device;
  ct_event *event;
  unsigned flags;
  std::atomic<bool> recorded{false};
};

inline Stream &use(hipStream_t stream, const char *function) {
  streams.check(stream, function, "stream");
  return *reinterpret_cast<Stream *>(stream);
}
inline Event &use(hipEvent_t event, const char *function) {
  events.check(event, function, "event");
  return *reinterpret_cast<Event *>(event);
}

// ---- devices and memory ----
const char *arch();   // HIP_DOUBLE_ARCH, or gfx90a
int waveSize();
int currentDevice();
void checkDevice(int device, const char *function);
void needCurrent(int device, const char *function);
hipError_t checkedError(ct_status status);  // of an operation; soft faults are none

enum class Kind { device, host, managed, registered };
struct Allocation {
  uint64_t size;
  Kind kind;
  int device;
};
// The whole range lies in one live allocation that the device may use; `function` names the call in the message.
void needDeviceRange(const void *start, uint64_t bytes, const char *function);
// The allocation around an address, {0, 0}: none.
std::pair<uint64_t, uint64_t> allocationAround(uint64_t address);
// No part of it is device memory, or was freed.
void needHostRange(const void *start, uint64_t bytes, const char *function);
long liveAllocations(bool registrations);
void dropAllocations(int device);

// ---- kernels ----
long liveModules();

}  // namespace cutrans::hip_double
