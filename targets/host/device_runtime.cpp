// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The services that generated code calls. All of them run inside a guard, on a kernel's stack, where a fault or an abandon
// drops every frame: so they hold no lock and own nothing while they touch the kernel's memory.
#include "device_runtime.h"

#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstring>

#include <cutrans/targets/printf_format.h>
#include <cutrans/targets/textures.h>
#include <cutrans/targets/transactions.h>

#include "cluster.h"
#include "device.h"
#include "gangs.h"
#include "host.h"
#include "launch.h"
#include "unit.h"

namespace cutrans::host {
namespace {

Slot &slotOf(ct_native_block *block) { return *static_cast<Slot *>(block); }

int32_t printLine(ct_native_block *block, const char *format, const void *args) {
  Slot &slot = slotOf(block);
  std::string &text = slot.home.text;
  text.clear();
  const int32_t count = targets::formatPrintf(text, format, args);
  slot.launch->device->output.append(text);
  return count;
}

void assertFail(ct_native_block *block, uint32_t thread, const char *message, const char *file, uint32_t line, const char *function) {
  Slot &slot = slotOf(block);
  const uint32_t *size = slot.launch->block, *id = block->block_id;
  char text[2048];
  const int length = std::snprintf(text, sizeof text, "%s:%u: %s: block: [%u,%u,%u], thread: [%u,%u,%u] Assertion `%s` failed.\n",
                                   file ? file : "", line, function ? function : "", id[0], id[1], id[2], thread % size[0],
                                   thread / size[0] % size[1], thread / size[0] / size[1], message ? message : "");
  slot.launch->device->output.flush();
  if (length > 0 && write(STDERR_FILENO, text, std::min<size_t>(static_cast<size_t>(length), sizeof text - 1)) < 0) {
    // Nobody is there to read it; the launch fails all the same.
  }
  abandon(CT_ERR_ASSERT, Code::none, "assert");
}

void trap(ct_native_block *block, uint32_t thread, uint32_t code) {
  char line[32] = "";
  if (code >> CT_NATIVE_TRAP_LINE_SHIFT) std::snprintf(line, sizeof line, ", PTX line %u", code >> CT_NATIVE_TRAP_LINE_SHIFT);
  code &= (1u << CT_NATIVE_TRAP_LINE_SHIFT) - 1;
  if (code == 0) abandon(CT_ERR_TRAP, Code::host_trap, "trap instruction in thread %u%s", thread, line);
  abandon(statusOf(static_cast<Code>(code)), static_cast<Code>(code), "thread %u%s: %s", thread, line, meaningOf(code));
}

uint64_t heapAlloc(ct_native_block *block, uint64_t size) {
  return slotOf(block).launch->device->heap.allocate(size ? size : 1, 16);
}

void heapFree(ct_native_block *block, uint64_t address) {
  if (address && !slotOf(block).launch->device->heap.free(address))
    abandon(CT_ERR_ILLEGAL_ADDRESS, Code::host_heap_free, "free of 0x%" PRIx64 ", which malloc did not give or which is free already", address);
}

uint64_t clockTicks() {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#else
  return nowNs();
#endif
}

uint64_t globalTimer() { return nowNs(CLOCK_REALTIME); }

// PTX: a duration between none and twice what is asked. A gang lets others run instead of sleeping through it.
void nanosleep(ct_native_block *block, uint32_t ns) {
  Slot &slot = slotOf(block);
  if (slot.gangs && slot.gangs->current) {
    gangYield(block, *slot.gangs->current);
    return;
  }
  timespec time{0, static_cast<long>(ns < 1'000'000 ? ns : 1'000'000)};
  ::nanosleep(&time, nullptr);
}

void texture(ct_native_block *, uint32_t thread, uint32_t form, uint32_t lanes, uint32_t mask, const uint64_t *handles,
             const uint32_t *in, uint32_t *out) {
  uint32_t lane = 0;
  ct_texture_fault fault = ct_texture_run(form, lanes, mask, handles, in, out, &lane);
  if (fault == CT_TEXTURE_OK) return;
  const Code code = static_cast<Code>(fault);
  abandon(statusOf(code), code, "thread %u, handle 0x%" PRIx64 ": %s", thread + lane, handles[lane], meaningOf(fault));
}

// A misaligned address, or a tensor map that does not fit, ends the launch as the chip would end it.
void finish(ct_transaction_status status, const char *problem) {
  if (status == CT_TRANSACTION_MISALIGNED) abandon(CT_ERR_MISALIGNED, Code::host_misaligned, "%s", problem);
  if (status != CT_TRANSACTION_OK) abandon(CT_ERR_LAUNCH, Code::host_transaction, "%s", problem);
}

void bulkCopy(ct_native_block *, void *to, const void *from, uint64_t bytes, uint32_t mask) {
  const char *problem = nullptr;
  finish(ct_bulk_copy(to, from, bytes, mask, &problem), problem);
}

void bulkReduce(ct_native_block *, void *to, const void *from, uint64_t bytes, uint32_t operation) {
  const char *problem = nullptr;
  finish(ct_bulk_reduce(to, from, bytes, operation, &problem), problem);
}

uint32_t tensorCopy(ct_native_block *, const void *map, void *shared, const int32_t *where, uint32_t what) {
  const char *problem = nullptr;
  uint32_t bytes = 0;
  finish(ct_tensor_copy(map, shared, 0, where, what, &bytes, &problem), problem);
  return bytes;
}

}  // namespace

const ct_native_services services_table = {
    sizeof(ct_native_services),
    0,
    printLine,
    assertFail,
    trap,
    heapAlloc,
    heapFree,
    clockTicks,
    globalTimer,
    nanosleep,
    gangBarrier,
    gangBarrierArrive,
    gangBarrierReduce,
    gangYield,
    texture,
    clusterArrive,
    clusterWait,
    warpExchange,
    gangWaitShared,
    bulkCopy,
    bulkReduce,
    tensorCopy,
};

}  // namespace cutrans::host
