// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Waits for words of memory and writes of them, in queues.
#include <cstdio>
#include <vector>

#include "capture/capture.h"
#include "checked.h"
#include "cutrans/runtime/memory.h"
#include "cutrans/runtime/queue.h"
#include "cutrans/support/diagnostics.h"
#include "state.h"

namespace cutrans::runtime {
namespace {

Status refuseWord(Address address, const char *why) {
  char text[128];
  std::snprintf(text, sizeof text, "a word that a stream waits for or writes, at %#llx: %s", static_cast<unsigned long long>(address), why);
  report(Diag::copy_range, text);
  return Code::invalid_value;
}

bool reaches(const Device &device, const Allocation &memory) {
  if (memory.onHost()) return true;
  const Device &owner = memory.context->device();
  return owner.index() == device.index() || (owner.hostCanAccess() && device.hostCanAccess());
}

}  // namespace

Result<ct_word> checkWord(const Device &device, const WordOperation &operation) {
  ct_word word{};
  word.struct_size = sizeof word;
  word.bytes = operation.wide ? 8 : 4;
  word.value = operation.value;
  word.compare = operation.compare;
  if (operation.address % word.bytes != 0) return refuseWord(operation.address, "it is not aligned");
  std::optional<Allocation> memory = findAllocation(operation.address);
  if (!memory || !reaches(device, *memory)) return refuseWord(operation.address, "no memory that this device reaches");
  const bool by_base = operation.address - memory->base < memory->size;
  const uint64_t offset = operation.address - (by_base ? memory->base : memory->device);
  if (word.bytes > memory->size - offset) return refuseWord(operation.address, "it ends behind its allocation");
  if (memory->kind == MemoryKind::managed && !operation.wide) return refuseWord(operation.address, "managed memory");
  word.address = memory->device + offset;
  return word;
}

Status Queue::onWords(std::span<const WordOperation> operations, std::span<const std::byte> given) {
  if (captures(*this)) [[unlikely]]
    if (std::optional<Status> captured = captureNode(*this, WordsWork{context_, {operations.begin(), operations.end()}, {given.begin(), given.end()}}))
      return *captured;
  if (Status healthy = context_->check(); !healthy.ok()) return healthy;
  std::vector<ct_word> words;
  words.reserve(operations.size());
  for (const WordOperation &operation : operations) {
    Result<ct_word> word = checkWord(context_->device(), operation);
    if (!word.ok()) return word.status();
    words.push_back(*word);
  }
  for (size_t i = 0; i < words.size(); ++i) {
    const bool waits = operations[i].kind == WordOperation::Kind::wait;
    Status status = submit(*this, [&](ct_queue *handle) {
      return waits ? target().queue.wait_word(handle, &words[i]) : target().queue.write_word(handle, &words[i]);
    });
    if (!status.ok()) return status;
  }
  return {};
}

}  // namespace cutrans::runtime
