// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loads a plug-in as the runtime does, but with nothing between it and the case.
#include "session.h"

#include <dlfcn.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "cutrans/support/config.h"

namespace cutrans::conformance {
namespace {

const char *statusName(ct_status status) {
  static constexpr const char *kNames[] = {"OK", "NOT_READY", "INVALID", "OUT_OF_MEMORY", "UNSUPPORTED", "ILLEGAL_ADDRESS", "MISALIGNED",
                                           "ASSERT", "TRAP", "LAUNCH", "BAD_ARTIFACT", "TOO_LARGE", "DEVICE_LOST", "INTERNAL"};
  return static_cast<size_t>(status) < std::size(kNames) ? kNames[status] : "a status that the ABI does not have";
}

}  // namespace

void Gate::open() {
  std::lock_guard hold(inside_->lock);
  inside_->open = true;
  inside_->changed.notify_all();
}

void Gate::pass(void *gate, ct_status) {
  auto *inside = static_cast<Inside *>(gate);
  std::unique_lock hold(inside->lock);
  inside->changed.wait(hold, [inside] { return inside->open; });
}

ct_copy linearCopy(ct_side dst_side, uint64_t dst, ct_side src_side, uint64_t src, uint64_t bytes) {
  ct_copy copy{};
  copy.struct_size = sizeof copy;
  copy.dst_side = dst_side;
  copy.src_side = src_side;
  copy.dst = dst;
  copy.src = src;
  copy.width = bytes;
  copy.height = copy.depth = 1;
  copy.dst_pitch = copy.dst_slice = copy.src_pitch = copy.src_slice = bytes;
  return copy;
}

ct_launch describe(const Kernel &kernel, Extent grid, Extent block, const void *params, uint32_t params_size, uint32_t flags,
                   uint32_t dynamic_shared) {
  ct_launch launch{};
  launch.struct_size = sizeof launch;
  launch.flags = flags;
  launch.kernel = kernel.handle;
  std::memcpy(launch.grid, &grid, sizeof grid);
  std::memcpy(launch.block, &block, sizeof block);
  launch.cluster[0] = launch.cluster[1] = launch.cluster[2] = 1;
  launch.dynamic_shared_bytes = dynamic_shared;
  launch.params_size = params_size;
  launch.params = params;
  launch.globals = kernel.globals;
  return launch;
}

Session::Session(const Options &options) : options_(options) {
  void *library = dlopen(options.plugin.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw Failed{dlerror()};
  auto query = reinterpret_cast<ct_target_query_fn>(dlsym(library, CT_TARGET_QUERY_SYMBOL));
  check(query, "exports " CT_TARGET_QUERY_SYMBOL);
  query_ = query;
  target_ = query(CT_TARGET_ABI_MAJOR, CT_TARGET_ABI_MINOR);
  check(target_, "serves this version of the ABI");
  check(query(CT_TARGET_ABI_MAJOR + 1, 0) == nullptr, "refuses a version that it does not know");
  check(target_->magic == CT_TARGET_MAGIC && target_->abi_major == CT_TARGET_ABI_MAJOR, "magic and version");
  check(target_->struct_size >= sizeof(ct_target) && target_->name && target_->build, "size, name and build");
  check(target_->init && target_->shutdown && target_->device && target_->memory && target_->queue && target_->event && target_->module,
        "all groups are there");
}

ct_host Session::hostServices() { return {sizeof(ct_host), CT_TARGET_ABI_MINOR, this, onLog, onReport, onSetting, onOutput}; }

void Session::init() {
  host_ = hostServices();
  init(host_);
}

void Session::init(const ct_host &host) {
  ok(target_->init(&host), "init");
  initialised_ = true;
  const uint32_t count = device_ops().count();
  check(count > 0, kNoDevice);
  check(count > options_.device, "there is no device " + std::to_string(options_.device) + ", only " + std::to_string(count));
}

Session::~Session() {
  closeDevice();
  if (initialised_) target_->shutdown();
}

void Session::openDevice() {
  info_ = {};
  info_.struct_size = sizeof info_;
  ok(device_ops().info(options_.device, &info_), "info");
  ok(device_ops().open(options_.device, &device_), "open");
}

void Session::closeDevice() {
  if (!device_) return;
  for (ct_queue *queue : queues_) queues().destroy(queue);
  for (ct_event *event : events_) events().destroy(event);
  for (ct_module *module : modules_) modules().unload(module);
  for (auto [kind, address] : memory_) (void)memory().free(device_, kind, address);
  queues_.clear();
  events_.clear();
  modules_.clear();
  memory_.clear();
  device_ops().close(std::exchange(device_, nullptr));
}

void Session::check(bool holds, const std::string &what) {
  if (!holds) throw Failed{what};
}

void Session::ok(ct_status status, const char *what) {
  if (status == CT_ERR_UNSUPPORTED) {
    auto said = reports();
    if (said.empty()) throw Failed{std::string(what) + ": refused as unsupported without a report"};
    throw Unsupported{std::string(what) + ": " + said.back()};
  }
  if (status != CT_OK) throw Failed{std::string(what) + ": " + statusName(status)};
}

void Session::is(ct_status expected, ct_status status, const char *what) {
  if (status == CT_ERR_UNSUPPORTED && expected != status) ok(status, what);
  if (status != expected) throw Failed{std::string(what) + ": " + statusName(status) + " instead of " + statusName(expected)};
}

ct_queue *Session::queue(uint32_t flags, int32_t priority) {
  ct_queue *queue = nullptr;
  ok(queues().create(device_, flags, priority, &queue), "creating a queue");
  check(queue, "a queue was given");
  queues_.push_back(queue);
  return queue;
}

ct_event *Session::event(uint32_t flags) {
  ct_event *event = nullptr;
  ok(events().create(device_, flags, &event), "creating an event");
  check(event, "an event was given");
  events_.push_back(event);
  return event;
}

uint64_t Session::alloc(ct_memory_kind kind, uint64_t size, uint64_t align) {
  uint64_t at = 0;
  ok(memory().alloc(device_, kind, size, align, &at), "allocating");
  check(at && at % align == 0, "an aligned address was given");
  memory_.emplace_back(kind, at);
  return at;
}

void Session::hold(ct_queue *queue, Gate &gate) { ok(queues().host_call(queue, Gate::pass, gate.user()), "host call"); }

void Session::write(uint64_t device_address, const void *from, uint64_t bytes) {
  ct_queue *queue = nullptr;
  ok(queues().create(device_, CT_QUEUE_NON_BLOCKING, 0, &queue), "creating a queue");
  ct_copy copy = linearCopy(CT_SIDE_DEVICE, device_address, CT_SIDE_HOST, address(from), bytes);
  ct_status status = queues().copy(queue, &copy);
  if (status == CT_OK) status = queues().synchronize(queue);
  queues().destroy(queue);
  ok(status, "copying to the device");
}

void Session::read(void *to, uint64_t device_address, uint64_t bytes) {
  ct_queue *queue = nullptr;
  ok(queues().create(device_, CT_QUEUE_NON_BLOCKING, 0, &queue), "creating a queue");
  ct_copy copy = linearCopy(CT_SIDE_HOST, address(to), CT_SIDE_DEVICE, device_address, bytes);
  ct_status status = queues().copy(queue, &copy);
  if (status == CT_OK) status = queues().synchronize(queue);
  queues().destroy(queue);
  ok(status, "copying from the device");
}

KernelArtifact Session::artifact(const char *name, const KernelRequest &request) {
  try {
    return Kernels(options_).artifact(name, info_, request);
  } catch (const NoKernel &no) {
    if (no.outcome == Outcome::untested) throw Untested{no.text};
    if (no.outcome == Outcome::unsupported) throw Unsupported{no.text};
    throw Failed{no.text};
  }
}

ct_kernel *Session::load(const KernelArtifact &from, const char *name) {
  ct_artifact artifact{};
  artifact.struct_size = sizeof artifact;
  artifact.format = from.format.c_str();
  artifact.bytes = from.bytes.data();
  artifact.size = from.bytes.size();
  artifact.path = from.path.empty() ? nullptr : from.path.c_str();
  artifact.kernel = name;
  ct_module *module = nullptr;
  ok(modules().load(device_, &artifact, &module), "loading a module");
  check(module, "a module was given");
  modules_.push_back(module);
  ct_kernel *kernel = nullptr;
  ok(modules().kernel(module, &kernel), "taking the kernel");
  check(kernel, "a kernel was given");
  return kernel;
}

Kernel Session::kernel(const char *name, const KernelRequest &request) {
  if (!has(CT_DEVICE_RUNS_KERNELS)) throw Unsupported{"the device runs no kernels"};
  Kernel kernel{load(artifact(name, request), name), 0};
  KernelImage image = Kernels(options_).image(name);
  if (image.bytes.empty()) return kernel;
  kernel.globals = alloc(CT_MEMORY_DEVICE, image.bytes.size(), std::max<uint64_t>(image.align, 256));
  for (const ctc_relocation &at : image.relocations) {
    uint64_t value = 0;
    std::memcpy(&value, image.bytes.data() + at.offset, at.bytes);
    value += kernel.globals;
    std::memcpy(image.bytes.data() + at.offset, &value, at.bytes);
  }
  write(kernel.globals, image.bytes.data(), image.bytes.size());
  return kernel;
}

OtherDevice::OtherDevice(Session &s) : s_(s), index_(s.deviceIndex() == 0 ? 1 : 0) {
  if (s.device_ops().count() < 2) throw Untested{"there is one device, and this needs two"};
  s.ok(s.device_ops().open(index_, &device_), "opening another device");
  s.ok(s.queues().create(device_, 0, 0, &queue_), "creating a queue on it");
}

OtherDevice::~OtherDevice() {
  if (queue_) s_.queues().destroy(queue_);
  if (device_) s_.device_ops().close(device_);
}

void mark(Session &s, ct_queue *queue, std::atomic<bool> &done) {
  s.ok(s.queues().host_call(queue, [](void *user, ct_status) { *static_cast<std::atomic<bool> *>(user) = true; }, &done), "host call");
}

std::vector<std::string> Session::reports() {
  std::lock_guard hold(lock_);
  return reports_;
}

std::string Session::output() {
  std::lock_guard hold(lock_);
  return output_;
}

void Session::onLog(void *, ct_log_level, const char *) {}

void Session::onReport(void *ctx, const char *code, const char *text) {
  auto *self = static_cast<Session *>(ctx);
  std::lock_guard hold(self->lock_);
  self->reports_.push_back(std::string(code) + ": " + text);
}

const char *Session::onSetting(void *, const char *name) { return settingText(name); }

void Session::onOutput(void *ctx, const char *bytes, size_t size) {
  auto *self = static_cast<Session *>(ctx);
  std::lock_guard hold(self->lock_);
  self->output_.append(bytes, size);
}

}  // namespace cutrans::conformance
