// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "shim/common/library_loading.h"

#include "cutrans/runtime/platform.h"
#include "shim/common/ptx_units.h"

namespace cutrans::shim {

Result<runtime::Library *> loadLibrary(const void *image, runtime::Context *context) {
  Result<unsigned> capability = runtime::Platform::loaded()->computeCapability();
  if (!capability.ok()) return capability.status();
  Result<std::vector<runtime::Unit>> units = unitsOfImage(image, *capability, "");
  if (!units.ok()) return units.status();
  Result<runtime::Library *> library = runtime::Library::create(
      [kept = std::move(*units)](unsigned) -> Result<std::vector<runtime::Unit>> { return kept; });
  if (!library.ok() || !context) return library;
  Result<runtime::Module *> module = (*library)->module(*context);
  if (module.ok()) return library;
  (void)(*library)->destroy();
  return module.status();
}

}  // namespace cutrans::shim
