// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Keeps a fatal error inside LLVM ("cannot select", "out of memory") from ending the program that we compile for.
#pragma once

#include <functional>
#include <string>

namespace cutrans::emit {

// Runs `work` on this thread. Empty when it returned; LLVM's words when LLVM gave up, after which `work` was left without
// running destructors: what it held is leaked, on a path that only a defect reaches. Not to be nested.
std::string contained(const std::function<void()> &work);

}  // namespace cutrans::emit
