// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads what a kernel left in the messages of its launch (cutrans/messages.h), for runners of formats that have them.
#pragma once

#include "cutrans/messages.h"
#include "tests/ptx/run/runner.h"

namespace cutrans::test {

void readMessages(const ct_messages &messages, Outcome &outcome);

}  // namespace cutrans::test
