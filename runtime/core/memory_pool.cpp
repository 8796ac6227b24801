// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Pools. A kept piece is in the list of the queue that freed it, or, when nothing can use it any more, in its pool's.
#include "cutrans/runtime/memory_pool.h"

#include <algorithm>
#include <deque>
#include <vector>

#include "capture/capture.h"
#include "cutrans/support/diagnostics.h"
#include "memory_map.h"
#include "pool_pieces.h"

namespace cutrans::runtime {
namespace {

// Objects that somebody may still look at when they have gone: used again first in, first out, never released.
template <class T>
class Records {
 public:
  T *get() {
    std::lock_guard hold(lock_);
    if (free_.size() <= kQuarantine) return new T;
    T *object = free_.front();
    free_.pop_front();
    return object;
  }
  void put(T *object) {
    std::lock_guard hold(lock_);
    free_.push_back(object);
  }

 private:
  static constexpr size_t kQuarantine = 64;
  std::mutex lock_;
  std::deque<T *> free_;
};

// Never destroyed: destructors of the program still free.
template <class T>
Records<T> &records() {
  static auto *const instance = new Records<T>;
  return *instance;
}

struct Pools {
  std::mutex lock;  // above PieceList::lock
  std::vector<MemoryPool *> all;
};
Pools &pools() {
  static Pools *const instance = new Pools;
  return *instance;
}

// Numbers of uses, in blocks of a thread's own: `nextAllocationId` is one place for all threads.
uint64_t nextUse() {
  constexpr uint64_t kBlock = 1024, kUses = uint64_t{1} << 63;
  static constinit std::atomic<uint64_t> next{0};
  thread_local uint64_t at = 0, left = 0;
  if (left == 0) at = next.fetch_add(kBlock, std::memory_order_relaxed), left = kBlock;
  --left;
  return kUses | at++;
}

bool isPiece(const Allocation &a) { return a.piece != nullptr; }

// Everything that was submitted up to this number is known to be done.
bool reached(const Queue::State &queue, uint64_t number) { return queue.finished.load(std::memory_order_acquire) >= number; }

// As above, after asking the target.
bool reachedNow(Queue::State &queue, uint64_t number) {
  if (reached(queue, number)) return true;
  const uint64_t submitted = queue.submitted.load(std::memory_order_acquire);
  if (target().queue.query(queue.handle) != CT_OK) return false;
  queue.finished.store(submitted, std::memory_order_release);
  return submitted >= number;
}

}  // namespace

struct MemoryPool::State {
  PieceList idle;
  std::atomic<uint64_t> references{1};  // the pool's handle, and each piece
  std::atomic<bool> ended{false};
};

MemoryPool::MemoryPool(Device &device) : device_(device), state_(new State) {}
MemoryPool::~MemoryPool() { delete state_; }

void MemoryPool::Counter::add(uint64_t bytes) {
  const uint64_t sum = now.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  uint64_t most = high.load(std::memory_order_relaxed);
  while (sum > most && !high.compare_exchange_weak(most, sum, std::memory_order_relaxed)) {
  }
}

MemoryPool *MemoryPool::create(Device &device) {
  auto *pool = new MemoryPool(device);
  std::lock_guard hold(pools().lock);
  pools().all.push_back(pool);
  return pool;
}

void MemoryPool::destroy() {
  state_->ended = true;
  trim(0);
  {
    std::lock_guard hold(pools().lock);
    std::erase(pools().all, this);
  }
  if (state_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

// ---- giving out --------------------------------------------------------------------------------------------------

Result<Address> MemoryPool::allocate(Queue &queue, Context &context, uint64_t size) {
  if (Status healthy = context.check(); !healthy.ok()) return healthy;
  if (size > uint64_t{1} << 47) return Code::out_of_memory;
  const uint64_t rounded = PieceList::rounded(size);
  const size_t size_class = PieceList::classOf(rounded);
  const uint64_t context_id = context.id();
  auto ours = [&](const Piece &piece) { return piece.pool == this && piece.context_id == context_id; };
  auto give = [&](Piece &piece) -> Address {
    used_.add(size);
    piece.id.store(nextUse(), std::memory_order_relaxed);
    piece.live.store(size, std::memory_order_release);
    return piece.base;
  };

  Queue::State &state = QueueAccess::state(queue);
  if (PieceList *list = state.kept.load(std::memory_order_acquire); list && list->count.load(std::memory_order_relaxed)) {
    std::lock_guard hold(list->lock);
    if (Piece *piece = list->take(size_class, ours)) return give(*piece);
  }
  {
    std::lock_guard hold(state_->idle.lock);
    if (Piece *piece = state_->idle.take(size_class, ours)) return give(*piece);
  }
  if (across_queues_.load(std::memory_order_relaxed)) {
    Context::State &owner = ContextAccess::state(context);
    std::lock_guard hold_lists(owner.lists);
    auto from = [&](Queue::State &other) -> Piece * {
      PieceList *list = other.kept.load(std::memory_order_acquire);
      if (&other == &state || !list || !list->count.load(std::memory_order_relaxed)) return nullptr;
      std::lock_guard hold(list->lock);
      return list->take(size_class, [&](const Piece &piece) { return ours(piece) && reachedNow(other, piece.freed_at); });
    };
    for (Queue *other : owner.queues)
      if (Piece *piece = from(QueueAccess::state(*other))) return give(*piece);
    if (Queue *legacy = ContextAccess::legacy(context))
      if (Piece *piece = from(QueueAccess::state(*legacy))) return give(*piece);
  }

  auto full = [&] { return most_ && (rounded > most_ || reserved_.now.load() > most_ - rounded); };
  if (full()) trim(rounded > most_ ? 0 : most_ - rounded);
  if (full()) return Code::out_of_memory;
  Piece &piece = *records<Piece>().get();
  piece.size = rounded;
  piece.pool = this;
  piece.context = &context;
  piece.context_id = context_id;
  Status made = allocatePiece(context, piece, /*may_fail=*/true);
  if (made.code() == Code::out_of_memory) {
    trim(0);
    made = allocatePiece(context, piece, false);
  }
  if (!made.ok()) {
    records<Piece>().put(&piece);
    return made;
  }
  state_->references.fetch_add(1, std::memory_order_relaxed);
  reserved_.add(rounded);
  return give(piece);
}

// ---- taking back -------------------------------------------------------------------------------------------------

bool PoolAccess::beyond(const MemoryPool &pool) {
  return pool.state_->ended.load(std::memory_order_relaxed) ||
         pool.reserved_.now.load(std::memory_order_relaxed) > pool.threshold_.load(std::memory_order_relaxed);
}

void PoolAccess::giveBack(Piece &piece) {
  std::optional<Allocation> taken = takeAllocation(piece.base, isPiece);
  if (taken) releaseTaken(*taken);
}

void PoolAccess::released(Piece &piece) {
  MemoryPool &pool = *piece.pool;
  pool.reserved_.subtract(piece.size);
  if (uint64_t size = piece.live.exchange(0)) pool.used_.subtract(size);
  records<Piece>().put(&piece);
  if (pool.state_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete &pool;
}

void PoolAccess::keepIdle(Piece &piece) {
  if (beyond(*piece.pool)) return giveBack(piece);
  std::lock_guard hold(piece.pool->state_->idle.lock);
  piece.freed_at = 0;
  piece.pool->state_->idle.push(piece);
}

Status PoolAccess::free(Piece &piece, Queue &queue) {
  if (Status healthy = queue.context().check(); !healthy.ok()) return healthy;
  // The count below must cover what the queue has to wait for.
  if (Status ordered = orderBefore(queue); !ordered.ok()) return ordered;
  Queue::State &state = QueueAccess::state(queue);
  PieceList *list = state.kept.load(std::memory_order_acquire);
  if (!list) {
    PieceList *made = records<PieceList>().get();
    if (state.kept.compare_exchange_strong(list, made)) list = made;
    else records<PieceList>().put(made);
  }
  const bool elsewhere = piece.context != &queue.context() || piece.pool->state_->ended.load(std::memory_order_relaxed);
  const uint64_t size = piece.live.exchange(0, std::memory_order_acq_rel);
  if (size == 0) return Code::invalid_value;
  if (elsewhere) {
    // Nobody would find it in this queue's list.
    Status queued = queue.hostCall([](void *user, Code) { keepIdle(*static_cast<Piece *>(user)); }, &piece, true);
    if (queued.ok())
      piece.pool->used_.subtract(size);
    else
      piece.live.store(size, std::memory_order_release);
    return queued;
  }
  piece.pool->used_.subtract(size);
  std::lock_guard hold(list->lock);
  piece.freed_at = state.submitted.load(std::memory_order_acquire);
  list->push(piece);
  return {};
}

Status PoolAccess::freeNow(Piece &piece) {
  const uint64_t size = piece.live.exchange(0, std::memory_order_acq_rel);
  if (size == 0) return Code::invalid_value;
  piece.pool->used_.subtract(size);
  keepIdle(piece);
  return {};
}

void PoolAccess::endList(PieceList *list) {
  std::vector<Piece *> all;
  {
    std::lock_guard hold(list->lock);
    list->takeAll([](const Piece &) { return true; }, [&](Piece &piece) { all.push_back(&piece); });
  }
  records<PieceList>().put(list);
  for (Piece *piece : all) keepIdle(*piece);
}

void PoolAccess::forgetList(Queue::State &queue) {
  PieceList *list = queue.kept.exchange(nullptr);
  if (!list) return;
  {
    std::lock_guard hold(list->lock);
    list->takeAll([](const Piece &) { return true; }, [](Piece &) {});
  }
  records<PieceList>().put(list);
}

void PoolAccess::endQueue(Queue &queue) {
  Queue::State &state = QueueAccess::state(queue);
  PieceList *list = state.kept.exchange(nullptr);
  if (!list) return;
  if (idle(state) || !list->count.load()) return endList(list);
  // What a capturing queue is given goes to the graph.
  if (!captures(queue) && queue.hostCall([](void *user, Code) { endList(static_cast<PieceList *>(user)); }, list, true).ok()) return;
  (void)target().queue.synchronize(state.handle);
  endList(list);
}

void PoolAccess::afterWait(Queue::State &queue) {
  PieceList *list = queue.kept.load(std::memory_order_acquire);
  if (!list || !list->count.load(std::memory_order_relaxed)) return;
  std::lock_guard hold(list->lock);
  list->takeAll([&](const Piece &piece) { return beyond(*piece.pool) && reached(queue, piece.freed_at); }, giveBack);
}

void PoolAccess::forgetContext(const Context &context) {
  std::lock_guard hold(pools().lock);
  for (MemoryPool *pool : pools().all) {
    std::lock_guard hold_idle(pool->state_->idle.lock);
    pool->state_->idle.takeAll([&](const Piece &piece) { return piece.context_id == context.id(); }, [](Piece &) {});
  }
}

void MemoryPool::trim(uint64_t keep) {
  auto more = [&](const Piece &piece) { return piece.pool == this && reserved_.now.load(std::memory_order_relaxed) > keep; };
  // Before the locks of contexts: the device's keeps them from starting and ending.
  Device::State &device = DeviceAccess::state(device_);
  std::lock_guard hold(device.lock);
  {
    std::lock_guard hold_idle(state_->idle.lock);
    state_->idle.takeAll(more, PoolAccess::giveBack);
  }
  for (Context *context : device.active) {
    Context::State &owner = ContextAccess::state(*context);
    std::lock_guard hold_lists(owner.lists);
    auto from = [&](Queue::State &queue) {
      PieceList *list = queue.kept.load(std::memory_order_acquire);
      if (!list || !list->count.load(std::memory_order_relaxed)) return;
      std::lock_guard hold_list(list->lock);
      list->takeAll([&](const Piece &piece) { return more(piece) && reachedNow(queue, piece.freed_at); }, PoolAccess::giveBack);
    };
    for (Queue *queue : owner.queues) from(QueueAccess::state(*queue));
    if (Queue *legacy = ContextAccess::legacy(*context)) from(QueueAccess::state(*legacy));
  }
}

MemoryPool *poolOf(const Allocation &allocation) { return allocation.piece ? allocation.piece->pool : nullptr; }

}  // namespace cutrans::runtime
