// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory: allocation, kinds, who may touch what.
#include <algorithm>

#include "session.h"

namespace cutrans::conformance {
namespace {

void aligned(Session &s) {
  for (uint64_t align : {256, 512, 4096, 65536})
    for (uint64_t size : {1, 255, 257, 100000}) s.alloc(CT_MEMORY_DEVICE, size, align);
  for (uint64_t align : {256, 4096}) s.alloc(CT_MEMORY_HOST, 1000, align);
  for (uint64_t align : {1 << 16, 1 << 21}) s.alloc(CT_MEMORY_DEVICE, 1000, align);
}

void apart(Session &s) {
  std::vector<std::pair<uint64_t, uint64_t>> all;
  for (uint64_t i = 1; i <= 200; ++i) all.emplace_back(s.alloc(i % 5 ? CT_MEMORY_DEVICE : CT_MEMORY_HOST, i * 97), i * 97);
  // The program's own memory: an address says whose it is.
  std::vector<std::vector<unsigned char>> own;
  for (size_t i = 1; i <= 60; ++i) {
    own.emplace_back(i * 40'000);
    all.emplace_back(address(own.back().data()), own.back().size());
  }
  std::sort(all.begin(), all.end());
  for (size_t i = 1; i < all.size(); ++i) s.check(all[i - 1].first + all[i - 1].second <= all[i].first, "allocations do not overlap");
}

void tooMuch(Session &s) {
  uint64_t free_bytes = 0, total = 0, at = 0;
  s.ok(s.memory().info(s.device(), &free_bytes, &total), "info");
  s.check(free_bytes <= total && total > 0, "free and total");
  s.is(CT_ERR_OUT_OF_MEMORY, s.memory().alloc(s.device(), CT_MEMORY_DEVICE, total + (1 << 20), 256, &at), "more than there is");
  s.is(CT_ERR_OUT_OF_MEMORY, s.memory().alloc(s.device(), CT_MEMORY_DEVICE, uint64_t{1} << 46, 256, &at), "64 TiB");
  s.is(CT_ERR_OUT_OF_MEMORY, s.memory().alloc(s.device(), CT_MEMORY_DEVICE, ~uint64_t{0} - 4096, 256, &at), "nearly all addresses");
  s.is(CT_ERR_OUT_OF_MEMORY, s.memory().alloc(s.device(), CT_MEMORY_HOST, uint64_t{1} << 60, 256, &at), "so much pinned memory");
  s.alloc(CT_MEMORY_DEVICE, 4096);
}

void infoFollows(Session &s) {
  uint64_t before = 0, during = 0, after = 0, total = 0, at = 0;
  const uint64_t size = std::min<uint64_t>(s.info().memory_bytes / 4, 16u << 20);
  s.ok(s.memory().info(s.device(), &before, &total), "info");
  s.ok(s.memory().alloc(s.device(), CT_MEMORY_DEVICE, size, 256, &at), "alloc");
  s.ok(s.memory().info(s.device(), &during, &total), "info");
  s.ok(s.memory().free(s.device(), CT_MEMORY_DEVICE, at), "free");
  s.ok(s.memory().info(s.device(), &after, &total), "info");
  s.check(during + size <= before, "free memory shrinks by what was taken");
  s.check(after == before, "and comes back");
}

void reused(Session &s) {
  const uint64_t size = s.info().memory_bytes / 3;
  for (int i = 0; i < 40; ++i) {
    uint64_t at = 0;
    s.ok(s.memory().alloc(s.device(), CT_MEMORY_DEVICE, size, 256, &at), "a third of the memory, many times");
    s.ok(s.memory().free(s.device(), CT_MEMORY_DEVICE, at), "free");
  }
}

void pinned(Session &s) {
  auto *numbers = s.pinned<uint32_t>(1000);
  for (uint32_t i = 0; i < 1000; ++i) numbers[i] = i * 3;
  uint64_t device = s.alloc(CT_MEMORY_DEVICE, 4000);
  ct_queue *queue = s.queue();
  ct_copy in = linearCopy(CT_SIDE_DEVICE, device, CT_SIDE_HOST, address(numbers), 4000);
  s.ok(s.queues().copy(queue, &in), "copy in");
  s.wait(queue);
  auto out = s.read<uint32_t>(device, 1000);
  s.check(std::equal(out.begin(), out.end(), numbers), "pinned memory is the source of a copy");
}

void managed(Session &s) {
  auto *numbers = reinterpret_cast<uint32_t *>(s.alloc(CT_MEMORY_MANAGED, 4000));
  ct_queue *queue = s.queue();
  ct_fill fill{sizeof(ct_fill), 4, address(numbers), 7, 1000, 1, 4000};
  s.ok(s.queues().fill(queue, &fill), "fill");
  s.wait(queue);
  s.check(numbers[0] == 7 && numbers[999] == 7, "the host reads what the device wrote");
  numbers[500] = 8;
  auto out = s.read<uint32_t>(address(numbers), 1000);
  s.check(out[500] == 8, "the device reads what the host wrote");
}

void hostAccess(Session &s) {
  if (!s.has(CT_DEVICE_HOST_CAN_ACCESS)) throw Unsupported{"the host does not reach device memory"};
  uint64_t device = s.alloc(CT_MEMORY_DEVICE, 4096);
  auto *bytes = reinterpret_cast<volatile unsigned char *>(device);
  for (int i = 0; i < 4096; ++i) bytes[i] = static_cast<unsigned char>(i);
  auto out = s.read<unsigned char>(device, 4096);
  for (int i = 0; i < 4096; ++i) s.check(out[i] == static_cast<unsigned char>(i), "the host's bytes are the device's");
}

void registered(Session &s) {
  // Without the slots there is nothing to do, and the address is the same.
  std::vector<uint32_t> mine(100000, 3);
  const uint64_t bytes = mine.size() * 4;
  uint64_t seen = address(mine.data());
  const bool slots = s.memory().register_host != nullptr;
  if (slots) s.ok(s.memory().register_host(s.device(), mine.data(), bytes, &seen), "register");
  s.check(seen != 0, "a device address was given");
  const uint64_t at = s.alloc(CT_MEMORY_DEVICE, bytes);
  ct_queue *queue = s.queue();
  const ct_copy in = linearCopy(CT_SIDE_DEVICE, at, CT_SIDE_HOST, address(mine.data()), bytes);
  s.ok(s.queues().copy(queue, &in), "copy");
  s.wait(queue);
  s.check(s.read<uint32_t>(at, mine.size()) == mine, "it is the source of a copy");
  if (slots) s.ok(s.memory().unregister_host(s.device(), mine.data()), "unregister");
  s.check(mine[99999] == 3, "the memory is the program's still");
}

void ofTheHost(Session &s) {
  // Device memory may be larger than what the program touches: only addresses are taken from pinned memory's contents.
  auto *numbers = s.pinned<uint64_t>(8);
  for (int i = 0; i < 8; ++i) numbers[i] = ~uint64_t{0} / static_cast<uint64_t>(i + 1);
  const uint64_t at = s.alloc(CT_MEMORY_DEVICE, 64);
  ct_queue *queue = s.queue();
  const ct_copy in = linearCopy(CT_SIDE_DEVICE, at, CT_SIDE_DEVICE, address(numbers), 64);
  s.ok(s.queues().copy(queue, &in), "copy");
  s.wait(queue);
  auto out = s.read<uint64_t>(at, 8);
  s.check(std::equal(out.begin(), out.end(), numbers), "pinned memory has one address on both sides");
}

void whileItWorks(Session &s) {
  ct_queue *queue = s.queue();
  const uint64_t at = s.alloc(CT_MEMORY_DEVICE, 1 << 20);
  Gate gate;
  s.hold(queue, gate);
  const ct_fill fill{sizeof(ct_fill), 4, at, 3, 1 << 18, 1, 1 << 20};
  s.ok(s.queues().fill(queue, &fill), "fill");
  for (int i = 0; i < 20; ++i) {
    uint64_t other = 0;
    s.ok(s.memory().alloc(s.device(), CT_MEMORY_DEVICE, 1 << 16, 256, &other), "alloc while a queue is held");
    s.ok(s.memory().free(s.device(), CT_MEMORY_DEVICE, other), "free while a queue is held");
  }
  gate.open();
  s.wait(queue);
  s.check(s.read<uint32_t>(at, 1 << 18)[12345] == 3, "the work of the queue");
}

constexpr Case kCases[] = {
    {"memory.alloc-is-aligned", "Addresses have the alignment that was asked for.", aligned},
    {"memory.allocations-are-apart", "No two allocations overlap, and none is where the program has memory of its own.", apart},
    {"memory.too-much", "More than there is gives OUT_OF_MEMORY, and the next allocation works.", tooMuch},
    {"memory.info-follows", "Free memory shrinks and grows with allocations.", infoFollows},
    {"memory.reused", "Released memory can be allocated again, for ever.", reused},
    {"memory.pinned", "Pinned memory is the host's and a copy's.", pinned},
    {"memory.one-address", "Pinned memory may be named as the device's: its address is the same.", ofTheHost},
    {"memory.while-queues-work", "Memory is allocated and released while a queue is held.", whileItWorks},
    {"memory.managed", "Managed memory is read and written from both sides.", managed},
    {"memory.host-access", "With HOST_CAN_ACCESS, a device address is a host pointer.", hostAccess},
    {"memory.register", "The program's own memory can be registered and unregistered.", registered},
};

}  // namespace
std::span<const Case> memoryCases() { return kCases; }
}  // namespace cutrans::conformance
