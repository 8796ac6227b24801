// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Names of the runtime's objects, for headers that only pass them on.
// Ownership: the runtime owns every object; a pointer is a handle. `T::find(handle)` says whether a value that a program
// gave is a live object of this kind: safe for any bit pattern, no lock, a few instructions.
#pragma once
#include <cstdint>

namespace cutrans::runtime {
class Platform;
class Device;
class Context;
class Queue;
class Event;
class Module;
class Kernel;
class Array;
class MipmappedArray;
class Texture;
class TextureReference;
class Library;
class LibraryKernel;
class Graph;
class GraphNode;
class GraphExec;
class UserObject;
class Partition;
class PhysicalMemory;
class Semaphore;
class SharedEvent;
class MemoryMap;
struct Allocation;

using Address = uint64_t;  // a device address, or a host pointer as a number: one space
}  // namespace cutrans::runtime
