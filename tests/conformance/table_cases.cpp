// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The table: what must be there, and how runtimes of other versions get on with it.
#include "session.h"

namespace cutrans::conformance {
namespace {

// Whether a group is large enough to have the slot, and has it.
#define HAS(group, type, slot) ((group)->struct_size >= offsetof(type, slot) + sizeof((group)->slot) && (group)->slot)

void slots(Session &s) {
  const ct_target &t = s.target();
  s.check(s.queryAgain() == &t, "the table is static");
  s.check(HAS(t.device, ct_device_ops, count) && HAS(t.device, ct_device_ops, open) && HAS(t.device, ct_device_ops, close) && HAS(t.device, ct_device_ops, info),
          "all slots of devices");
  s.check(HAS(t.memory, ct_memory_ops, alloc) && HAS(t.memory, ct_memory_ops, free) && HAS(t.memory, ct_memory_ops, info), "alloc, free and info of memory");
  s.check(!HAS(t.memory, ct_memory_ops, register_host) == !HAS(t.memory, ct_memory_ops, unregister_host), "register_host and unregister_host: both or none");
  const ct_queue_ops *q = t.queue;
  s.check(HAS(q, ct_queue_ops, create) && HAS(q, ct_queue_ops, destroy) && HAS(q, ct_queue_ops, launch) && HAS(q, ct_queue_ops, copy) &&
              HAS(q, ct_queue_ops, fill) && HAS(q, ct_queue_ops, host_call) && HAS(q, ct_queue_ops, record) && HAS(q, ct_queue_ops, wait) &&
              HAS(q, ct_queue_ops, query) && HAS(q, ct_queue_ops, synchronize),
          "the ten first slots of queues");
  s.check(!HAS(q, ct_queue_ops, wait_word) == !HAS(q, ct_queue_ops, write_word), "wait_word and write_word: both or none");
  s.check(HAS(t.event, ct_event_ops, create) && HAS(t.event, ct_event_ops, destroy) && HAS(t.event, ct_event_ops, query) &&
              HAS(t.event, ct_event_ops, synchronize) && HAS(t.event, ct_event_ops, timestamp),
          "all slots of events");
  s.check(HAS(t.module, ct_module_ops, load) && HAS(t.module, ct_module_ops, unload) && HAS(t.module, ct_module_ops, kernel), "all slots of modules");
  if (t.struct_size < sizeof(ct_target) || !t.mapping) return;
  const ct_mapping_ops &m = *t.mapping;
  s.check(m.struct_size >= sizeof m && m.granularity && m.reserve && m.unreserve && m.create && m.release && m.export_file && m.import_file && m.map &&
              m.unmap && m.access && m.share,
          "the group of mapping: all slots or no group");
}

// A small piece of work of every group.
void work(Session &s) {
  s.openDevice();
  uint64_t at = s.alloc(CT_MEMORY_DEVICE, 4096);
  ct_queue *queue = s.queue();
  ct_event *event = s.event();
  const ct_fill fill{sizeof(ct_fill), 4, at, 0x01020304, 1024, 1, 4096};
  s.ok(s.queues().fill(queue, &fill), "fill");
  s.ok(s.queues().record(queue, event), "record");
  s.ok(s.events().synchronize(event), "synchronize");
  s.check(s.read<uint32_t>(at, 1024)[1023] == 0x01020304, "the content");
}

void olderRuntime(Session &s) {
  ct_host host = s.hostServices();
  host.abi_minor = 1;
  s.init(host);
  work(s);
}

void newerRuntime(Session &s) {
  struct {
    ct_host host;
    unsigned char more[64];
  } large;
  std::memset(&large, 0x77, sizeof large);
  large.host = s.hostServices();
  large.host.struct_size = sizeof large;
  large.host.abi_minor = CT_TARGET_ABI_MINOR + 9;
  s.init(large.host);
  work(s);
  // Structures that have grown at their end.
  struct {
    ct_device_info info;
    unsigned char more[64];
  } info{};
  info.info.struct_size = sizeof info;
  s.ok(s.device_ops().info(s.deviceIndex(), &info.info), "info");
  s.check(info.info.name[0] && info.info.memory_bytes, "what is known is filled in");
  struct {
    ct_copy copy;
    unsigned char more[64];
  } copy;
  std::memset(&copy, 0x77, sizeof copy);
  uint32_t word = 9;
  uint64_t at = s.alloc(CT_MEMORY_DEVICE, 4096);
  copy.copy = linearCopy(CT_SIDE_DEVICE, at, CT_SIDE_HOST, address(&word), 4);
  copy.copy.struct_size = sizeof copy;
  struct {
    ct_fill fill;
    unsigned char more[64];
  } fill;
  std::memset(&fill, 0x77, sizeof fill);
  fill.fill = {sizeof fill, 4, at + 4, 8, 1, 1, 4};
  ct_queue *queue = s.queue();
  s.ok(s.queues().copy(queue, &copy.copy), "copy");
  s.ok(s.queues().fill(queue, &fill.fill), "fill");
  s.wait(queue);
  auto out = s.read<uint32_t>(at, 2);
  s.check(out[0] == 9 && out[1] == 8, "larger structures are read as far as they are known");
}

void noSettings(Session &s) {
  ct_host host = s.hostServices();
  host.setting = [](void *, const char *) -> const char * { return nullptr; };
  s.init(host);
  work(s);
}

void neverOpened(Session &s) {
  s.init();
  for (uint32_t i = 0; i < s.device_ops().count(); ++i) {
    ct_device_info info{};
    info.struct_size = sizeof info;
    s.ok(s.device_ops().info(i, &info), "info");
  }
}

constexpr Case kCases[] = {
    {"table.slots", "Every mandatory slot is there; optional ones are there together.", slots, Start::loaded},
    {"table.older-runtime", "A runtime of minor version 1 is served.", olderRuntime, Start::loaded},
    {"table.newer-runtime", "A runtime of a later minor version, with larger structures, is served.", newerRuntime, Start::loaded},
    {"table.no-settings", "A target works when no setting is set.", noSettings, Start::loaded},
    {"table.nothing-opened", "init, questions and shutdown work without an open device.", neverOpened, Start::loaded},
};

}  // namespace
std::span<const Case> tableCases() { return kCases; }
}  // namespace cutrans::conformance
