// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Attributes of kernels, for both APIs.
#pragma once
#include <cuda.h>

#include "cutrans/runtime/module.h"
#include "cutrans/support/status.h"

namespace cutrans::shim {

// invalid_value for a number that is no attribute.
Result<int> kernelAttribute(const runtime::Kernel &kernel, CUfunction_attribute attribute);
// invalid_value also for attributes that cannot be set; unsupported (reported) for those of clusters.
Status setKernelAttribute(runtime::Kernel &kernel, CUfunction_attribute attribute, int value, const char *entry);
// CUfunc_cache and cudaFuncCache have the same numbers, 0 to 3. A hint.
Status setCachePreference(runtime::Kernel &kernel, int preference);
// Place and size of one parameter. invalid_value beyond the last.
Result<ctc_param> parameter(const runtime::Kernel &kernel, size_t index);

}  // namespace cutrans::shim
