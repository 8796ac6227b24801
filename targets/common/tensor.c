/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * Tensor copies (PTX manual 5.5, 9.7.9.27): a box of a tensor in device memory, its rows dense in shared memory, one row of
 * elements of dimension 0 after the other. Elements outside of the tensor are filled on the way in and left out on the
 * way out. Where a swizzle is wider than a row, rows are that far apart. */
#include "reduce.h"

/* 5.5.7: within a span of 32, 64 or 128 bytes the number of the atom is xor-ed with the low bits of the number of the 128-byte
 * line; the flip exchanges the halves of each 16 bytes in every other line. */
uint64_t ct_swizzled(uint64_t address, unsigned swizzle, unsigned atomicity) {
  switch (swizzle) {
    case CT_SWIZZLE_32B: return address ^ (address >> 7 & 1) << 4;
    case CT_SWIZZLE_64B: return address ^ (address >> 7 & 3) << 4;
    case CT_SWIZZLE_128B: break;
    default: return address;
  }
  switch (atomicity) {
    case CT_SWIZZLE_ATOM_32B: return address ^ (address >> 7 & 3) << 5;
    case CT_SWIZZLE_ATOM_32B_FLIP_8B: return address ^ (address >> 7 & 3) << 5 ^ (address >> 7 & 1) << 3;
    case CT_SWIZZLE_ATOM_64B: return address ^ (address >> 7 & 1) << 6;
    default: return address ^ (address >> 7 & 7) << 4;
  }
}

static uint32_t sizeOf(uint32_t element) {
  switch (element) {
    case CT_ELEMENT_U8: return 1;
    case CT_ELEMENT_U16: case CT_ELEMENT_F16: case CT_ELEMENT_BF16: return 2;
    case CT_ELEMENT_U64: case CT_ELEMENT_S64: case CT_ELEMENT_F64: return 8;
    default: return 4;
  }
}

typedef struct Copy {
  const ct_tensor_map *map;
  char *shared;
  uint64_t window;
  uint32_t operation; /* CT_REDUCTION, of a reduction */
  uint32_t direction, element, rank, row_bytes, pitch, rows;
} Copy;

/* What arrives of a number that the map gives as tf32 or flushes. */
static uint32_t converted(uint32_t bits, unsigned element) {
  const uint32_t exponent = bits >> 23 & 0xff;
  if (element != CT_ELEMENT_TF32 && exponent == 0) return bits & 0x80000000u;
  if (element == CT_ELEMENT_F32_FTZ || exponent == 0xff) return bits;
  return (bits + 0xfff + (bits >> 13 & 1)) & ~0x1fffu;
}

static void fill(char *to, uint32_t bytes, const Copy *copy) {
  if (copy->map->fill == CT_FILL_ZERO) {
    __builtin_memset(to, 0, bytes);
    return;
  }
  __builtin_memset(to, 0xff, bytes);
  for (uint32_t i = copy->element - 1; i < bytes; i += copy->element) to[i] = 0x7f;
}

/* A piece of a row that lies in the tensor, at most a swizzle atom. */
static void movePiece(const Copy *copy, char *shared, char *global, uint32_t bytes) {
  const unsigned element = copy->map->element;
  if (copy->direction == CT_TENSOR_REDUCE) {
    for (uint32_t i = 0; i < bytes; i += copy->element) ct_reduce_element(copy->operation, copy->element, global + i, shared + i);
  } else if (copy->direction == CT_TENSOR_STORE) {
    __builtin_memcpy(global, shared, bytes);
  } else if (element == CT_ELEMENT_F32_FTZ || element == CT_ELEMENT_TF32 || element == CT_ELEMENT_TF32_FTZ) {
    for (uint32_t i = 0; i < bytes; i += 4) {
      uint32_t bits;
      __builtin_memcpy(&bits, global + i, 4);
      bits = converted(bits, element);
      __builtin_memcpy(shared + i, &bits, 4);
    }
  } else {
    __builtin_memcpy(shared, global, bytes);
  }
}

/* Row `number` of the box: `global` is its element 0 of dimension 0, null where the row lies outside. `first` is the element
 * that the row begins with. */
static void moveRow(const Copy *copy, uint32_t number, char *global, int64_t first) {
  const ct_tensor_map *map = copy->map;
  const int64_t size = map->sizes[0] ? map->sizes[0] : INT64_C(1) << 32;
  const uint32_t atom = !map->swizzle ? copy->row_bytes : map->swizzle == CT_SWIZZLE_128B && map->atomicity == CT_SWIZZLE_ATOM_32B_FLIP_8B ? 8 : 16;
  const uint64_t place = (uint64_t)(uintptr_t)copy->shared - copy->window + (uint64_t)number * copy->pitch;
  int64_t begin = first < 0 ? -first : 0, end = size - first; /* elements of the row that are inside */
  const int64_t count = copy->row_bytes / copy->element;
  if (end > count) end = count;
  if (!global || begin > end) begin = end = 0;
  for (uint32_t at = 0; at < copy->row_bytes; at += atom) {
    const uint32_t bytes = copy->row_bytes - at < atom ? copy->row_bytes - at : atom;
    char *shared = (char *)(uintptr_t)(ct_swizzled(place + at, map->swizzle, map->atomicity) + copy->window);
    int64_t from = begin * copy->element - at, to = end * copy->element - at;
    if (from < 0) from = 0;
    if (to > bytes) to = bytes;
    if (from >= to) from = to = 0;
    if (copy->direction == CT_TENSOR_LOAD && (from > 0 || to < bytes)) fill(shared, bytes, copy);
    if (to > from) movePiece(copy, shared + from, global + (first * copy->element + at + from), (uint32_t)(to - from));
  }
}

/* The address of element 0 of the row at coordinates[1..], or null. */
static char *rowAt(const Copy *copy, const int64_t *coordinates) {
  uint64_t address = copy->map->address;
  for (uint32_t i = 1; i < copy->rank; ++i) {
    const int64_t size = copy->map->sizes[i] ? copy->map->sizes[i] : INT64_C(1) << 32;
    if (coordinates[i] < 0 || coordinates[i] >= size) return 0;
    address += (uint64_t)coordinates[i] * copy->map->strides[i - 1];
  }
  return (char *)(uintptr_t)address;
}

static void moveTile(Copy *copy, const int32_t *where) {
  const ct_tensor_map *map = copy->map;
  uint32_t counts[5], steps[5] = {0, 0, 0, 0, 0};
  copy->rows = 1;
  for (uint32_t i = 1; i < copy->rank; ++i) {
    counts[i] = (map->box[i] + map->element_strides[i] - 1u) / map->element_strides[i];
    copy->rows *= counts[i];
  }
  for (uint32_t row = 0; row < copy->rows; ++row) {
    int64_t coordinates[5];
    for (uint32_t i = 1; i < copy->rank; ++i) coordinates[i] = (int64_t)where[i] + (int64_t)steps[i] * map->element_strides[i];
    moveRow(copy, row, rowAt(copy, coordinates), where[0]);
    for (uint32_t i = 1; i < copy->rank; ++i) {
      if (++steps[i] < counts[i]) break;
      steps[i] = 0;
    }
  }
}

static void moveFourRows(Copy *copy, const int32_t *where) {
  copy->rows = 4;
  for (uint32_t row = 0; row < 4; ++row) {
    const int64_t coordinates[2] = {where[0], where[1 + row]};
    moveRow(copy, row, rowAt(copy, coordinates), where[0]);
  }
}

/* 5.5.4: pixels one after the other along W, H, D and N within a bounding box, which the offsets move as well as the first
 * pixel. */
static void movePixels(Copy *copy, const int32_t *where) {
  const ct_tensor_map *map = copy->map;
  const uint32_t space = copy->rank - 2; /* dimensions with a bounding box: 1 to space */
  int64_t at[5], low[5], high[5];
  for (uint32_t i = 1; i <= space; ++i) {
    const int64_t size = map->sizes[i] ? map->sizes[i] : INT64_C(1) << 32, offset = where[5 + i - 1];
    low[i] = map->lower[i - 1] + offset;
    high[i] = size - 1 + map->upper[i - 1] + offset;
    at[i] = where[i] + offset;
  }
  at[copy->rank - 1] = where[copy->rank - 1];
  copy->rows = map->box[1];
  for (uint32_t row = 0; row < copy->rows; ++row) {
    moveRow(copy, row, rowAt(copy, at), where[0]);
    for (uint32_t i = 1; i < copy->rank; ++i) {
      at[i] += map->element_strides[i];
      if (i > space || at[i] <= high[i]) break;
      at[i] = low[i];
    }
  }
}

static const char *wrongMap(const ct_tensor_map *map, uint32_t what) {
  const uint32_t rank = map->rank + 1u;
  const int pixels = (what & CT_TENSOR_PIXELS) != 0;
  if (map->magic != CT_TENSOR_MAP_MAGIC) return "the address holds no tensor map";
  if (rank > 5 || rank != what >> CT_TENSOR_RANK_SHIFT) return "the tensor map has another number of dimensions";
  if (map->element >= CT_ELEMENT_COUNT) return "tensors of this element type are not implemented";
  if (map->interleave) return "interleaved tensors are not implemented";
  if (map->swizzle > CT_SWIZZLE_128B || map->atomicity > CT_SWIZZLE_ATOM_64B) return "this swizzle mode is not implemented";
  if ((map->mode == CT_TENSOR_IM2COL) != pixels) return "the tensor map is of another mode (tiled or im2col)";
  if (pixels && rank < 3) return "im2col tensors have three dimensions at least";
  for (uint32_t i = 0; i < rank; ++i)
    if (!map->element_strides[i] || (!pixels && !map->box[i])) return "the tensor map has an empty box";
  if (pixels && (!map->box[0] || !map->box[1])) return "the tensor map has an empty box";
  return 0;
}

ct_transaction_status ct_tensor_copy(const void *address, void *shared, uint64_t window, const int32_t *where, uint32_t what, uint32_t *out_bytes,
                                     const char **problem) {
  ct_tensor_map map;
  __builtin_memcpy(&map, address, sizeof map);
  if ((*problem = wrongMap(&map, what))) return CT_TRANSACTION_REFUSED;
  Copy copy = {&map, shared, window, CT_REDUCTION(what >> 8 & 0xff, map.element), what & CT_TENSOR_DIRECTION, sizeOf(map.element), map.rank + 1u, 0, 0, 0};
  if (copy.direction == CT_TENSOR_REDUCE && !ct_reduction_size(copy.operation)) {
    *problem = "there is no such reduction of the tensor's element type";
    return CT_TRANSACTION_REFUSED;
  }
  copy.row_bytes = map.box[0] * copy.element;
  copy.pitch = copy.row_bytes;
  const uint32_t span = map.swizzle ? 16u << map.swizzle : 0;
  if (copy.pitch < span) copy.pitch = span;
  const uint64_t place = (uintptr_t)shared - window;
  if (place % 128 || map.address % 16 || copy.row_bytes % 16) {
    *problem = place % 128 ? "the shared address of a tensor copy is not a multiple of 128"
                                       : "the tensor's address or the rows of its box are not multiples of 16 bytes";
    return CT_TRANSACTION_MISALIGNED;
  }
  if (what & CT_TENSOR_ROWS) moveFourRows(&copy, where);
  else if (what & CT_TENSOR_PIXELS) movePixels(&copy, where);
  else moveTile(&copy, where);
  *out_bytes = copy.rows * copy.row_bytes;
  return CT_TRANSACTION_OK;
}
