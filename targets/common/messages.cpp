// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cutrans/targets/messages.h"

#include <cutrans/native_kernel.h>

#include <cstdio>
#include <cstring>

#include "cutrans/targets/printf_format.h"

namespace cutrans::targets {
namespace {

// The bytes of one record behind its fixed part.
class Rest {
 public:
  Rest(const char *at, size_t bytes) : at_(at), end_(at + bytes) {}
  // A text of at most `bytes` with its NUL inside; null where there is none.
  const char *text(size_t bytes) {
    const char *start = at_;
    if (bytes > left() || !std::memchr(start, 0, bytes)) return nullptr;
    at_ += bytes;
    return start;
  }
  const char *text() {
    const void *nul = std::memchr(at_, 0, left());
    return nul ? text(static_cast<size_t>(static_cast<const char *>(nul) - at_) + 1) : "";
  }
  const char *bytes(size_t count) {
    if (count > left()) return nullptr;
    const char *start = at_;
    at_ += count;
    return start;
  }
  bool align(const char *base) { return bytes((8 - static_cast<size_t>(at_ - base) % 8) % 8) != nullptr; }
  size_t left() const { return static_cast<size_t>(end_ - at_); }
  const char *at() const { return at_; }

 private:
  const char *at_, *end_;
};

template <class Record>
bool fixed(const char *at, uint32_t size, Record &out) {
  if (size < sizeof out) return false;
  std::memcpy(&out, at, sizeof out);
  return true;
}

std::string place(const ct_message &head) {
  char text[96];
  std::snprintf(text, sizeof text, ", block (%u, %u, %u)", head.block[0], head.block[1], head.block[2]);
  return text;
}

bool takePrintf(Messages &out, const char *at, uint32_t size) {
  ct_message_printf call;
  if (!fixed(at, size, call)) return false;
  Rest rest(at + sizeof call, size - sizeof call);
  const char *format = rest.text(call.format_bytes);
  if (!format || !rest.align(at)) return false;
  const char *values = rest.bytes(call.argument_bytes);
  if (!values || !rest.align(at)) return false;
  formatPrintf(out.printed, format, {values, call.argument_bytes, rest.at(), rest.left()});
  return true;
}

bool takeAssert(Messages &out, const char *at, uint32_t size, const uint32_t *block) {
  ct_message_assert failed;
  if (!fixed(at, size, failed)) return false;
  Rest rest(at + sizeof failed, size - sizeof failed);
  const char *message = rest.text(), *file = rest.text(), *function = rest.text();
  const uint32_t *id = failed.head.block, thread = failed.head.thread, x = block[0] ? block[0] : 1, y = block[1] ? block[1] : 1;
  char numbers[128];
  std::snprintf(numbers, sizeof numbers, ": block: [%u,%u,%u], thread: [%u,%u,%u] Assertion `", id[0], id[1], id[2], thread % x,
                thread / x % y, thread / x / y);
  out.errors += std::string(file) + ":" + std::to_string(failed.line) + ": " + function + numbers + message + "` failed.\n";
  if (out.fault == CT_OK) out.fault = CT_ERR_ASSERT;
  return true;
}

bool takeTrap(Messages &out, const char *at, uint32_t size, const std::string &kernel) {
  ct_message_trap trap;
  if (!fixed(at, size, trap)) return false;
  if (out.fault != CT_OK) return true;
  const uint32_t code = trap.code & ((1u << CT_NATIVE_TRAP_LINE_SHIFT) - 1), line = trap.code >> CT_NATIVE_TRAP_LINE_SHIFT;
  out.fault = statusOf(static_cast<Code>(code));
  out.code = code ? static_cast<Code>(code) : Code::host_trap;
  out.text = "kernel " + kernel + place(trap.head) + ": " + (code ? "" : "trap instruction in ") + "thread " + std::to_string(trap.head.thread);
  if (line) out.text += ", PTX line " + std::to_string(line);
  if (code) out.text += std::string(": ") + meaningOf(code);
  return true;
}

}  // namespace

Messages takeMessages(ct_messages &space, const uint32_t block[3], const std::string &kernel) {
  Messages out;
  const uint32_t written = __atomic_load_n(&space.written, __ATOMIC_ACQUIRE);
  const char *const start = reinterpret_cast<const char *>(&space + 1);
  out.lost = written > space.bytes;
  const uint32_t end = out.lost ? space.bytes : written;
  for (uint32_t at = 0; end - at >= sizeof(ct_message);) {
    ct_message head;
    std::memcpy(&head, start + at, sizeof head);
    if (head.size < sizeof head || head.size % 8 || head.size > end - at) break;
    bool known = false;
    switch (head.kind) {
      case CT_MESSAGE_PRINTF: known = takePrintf(out, start + at, head.size); break;
      case CT_MESSAGE_ASSERT: known = takeAssert(out, start + at, head.size, block); break;
      case CT_MESSAGE_TRAP: known = takeTrap(out, start + at, head.size, kernel); break;
      default: break;
    }
    if (!known) break;
    at += head.size;
  }
  // Whoever ended the grid found no room to say why.
  if (space.ended && out.fault == CT_OK) {
    out.fault = CT_ERR_LAUNCH;
    out.code = Code::target_messages_lost;
    out.text = "kernel " + kernel + ": it ended itself, and there was no room for its message";
  }
  std::memset(reinterpret_cast<char *>(&space + 1), 0, end);
  space.ended = 0;
  __atomic_store_n(&space.written, 0, __ATOMIC_RELEASE);
  return out;
}

}  // namespace cutrans::targets
