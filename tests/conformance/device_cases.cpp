// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Devices: what they say of themselves, opening and closing.
#include <algorithm>

#include "session.h"

namespace cutrans::conformance {
namespace {

void infoIsComplete(Session &s) {
  for (uint32_t i = 0; i < s.device_ops().count(); ++i) {
    ct_device_info info{};
    info.struct_size = sizeof info;
    s.ok(s.device_ops().info(i, &info), "info");
    s.check(info.name[0] && memchr(info.name, 0, sizeof info.name), "a name, ended");
    s.check(info.memory_bytes > 0, "memory");
    s.check(info.compute_units > 0, "compute units");
    s.check(info.max_threads_per_block >= 32 && info.max_threads_per_unit >= info.max_threads_per_block, "threads");
    s.check(info.max_blocks_per_unit > 0, "blocks per unit");
    for (int d = 0; d < 3; ++d) s.check(info.max_block[d] > 0 && info.max_grid[d] > 0, "shapes");
    s.check(info.shared_bytes_per_block <= info.shared_bytes_per_block_max && info.shared_bytes_per_block_max <= info.shared_bytes_per_unit,
            "shared memory: per block, opted in, per unit, in this order");
    s.check(info.formats && info.codegen, "formats and codegen are not null");
    if (info.flags & CT_DEVICE_RUNS_KERNELS) s.check(info.formats[0], "a device that runs kernels takes a format");
  }
}

void infoKeepsToItsSize(Session &s) {
  struct {
    ct_device_info info;
    unsigned char guard[64];
  } both;
  std::memset(&both, 0x5a, sizeof both);
  const uint32_t smaller = offsetof(ct_device_info, memory_bytes);
  both.info.struct_size = smaller;
  s.ok(s.device_ops().info(0, &both.info), "info");
  auto *bytes = reinterpret_cast<unsigned char *>(&both);
  s.check(std::all_of(bytes + smaller, bytes + sizeof both, [](unsigned char b) { return b == 0x5a; }),
          "info writes no further than struct_size says");
}

void infoNeedsNoOpenDevice(Session &s) {
  s.closeDevice();
  ct_device_info info{};
  info.struct_size = sizeof info;
  s.ok(s.device_ops().info(0, &info), "info of a closed device");
}

void uuidsDiffer(Session &s) {
  std::vector<ct_device_info> infos(s.device_ops().count());
  for (uint32_t i = 0; i < infos.size(); ++i) {
    infos[i].struct_size = sizeof infos[i];
    s.ok(s.device_ops().info(i, &infos[i]), "info");
    for (uint32_t j = 0; j < i; ++j) s.check(std::memcmp(infos[i].uuid, infos[j].uuid, 16) != 0, "two devices have two UUIDs");
  }
}

void openAgain(Session &s) {
  for (int i = 0; i < 3; ++i) {
    uint64_t at = s.alloc(CT_MEMORY_DEVICE, 1 << 16);
    s.write(at, "content", 8);
    s.wait(s.queue());
    s.closeDevice();
    s.openDevice();
  }
}

void allWork(Session &s) {
  s.closeDevice();
  for (uint32_t i = 0; i < s.device_ops().count(); ++i) {
    ct_device *device = nullptr;
    ct_queue *queue = nullptr;
    uint64_t at = 0;
    const uint32_t sent = 0xabcd0000 + i;
    uint32_t back = 0;
    s.ok(s.device_ops().open(i, &device), "open");
    s.ok(s.queues().create(device, 0, 0, &queue), "create");
    s.ok(s.memory().alloc(device, CT_MEMORY_DEVICE, 4096, 256, &at), "alloc");
    const ct_copy in = linearCopy(CT_SIDE_DEVICE, at, CT_SIDE_HOST, address(&sent), 4), out = linearCopy(CT_SIDE_HOST, address(&back), CT_SIDE_DEVICE, at, 4);
    s.ok(s.queues().copy(queue, &in), "copy");
    s.ok(s.queues().copy(queue, &out), "copy");
    s.ok(s.queues().synchronize(queue), "synchronize");
    s.check(back == sent, "device " + std::to_string(i) + " keeps what is written");
    s.queues().destroy(queue);
    s.ok(s.memory().free(device, CT_MEMORY_DEVICE, at), "free");
    s.device_ops().close(device);
  }
}

void together(Session &s) {
  OtherDevice other(s);
  uint64_t mine = s.alloc(CT_MEMORY_DEVICE, 1 << 16), theirs = 0;
  s.ok(s.memory().alloc(other.device(), CT_MEMORY_DEVICE, 1 << 16, 256, &theirs), "alloc on the other device");
  s.check(mine + (1 << 16) <= theirs || theirs + (1 << 16) <= mine, "memory of two devices has different addresses");
  ct_queue *queue = s.queue();
  Gate gate;
  s.hold(queue, gate);
  const ct_fill fill{sizeof(ct_fill), 4, theirs, 5, 1 << 14, 1, 1 << 16};
  s.ok(s.queues().fill(other.queue(), &fill), "fill");
  s.is(CT_OK, s.queues().synchronize(other.queue()), "a device works while a queue of another one is held");
  gate.open();
  s.wait(queue);
  s.ok(s.memory().free(other.device(), CT_MEMORY_DEVICE, theirs), "free");
}

constexpr Case kCases[] = {
    {"device.info-is-complete", "Every field of the info that has no zero meaning is filled in.", infoIsComplete},
    {"device.info-keeps-to-its-size", "info writes only as much as the caller's structure holds.", infoKeepsToItsSize},
    {"device.info-without-open", "info works on a device that is not open.", infoNeedsNoOpenDevice},
    {"device.uuids-differ", "Each device has a UUID of its own.", uuidsDiffer},
    {"device.all-work", "Every device of the plug-in works.", allWork},
    {"device.together", "Two devices may be open at a time, and have addresses of their own.", together},
    {"device.open-again", "A closed device can be opened again.", openAgain},
};

}  // namespace
std::span<const Case> deviceCases() { return kCases; }
}  // namespace cutrans::conformance
