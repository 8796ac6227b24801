// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The HIP library, opened when the target starts: a table of its functions, and what its errors mean to the runtime.
#pragma once

#include <cutrans/target.h>

#include "hip_api.h"

namespace cutrans::hip {

struct Api {
#define HIP_FUNCTION(need, name, ...) hipError_t (*name)(__VA_ARGS__) = nullptr;
#include "hip_functions.def"
};
extern Api api;  // filled by openLibrary, constant from then on

// False, reported by name, where the library cannot be opened or lacks a needed function. It stays open until the process ends.
bool openLibrary();

// The status of an error without a word.
ct_status statusOf(hipError_t error);
// The same; `call` is named where the error is nothing that the runtime could expect. HIP_CALL says it for short.
ct_status told(hipError_t error, const char *call);
#define HIP_CALL(function, ...) ::cutrans::hip::told(::cutrans::hip::api.function(__VA_ARGS__), #function)

// A fault is in every answer until the device is reset; it is reported once.
void forgetFaults();

inline bool isFault(ct_status status) { return (status >= CT_ERR_ILLEGAL_ADDRESS && status <= CT_ERR_LAUNCH) || status == CT_ERR_DEVICE_LOST; }

}  // namespace cutrans::hip
