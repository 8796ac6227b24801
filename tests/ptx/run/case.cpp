// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/ptx/run/case.h"

namespace cutrans::test {

std::string Case::difference() const {
  for (size_t b = 0; b < buffers_.size(); ++b) {
    const Buffer &buffer = buffers_[b];
    for (size_t i = 0; i < buffer.now.size(); i += buffer.element) {
      if (!std::memcmp(&buffer.now[i], &buffer.expected[i], buffer.element)) continue;
      auto text = [&](const std::vector<uint8_t> &bytes) {
        int32_t number = 0;
        float real = 0;
        std::memcpy(&number, &bytes[i], std::min<size_t>(4, buffer.element));
        std::memcpy(&real, &bytes[i], std::min<size_t>(4, buffer.element));
        return std::to_string(number) + " (" + std::to_string(real) + ")";
      };
      return "buffer " + std::to_string(b) + ", element " + std::to_string(i / buffer.element) + ": " + text(buffer.now) +
             ", expected " + text(buffer.expected);
    }
  }
  return "";
}

}  // namespace cutrans::test
