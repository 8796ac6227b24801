// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What this target knows of HIP's module API: the names, numbers and layouts of its public documentation, written down here so that
// neither building nor loading the target needs HIP. Only what has not changed from HIP 5 on is used: no enumeration that
// was renumbered (hipMemoryType), no structure that grows (hipDeviceProp_t; device.cpp says how its one text is found).
// The test double (tests/hip/double) defines the functions with these types.
#pragma once

#include <cstddef>
#include <cstdint>

enum hipError_t : int {
#define HIP_ERROR(name, number, status) name = number,
#include "hip_errors.def"
};

typedef int hipDevice_t;
typedef void *hipDeviceptr_t;
typedef struct ihipStream_t *hipStream_t;
typedef struct ihipEvent_t *hipEvent_t;
typedef struct ihipModule_t *hipModule_t;
typedef struct ihipModuleSymbol_t *hipFunction_t;
typedef struct hipArray *hipArray_t;
typedef void (*hipHostFn_t)(void *user);

struct hipUUID {
  char bytes[16];
};

enum hipMemcpyKind : int {
  hipMemcpyHostToHost = 0,
  hipMemcpyHostToDevice = 1,
  hipMemcpyDeviceToHost = 2,
  hipMemcpyDeviceToDevice = 3,
  hipMemcpyDefault = 4
};

struct hipPos {
  size_t x, y, z;
};
struct hipExtent {
  size_t width, height, depth;  // bytes where no array takes part
};
struct hipPitchedPtr {
  void *ptr;
  size_t pitch, xsize, ysize;
};
struct hipMemcpy3DParms {
  hipArray_t srcArray;
  hipPos srcPos;
  hipPitchedPtr srcPtr;
  hipArray_t dstArray;
  hipPos dstPos;
  hipPitchedPtr dstPtr;
  hipExtent extent;
  hipMemcpyKind kind;
};

enum hipDeviceAttribute_t : int {
#define HIP_ATTRIBUTE(name, number) name = number,
#include "hip_attributes.def"
};

constexpr unsigned hipStreamNonBlocking = 1;
constexpr unsigned hipStreamWaitValueEq = 1;
constexpr unsigned hipEventBlockingSync = 1, hipEventDisableTiming = 2;
constexpr unsigned hipHostMallocPortable = 1, hipHostMallocMapped = 2;
constexpr unsigned hipHostMallocCoherent = 0x40000000;
constexpr unsigned hipHostRegisterPortable = 1, hipHostRegisterMapped = 2;
constexpr unsigned hipMemAttachGlobal = 1;

// hipModuleLaunchKernel's `extra`: a list of these, each with its value behind.
inline void *const HIP_LAUNCH_PARAM_BUFFER_POINTER = reinterpret_cast<void *>(1);
inline void *const HIP_LAUNCH_PARAM_BUFFER_SIZE = reinterpret_cast<void *>(2);
inline void *const HIP_LAUNCH_PARAM_END = reinterpret_cast<void *>(3);
