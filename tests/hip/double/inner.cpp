// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Entering, failing on request, and the host target that does the work.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "control.h"
#include "double.h"
#include "kernel.h"

namespace cutrans::hip_double {

Registry<Stream> streams;
Registry<Event> events;
Registry<Module> modules;
Registry<Kernel> kernels;
Inner inner;
thread_local bool inside_host_function = false;

namespace {

constexpr const char *kNames[] = {
#define HIP_FUNCTION(need, name, ...) #name,
#include "targets/hip/hip_functions.def"
};
constexpr size_t kCount = sizeof kNames / sizeof *kNames;

std::atomic<uint64_t> counts[kCount];
std::atomic<uint64_t> countdown{0};
std::atomic<unsigned> chosen{0};       // kCount: any
std::atomic<int> chosen_error{0};
std::atomic<const char *> failed{nullptr};

unsigned find(const char *name) {
  for (unsigned i = 0; i < kCount; ++i)
    if (std::strcmp(kNames[i], name) == 0) return i;
  violation("arm", std::string("no function ") + name);
}

void arm(const char *function, uint64_t nth, int error) {
  countdown = 0;
  chosen = function ? find(function) : kCount;
  chosen_error = error;
  failed = nullptr;
  countdown = nth;
}
const char *fired() { return failed; }
uint64_t calls(const char *function) { return counts[find(function)]; }
const char *function(unsigned index) { return index < kCount ? kNames[index] : nullptr; }

const char *left() {
  static std::string text;
  text.clear();
  auto add = [](long count, const char *what) {
    if (count) text += std::to_string(count) + " " + what + " ";
  };
  add(liveAllocations(false), "allocations");
  add(liveAllocations(true), "registrations");
  add(streams.live(), "streams");
  add(events.live(), "events");
  add(modules.live(), "modules");
  return text.c_str();
}

// The inner target: quiet, two devices, what kernels print is kept for the message space (kernel.cpp).
const char *setting(void *, const char *name) {
  if (std::strcmp(name, "HOST_DEVICES") == 0) return "2";
  if (std::strcmp(name, "HOST_MEMORY") == 0) return "512M";
  if (std::strcmp(name, "HOST_THREADS") == 0) return std::getenv("CUTRANS_HOST_THREADS");
  return nullptr;
}
void log(void *, ct_log_level, const char *) {}
const ct_host services = {sizeof(ct_host), CT_TARGET_ABI_MINOR, nullptr, log, keepReport, setting, keepOutput};

}  // namespace

void violation(const char *function, const std::string &what) {
  std::fprintf(stderr, "HIP double: %s: %s\n", function, what.c_str());
  std::fflush(stderr);
  std::abort();
}

hipError_t enter(Function function, const char *name) {
  if (inside_host_function) violation(name, "called from a host function of a stream");
  if (!inner.table && function != Function::hipInit) violation(name, "before hipInit");
  counts[static_cast<unsigned>(function)].fetch_add(1, std::memory_order_relaxed);
  if (countdown.load(std::memory_order_relaxed) == 0) return hipSuccess;
  const unsigned which = chosen;
  if (which != kCount && which != static_cast<unsigned>(function)) return hipSuccess;
  if (countdown.fetch_sub(1) != 1) return hipSuccess;
  failed = name;
  return static_cast<hipError_t>(chosen_error.load());
}

void openInner() {
  void *library = dlopen(HIP_DOUBLE_HOST_TARGET, RTLD_NOW | RTLD_LOCAL);
  if (!library) violation("hipInit", dlerror());
  auto query = reinterpret_cast<ct_target_query_fn>(dlsym(library, CT_TARGET_QUERY_SYMBOL));
  const ct_target *table = query(CT_TARGET_ABI_MAJOR, CT_TARGET_ABI_MINOR);
  if (table->init(&services) != CT_OK) violation("hipInit", "the host target does not start");
  for (int i = 0; i < kDevices; ++i)
    if (table->device->open(static_cast<uint32_t>(i), &inner.devices[i]) != CT_OK) violation("hipInit", "no device");
  inner.table = table;
}

hipError_t errorOf(ct_status status) {
  switch (status) {
    case CT_OK: return hipSuccess;
    case CT_NOT_READY: return hipErrorNotReady;
    case CT_ERR_OUT_OF_MEMORY: return hipErrorOutOfMemory;
    case CT_ERR_ILLEGAL_ADDRESS: return hipErrorIllegalAddress;
    case CT_ERR_MISALIGNED:
    case CT_ERR_LAUNCH: return hipErrorLaunchFailure;
    case CT_ERR_TOO_LARGE: return hipErrorCooperativeLaunchTooLarge;
    case CT_ERR_INVALID: return hipErrorInvalidValue;
    default: return hipErrorUnknown;
  }
}

// Kernels that end themselves (trap, assert) say so in their messages; to HIP their launch succeeds.
hipError_t checkedError(ct_status status) {
  if (status == CT_ERR_TRAP || status == CT_ERR_ASSERT || (status == CT_ERR_LAUNCH && endedItself())) return hipSuccess;
  return errorOf(status);
}

}  // namespace cutrans::hip_double

extern "C" __attribute__((visibility("default"))) const cutrans::hip_double::Control hip_double_control = {
    cutrans::hip_double::arm,  cutrans::hip_double::fired,    cutrans::hip_double::calls,
    cutrans::hip_double::left, cutrans::hip_double::function, cutrans::hip_double::launchCount};
