// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/ptx/names.h"

#include <random>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace cutrans::ptx {

uint64_t hashName(std::string_view name) {
  static const uint64_t seed = [] {
    std::random_device device;
    return (uint64_t{device()} << 32) | device();
  }();
  return XXH3_64bits_withSeed(name.data(), name.size(), seed);
}

}  // namespace cutrans::ptx
