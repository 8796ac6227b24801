// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Faults: a kernel that goes wrong makes the device fail, not the process, and closing the device heals it.
#include <atomic>

#include "session.h"

namespace cutrans::conformance {
namespace {

struct EndParams {
  uint64_t how, address;
};

ct_status endBadly(Session &s, ct_queue *queue, uint64_t how, uint64_t address = 0) {
  const Kernel kernel = s.kernel("end");
  s.ok(s.launch(queue, kernel, 4, 32, EndParams{how, address}), "launch");
  return s.queues().synchronize(queue);
}

void sticky(Session &s, uint64_t how, ct_status fault, uint64_t address = 0) {
  const Kernel good = s.kernel("ids");
  ct_queue *queue = s.queue(), *other = s.queue();
  s.is(fault, endBadly(s, queue, how, address), "synchronize after the fault");
  s.is(fault, s.queues().synchronize(queue), "synchronize again");
  s.is(fault, s.queues().query(queue), "query");
  s.is(fault, s.queues().synchronize(other), "another queue");
  // A launch may be refused or swallowed; what it must not do is run and look well.
  uint64_t params[2] = {0, 0};
  ct_status later = s.launch(other, good, 1, 1, params);
  s.check(later == CT_OK || later == fault, "a later launch gives the fault or nothing");
  s.is(fault, s.queues().synchronize(other), "synchronize after a later launch");
}

void illegalAddress(Session &s) {
  sticky(s, 0, CT_ERR_ILLEGAL_ADDRESS);
  s.check(!s.reports().empty(), "a report says what happened");
}

void farAddress(Session &s) { s.is(CT_ERR_ILLEGAL_ADDRESS, endBadly(s, s.queue(), 0, uint64_t{1} << 46), "an address far away"); }
void noCanonical(Session &s) { s.is(CT_ERR_ILLEGAL_ADDRESS, endBadly(s, s.queue(), 0, uint64_t{0x8000} << 48), "an address that no machine has"); }
void trap(Session &s) { sticky(s, 1, CT_ERR_TRAP); }
void assertion(Session &s) { sticky(s, 2, CT_ERR_ASSERT); }

void heals(Session &s) {
  s.is(CT_ERR_ILLEGAL_ADDRESS, endBadly(s, s.queue(), 0), "synchronize");
  s.closeDevice();
  s.openDevice();
  const Kernel kernel = s.kernel("ids");
  ct_queue *queue = s.queue();
  uint64_t out = s.alloc(CT_MEMORY_DEVICE, 32 * 8);
  uint64_t params[2] = {out, 1};
  s.ok(s.launch(queue, kernel, 1, 32, params), "launch after opening again");
  s.wait(queue);
  s.check(s.read<uint64_t>(out, 32)[31] == 32, "the device works again");
}

void nothingHangs(Session &s) {
  ct_queue *queue = s.queue(), *other = s.queue();
  ct_event *event = s.event();
  static std::atomic<int> status;
  status = -1;
  Gate gate;
  s.hold(queue, gate);
  const Kernel kernel = s.kernel("end");
  s.ok(s.launch(queue, kernel, 1, 1, EndParams{0, 0}), "launch");
  s.ok(s.queues().host_call(queue, [](void *, ct_status said) { status = said; }, nullptr), "host call");
  s.ok(s.queues().record(queue, event), "record");
  s.ok(s.queues().wait(other, event), "wait");
  gate.open();
  s.is(CT_ERR_ILLEGAL_ADDRESS, s.queues().synchronize(queue), "synchronize");
  s.is(CT_ERR_ILLEGAL_ADDRESS, s.queues().synchronize(other), "a queue that waited for the failed one");
  s.check(status == CT_ERR_ILLEGAL_ADDRESS, "a host call after the fault is called with it");
  ct_status end = s.events().synchronize(event);
  s.check(end == CT_OK || end == CT_ERR_ILLEGAL_ADDRESS, "an event after the fault is done or gives it");
}

void misaligned(Session &s) {
  // A chip may be able to; what it must not do is read something else.
  const uint64_t at = s.alloc(CT_MEMORY_DEVICE, 256);
  const unsigned char bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  s.write(at, bytes, 8);
  const ct_status status = endBadly(s, s.queue(), 3, at + 1);
  s.check(status == CT_OK || status == CT_ERR_MISALIGNED, "a misaligned access works or is MISALIGNED");
  if (status == CT_OK) s.check(s.read<uint32_t>(at + 5, 1)[0] == 0x05040303, "and then it is right");
}

void firstStays(Session &s) {
  ct_queue *queue = s.queue(), *other = s.queue();
  const Kernel kernel = s.kernel("end");
  s.is(CT_ERR_TRAP, endBadly(s, queue, 1), "synchronize after a trap");
  (void)s.launch(other, kernel, 1, 1, EndParams{0, 0});
  s.is(CT_ERR_TRAP, s.queues().synchronize(other), "the first fault stays");
}

void eventsFail(Session &s) {
  ct_queue *queue = s.queue(), *other = s.queue();
  ct_event *event = s.event();
  (void)endBadly(s, queue, 1);
  // Nothing of this may hang or crash; what it returns is the fault, or OK where it asks for nothing.
  auto either = [&](ct_status status, const char *what) { s.check(status == CT_OK || status == CT_ERR_TRAP, std::string(what) + " gives the fault or OK"); };
  either(s.queues().record(other, event), "record");
  either(s.queues().wait(queue, event), "wait");
  either(s.events().synchronize(event), "synchronize of an event");
  either(s.events().query(event), "query of an event");
  const uint64_t at = s.alloc(CT_MEMORY_DEVICE, 64);
  const ct_fill fill{sizeof(ct_fill), 4, at, 1, 16, 1, 64};
  either(s.queues().fill(other, &fill), "fill");
  s.is(CT_ERR_TRAP, s.queues().synchronize(other), "synchronize");
}

void laterHostCalls(Session &s) {
  ct_queue *queue = s.queue(), *other = s.queue();
  (void)endBadly(s, queue, 1);
  std::atomic<int> status{-1};
  const ct_status taken =
      s.queues().host_call(other, [](void *user, ct_status said) { *static_cast<std::atomic<int> *>(user) = said; }, &status);
  s.is(CT_ERR_TRAP, s.queues().synchronize(other), "synchronize");
  s.check(taken == CT_OK ? status == CT_ERR_TRAP : status == -1, "a host call that was taken after the fault is called with it");
}

void released(Session &s) {
  // All that the session holds is released after a fault, by its end.
  ct_queue *queue = s.queue();
  uint64_t at = 0;
  s.ok(s.memory().alloc(s.device(), CT_MEMORY_DEVICE, 4096, 256, &at), "alloc");
  (void)endBadly(s, queue, 0);
  s.ok(s.memory().free(s.device(), CT_MEMORY_DEVICE, at), "free after a fault");
  ct_event *event = nullptr;
  if (s.events().create(s.device(), 0, &event) == CT_OK) s.events().destroy(event);
  s.closeDevice();
  s.openDevice();
  s.wait(s.queue());
}

void ofOneDevice(Session &s) {
  OtherDevice other(s);
  s.is(CT_ERR_TRAP, endBadly(s, s.queue(), 1), "synchronize");
  s.is(CT_OK, s.queues().synchronize(other.queue()), "another device goes on");
}

void output(Session &s) {
  const Kernel print = s.kernel("print");
  ct_queue *queue = s.queue();
  struct {
  } nothing;
  s.ok(s.launch(queue, print, 2, 1, nothing), "launch");
  s.is(CT_ERR_TRAP, endBadly(s, queue, 1), "synchronize");
  const std::string line = "number 42 half 0.50 text word\n";
  s.check(s.output() == line + line, "what kernels printed before the fault comes out");
}

void wordWaits(Session &s) {
  if (s.queues().struct_size < offsetof(ct_queue_ops, write_word) || !s.queues().wait_word) throw Unsupported{"no waits for words"};
  auto *flag = s.pinned<uint32_t>(1);
  ct_queue *waits = s.queue();
  const ct_word wait{sizeof(ct_word), 4, address(flag), 1, CT_COMPARE_EQ};
  s.ok(s.queues().wait_word(waits, &wait), "wait_word");
  s.is(CT_ERR_TRAP, endBadly(s, s.queue(), 1), "synchronize");
  s.is(CT_ERR_TRAP, s.queues().synchronize(waits), "a fault ends the wait for a word");
}

constexpr Case kCases[] = {
    {"fault.illegal-address", "A write to address 0 is ILLEGAL_ADDRESS for every later call, and is reported.", illegalAddress},
    {"fault.far-address", "So is one to memory that nobody has.", farAddress},
    {"fault.no-canonical-address", "So is one that the processor refuses in another way.", noCanonical},
    {"fault.trap", "A trap is TRAP for every later call.", trap},
    {"fault.assert", "A failed assertion is ASSERT for every later call.", assertion},
    {"fault.misaligned", "A misaligned access is MISALIGNED, or works.", misaligned},
    {"fault.first-stays", "The first fault is the one that stays.", firstStays},
    {"fault.everything-returns", "Whatever is submitted or asked after a fault returns it, or OK.", eventsFail},
    {"fault.later-host-calls", "A host call that is taken after a fault is called with it.", laterHostCalls},
    {"fault.released", "After a fault all can be released, and the device closed.", released},
    {"fault.of-one-device", "A fault is that of one device.", ofOneDevice},
    {"fault.output", "What was printed before a fault comes out.", output},
    {"fault.ends-word-waits", "A fault ends waits for words.", wordWaits},
    {"fault.heals", "A device that is closed and opened again works.", heals},
    {"fault.nothing-hangs", "Host calls, records and waits behind a fault come to an end.", nothingHangs},
};

}  // namespace
std::span<const Case> faultCases() { return kCases; }
}  // namespace cutrans::conformance
