// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Copies and fills as jobs: small ones have one ticket, large ones a ticket for each piece.
#pragma once

#include <cutrans/target.h>

#include "job.h"

namespace cutrans::host {

// Both return whether it pays to wake others. `copy` and `fill` stay where they are until the job is over.
bool setUpCopy(Job &job, ct_copy &copy);
bool setUpFill(Job &job, ct_fill &fill);

}  // namespace cutrans::host
