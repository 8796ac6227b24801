// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Bad accesses of kernels. OpenCL has no word for them, and on a CPU the driver's threads run the code inside this process, so one
// would end the process. Where the kernel's code can be recognised and left, it is: the signal handler makes the block's function
// return to the driver as if it were done, and the fault becomes the device's. That takes
//  - code in a library of PoCL's cache, whose path names the kernel function, or in no file, where other drivers compile to;
//  - frame pointers, and an entry that saves all registers which a caller keeps, in the order in which x86-64 compilers do, and has a
//    mark: CT_OPENCL_ENTRY_ASM at the kernel's start makes both.
// Everywhere else the process ends as before, after a line that says why.
#pragma once

#include <cutrans/target.h>

#include <cstdint>

namespace cutrans::opencl {

// Cheap enough for a module load; again where the program has put its own handlers in place since.
void installFaultHandlers();
void removeFaultHandlers();

// Whose fault it becomes: every open device that runs in this process.
void watchDevice(ct_device &device);
void forgetDevice(ct_device &device);

// A block that is left does not give its slot of the arena back; the handler frees all of them.
void watchSlots(uint32_t *slots, uint32_t count);
void forgetSlots(uint32_t *slots);

// The line about a fault that the handler kept, once. Not in a handler.
void tellFault();

}  // namespace cutrans::opencl
