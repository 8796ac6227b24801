// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cutrans/targets/codes.h"

#include "cutrans/targets/textures.h"

namespace cutrans::targets {

static_assert(CT_TEXTURE_BAD_HANDLE == static_cast<uint32_t>(Code::host_texture_handle) && CT_TEXTURE_BAD_SHAPE == static_cast<uint32_t>(Code::host_texture_shape) &&
              CT_TEXTURE_OUTSIDE == static_cast<uint32_t>(Code::host_surface_outside) && CT_TEXTURE_MISALIGNED == static_cast<uint32_t>(Code::host_surface_misaligned) &&
              CT_TEXTURE_UNSUPPORTED == static_cast<uint32_t>(Code::host_texture_form));

ct_status statusOf(Code code) {
  switch (code) {
    case Code::none: return CT_ERR_TRAP;
    case Code::host_heap_free:
    case Code::host_texture_handle:
    case Code::host_surface_outside: return CT_ERR_ILLEGAL_ADDRESS;
    case Code::host_misaligned:
    case Code::host_surface_misaligned: return CT_ERR_MISALIGNED;
    default: return CT_ERR_LAUNCH;
  }
}

const char *meaningOf(uint32_t number) {
  switch (number) {
#define CT_DIAGNOSTIC(name, number, meaning, hint) \
  case number:                                     \
    return meaning;
#include CUTRANS_DIAGNOSTICS_DEF
    default:
      return "";
  }
}

}  // namespace cutrans::targets
