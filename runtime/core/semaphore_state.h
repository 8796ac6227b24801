// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Semaphores as words, for runtime/core: what queues and graphs do with them.
#pragma once
#include <vector>

#include "cutrans/runtime/semaphore.h"
#include "mapping_state.h"
#include "state.h"

namespace cutrans::runtime {

// A semaphore's word, mapped as long as anybody may use it.
struct SharedWord {
  FilePiece piece;
  explicit SharedWord(const FilePiece &mapped) : piece(mapped) {}
  SharedWord(const SharedWord &) = delete;
  ~SharedWord() { unmapFile(piece); }
};

class SemaphoreAccess {
 public:
  static Semaphore *construct(void *place) { return new (place) Semaphore; }
  static const std::shared_ptr<const SharedWord> &word(const Semaphore &semaphore) { return semaphore.word_; }
};

// Operations on words, in order, and what keeps the words.
struct WordList {
  std::vector<ct_word> words;
  std::vector<bool> waits;                              // else it is written
  std::vector<std::shared_ptr<const SharedWord>> kept;  // one for each semaphore
};

Status checkSemaphores(const SemaphoreList &list);
// Of a list that is right.
WordList wordsOf(const SignalWork &work);
WordList wordsOf(const AwaitWork &work);

}  // namespace cutrans::runtime
