// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Prototypes of driver entry points whose header (cudaProfiler.h) comes in a wheel that a build does not need.
#pragma once
#include <cuda.h>

extern "C" {
CUresult cuProfilerStart(void);
CUresult cuProfilerStop(void);
}
