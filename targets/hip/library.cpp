// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "library.h"

#include <dlfcn.h>

#include <atomic>
#include <cstdio>
#include <string>

#include "host.h"

namespace cutrans::hip {

Api api;

namespace {

constexpr bool needed = true, optional = false;

std::atomic<bool> fault_reported{false};

struct Meaning {
  const char *name;
  ct_status status;
};

Meaning meaningOf(hipError_t error) {
  switch (static_cast<int>(error)) {
#define HIP_ERROR(name, number, status) \
  case number:                          \
    return {#name, status};
#include "hip_errors.def"
    default:
      return {"an error that the target does not know", CT_ERR_INTERNAL};
  }
}

// What happens in the life of a program without anybody's mistake.
bool isOrdinary(ct_status status) {
  return status == CT_OK || status == CT_NOT_READY || status == CT_ERR_OUT_OF_MEMORY || status == CT_ERR_TOO_LARGE;
}

}  // namespace

bool openLibrary() {
  if (api.hipInit) return true;
  const std::string path = settingOr("HIP_LIBRARY", "libamdhip64.so");
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  // Installations without the development files have only the name with the version.
  for (const char *version : {".7", ".6", ".5"})
    if (!library && path == "libamdhip64.so") library = dlopen((path + version).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *why = dlerror();
    report(Code::hip_library, "the HIP library " + path + " cannot be opened: " + (why ? why : "?"));
    return false;
  }
  Api found;
  const char *missing = nullptr;
#define HIP_FUNCTION(need, name, ...)                                            \
  found.name = reinterpret_cast<decltype(found.name)>(dlsym(library, #name)); \
  if (need && !found.name && !missing) missing = #name;
#include "hip_functions.def"
  if (missing) {
    report(Code::hip_library, "the HIP library " + path + " has no " + missing);
    dlclose(library);
    return false;
  }
  api = found;
  return true;
}

ct_status statusOf(hipError_t error) { return meaningOf(error).status; }

ct_status told(hipError_t error, const char *call) {
  const Meaning meaning = meaningOf(error);
  if (isOrdinary(meaning.status)) return meaning.status;
  char text[160];
  std::snprintf(text, sizeof text, "%s: %s (%d)", call, meaning.name, static_cast<int>(error));
  if (!isFault(meaning.status))
    report(Code::hip_error, text);
  else if (!fault_reported.exchange(true))
    report(Code::hip_fault, text);
  return meaning.status;
}

void forgetFaults() { fault_reported = false; }

}  // namespace cutrans::hip
