// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Pieces of memory pools, as queues, contexts and the map of allocations see them. memory_pool.cpp has the rules.
//
// A piece is one allocation of the target, and stays in the map while it is kept: the map shows it to nobody then. Its record is
// never unmapped and is used again late, so that who still holds a pointer to it reads a record, if not the one it meant.
// Lock order: Context::State::lists, PieceList::lock, the map's.
#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <mutex>

#include "cutrans/runtime/memory.h"
#include "cutrans/runtime/memory_pool.h"
#include "state.h"

namespace cutrans::runtime {

struct Piece {
  Address base = 0;
  uint64_t size = 0;                 // what was taken from the target
  MemoryPool *pool = nullptr;
  Context *context = nullptr;
  uint64_t context_id = 0;
  std::atomic<uint64_t> live{0};     // bytes that the program asked for; 0: kept
  std::atomic<uint64_t> id{0};       // of this use
  uint64_t freed_at = 0;             // the queue's count of submissions at the free; it is reached when they are done
  Piece *next = nullptr;             // in a list of kept ones
};

// Kept pieces by size: eight sizes for each doubling, so that at most an eighth is lost.
class PieceList {
 public:
  static constexpr uint64_t kLeast = 512;
  static constexpr size_t kClasses = 8 * 40;

  static uint64_t rounded(uint64_t size) {
    const uint64_t step = std::max<uint64_t>(kLeast, std::bit_floor(size) / 8);
    return (size + step - 1) / step * step;
  }
  // Of a rounded size.
  static size_t classOf(uint64_t size) {
    if (size <= 8 * kLeast) return size / kLeast - 1;
    const unsigned log = static_cast<unsigned>(std::bit_width(size)) - 1;
    return 8 * (log - 11) + ((size >> (log - 3)) & 7) - 1;
  }

  std::mutex lock;
  std::array<Piece *, kClasses> heads{};  // under lock, as all below
  std::atomic<size_t> count{0};           // read without: whether there is anything to do

  void push(Piece &piece) {
    Piece *&head = heads[classOf(piece.size)];
    piece.next = head;
    head = &piece;
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  // The first one that fits, taken out.
  template <class Fits>
  Piece *take(size_t size_class, Fits &&fits) {
    for (Piece **at = &heads[size_class]; *at; at = &(*at)->next) {
      Piece *piece = *at;
      if (!fits(*piece)) continue;
      *at = piece->next;
      count.store(count.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
      return piece;
    }
    return nullptr;
  }
  // Takes out all that fit and hands them on.
  template <class Fits, class Use>
  void takeAll(Fits &&fits, Use &&use) {
    for (size_t c = 0; c < kClasses; ++c)
      while (heads[c]) {
        Piece *piece = take(c, fits);
        if (!piece) break;
        use(*piece);
      }
  }
};

class PoolAccess {
 public:
  // The program frees it in the queue's order, or after its work is done. invalid_value where it is not live any more.
  static Status free(Piece &piece, Queue &queue);
  static Status freeNow(Piece &piece);
  // The queue's list ends with it: what it keeps goes to the pools when the work so far is done.
  static void endQueue(Queue &queue);
  // The same with the queue's context, whose memory goes in any case.
  static void forgetList(Queue::State &queue);
  // A program has waited for the queue: what is kept beyond the pools' thresholds goes back.
  static void afterWait(Queue::State &queue);
  // The context's memory is released without asking: no list may hold pieces of it.
  static void forgetContext(const Context &context);
  // The target has its memory back.
  static void released(Piece &piece);

 private:
  friend class MemoryPool;
  static void giveBack(Piece &piece);
  static void keepIdle(Piece &piece);
  static void endList(PieceList *list);
  static bool beyond(const MemoryPool &pool);
};

}  // namespace cutrans::runtime
