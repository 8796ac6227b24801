// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The host target as the runtime sees it, with one device open and its messages kept.
#pragma once

#include <cutrans/target.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace cutrans::host::test {

class Host {
 public:
  explicit Host(std::map<std::string, std::string> settings = {}) : settings_(std::move(settings)) {
    library_ = dlopen(CUTRANS_HOST_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    if (!library_) ADD_FAILURE() << dlerror();
    auto query = reinterpret_cast<ct_target_query_fn>(dlsym(library_, CT_TARGET_QUERY_SYMBOL));
    target = query(CT_TARGET_ABI_MAJOR, CT_TARGET_ABI_MINOR);
    services_.struct_size = sizeof services_;
    services_.ctx = this;
    services_.log = [](void *, ct_log_level, const char *) {};
    services_.report = [](void *ctx, const char *code, const char *text) {
      Host &self = *static_cast<Host *>(ctx);
      std::lock_guard hold(self.lock_);
      self.reports_.push_back(std::string(code) + " " + text);
    };
    services_.setting = [](void *ctx, const char *name) -> const char * {
      Host &self = *static_cast<Host *>(ctx);
      auto found = self.settings_.find(name);
      return found == self.settings_.end() ? nullptr : found->second.c_str();
    };
    services_.output = [](void *ctx, const char *bytes, size_t size) {
      Host &self = *static_cast<Host *>(ctx);
      std::lock_guard hold(self.lock_);
      self.output_.append(bytes, size);
    };
    EXPECT_EQ(target->init(&services_), CT_OK);
    EXPECT_EQ(target->device->open(0, &device), CT_OK);
  }
  ~Host() {
    for (ct_queue *queue : queues_) target->queue->destroy(queue);
    for (ct_module *module : modules_) target->module->unload(module);
    target->device->close(device);
    target->shutdown();
  }
  Host(const Host &) = delete;

  std::string output() {
    std::lock_guard hold(lock_);
    return output_;
  }
  std::vector<std::string> reports() {
    std::lock_guard hold(lock_);
    return reports_;
  }

  ct_queue *queue(int32_t priority = 0) {
    ct_queue *queue = nullptr;
    EXPECT_EQ(target->queue->create(device, 0, priority, &queue), CT_OK);
    queues_.push_back(queue);
    return queue;
  }
  ct_kernel *kernel(const std::string &name) {
    const std::string path = std::string(CUTRANS_HOST_KERNELS "/host_kernel_") + name + ".so";
    ct_artifact artifact{sizeof artifact, "native-so", nullptr, 0, path.c_str(), name.c_str()};
    ct_module *module = nullptr;
    ct_kernel *kernel = nullptr;
    EXPECT_EQ(target->module->load(device, &artifact, &module), CT_OK) << name;
    if (!module) std::abort();
    modules_.push_back(module);
    target->module->kernel(module, &kernel);
    return kernel;
  }
  template <class Params>
  static ct_launch shape(ct_kernel *kernel, const Params &params, uint32_t grid, uint32_t block, uint32_t dynamic_shared = 0,
                         uint32_t flags = 0) {
    return {sizeof(ct_launch), flags, kernel, {grid, 1, 1}, {block, 1, 1}, {1, 1, 1}, dynamic_shared, sizeof params, &params, 0, 0, 0};
  }
  template <class Params>
  ct_status launch(ct_queue *queue, ct_kernel *kernel, const Params &params, uint32_t grid, uint32_t block,
                   uint32_t dynamic_shared = 0, uint32_t flags = 0) {
    const ct_launch request = shape(kernel, params, grid, block, dynamic_shared, flags);
    return target->queue->launch(queue, &request);
  }
  ct_status synchronize(ct_queue *queue) { return target->queue->synchronize(queue); }
  ct_status copy(ct_queue *queue, void *to, const void *from, uint64_t size) {
    const ct_copy copy{sizeof copy, CT_SIDE_DEVICE, CT_SIDE_HOST, reinterpret_cast<uint64_t>(to), reinterpret_cast<uint64_t>(from), size, 1, 1, size, size, size, size};
    return target->queue->copy(queue, &copy);
  }
  template <class T>
  T *memory(uint64_t count) {
    uint64_t address = 0;
    EXPECT_EQ(target->memory->alloc(device, CT_MEMORY_DEVICE, count * sizeof(T), 256, &address), CT_OK);
    return reinterpret_cast<T *>(address);
  }

  const ct_target *target = nullptr;
  ct_device *device = nullptr;

 private:
  std::map<std::string, std::string> settings_;
  void *library_ = nullptr;
  ct_host services_{};
  std::mutex lock_;
  std::string output_;
  std::vector<std::string> reports_;
  std::vector<ct_queue *> queues_;
  std::vector<ct_module *> modules_;
};

}  // namespace cutrans::host::test
