// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Modules: any artifact of the right format is taken.
#include "module.h"

#include <cstring>
#include <new>

namespace cutrans::null {
namespace {

ct_status load(ct_device *, const ct_artifact *artifact, ct_module **out) {
  if (std::strcmp(artifact->format, "native-so") != 0) return CT_ERR_BAD_ARTIFACT;
  *out = new (std::nothrow) ct_module{{artifact->kernel}};
  return *out ? CT_OK : CT_ERR_OUT_OF_MEMORY;
}

void unload(ct_module *module) { delete module; }

ct_status kernel(ct_module *module, ct_kernel **out) {
  *out = &module->kernel;
  return CT_OK;
}

}  // namespace

const ct_module_ops module_ops = {sizeof(ct_module_ops), load, unload, kernel};

}  // namespace cutrans::null
