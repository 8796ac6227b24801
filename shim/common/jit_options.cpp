// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Value slots are pointers whose first bytes hold the number: read and written as such.
#include "shim/common/jit_options.h"

#include <algorithm>
#include <cstring>

#include "shim/common/refusal.h"

namespace cutrans::shim {

Status JitOptions::check(const char *entry) const {
  if (count_ && (!options_ || !values_)) return Code::invalid_value;
  for (unsigned i = 0; i < count_; ++i) {
    switch (options_[i]) {
      case CU_JIT_GLOBAL_SYMBOL_NAMES:
      case CU_JIT_GLOBAL_SYMBOL_ADDRESSES:
      case CU_JIT_GLOBAL_SYMBOL_COUNT:
        refuseArgument(entry, Diag::api_argument, "a table of host symbols for the code (CU_JIT_GLOBAL_SYMBOL_NAMES)");
        return Code::unsupported;
      default:
        if (options_[i] < 0 || options_[i] >= CU_JIT_NUM_OPTIONS) return Code::invalid_value;
    }
  }
  return Code::ok;
}

void JitOptions::finish(const std::string &before) const {
  writeLog(CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, before + text());
  writeLog(CU_JIT_INFO_LOG_BUFFER, CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES, "");
  if (void **time = value(CU_JIT_WALL_TIME)) {
    const float ms = std::chrono::duration<float, std::milli>(std::chrono::steady_clock::now() - start_).count();
    std::memcpy(time, &ms, sizeof ms);  // the value slot itself holds the float
  }
}

void JitOptions::writeLog(CUjit_option buffer_option, CUjit_option size_option, std::string_view text) const {
  void **buffer = value(buffer_option), **size = value(size_option);
  if (!buffer || !*buffer || !size) return;
  // The value slot holds an unsigned int: room on the way in, length on the way out.
  unsigned room = 0;
  std::memcpy(&room, size, sizeof room);
  if (room == 0) return;
  const unsigned length = static_cast<unsigned>(std::min<size_t>(text.size(), room - 1));
  std::memcpy(*buffer, text.data(), length);
  static_cast<char *>(*buffer)[length] = 0;
  std::memcpy(size, &length, sizeof length);
}

void **JitOptions::value(CUjit_option option) const {
  for (unsigned i = 0; i < count_; ++i)
    if (options_[i] == option) return &values_[i];
  return nullptr;
}

}  // namespace cutrans::shim
