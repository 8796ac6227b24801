// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Semaphores of somebody else, behind a descriptor: a memory file (semaphore_file.h) with a word that both sides change. Queues
// wait for the word and write it (Queue::onWords), so that nobody has to be told, and no thread waits. docs/shared-memory.md.
#pragma once
#include <memory>

#include "cutrans/runtime/export.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/runtime/graph.h"
#include "cutrans/support/status.h"

namespace cutrans::runtime {

struct SharedWord;

class CUTRANS_API Semaphore {
 public:
  enum class Kind : uint8_t { binary, timeline };
  // Takes the descriptor over, if that works. invalid_handle: the file is no semaphore of this kind; io_error: no file is open
  // under this number; unsupported: the target has no waits for words, or cannot map files.
  static Result<Semaphore *> import(int file, Kind kind);
  static Semaphore *find(const void *handle);
  // Submitted work and executable graphs keep what they use.
  Status destroy();

  Kind kind() const { return kind_; }

 private:
  friend class SemaphoreAccess;
  Semaphore() = default;
  Kind kind_ = Kind::binary;
  std::shared_ptr<const SharedWord> word_;
};

// All of the list, in its order; checked as a whole before. A captured one is a node. invalid_handle: one of them is not alive;
// invalid_value: an empty list, lists of different lengths, a value that timelines do not reach.
CUTRANS_API Status signalSemaphores(Queue &queue, const SignalWork &work);
CUTRANS_API Status awaitSemaphores(Queue &queue, const AwaitWork &work);

}  // namespace cutrans::runtime
