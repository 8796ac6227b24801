// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Starts the layer at its first use, and ends it with the process.
//
// The end: registered with atexit at the start, so it runs before the destructors of everything that existed earlier. It
// waits for the work that is under way (not for ever), closes the target, and from then on every call gets `deinitialized`.
// A forked child has none of the target's threads: every call there gets `not_initialized`, the first one with a report,
// and its end does nothing. Children that only call exec never notice.
#include "cutrans/runtime/platform.h"

#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "compiler_door.h"
#include "cutrans/runtime/error_log.h"
#include "cutrans/support/config.h"
#include "cutrans/support/diagnostics.h"
#include "cutrans/support/log.h"
#include "state.h"

namespace cutrans::runtime {

constinit const Target *the_target = nullptr;

namespace {

struct Instance {
  Target *target = nullptr;
  std::vector<Device *> devices;
};

constinit std::atomic<Platform *> ready{nullptr};
constinit std::atomic<Code> outcome{Code::not_ready};  // not_ready: nobody asked yet
constinit Instance *instance = nullptr;
constinit std::mutex start_lock;

constexpr unsigned kLeastCapability = 50;
constexpr auto kLongestEnd = std::chrono::seconds(2);

// True when all queues of the context are done, or its device failed.
bool quiet(Context &context) {
  Context::State &state = ContextAccess::state(context);
  std::lock_guard hold(state.lists);
  auto busy = [](ct_queue *queue) { return target().queue.query(queue) == CT_NOT_READY; };
  for (Queue *queue : state.queues)
    if (busy(QueueAccess::state(*queue).handle)) return false;
  for (Queue::State *queue : state.dying)
    if (busy(queue->handle)) return false;
  Queue *legacy = ContextAccess::legacy(context);
  return !legacy || !busy(QueueAccess::state(*legacy).handle);
}

bool allQuiet(const std::vector<Context *> &contexts) {
  for (Context *context : contexts)
    if (!quiet(*context)) return false;
  return true;
}

// Waits until nothing is under way; false when that takes too long: a kernel that never ends must not keep the process.
bool waitForWork(const std::vector<Context *> &contexts) {
  auto deadline = std::chrono::steady_clock::now() + kLongestEnd;
  auto pause = std::chrono::microseconds(20);
  while (!allQuiet(contexts)) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::microseconds(5000));
  }
  return true;
}

void endOfProcess() {
  if (outcome.load() != Code::ok) return;
  std::vector<Context *> contexts;
  for (Device *device : instance->devices) {
    std::lock_guard hold(DeviceAccess::state(*device).lock);
    for (Context *context : DeviceAccess::state(*device).active) contexts.push_back(context);
  }
  const bool quiet = waitForWork(contexts);
  outcome.store(Code::deinitialized);
  for (Device *device : instance->devices) {
    std::lock_guard hold(DeviceAccess::state(*device).lock);
    ContextAccess::setState(device->primary(), Code::deinitialized);
  }
  if (!quiet) {
    // The target's threads still run kernels. They keep all they use, and go with the process.
    report(Diag::exit_timeout, "end of the process");
    for (Context *context : contexts) ContextAccess::setState(*context, Code::deinitialized);
    return;
  }
  for (Context *context : contexts) {
    std::lock_guard hold(DeviceAccess::state(context->device()).lock);
    (void)ContextAccess::deactivate(*context);
    ContextAccess::setState(*context, Code::deinitialized);
  }
  target().shutdown();
}

constinit std::atomic<bool> forked{false};

void inForkedChild() {
  if (outcome.load() != Code::ok) return;
  outcome.store(Code::not_initialized);
  forked.store(true);
  for (Device *device : instance->devices) {
    for (Context *context : DeviceAccess::state(*device).active) ContextAccess::setState(*context, Code::not_initialized);
    ContextAccess::setState(device->primary(), Code::not_initialized);
  }
}

}  // namespace

class PlatformAccess {
 public:
  static Code start() {
    listenToReports(logError);
    const Config &settings = config();
    Result<Target *> loaded = loadTarget(settings.target, settings.target_path);
    if (!loaded.ok()) return loaded.code();
    the_target = *loaded;
    instance = new Instance{*loaded, {}};
    uint32_t count = target().device.count();
    for (uint32_t i = 0; i < count; ++i) {
      ct_device_info info{};
      info.struct_size = sizeof info;
      if (ct_status status = target().device.info(i, &info); status != CT_OK) return fromTarget(status);
      instance->devices.push_back(DeviceAccess::create(static_cast<int>(i), info));
    }
    if (count == 0) {
      report(Diag::target_no_device, "target " + the_target->name);
      return Code::no_device;
    }
    std::atexit(endOfProcess);
    pthread_atfork(nullptr, nullptr, inForkedChild);
    logf(LogCategory::runtime, LogLevel::info, "target %s (%s), %u devices", the_target->name.c_str(), the_target->path.c_str(), count);
    return Code::ok;
  }
  static Platform *create() { return new Platform; }
};

Result<Platform *> Platform::get() {
  Code state = outcome.load(std::memory_order_acquire);
  if (state == Code::not_ready) [[unlikely]] {
    std::lock_guard hold(start_lock);
    state = outcome.load(std::memory_order_acquire);
    if (state == Code::not_ready) {
      state = PlatformAccess::start();
      if (state == Code::ok) ready.store(PlatformAccess::create(), std::memory_order_release);
      outcome.store(state, std::memory_order_release);
    }
  }
  if (state != Code::ok) {
    if (forked.load(std::memory_order_relaxed)) report(Diag::after_fork, "in the child of a fork");
    return state;
  }
  return ready.load(std::memory_order_acquire);
}

Code Platform::state() { return outcome.load(std::memory_order_acquire); }

Platform *Platform::loaded() { return ready.load(std::memory_order_acquire); }

const char *Platform::targetName() const { return target().name.c_str(); }
const char *Platform::targetBuild() const { return target().build.c_str(); }
const std::string &Platform::targetPath() const { return target().path; }
int Platform::deviceCount() const { return static_cast<int>(instance->devices.size()); }

Result<Device *> Platform::device(int index) const {
  if (index < 0 || index >= deviceCount()) return Code::invalid_device;
  return instance->devices[static_cast<size_t>(index)];
}

Result<unsigned> Platform::computeCapability() const {
  if (unsigned wanted = config().compute_capability) {
    if (wanted >= kLeastCapability) return wanted;
    report(Diag::bad_setting, "CUTRANS_COMPUTE_CAPABILITY=" + std::to_string(wanted) + " is lower than any that programs are built for");
  }
  Result<const ctc_api *> compiler = openCompiler();
  if (!compiler.ok()) return compiler.status();
  return (*compiler)->max_compute_capability;
}

namespace {

// An installation keeps the libraries in lib/cutrans; a build tree has them in lib; one flat folder is good as well.
std::string findLibraryFolder() {
  const std::string &home = config().home;
  for (const char *below : {"/lib/cutrans", "/lib"})
    if (!home.empty() && access((home + below + "/libcutrans.so").c_str(), R_OK) == 0) return home + below;
  if (!home.empty()) return home;
  Dl_info here{};
  dladdr(reinterpret_cast<void *>(&libraryFolder), &here);
  std::string path = here.dli_fname ? here.dli_fname : "";
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

}  // namespace

const std::string &libraryFolder() {
  static const std::string *const folder = [] {
    std::string found = findLibraryFolder();
    std::unique_ptr<char, decltype(&std::free)> real(realpath(found.c_str(), nullptr), std::free);
    return new std::string(real ? real.get() : found);
  }();
  return *folder;
}

}  // namespace cutrans::runtime
