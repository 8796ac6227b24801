// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The rendezvous of lanes. PTX ISA, shfl.sync and its kin: a lane waits until all lanes that its mask names and that have not
// ended execute the same operation with the same mask.
#include "warps.h"

#include <bit>

#include "gangs.h"
#include "module.h"
#include "unit.h"

namespace cutrans::host {
namespace {

constexpr uint32_t kLanes = 32;

uint32_t widthOf(const Slot &slot) { return slot.launch->kernel->native->gang_width; }

// The gang's lanes in its warp.
uint32_t lanesOf(uint32_t gang, uint32_t width) { return (width >= kLanes ? ~0u : (1u << width) - 1) << (gang * width % kLanes); }

template <class Each>
void forEach(uint32_t lanes, Each &&each) {
  for (; lanes; lanes &= lanes - 1) each(static_cast<uint32_t>(std::countr_zero(lanes)));
}

// Waiting lanes that wait for the same as `lane`.
uint32_t groupOf(const Warp &warp, uint32_t lane) {
  const ct_native_exchange &own = *warp.at[lane];
  const bool any = own.operation & CT_NATIVE_EXCHANGE_WHO_IS_HERE;
  uint32_t group = 0;
  forEach(warp.waiting, [&](uint32_t other) {
    const ct_native_exchange &theirs = *warp.at[other];
    if (theirs.operation == own.operation && (any || theirs.members[other] == own.members[lane])) group |= 1u << other;
  });
  return group;
}

void complete(Slot &slot, uint32_t index, uint32_t group) {
  Warp &warp = slot.gangs->warps[index];
  forEach(group, [&](uint32_t lane) {
    ct_native_exchange &exchange = *warp.at[lane];
    const bool any = exchange.operation & CT_NATIVE_EXCHANGE_WHO_IS_HERE;
    exchange.present[lane] = any ? group : group & exchange.members[lane];
    forEach(group, [&](uint32_t other) { exchange.values[other] = warp.at[other]->values[other]; });
  });
  warp.waiting &= ~group;
  const uint32_t width = widthOf(slot);
  for (uint32_t first = 0; first < kLanes; first += width) {
    const uint32_t gang = (index * kLanes + first) / width;
    const uint32_t lanes = lanesOf(gang, width);
    if (!(lanes & group) || (lanes & warp.waiting)) continue;
    releaseGang(slot.gangs->gangs[gang], Gang::WarpExchange);
  }
}

// Completes those meetings of `lanes` for which nobody is missing.
void completeFull(Slot &slot, uint32_t index, uint32_t lanes) {
  Warp &warp = slot.gangs->warps[index];
  for (lanes &= warp.waiting; lanes;) {
    const uint32_t lane = static_cast<uint32_t>(std::countr_zero(lanes)), group = groupOf(warp, lane);
    lanes &= ~group;
    const ct_native_exchange &exchange = *warp.at[lane];
    const bool any = exchange.operation & CT_NATIVE_EXCHANGE_WHO_IS_HERE;
    const uint32_t wanted = any ? warp.live : exchange.members[lane] & warp.live;
    if (!(wanted & ~group)) complete(slot, index, group);
  }
}

}  // namespace

void answerWhoIsHere(Slot &slot) {
  GangState &state = *slot.gangs;
  const uint32_t width = widthOf(slot);
  if (width >= kLanes) return;
  for (uint32_t index = 0; index < state.warps.size(); ++index) {
    Warp &warp = state.warps[index];
    uint32_t asking = 0;
    forEach(warp.waiting, [&](uint32_t lane) {
      if (warp.at[lane]->operation & CT_NATIVE_EXCHANGE_WHO_IS_HERE) asking |= 1u << lane;
    });
    if (!asking) continue;
    bool may_join = false;
    for (uint32_t first = 0; first < kLanes; first += width) {
      const uint32_t gang = (index * kLanes + first) / width;
      may_join |= gang < state.count && state.gangs[gang].state == Gang::State::ready && !state.gangs[gang].resting;
    }
    if (may_join) continue;
    while (asking) {
      const uint32_t group = groupOf(warp, static_cast<uint32_t>(std::countr_zero(asking)));
      complete(slot, index, group);
      asking &= ~group;
    }
  }
}

void leaveWarp(Slot &slot, uint32_t gang) {
  const uint32_t width = widthOf(slot);
  if (width >= kLanes) return;
  const uint32_t index = gang * width / kLanes;
  Warp &warp = slot.gangs->warps[index];
  warp.live &= ~lanesOf(gang, width);
  completeFull(slot, index, warp.waiting);
}

void warpExchange(ct_native_block *block, uint32_t number, ct_native_exchange *exchange) {
  Gang &gang = gangOf(block, number);
  Slot &slot = *gang.slot;
  const uint32_t index = number * widthOf(slot) / kLanes;
  Warp &warp = slot.gangs->warps[index];
  forEach(exchange->lanes, [&](uint32_t lane) { warp.at[lane] = exchange; });
  warp.waiting |= exchange->lanes;
  // Those who have ended in this gang may be what others waited for.
  const bool fewer = warp.live & exchange->exited;
  warp.live &= ~exchange->exited;
  completeFull(slot, index, fewer ? warp.waiting : exchange->lanes);
  if (exchange->lanes & warp.waiting) waitFor(gang, Gang::WarpExchange);
}

}  // namespace cutrans::host
