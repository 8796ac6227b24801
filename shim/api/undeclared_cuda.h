// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Prototypes of driver entry points whose header (cudaProfiler.h) comes in a wheel that a build does not need.
#pragma once
#include <cuda.h>

extern "C" {
CUresult cuProfilerStart(void);
CUresult cuProfilerStop(void);
#if !__has_include(<cudaProfiler.h>)
typedef enum CUoutput_mode_enum { CU_OUT_KEY_VALUE_PAIR = 0, CU_OUT_CSV = 1 } CUoutput_mode;
#endif
CUresult cuProfilerInitialize(const char *config_file, const char *output_file, CUoutput_mode output_mode);
}
