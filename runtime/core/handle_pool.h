// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where the objects behind handles live. A program may hand us any value as a stream, an event or a kernel: null, one
// that was destroyed, a stray number. So each kind of object has one reserved range of addresses, and `find` judges a
// value by arithmetic and one load, without a lock and without reading memory outside the range.
//
// Slots are never unmapped and are reused late, first in first out, so that a stale handle is noticed rather than
// taken for its successor. The object of a released slot stays constructed until the slot is used again.
#pragma once
#include <sys/mman.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <new>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/lsan_interface.h>
#define CUTRANS_LEAK_CHECKER 1
#endif
#endif

namespace cutrans::runtime {

// Access::construct(void *) makes a T in place: T's constructors are private.
template <class T, class Access, size_t kCapacity = size_t{1} << 20>
class HandlePool {
 public:
  constexpr HandlePool() = default;
  HandlePool(const HandlePool &) = delete;

  // Null when the range is full or the system has no memory. The object is not live before publish().
  T *allocate() {
    std::lock_guard hold(lock_);
    size_t index = 0;
    if (free_ && free_->size() > kQuarantine) {
      index = free_->front();
      free_->pop_front();
      slots()[index].object()->~T();
    } else if (index = used_.load(std::memory_order_relaxed); index >= kCapacity || !commit(index)) {
      return nullptr;
    }
    Slot *slot = new (&slots()[index]) Slot;
    T *object = Access::construct(slot->storage);
    if (index == used_.load(std::memory_order_relaxed)) used_.store(index + 1, std::memory_order_release);
    return object;
  }

  void publish(T *object) { slotOf(object)->live.store(true, std::memory_order_release); }

  // True for the one caller that ends the object's life. It stays readable; give it back with recycle().
  bool retire(T *object) { return slotOf(object)->live.exchange(false, std::memory_order_acq_rel); }

  void recycle(T *object) {
    std::lock_guard hold(lock_);
    if (!free_) free_ = new std::deque<size_t>;
    free_->push_back(static_cast<size_t>(slotOf(object) - slots()));
  }

  T *find(const void *handle) const {
    std::byte *base = base_.load(std::memory_order_acquire);
    if (!base) return nullptr;
    uintptr_t offset = reinterpret_cast<uintptr_t>(handle) - reinterpret_cast<uintptr_t>(base);
    size_t index = offset / sizeof(Slot);
    if (index >= used_.load(std::memory_order_acquire) || offset % sizeof(Slot) != offsetof(Slot, storage)) return nullptr;
    Slot &slot = slots()[index];
    return slot.live.load(std::memory_order_acquire) ? slot.object() : nullptr;
  }

  bool live(const T *object) const { return slotOf(object)->live.load(std::memory_order_acquire); }

 private:
  static constexpr size_t kQuarantine = 64;
  static constexpr size_t kChunk = size_t{256} << 10;

  struct Slot {
    std::atomic<bool> live{false};
    alignas(alignof(T) < 16 ? 16 : alignof(T)) std::byte storage[sizeof(T)];
    T *object() { return std::launder(reinterpret_cast<T *>(storage)); }
  };

  Slot *slots() const { return reinterpret_cast<Slot *>(base_.load(std::memory_order_relaxed)); }
  static Slot *slotOf(const T *object) {
    return reinterpret_cast<Slot *>(reinterpret_cast<uintptr_t>(object) - offsetof(Slot, storage));
  }

  // Makes the slot's memory usable. Under lock_.
  bool commit(size_t index) {
    std::byte *base = base_.load(std::memory_order_relaxed);
    if (!base) {
      void *range = mmap(nullptr, kCapacity * sizeof(Slot) + kChunk, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (range == MAP_FAILED) return false;
      base = static_cast<std::byte *>(range);
      base_.store(base, std::memory_order_release);
    }
    size_t needed = (index + 1) * sizeof(Slot);
    while (committed_ < needed) {
      if (mprotect(base + committed_, kChunk, PROT_READ | PROT_WRITE) != 0) return false;
#ifdef CUTRANS_LEAK_CHECKER
      __lsan_register_root_region(base + committed_, kChunk);
#endif
      committed_ += kChunk;
    }
    return true;
  }

  std::mutex lock_;
  std::atomic<std::byte *> base_{nullptr};
  std::atomic<size_t> used_{0};
  size_t committed_ = 0;
  std::deque<size_t> *free_ = nullptr;  // never destroyed: destructors of the program still ask
};

}  // namespace cutrans::runtime
