// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cutrans/targets/codes.h"

namespace cutrans::targets {

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
