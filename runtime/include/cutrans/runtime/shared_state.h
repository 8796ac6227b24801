// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// State that the shims keep for themselves but share with each other: each of them has a copy of the code, the process
// must have one copy of the state. Nothing here knows what it is.
#pragma once
#include "cutrans/runtime/export.h"

namespace cutrans::runtime {

// The object of this name; `make` is called for the first request of the process. Never destroyed. Takes a lock: keep
// the result. All users come from one build of the layer.
CUTRANS_API void *sharedState(const char *name, void *(*make)());

// A T for the whole process, made without arguments. `T::kSharedName` names it.
template <class T>
T &shared() {
  static T *const state = static_cast<T *>(sharedState(T::kSharedName, [] { return static_cast<void *>(new T); }));
  return *state;
}

}  // namespace cutrans::runtime
