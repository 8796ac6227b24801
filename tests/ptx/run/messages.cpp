// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/ptx/run/messages.h"

#include <cutrans/targets/printf_format.h>

#include <algorithm>

namespace cutrans::test {

void readMessages(const ct_messages &messages, Outcome &outcome) {
  auto up = [](uint32_t bytes) { return (bytes + 7) / 8 * 8; };
  const char *at = reinterpret_cast<const char *>(&messages + 1), *end = at + std::min(messages.written, messages.bytes);
  while (size_t(end - at) >= sizeof(ct_message)) {
    const auto &head = *reinterpret_cast<const ct_message *>(at);
    if (head.kind == CT_MESSAGE_NONE || head.size < sizeof head || head.size > size_t(end - at)) return;
    if (head.kind == CT_MESSAGE_PRINTF) {
      const auto &record = *reinterpret_cast<const ct_message_printf *>(at);
      const char *format = reinterpret_cast<const char *>(&record + 1), *values = format + up(record.format_bytes), *texts = values + up(record.argument_bytes);
      targets::formatPrintf(outcome.printed, format, targets::StoredArguments{values, record.argument_bytes, texts, size_t(at + head.size - texts)});
    }
    if (head.kind != CT_MESSAGE_PRINTF && outcome.ok) {
      outcome.ok = false;
      const std::string thread = " in thread " + std::to_string(head.thread);
      outcome.problem = head.kind == CT_MESSAGE_TRAP ? "trap " + std::to_string(reinterpret_cast<const ct_message_trap *>(at)->code) + thread
                                                     : "assertion" + thread + ": " + reinterpret_cast<const char *>(reinterpret_cast<const ct_message_assert *>(at) + 1);
    }
    at += head.size;
  }
}

}  // namespace cutrans::test
