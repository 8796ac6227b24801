// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Faults of kernels and copies: a bad access inside guarded code ends that code, never the process.
//
// Guarded code runs on a stack of its own. A signal that it raises, or a service that must not return (trap, assert),
// switches back to the thread's own stack and forgets the guarded one. Signals raised anywhere else go to the handler that
// was there before.
#pragma once

#include <cutrans/target.h>

#include "fibers.h"
#include "host.h"

namespace cutrans::host {

struct Fault {
  ct_status status = CT_OK;
  Code code = Code::none;
  uintptr_t address = 0;
  char text[200] = {};  // what happened; the launch adds the kernel and the block
};

// One for each unit. `running` is the fiber on which guarded code runs at the moment.
struct Guard {
  Fiber outer;           // the thread that entered
  Fiber body;
  Fiber *running = nullptr;
  Fault fault;
};

// Puts the handlers in place; again where the program has replaced them since. Cheap enough for a module load.
void installFaultHandlers();
// Gives the program's handlers back, where ours are still the ones in place.
void removeFaultHandlers();

// Runs body(argument) under the guard; false: it was ended by a fault, which guard.fault describes.
// guard.body.stack must be there. Does not nest.
bool runGuarded(Guard &guard, void (*body)(void *), void *argument);

// Ends the guarded code of this thread.
[[noreturn]] void abandon(ct_status status, Code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

}  // namespace cutrans::host
