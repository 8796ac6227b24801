// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The OpenCL target as the runtime sees it, with one device open, and kernels written by hand in OpenCL C. A machine without an
// OpenCL device skips these tests and says so.
#pragma once

#include <cutrans/opencl_kernel.h>
#include <cutrans/target.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace cutrans::opencl::test {

// An artifact in bytes; `source` is the body of the kernel, with `L` its launch record and `shared` its shared memory.
inline std::string artifactOf(const std::string &source, ct_opencl_header header = {}) {
  const std::string text = std::string(R"(
typedef struct { ulong params, globals, grid_id, child_queue, messages, arena, arena_slots, slot_bytes, stack_bytes;
  uint arena_slot_count, grid[3], block[3], dynamic_shared_bytes, unit_count, reserved; } record;
__kernel void cutrans_kernel(__global const record *L, __local uchar *shared) {
)") + source + "\n}\n";
  header.magic = CT_OPENCL_MAGIC;
  header.abi = CT_OPENCL_ABI;
  header.header_bytes = sizeof header;
  header.payload_bytes = text.size();
  if (!header.gang_width) header.gang_width = 16;
  return std::string(reinterpret_cast<const char *>(&header), sizeof header) + text;
}

class Target {
 public:
  explicit Target(std::map<std::string, std::string> settings = {}) : settings_(std::move(settings)) {
    void *library = dlopen(CUTRANS_OPENCL_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
      ADD_FAILURE() << dlerror();
      std::abort();
    }
    table = reinterpret_cast<ct_target_query_fn>(dlsym(library, CT_TARGET_QUERY_SYMBOL))(CT_TARGET_ABI_MAJOR, CT_TARGET_ABI_MINOR);
    services_ = {sizeof services_, CT_TARGET_ABI_MINOR, this, [](void *, ct_log_level, const char *) {},
                 [](void *ctx, const char *code, const char *text) { self(ctx).keep(self(ctx).reports_, std::string(code) + " " + text + "\n"); },
                 [](void *ctx, const char *name) -> const char * {
                   auto found = self(ctx).settings_.find(name);
                   return found == self(ctx).settings_.end() ? nullptr : found->second.c_str();
                 },
                 [](void *ctx, const char *bytes, size_t size) { self(ctx).keep(self(ctx).output_, std::string(bytes, size)); }};
    started = table->init(&services_);
    if (started == CT_OK && table->device->count() > 0) opened = table->device->open(0, &device);
  }
  ~Target() {
    for (ct_queue *queue : queues_) table->queue->destroy(queue);
    for (ct_module *module : modules_) table->module->unload(module);
    for (uint64_t address : memory_) table->memory->free(device, CT_MEMORY_DEVICE, address);
    if (device) table->device->close(device);
    if (started == CT_OK) table->shutdown();
  }
  Target(const Target &) = delete;

  std::string output() { return look(output_); }
  std::string reports() { return look(reports_); }

  std::string deviceName() const {
    ct_device_info info{};
    info.struct_size = sizeof info;
    return table->device->info(0, &info) == CT_OK ? info.name : "";
  }
  ct_queue *queue() {
    ct_queue *queue = nullptr;
    EXPECT_EQ(table->queue->create(device, 0, 0, &queue), CT_OK);
    queues_.push_back(queue);
    return queue;
  }
  ct_status load(const std::string &bytes, ct_kernel **out, const char *format = CT_OPENCL_FORMAT_C) {
    const ct_artifact artifact{sizeof artifact, format, bytes.data(), bytes.size(), nullptr, "tested"};
    ct_module *module = nullptr;
    if (ct_status status = table->module->load(device, &artifact, &module); status != CT_OK) return status;
    modules_.push_back(module);
    return table->module->kernel(module, out);
  }
  ct_kernel *kernel(const std::string &source, ct_opencl_header header = {}) {
    ct_kernel *kernel = nullptr;
    EXPECT_EQ(load(artifactOf(source, header), &kernel), CT_OK) << reports();
    if (!kernel) std::abort();
    return kernel;
  }
  template <class Params>
  static ct_launch shape(ct_kernel *kernel, const Params &params, uint32_t grid, uint32_t block, uint32_t dynamic_shared = 0) {
    return {sizeof(ct_launch), 0, kernel, {grid, 1, 1}, {block, 1, 1}, {1, 1, 1}, dynamic_shared, sizeof params, &params, 0, 0, 0};
  }
  template <class Params>
  ct_status launch(ct_queue *queue, ct_kernel *kernel, const Params &params, uint32_t grid, uint32_t block, uint32_t dynamic_shared = 0) {
    const ct_launch request = shape(kernel, params, grid, block, dynamic_shared);
    return table->queue->launch(queue, &request);
  }
  ct_status synchronize(ct_queue *queue) { return table->queue->synchronize(queue); }
  uint64_t alloc(uint64_t bytes) {
    uint64_t address = 0;
    EXPECT_EQ(table->memory->alloc(device, CT_MEMORY_DEVICE, bytes, 256, &address), CT_OK);
    memory_.push_back(address);
    return address;
  }
  static ct_copy box(ct_side to_side, uint64_t to, ct_side from_side, uint64_t from, uint64_t bytes) {
    return {sizeof(ct_copy), to_side, from_side, to, from, bytes, 1, 1, bytes, bytes, bytes, bytes};
  }
  // Waits for the queue.
  template <class T>
  ct_status write(ct_queue *queue, uint64_t to, const std::vector<T> &from) {
    const ct_copy copy = box(CT_SIDE_DEVICE, to, CT_SIDE_HOST, reinterpret_cast<uint64_t>(from.data()), from.size() * sizeof(T));
    const ct_status status = table->queue->copy(queue, &copy);
    return status == CT_OK ? synchronize(queue) : status;
  }
  // Waits for the queue.
  template <class T>
  std::vector<T> read(ct_queue *queue, uint64_t from, size_t count) {
    std::vector<T> out(count);
    const ct_copy copy = box(CT_SIDE_HOST, reinterpret_cast<uint64_t>(out.data()), CT_SIDE_DEVICE, from, count * sizeof(T));
    EXPECT_EQ(table->queue->copy(queue, &copy), CT_OK);
    EXPECT_EQ(synchronize(queue), CT_OK) << reports();
    return out;
  }

  const ct_target *table = nullptr;
  ct_device *device = nullptr;
  ct_status started = CT_OK, opened = CT_ERR_DEVICE_LOST;

 private:
  static Target &self(void *ctx) { return *static_cast<Target *>(ctx); }
  void keep(std::string &where, const std::string &text) {
    std::lock_guard hold(lock_);
    where += text;
  }
  std::string look(const std::string &where) {
    std::lock_guard hold(lock_);
    return where;
  }
  std::map<std::string, std::string> settings_;
  ct_host services_{};
  std::mutex lock_;
  std::string output_, reports_;
  std::vector<ct_queue *> queues_;
  std::vector<ct_module *> modules_;
  std::vector<uint64_t> memory_;
};

// Holds a queue until it is opened.
struct Gate {
  std::mutex lock;
  Gate() { lock.lock(); }
  void open() { lock.unlock(); }
  static void pass(void *gate, ct_status) { std::lock_guard hold(static_cast<Gate *>(gate)->lock); }
};

#define CUTRANS_NEEDS_OPENCL(target)                                                                                    \
  if ((target).started != CT_OK || (target).table->device->count() == 0) GTEST_SKIP() << "no OpenCL device on this machine: " << (target).reports(); \
  ASSERT_EQ((target).opened, CT_OK) << (target).reports()

}  // namespace cutrans::opencl::test
