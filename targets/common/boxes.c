/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * Copies and fills of boxes. Rows that follow each other without a gap are moved as one. */
#include "cutrans/targets/boxes.h"

#include <assert.h>
#include <string.h>

static unsigned char *at(uint64_t address) { return (unsigned char *)(uintptr_t)address; }

uint64_t ct_box_extent(uint64_t width, uint64_t height, uint64_t depth, uint64_t pitch, uint64_t slice) {
  return (depth - 1) * slice + (height - 1) * pitch + width;
}

void ct_copy_box(const ct_copy *copy) {
  uint64_t width = copy->width, height = copy->height, depth = copy->depth;
  assert(width && height && depth);
  /* Gapless rows become one row, gapless slices one slice. */
  if (height > 1 && copy->dst_pitch == width && copy->src_pitch == width) {
    width *= height;
    height = 1;
  }
  if (depth > 1 && height == 1 && copy->dst_slice == width && copy->src_slice == width) {
    width *= depth;
    depth = 1;
  }
  if (height == 1 && depth == 1) {
    memmove(at(copy->dst), at(copy->src), width);
    return;
  }
  for (uint64_t z = 0; z < depth; ++z)
    for (uint64_t y = 0; y < height; ++y)
      memcpy(at(copy->dst + z * copy->dst_slice + y * copy->dst_pitch),
             at(copy->src + z * copy->src_slice + y * copy->src_pitch), width);
}

static void fill_row(unsigned char *row, uint32_t element, uint32_t value, uint64_t width) {
  if (element == 1) {
    memset(row, (int)(value & 0xff), width);
  } else if (element == 2) {
    uint16_t *out = (uint16_t *)row;
    for (uint64_t i = 0; i < width; ++i) out[i] = (uint16_t)value;
  } else {
    uint32_t *out = (uint32_t *)row;
    for (uint64_t i = 0; i < width; ++i) out[i] = value;
  }
}

void ct_fill_box(const ct_fill *fill) {
  assert(fill->element == 1 || fill->element == 2 || fill->element == 4);
  uint64_t width = fill->width, height = fill->height;
  if (height > 1 && fill->pitch == width * fill->element) {
    width *= height;
    height = 1;
  }
  for (uint64_t y = 0; y < height; ++y) fill_row(at(fill->dst + y * fill->pitch), fill->element, fill->value, width);
}
