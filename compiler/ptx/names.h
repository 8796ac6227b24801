// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Hash maps by name for names that come from outside: the hash is seeded anew in each process, so that no text can be
// made whose names all collide.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>

namespace cutrans::ptx {

uint64_t hashName(std::string_view name);

struct NameHash {
  size_t operator()(std::string_view name) const { return hashName(name); }
};

template <class Value>
using NameMap = std::unordered_map<std::string_view, Value, NameHash>;

}  // namespace cutrans::ptx
