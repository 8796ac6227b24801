// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once
#include "cutrans/conformance.h"

namespace cutrans::conformance {

// What a list says of a case on a device; null: nothing, so it should pass.
const Expectation *expectationOf(const std::vector<Expectation> &list, const std::string &name, const std::string &device);

}  // namespace cutrans::conformance
