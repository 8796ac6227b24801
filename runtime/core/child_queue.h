// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Launches from kernels (dynamic parallelism): a queue of records in device memory goes along with the launch, and what
// the grid wrote into it is carried out when the grid has ended, before anything that follows in the program's queue.
// Off the path of all other launches.
#pragma once
#include "state.h"

namespace cutrans::runtime {

struct PendingChildren;

// Whether the kernel links the device library, whose functions write records.
bool recordsChildren(const Kernel &kernel);

// Before the launch: a child queue for it, laid out by operations on `queue`.
Result<PendingChildren *> prepareChildren(Queue &queue, Kernel &kernel, const LaunchShape &shape);
Address childQueueAddress(const PendingChildren &pending);  // for ct_launch.child_queue
// After the launch, whose status is passed on. Takes `pending` over.
Status submitChildren(Queue &queue, PendingChildren *pending, Status launched);

// One launch with its child queue's address or 0; launch.cpp.
Status launchKernel(Queue &queue, Kernel &kernel, const LaunchShape &shape, const Arguments &arguments, Address child_queue);

}  // namespace cutrans::runtime
