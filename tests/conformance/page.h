// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// docs/conformance.md, from the registered cases, the targets' lists and the list of promises. Nothing runs for it: that the targets
// are as their lists say is what the tests conformance.* show.
#pragma once
#include <string>

namespace cutrans::conformance {

constexpr char kHeaderFile[] = "targets/include/cutrans/target.h", kPromiseFile[] = "tests/conformance/promises.list";

std::string fileText(const std::string &path);
// source: the folder of the repository. `error` is set where a list does not parse.
std::string page(const std::string &source, std::string &error);

}  // namespace cutrans::conformance
