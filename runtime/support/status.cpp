// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Names and sentences of the status codes, from status.def.
#include "cutrans/support/status.h"

namespace cutrans {
namespace {
struct Row {
  std::string_view name, meaning;
};
constexpr Row kRows[] = {
#define CT_CODE(name, meaning) {#name, meaning},
#include "status.def"
};
}  // namespace

std::string_view codeName(Code code) { return kRows[static_cast<unsigned>(code)].name; }
std::string_view codeMeaning(Code code) { return kRows[static_cast<unsigned>(code)].meaning; }

}  // namespace cutrans
