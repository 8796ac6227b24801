// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Lanes of one warp that meet, where gangs are less than a warp (native_kernel.h, ct_native_exchange).
#pragma once

#include <cutrans/native_kernel.h>

#include <array>
#include <cstdint>

namespace cutrans::host {

struct Slot;

struct Warp {
  uint32_t live = 0;     // lanes whose thread has not ended
  uint32_t waiting = 0;  // lanes that wait in an exchange
  std::array<ct_native_exchange *, 32> at{};  // what a waiting lane's gang brought; on that gang's stack
};

// All gangs of the block have had a turn: lanes that ask who is here get their answer where nobody can join them any more.
void answerWhoIsHere(Slot &slot);
// The gang has returned.
void leaveWarp(Slot &slot, uint32_t gang);

// The service.
void warpExchange(ct_native_block *block, uint32_t gang, ct_native_exchange *exchange);

}  // namespace cutrans::host
