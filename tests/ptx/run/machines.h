// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The machines that tests write code for: this one, and what it would be with fewer of its features, as the host target
// would describe it. So the instructions that another machine gets are tried here too.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace cutrans::test {

// "here" first. The list is the same everywhere; where this machine lacks a feature, the text does too.
std::span<const std::string_view> machineNames();

// "cpu=...;features=..." of a machine of the list, else "".
const std::string &machineText(std::string_view name);

// Of this machine, or of the one that CUTRANS_TEST_MACHINE names.
const std::string &hostCodegen();

}  // namespace cutrans::test
