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

constexpr Case kCases[] = {
    {"fault.illegal-address", "A write to address 0 is ILLEGAL_ADDRESS for every later call, and is reported.", illegalAddress},
    {"fault.far-address", "So is one to memory that nobody has.", farAddress},
    {"fault.no-canonical-address", "So is one that the processor refuses in another way.", noCanonical},
    {"fault.trap", "A trap is TRAP for every later call.", trap},
    {"fault.assert", "A failed assertion is ASSERT for every later call.", assertion},
    {"fault.heals", "A device that is closed and opened again works.", heals},
    {"fault.nothing-hangs", "Host calls, records and waits behind a fault come to an end.", nothingHangs},
};

}  // namespace
std::span<const Case> faultCases() { return kCases; }
}  // namespace cutrans::conformance
