// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading what kernels wrote into a ct_messages (cutrans/messages.h), behind a launch.
#pragma once

#include <cutrans/messages.h>
#include <cutrans/target.h>

#include <cstdint>
#include <string>

#include "cutrans/targets/codes.h"

namespace cutrans::targets {

struct Messages {
  std::string printed;              // for ct_host.output
  std::string errors;               // lines of failed asserts, for stderr
  ct_status fault = CT_OK;          // of the first assert or trap
  Code code = Code::none;           // with `text`: for ct_host.report; an assert has none, its line says all
  std::string text;
  bool lost = false;                // more was written than there was room for
};

// Takes everything out and sets the space back for the next launch, `ended` included. Nothing may write meanwhile. `block` is the
// launch's shape. Nothing that stands in the space is trusted: a record that cannot be ends the reading.
Messages takeMessages(ct_messages &space, const uint32_t block[3], const std::string &kernel);

}  // namespace cutrans::targets
