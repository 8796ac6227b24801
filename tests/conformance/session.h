// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a case works with: a loaded plug-in with one device open, and checks that end the case when they do not hold.
#pragma once
#include <cutrans/target.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "cutrans/conformance.h"
#include "kernels.h"

namespace cutrans::conformance {

constexpr char kNoDevice[] = "the target shows no device on this machine";

struct Failed {
  std::string text;
};
struct Unsupported {
  std::string text;
};
struct Untested {
  std::string text;
};

// Holds a queue until it is opened. Its inside is never freed: a case that fails leaves the queue held when it unwinds.
class Gate {
 public:
  void open();
  static void pass(void *gate, ct_status);  // takes user()
  void *user() { return inside_; }

 private:
  struct Inside {
    std::mutex lock;
    std::condition_variable changed;
    bool open = false;
  };
  Inside *inside_ = new Inside;
};

// A kernel that can be launched, and the device address of its module's variables.
struct Kernel {
  ct_kernel *handle;
  uint64_t globals;
};

struct Extent {
  uint32_t x, y, z;
};
// A launch without clusters; `params` is borrowed.
ct_launch describe(const Kernel &kernel, Extent grid, Extent block, const void *params, uint32_t params_size, uint32_t flags = 0,
                   uint32_t dynamic_shared = 0);

class Session {
 public:
  // Loads the plug-in. Throws Failed.
  explicit Session(const Options &options);
  ~Session();
  // Once, before anything else is used. The second takes `host` as it is; its `ctx` must be the session.
  void init();
  void init(const ct_host &host);
  ct_host hostServices();
  const ct_target *queryAgain() const { return query_(CT_TARGET_ABI_MAJOR, CT_TARGET_ABI_MINOR); }

  const ct_device_ops &device_ops() const { return *target_->device; }
  const ct_memory_ops &memory() const { return *target_->memory; }
  const ct_queue_ops &queues() const { return *target_->queue; }
  const ct_event_ops &events() const { return *target_->event; }
  const ct_module_ops &modules() const { return *target_->module; }
  const ct_target &target() const { return *target_; }
  ct_device *device() const { return device_; }
  const ct_device_info &info() const { return info_; }
  bool has(uint32_t flag) const { return info_.flags & flag; }

  // Ends the case unless the status is CT_OK; a refusal that was reported ends it as unsupported.
  void ok(ct_status status, const char *what);
  void is(ct_status expected, ct_status status, const char *what);
  void check(bool holds, const std::string &what);

  void closeDevice();
  void openDevice();
  uint32_t deviceIndex() const { return options_.device; }

  // All of these are released with the session, queues first.
  ct_queue *queue(uint32_t flags = 0, int32_t priority = 0);
  ct_event *event(uint32_t flags = 0);
  uint64_t alloc(ct_memory_kind kind, uint64_t size, uint64_t align = 256);
  template <class T>
  T *pinned(size_t count) {
    T *at = reinterpret_cast<T *>(alloc(CT_MEMORY_HOST, count * sizeof(T)));
    std::memset(static_cast<void *>(at), 0, count * sizeof(T));
    return at;
  }
  void hold(ct_queue *queue, Gate &gate);
  void wait(ct_queue *queue) { ok(queues().synchronize(queue), "synchronize"); }

  // Through a queue of their own.
  void write(uint64_t device_address, const void *from, uint64_t bytes);
  void read(void *to, uint64_t device_address, uint64_t bytes);
  template <class T>
  std::vector<T> read(uint64_t device_address, size_t count) {
    std::vector<T> out(count);
    read(out.data(), device_address, count * sizeof(T));
    return out;
  }

  // A kernel of the suite, loaded, with its module's variables in device memory. Unsupported on a device that runs no kernels.
  Kernel kernel(const char *name, const KernelRequest &request = {});
  ct_kernel *load(const KernelArtifact &artifact, const char *name);
  KernelArtifact artifact(const char *name, const KernelRequest &request = {});
  template <class Params>
  ct_status launch(ct_queue *queue, const Kernel &kernel, uint32_t grid, uint32_t block, const Params &params, uint32_t flags = 0,
                   uint32_t dynamic_shared = 0) {
    static_assert(std::is_trivially_copyable_v<Params>);
    const ct_launch launch = describe(kernel, {grid, 1, 1}, {block, 1, 1}, std::is_empty_v<Params> ? nullptr : &params,
                                      std::is_empty_v<Params> ? 0 : sizeof params, flags, dynamic_shared);
    return queues().launch(queue, &launch);
  }

  std::vector<std::string> reports();   // "CT3005: text"
  std::string output();                 // what kernels printed

 private:
  static void onLog(void *ctx, ct_log_level level, const char *text);
  static void onReport(void *ctx, const char *code, const char *text);
  static const char *onSetting(void *ctx, const char *name);
  static void onOutput(void *ctx, const char *bytes, size_t size);

  const Options &options_;
  ct_target_query_fn query_ = nullptr;
  const ct_target *target_ = nullptr;
  ct_host host_{};
  bool initialised_ = false;
  ct_device *device_ = nullptr;
  ct_device_info info_{};
  std::vector<ct_queue *> queues_;
  std::vector<ct_event *> events_;
  std::vector<ct_module *> modules_;
  std::vector<std::pair<ct_memory_kind, uint64_t>> memory_;
  std::mutex lock_;
  std::vector<std::string> reports_;
  std::string output_;
};

ct_copy linearCopy(ct_side dst_side, uint64_t dst, ct_side src_side, uint64_t src, uint64_t bytes);
inline uint64_t address(const void *pointer) { return reinterpret_cast<uint64_t>(pointer); }

enum class Start { open, loaded };  // open: initialised, with the device open

struct Case {
  const char *name;   // "memory.alloc-is-aligned"
  const char *what;   // one sentence
  void (*run)(Session &s);
  Start start = Start::open;
};

// A device beside the session's own, and one queue on it.
class OtherDevice {
 public:
  explicit OtherDevice(Session &s);  // Untested where there is one device only
  ~OtherDevice();
  OtherDevice(const OtherDevice &) = delete;
  ct_device *device() const { return device_; }
  ct_queue *queue() const { return queue_; }
  uint32_t index() const { return index_; }

 private:
  Session &s_;
  uint32_t index_;
  ct_device *device_ = nullptr;
  ct_queue *queue_ = nullptr;
};

// Submits a host call that sets `done`.
void mark(Session &s, ct_queue *queue, std::atomic<bool> &done);

// One table in each *_cases.cpp.
std::span<const Case> tableCases();
std::span<const Case> deviceCases();
std::span<const Case> memoryCases();
std::span<const Case> mappingCases();
std::span<const Case> queueCases();
std::span<const Case> copyCases();
std::span<const Case> eventCases();
std::span<const Case> moduleCases();
std::span<const Case> launchCases();
std::span<const Case> faultCases();
std::span<const Case> threadCases();
std::span<const Case> textureCases();
std::span<const Case> wordCases();
std::span<const Case> orderCases();

}  // namespace cutrans::conformance
