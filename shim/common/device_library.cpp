// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "shim/common/device_library.h"

#include <mutex>

#include "cutrans/runtime/module.h"

namespace cutrans::shim {
namespace {

#pragma clang diagnostic ignored "-Wc23-extensions"
constexpr char kText[] = {
#embed CUTRANS_DEVICE_RUNTIME
};

}  // namespace

void useDeviceLibrary() {
  static std::once_flag once;
  std::call_once(once, [] { runtime::Module::setLibrary("the device runtime", {kText, sizeof kText}); });
}

}  // namespace cutrans::shim
