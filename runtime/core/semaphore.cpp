// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cutrans/runtime/semaphore.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/capture.h"
#include "cutrans/runtime/semaphore_file.h"
#include "cutrans/support/diagnostics.h"
#include "semaphore_state.h"

namespace cutrans::runtime {
namespace {

constinit HandlePool<Semaphore, SemaphoreAccess> pool;

// The other side may write anything into the file, so only the head is believed, and that once.
bool isSemaphore(int file, Semaphore::Kind kind) {
  struct stat about {};
  if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size != CUTRANS_SEMAPHORE_BYTES) return false;
  // Without the seal its owner could take the page away under a queue that looks at it.
  const int seals = fcntl(file, F_GET_SEALS);
  if (seals < 0 || !(seals & F_SEAL_SHRINK) || (seals & F_SEAL_WRITE)) return false;
  cutrans_semaphore_file head{};
  if (pread(file, &head, sizeof head, 0) != sizeof head) return false;
  const uint32_t wanted = kind == Semaphore::Kind::binary ? CUTRANS_SEMAPHORE_BINARY : CUTRANS_SEMAPHORE_TIMELINE;
  return head.magic == CUTRANS_SEMAPHORE_MAGIC && head.version == CUTRANS_SEMAPHORE_VERSION && head.kind == wanted;
}

ct_word wordOf(const SharedWord &shared, uint64_t value, ct_compare compare) {
  ct_word word{};
  word.struct_size = sizeof word;
  word.bytes = sizeof(cutrans_semaphore_file::value);
  word.address = shared.piece.range + offsetof(cutrans_semaphore_file, value);
  word.value = value;
  word.compare = compare;
  return word;
}

void append(WordList &list, bool waits, const ct_word &word) {
  list.words.push_back(word);
  list.waits.push_back(waits);
}

// `each(list, semaphore, value)` for all of them.
template <class Each>
WordList makeList(const SemaphoreList &from, Each &&each) {
  WordList list;
  for (size_t i = 0; i < from.semaphores.size(); ++i) {
    const Semaphore &semaphore = *from.semaphores[i];
    each(list, semaphore.kind(), *SemaphoreAccess::word(semaphore), from.values[i]);
    list.kept.push_back(SemaphoreAccess::word(semaphore));
  }
  return list;
}

template <class Work>
Status submitWords(Queue &queue, const Work &work) {
  if (Status right = checkSemaphores(work); !right.ok()) return right;
  if (captures(queue)) [[unlikely]]
    if (std::optional<Status> captured = captureNode(queue, work)) return *captured;
  auto *list = new WordList(wordsOf(work));
  bool taken = false;
  Status status = submit(queue, [&](ct_queue *handle) {
    const ct_queue_ops &ops = target().queue;
    ct_status result = CT_OK;
    for (size_t i = 0; i < list->words.size() && result == CT_OK; ++i)
      result = list->waits[i] ? ops.wait_word(handle, &list->words[i]) : ops.write_word(handle, &list->words[i]);
    // The words stay mapped until the queue is past them, even where the program destroys the semaphore before.
    if (result == CT_OK) result = ops.host_call(handle, [](void *user, ct_status) { delete static_cast<WordList *>(user); }, list);
    taken = result == CT_OK;
    return result;
  });
  if (!taken) delete list;
  return status;
}

}  // namespace

Semaphore *Semaphore::find(const void *handle) { return pool.find(handle); }

Result<Semaphore *> Semaphore::import(int file, Kind kind) {
  if (Status has = requireMapping("semaphores of other APIs"); !has.ok()) return has;
  if (!target().words) {
    report(Diag::target_no_words, "a semaphore of another API is imported");
    return Code::unsupported;
  }
  if (fcntl(file, F_GETFD) < 0) return Code::io_error;
  if (!isSemaphore(file, kind)) return Code::invalid_handle;
  Result<FilePiece> piece = mapFile(file, true, 0, CUTRANS_SEMAPHORE_BYTES);
  if (!piece.ok()) return piece.status();
  auto word = std::make_shared<const SharedWord>(*piece);
  Semaphore *semaphore = pool.allocate();
  if (!semaphore) {
    report(Diag::too_many_handles, "importing a semaphore");
    return Code::out_of_memory;
  }
  semaphore->kind_ = kind;
  semaphore->word_ = std::move(word);
  pool.publish(semaphore);
  close(file);  // the mapping is all that is needed of it
  return semaphore;
}

Status Semaphore::destroy() {
  if (!pool.retire(this)) return Code::invalid_handle;
  word_.reset();
  pool.recycle(this);
  return {};
}

Status checkSemaphores(const SemaphoreList &list) {
  if (list.semaphores.empty() || list.semaphores.size() != list.values.size()) return Code::invalid_value;
  for (size_t i = 0; i < list.semaphores.size(); ++i) {
    const Semaphore *semaphore = Semaphore::find(list.semaphores[i]);
    if (!semaphore) return Code::invalid_handle;
    // Words are compared by the sign of the difference, which is the order of the values as long as these are not that large.
    if (semaphore->kind() == Semaphore::Kind::timeline && list.values[i] >> 63) {
      report(Diag::api_external, "a value of a timeline semaphore that is 2^63 or more");
      return Code::invalid_value;
    }
  }
  return {};
}

WordList wordsOf(const SignalWork &work) {
  return makeList(work, [](WordList &list, Semaphore::Kind kind, const SharedWord &word, uint64_t value) {
    append(list, false, wordOf(word, kind == Semaphore::Kind::binary ? 1 : value, CT_COMPARE_EQ));
  });
}

WordList wordsOf(const AwaitWork &work) {
  return makeList(work, [](WordList &list, Semaphore::Kind kind, const SharedWord &word, uint64_t value) {
    if (kind == Semaphore::Kind::timeline) return append(list, true, wordOf(word, value, CT_COMPARE_GEQ));
    append(list, true, wordOf(word, 1, CT_COMPARE_EQ));
    append(list, false, wordOf(word, 0, CT_COMPARE_EQ));
  });
}

Status signalSemaphores(Queue &queue, const SignalWork &work) { return submitWords(queue, work); }
Status awaitSemaphores(Queue &queue, const AwaitWork &work) { return submitWords(queue, work); }

}  // namespace cutrans::runtime
