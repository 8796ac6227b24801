/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The heap of kernels (malloc and free in device code) where the format has no calls out of them: compiler/emit/device/heap.c is the
 * code, linked into kernels; a target makes the memory and writes the head.
 *
 * Pages of 4096 bytes. A page holds pieces of one size, or belongs to a piece of several pages. Nobody ever holds a lock, so a work-item
 * that stands still stops nobody.
 */
#ifndef CUTRANS_DEVICE_HEAP_H
#define CUTRANS_DEVICE_HEAP_H

#include <stdint.h>

#define CT_HEAP_PAGE 4096u
#define CT_HEAP_SIZES 129u /* a small piece's size / 16 */

typedef struct ct_heap_page {
  uint64_t state;    /* 0: free; else the kind in the low byte, above it pieces that are out, or pages */
  uint64_t used[4];  /* a bit for each piece */
} ct_heap_page;

/* The head, then the pages' states, then the pages; all begins at a multiple of CT_HEAP_PAGE. States are zero when the heap is new. */
typedef struct ct_device_heap {
  uint64_t first;                 /* address of page 0, a multiple of CT_HEAP_PAGE */
  uint64_t pages;                 /* address of ct_heap_page[count] */
  uint32_t count, reserved;
  uint64_t changes;               /* counts what may have made room */
  uint32_t hints[CT_HEAP_SIZES + 1];  /* where to look first, by size; the last one is for pages */
} ct_device_heap;

/* Bytes before the pages. */
static inline uint64_t ct_heap_front_bytes(uint32_t pages) {
  return (sizeof(ct_device_heap) + (uint64_t)pages * sizeof(ct_heap_page) + CT_HEAP_PAGE - 1) / CT_HEAP_PAGE * CT_HEAP_PAGE;
}
/* The head of a new heap that begins at `address`. */
static inline ct_device_heap ct_heap_head(uint64_t address, uint32_t pages) {
  ct_device_heap head = {0};
  head.first = address + ct_heap_front_bytes(pages);
  head.pages = address + sizeof head;
  head.count = pages;
  return head;
}

#endif
