/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * malloc and free in kernels, linked into those that call them (device_heap.h). Work-items run at the same time and in any order, and one may stop
 * for ever between two steps, so there is no lock: a page's state says what it is and how many of its pieces are promised, in one word. Who
 * has raised that count has a piece for sure, and a page becomes free again in the step that takes the last one back.
 */
#include "cutrans/device_heap.h"
#include "cutrans/messages.h"

void cutrans_device_trap(ct_messages *messages, uint32_t x, uint32_t y, uint32_t z, uint32_t thread, uint32_t code);

#define RUN 0xf0u      /* first page of a piece of whole pages; their number is above */
#define RUN_REST 0xf1u
#define LARGEST_SMALL 2048u

static ct_heap_page *pageAt(const ct_device_heap *heap, uint32_t index) { return (ct_heap_page *)heap->pages + index; }
static uint64_t load(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static int swap(uint64_t *word, uint64_t *from, uint64_t to) { return __atomic_compare_exchange_n(word, from, to, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE); }

/* 16, 32, 48, 64, 96, 128, 192 ... 2048; in units of 16 bytes. */
static uint32_t kindOf(uint32_t bytes) {
  if (bytes <= 16) return 1;
  const uint32_t half = 1u << (31 - (uint32_t)__builtin_clz(bytes - 1)); /* half < bytes <= 2 half */
  return (half >= 32 && bytes <= half + half / 2 ? half + half / 2 : 2 * half) / 16;
}

/* The caller has been promised one. */
static uint64_t takePiece(const ct_device_heap *heap, uint32_t index, uint32_t kind) {
  ct_heap_page *page = pageAt(heap, index);
  const uint32_t count = CT_HEAP_PAGE / (kind * 16);
  for (uint32_t word = 0;; word = (word + 1) % 4) {
    if (word * 64 >= count) continue;
    const uint64_t all = count - word * 64 >= 64 ? ~0ull : (1ull << (count - word * 64)) - 1;
    for (uint64_t open; (open = ~load(&page->used[word]) & all) != 0;) {
      const uint64_t bit = open & (0 - open);
      if (__atomic_fetch_or(&page->used[word], bit, __ATOMIC_ACQ_REL) & bit) continue;
      return heap->first + (uint64_t)index * CT_HEAP_PAGE + (uint64_t)(word * 64 + (uint32_t)__builtin_ctzll(bit)) * (kind * 16);
    }
  }
}

static uint64_t allocSmall(ct_device_heap *heap, uint32_t kind) {
  const uint32_t first = __atomic_load_n(&heap->hints[kind], __ATOMIC_RELAXED), most = CT_HEAP_PAGE / (kind * 16);
  for (uint32_t i = 0, index = first % heap->count; i < heap->count; ++i, index = index + 1 == heap->count ? 0 : index + 1) {
    uint64_t *word = &pageAt(heap, index)->state, state = load(word);
    while (state == 0 || ((state & 0xff) == kind && state >> 8 < most)) {
      if (!swap(word, &state, (state ? state : kind) + 0x100)) continue;
      if (index != first) __atomic_store_n(&heap->hints[kind], index, __ATOMIC_RELAXED);
      return takePiece(heap, index, kind);
    }
  }
  return 0;
}

static void giveRun(ct_device_heap *heap, uint32_t first, uint32_t count) {
  if (!count) return;
  for (uint32_t i = count; i-- > 0;) __atomic_store_n(&pageAt(heap, first + i)->state, 0, __ATOMIC_RELEASE);
  __atomic_fetch_add(&heap->changes, 1, __ATOMIC_ACQ_REL);
}

/* One page after the other; where somebody else was faster, what was taken goes back and the search goes on behind it. */
static uint64_t allocRun(ct_device_heap *heap, uint32_t count) {
  uint32_t *hint = &heap->hints[CT_HEAP_SIZES];
  const uint32_t first = __atomic_load_n(hint, __ATOMIC_RELAXED) % heap->count;
  for (uint32_t part = 0; part < 2; ++part) {
    /* From the hint to the end, then all. */
    const uint32_t end = heap->count;
    uint32_t begin = part ? 0 : first;
    while (end - begin >= count) {
      uint32_t free = 0;
      while (free < count && load(&pageAt(heap, begin + free)->state) == 0) ++free;
      if (free < count) {
        begin += free + 1;
        continue;
      }
      uint32_t taken = 0;
      for (uint64_t none = 0; taken < count && swap(&pageAt(heap, begin + taken)->state, &none, RUN_REST); none = 0) ++taken;
      if (taken == count) {
        __atomic_store_n(&pageAt(heap, begin)->state, RUN | (uint64_t)count << 8, __ATOMIC_RELEASE);
        __atomic_store_n(hint, begin + count, __ATOMIC_RELAXED);
        return heap->first + (uint64_t)begin * CT_HEAP_PAGE;
      }
      giveRun(heap, begin, taken);
      begin += taken + 1;
    }
  }
  return 0;
}

/* 0: there is no room. */
uint64_t cutrans_device_heap_alloc(ct_device_heap *heap, uint64_t bytes) {
  if (!heap || bytes > (uint64_t)heap->count * CT_HEAP_PAGE) return 0;
  for (;;) {
    const uint64_t before = __atomic_load_n(&heap->changes, __ATOMIC_ACQUIRE);
    const uint64_t address = bytes <= LARGEST_SMALL ? allocSmall(heap, kindOf((uint32_t)bytes)) : allocRun(heap, (uint32_t)((bytes + CT_HEAP_PAGE - 1) / CT_HEAP_PAGE));
    /* What was only just taken back may have looked taken. */
    if (address || __atomic_load_n(&heap->changes, __ATOMIC_ACQUIRE) == before) return address;
  }
}

/* 0: alloc did not give it, or it is free already. */
static uint32_t release(ct_device_heap *heap, uint64_t address) {
  if (!address) return 1;
  if (!heap || address < heap->first || (address - heap->first) / CT_HEAP_PAGE >= heap->count) return 0;
  const uint32_t index = (uint32_t)((address - heap->first) / CT_HEAP_PAGE), within = (uint32_t)(address % CT_HEAP_PAGE);
  ct_heap_page *page = pageAt(heap, index);
  uint64_t state = load(&page->state);
  const uint32_t kind = (uint32_t)(state & 0xff);
  if (kind == RUN) {
    if (within) return 0;
    giveRun(heap, index, (uint32_t)(state >> 8));
    return 1;
  }
  if (!kind || kind == RUN_REST || within % (kind * 16)) return 0;
  const uint32_t piece = within / (kind * 16);
  const uint64_t bit = 1ull << piece % 64;
  if (piece >= CT_HEAP_PAGE / (kind * 16) || !(__atomic_fetch_and(&page->used[piece / 64], ~bit, __ATOMIC_ACQ_REL) & bit)) return 0;
  __atomic_store_n(&heap->hints[kind], index, __ATOMIC_RELAXED);
  while (!swap(&page->state, &state, state >> 8 == 1 ? 0 : state - 0x100)) {
  }
  __atomic_fetch_add(&heap->changes, 1, __ATOMIC_ACQ_REL);
  return 1;
}

/* What is no piece that is out ends the grid as a trap with `code` does, though this thread goes on to its end. */
void cutrans_device_heap_free(ct_messages *messages, uint32_t x, uint32_t y, uint32_t z, uint32_t thread, ct_device_heap *heap, uint64_t address, uint32_t code) {
  if (!release(heap, address)) cutrans_device_trap(messages, x, y, z, thread, code);
}
