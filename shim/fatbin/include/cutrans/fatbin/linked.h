// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes the image that cuLinkComplete gives out: the units as they are, linked when the image is loaded (openImage).
#pragma once

#include <span>
#include <string>

#include "cutrans/fatbin/choose.h"

namespace cutrans::fatbin {

std::string writeLinked(std::span<const PtxUnit> units);

}  // namespace cutrans::fatbin
