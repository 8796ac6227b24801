// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Mnemonics to handlers.
#include "tests/reference/machine.h"
#include "tests/reference/parser.h"

namespace cutrans::reference {
namespace {

const Table &table() {
  static const Table all = [] {
    Table table;
    for (auto add : {addInteger, addBits, addVideo, addFloating, addCompare, addConvert, addMemory, addAtomic, addControl,
                     addBarriers, addWarp, addMatrix, addAsync})
      add(table);
    return table;
  }();
  return all;
}

}  // namespace

// The longest beginning that has a row.
const Handler *handlerOf(const std::vector<std::string> &words, size_t &head) {
  const Handler *found = nullptr;
  std::string name;
  for (size_t i = 0; i < words.size() && i < 6; ++i) {
    name += (i ? "." : "") + words[i];
    if (auto it = table().rows.find(name); it != table().rows.end()) found = &it->second, head = i + 1;
  }
  return found;
}

std::vector<std::string> mnemonics() {
  std::vector<std::string> names;
  for (const auto &[name, handler] : table().rows) names.push_back(name);
  return names;
}

}  // namespace cutrans::reference
