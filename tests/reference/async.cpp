// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// mbarrier objects and asynchronous copies (manual sections 9.7.9.25, 9.7.13.15). A copy happens at once, one legal order.
// What an mbarrier's 64 bits hold is opaque: its state is kept beside, by the object's place.
#include "tests/reference/machine.h"

namespace cutrans::reference {
namespace {

Type words(unsigned bits) { return typeOf("b" + std::to_string(bits)); }

uint8_t *place(const Context &c, const Operand &operand) {
  Space space = c.space() == Space::None ? Space::None : Space::Shared;
  return c.at(space, c.addressOf(operand), 8, true, 8);
}

Mbarrier &barrierAt(const Context &c, uint8_t *at) {
  auto it = c.machine.mbarriers.find(at);
  if (it == c.machine.mbarriers.end()) undefined("an mbarrier that is not initialised");
  return it->second;
}

void settle(Mbarrier &barrier) {
  if (barrier.pending || barrier.transactions) return;
  ++barrier.phase;
  barrier.pending = barrier.expected;
}

void init(Context &c) {
  uint32_t count = c.u32(1);
  if (!count || count > (1 << 20) - 1) undefined("a count of " + std::to_string(count));
  c.machine.mbarriers[place(c, c.operand(0))] = {count, count, 0, 0};
}
void inval(Context &c) { c.machine.mbarriers.erase(place(c, c.operand(0))); }

void arriveOn(Context &c, bool drop) {
  size_t at = c.operand(0).kind == Operand::Memory ? 0 : 1;
  Mbarrier &barrier = barrierAt(c, place(c, c.operand(at)));
  uint32_t count = 1;
  if (c.count() > at + 1) {
    if (c.in.has("expect_tx")) barrier.transactions += int64_t(c.u32(at + 1));
    else count = c.u32(at + 1);
  }
  if (count > barrier.pending) undefined("more arrivals than an mbarrier expects");
  uint64_t state = barrier.phase << 32 | barrier.pending;
  barrier.pending -= count;
  if (drop) barrier.expected -= count;
  if (c.in.has("noComplete") && !barrier.pending) undefined(".noComplete completes the phase");
  settle(barrier);
  if (at) c.write(0, words(64), state);
}
void arrive(Context &c) { arriveOn(c, false); }
void arriveDrop(Context &c) { arriveOn(c, true); }

// The bytes may have come before.
void expect(Context &c) {
  Mbarrier &barrier = barrierAt(c, place(c, c.operand(0)));
  barrier.transactions += int64_t(c.u32(1));
  settle(barrier);
}
void complete(Context &c) {
  Mbarrier &barrier = barrierAt(c, place(c, c.operand(0)));
  barrier.transactions -= int64_t(c.u32(1));
  settle(barrier);
}

// Has the phase of the state, or the one of this parity, completed?
void testWait(Context &c) {
  Mbarrier &barrier = barrierAt(c, place(c, c.operand(1)));
  bool done = c.in.has("parity") ? (barrier.phase & 1) != (c.u32(2) & 1) : uint64_t(c.read(2, words(64))) >> 32 != barrier.phase;
  c.write(0, typeOf("pred"), done);
  c.thread.yields = true;
}
void pendingCount(Context &c) { c.write(0, words(32), c.read(1, words(64)) & 0xffffffff); }

void copy(Context &c, const Operand &to, const Operand &from, uint64_t bytes, uint64_t taken, uint64_t align, Space toSpace, Space fromSpace) {
  uint8_t *target = c.at(toSpace, c.addressOf(to), bytes, true, align);
  const uint8_t *source = taken ? c.at(fromSpace, c.addressOf(from), taken, false, align) : nullptr;
  std::vector<uint8_t> data(bytes);
  if (taken) std::memcpy(data.data(), source, taken);
  std::memcpy(target, data.data(), bytes);
}

// [dst], [src], size{, src-size or ignore-src}{, policy}
void cpAsync(Context &c) {
  uint64_t bytes = c.u32(2), taken = bytes;
  bool policy = c.in.has("L2::cache_hint");
  if (c.count() > (policy ? 4u : 3u)) {
    const Operand &limit = c.operand(3);
    if (limit.kind == Operand::Register && limit.width == 1) taken = c.predicate(limit) ? 0 : bytes;
    else taken = c.u32(3);
  }
  if (taken > bytes) undefined("a source that is larger than the copy");
  copy(c, c.operand(0), c.operand(1), bytes, taken, bytes, Space::Shared, Space::Global);
}
void cpAsyncArrive(Context &c) {
  Mbarrier &barrier = barrierAt(c, place(c, c.operand(0)));
  if (!c.in.has("noinc")) return;  // one more is pending, and has come
  if (!barrier.pending) undefined("more arrivals than an mbarrier expects");
  --barrier.pending;
  settle(barrier);
}

// Between shared and global memory: the space after the mnemonic is the target's.
void cpAsyncBulk(Context &c) {
  Space to = Space::None, from = Space::None;
  for (const std::string &word : c.in.words) {
    if (word.starts_with("multicast") || word == "ignore_oob") refuse(word);
    Space space = word == "global" ? Space::Global : word.starts_with("shared") ? Space::Shared : Space::None;
    if (space == Space::None) continue;
    if (to == Space::None) to = space;
    else if (from == Space::None) from = space;
  }
  uint64_t bytes = c.u32(2);
  if (bytes % 16) undefined("a bulk copy of " + std::to_string(bytes) + " bytes");
  if (c.in.has("cp_mask")) {  // bit i: the i-th byte of every 16
    uint64_t mask = c.read(c.count() - 1, words(16));
    uint8_t *target = c.at(to, c.addressOf(c.operand(0)), bytes, true, 16);
    const uint8_t *source = c.at(from, c.addressOf(c.operand(1)), bytes, false, 16);
    for (uint64_t i = 0; i < bytes; ++i)
      if (mask >> i % 16 & 1) target[i] = source[i];
    return;
  }
  copy(c, c.operand(0), c.operand(1), bytes, bytes, 16, to, from);
  if (to == Space::Shared) {
    Mbarrier &barrier = barrierAt(c, c.at(Space::Shared, c.addressOf(c.operand(3)), 8, true, 8));
    barrier.transactions -= int64_t(bytes);
    settle(barrier);
  }
}

void nothing(Context &) {}

}  // namespace

void addAsync(Table &table) {
  table.alone({"mbarrier.init"}, init);
  table.alone({"mbarrier.inval"}, inval);
  table.alone({"mbarrier.arrive"}, arrive);
  table.alone({"mbarrier.arrive_drop"}, arriveDrop);
  table.alone({"mbarrier.expect_tx"}, expect);
  table.alone({"mbarrier.complete_tx"}, complete);
  table.alone({"mbarrier.test_wait", "mbarrier.try_wait"}, testWait);
  table.alone({"mbarrier.pending_count"}, pendingCount);
  table.alone({"cp.async"}, cpAsync);
  table.alone({"cp.async.mbarrier.arrive"}, cpAsyncArrive);
  table.alone({"cp.async.bulk"}, cpAsyncBulk);
  table.alone({"cp.async.commit_group", "cp.async.wait_group", "cp.async.wait_all", "cp.async.bulk.commit_group",
               "cp.async.bulk.wait_group", "cp.async.bulk.prefetch"}, nothing);
  for (const char *name : {"cp.async.bulk.tensor", "cp.async.bulk.prefetch.tensor"})
    table.alone({name}, [](Context &) { refuse("tensor maps"); });
  for (const char *name : {"st.async", "red.async"})
    table.alone({name}, [](Context &) { refuse("stores and reductions that report to an mbarrier"); });
}

}  // namespace cutrans::reference
