// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The null target with one thing wrong, which CUTRANS_TEST_BREAK names: so that the suite is seen to notice.
#include <cutrans/target.h>
#include <dlfcn.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>

namespace {

const ct_target *null;
ct_target table;
ct_device_ops device;
ct_memory_ops memory;
ct_queue_ops queue;
ct_event_ops event;
ct_module_ops module;

void make() {
  void *library = dlopen(CUTRANS_NULL_TARGET, RTLD_NOW | RTLD_LOCAL);
  null = reinterpret_cast<ct_target_query_fn>(dlsym(library, CT_TARGET_QUERY_SYMBOL))(CT_TARGET_ABI_MAJOR, CT_TARGET_ABI_MINOR);
  table = *null;
  device = *null->device;
  memory = *null->memory;
  queue = *null->queue;
  event = *null->event;
  module = *null->module;
  table.device = &device;
  table.memory = &memory;
  table.queue = &queue;
  table.event = &event;
  table.module = &module;
  const char *set = std::getenv("CUTRANS_TEST_BREAK");
  const std::string_view how = set ? set : "";
  if (how == "no device") device.count = [] { return 0u; };
  if (how == "fill crashes") queue.fill = [](ct_queue *, const ct_fill *) -> ct_status { std::abort(); };
  if (how == "fill hangs") queue.fill = [](ct_queue *, const ct_fill *) -> ct_status { for (;;) pause(); };
  if (how == "fill exits") queue.fill = [](ct_queue *, const ct_fill *) -> ct_status { _exit(0); };
  if (how == "fill refuses silently") queue.fill = [](ct_queue *, const ct_fill *) { return CT_ERR_UNSUPPORTED; };
  if (how == "fill is one short")
    queue.fill = [](ct_queue *q, const ct_fill *request) {
      ct_fill less = *request;
      if (less.width > 1) --less.width;
      return null->queue->fill(q, &less);
    };
  if (how == "copy ignores the pitch")
    queue.copy = [](ct_queue *q, const ct_copy *request) {
      ct_copy packed = *request;
      packed.src_pitch = packed.width;
      return null->queue->copy(q, &packed);
    };
  if (how == "copy runs at once")
    queue.copy = [](ct_queue *q, const ct_copy *request) {
      static std::atomic<bool> held{true};  // the first copy of the case is the one behind a held queue
      if (request->src_side != CT_SIDE_HOST || !held.exchange(false)) return null->queue->copy(q, request);
      auto *bytes = static_cast<unsigned char *>(std::malloc(request->width));
      std::memcpy(bytes, reinterpret_cast<const void *>(request->src), request->width);
      ct_copy early = *request;
      early.src = reinterpret_cast<uint64_t>(bytes);
      return null->queue->copy(q, &early);
    };
  if (how == "query is always done") queue.query = [](ct_queue *) { return CT_OK; };
  if (how == "synchronize does not wait") queue.synchronize = [](ct_queue *) { return CT_OK; };
  if (how == "destroy does not wait") queue.destroy = [](ct_queue *q) { std::thread([q] { std::this_thread::sleep_for(std::chrono::seconds(5)); null->queue->destroy(q); }).detach(); };
  if (how == "destroy does not wait")
    queue.host_call = [](ct_queue *q, void (*fn)(void *, ct_status), void *user) {
      (void)null->queue->host_call(q, [](void *, ct_status) { std::this_thread::sleep_for(std::chrono::milliseconds(100)); }, nullptr);
      return null->queue->host_call(q, fn, user);
    };
  if (how == "wait is nothing") queue.wait = [](ct_queue *, ct_event *) { return CT_OK; };
  if (how == "record is nothing") queue.record = [](ct_queue *, ct_event *) { return CT_OK; };
  if (how == "unrecorded is not done") event.query = [](ct_event *) { return CT_NOT_READY; };
  if (how == "times are microseconds")
    event.timestamp = [](ct_event *e, uint64_t *out) {
      const ct_status status = null->event->timestamp(e, out);
      *out /= 1000;
      return status;
    };
  if (how == "alloc gives the same twice")
    memory.alloc = [](ct_device *d, ct_memory_kind kind, uint64_t size, uint64_t align, uint64_t *out) {
      static uint64_t last;
      if (kind == CT_MEMORY_DEVICE && last) return *out = last, CT_OK;
      const ct_status status = null->memory->alloc(d, kind, size, align, out);
      if (kind == CT_MEMORY_DEVICE) last = *out;
      return status;
    };
  if (how == "alloc ignores align")
    memory.alloc = [](ct_device *d, ct_memory_kind kind, uint64_t size, uint64_t, uint64_t *out) { return null->memory->alloc(d, kind, size, 256, out); };
  if (how == "info is larger")
    device.info = [](uint32_t index, ct_device_info *out) {
      out->struct_size = sizeof *out;
      return null->device->info(index, out);
    };
  if (how == "no wait_word") queue.wait_word = nullptr;
  if (how == "any format")
    module.load = [](ct_device *d, const ct_artifact *artifact, ct_module **out) {
      ct_artifact other = *artifact;
      other.format = "native-so";
      return null->module->load(d, &other, out);
    };
  if (how == "write_word is half")
    queue.write_word = [](ct_queue *q, const ct_word *word) {
      ct_word half = *word;
      if (half.bytes == 8) half.bytes = 4;
      return null->queue->write_word(q, &half);
    };
  if (how == "runs nothing and says so not") queue.launch = [](ct_queue *, const ct_launch *) { return CT_OK; };
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const ct_target *cutrans_target_query(uint32_t major, uint32_t) {
  if (major != CT_TARGET_ABI_MAJOR) return nullptr;
  if (!null) make();
  return &table;
}
