// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The process's one target plug-in and its devices. Loaded at the first get(), never before, never twice; a failure is
// remembered, reported once (CT30xx) and returned to every caller.
#pragma once
#include <string>

#include "cutrans/runtime/export.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/support/status.h"

namespace cutrans::runtime {

class CUTRANS_API Platform {
 public:
  // not_initialized, no_device, deinitialized (the process ends) or not_initialized in a forked child.
  static Result<Platform *> get();
  // What get() loaded, or null: never loads. One atomic load.
  static Platform *loaded();
  // ok while calls may be made: get() succeeded, the process neither ends nor is a forked child. One atomic load.
  static Code state();

  const char *targetName() const;   // "host"
  const char *targetBuild() const;
  const std::string &targetPath() const;
  int deviceCount() const;
  Result<Device *> device(int index) const;  // invalid_device

  // What the devices claim: 90 for 9.0. CUTRANS_COMPUTE_CAPABILITY, else what the compiler covers. The first call opens
  // the compiler library (not LLVM).
  Result<unsigned> computeCapability() const;

 private:
  friend class PlatformAccess;
  Platform() = default;
};

// The folder in which libcutrans.so lies, and with it all other libraries of the layer (CUTRANS_HOME overrides).
CUTRANS_API const std::string &libraryFolder();

// True while a function given to Queue::hostCall runs on this thread: such code may not call the API.
CUTRANS_API bool insideHostCall();

}  // namespace cutrans::runtime
