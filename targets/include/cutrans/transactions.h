/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Bulk and tensor copies: the words that generated code passes to a target, and the layout of a tensor map. The shim
 * writes tensor maps, the compiler writes code that replaces fields of them on the device, targets read them.
 * Layout and numbers are ABI. The numbers of element types, swizzle modes and the like are those that PTX gives the
 * fields (tensormap.replace), so that a replacement is a plain store.
 */
#ifndef CUTRANS_TRANSACTIONS_H
#define CUTRANS_TRANSACTIONS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a reduction does with each element of the destination. */
enum {
  CT_REDUCE_ADD = 0,
  CT_REDUCE_MIN = 1,
  CT_REDUCE_MAX = 2,
  CT_REDUCE_INC = 3, /* old >= value ? 0 : old + 1 */
  CT_REDUCE_DEC = 4, /* old == 0 or old > value ? value : old - 1 */
  CT_REDUCE_AND = 5,
  CT_REDUCE_OR = 6,
  CT_REDUCE_XOR = 7
};

enum {
  CT_ELEMENT_U8 = 0,
  CT_ELEMENT_U16 = 1,
  CT_ELEMENT_U32 = 2,
  CT_ELEMENT_S32 = 3,
  CT_ELEMENT_U64 = 4,
  CT_ELEMENT_S64 = 5,
  CT_ELEMENT_F16 = 6,
  CT_ELEMENT_F32 = 7,
  CT_ELEMENT_F32_FTZ = 8,
  CT_ELEMENT_F64 = 9,
  CT_ELEMENT_BF16 = 10,
  CT_ELEMENT_TF32 = 11,
  CT_ELEMENT_TF32_FTZ = 12,
  CT_ELEMENT_COUNT = 13
};

/* The operation of bulk_reduce: CT_REDUCE_* | CT_ELEMENT_* << 8. */
#define CT_REDUCTION(operation, element) ((uint32_t)(operation) | (uint32_t)(element) << 8)

enum { CT_SWIZZLE_NONE = 0, CT_SWIZZLE_32B = 1, CT_SWIZZLE_64B = 2, CT_SWIZZLE_128B = 3 };
enum { CT_SWIZZLE_ATOM_16B = 0, CT_SWIZZLE_ATOM_32B = 1, CT_SWIZZLE_ATOM_32B_FLIP_8B = 2, CT_SWIZZLE_ATOM_64B = 3 };
enum { CT_FILL_ZERO = 0, CT_FILL_NAN = 1 };
enum { CT_TENSOR_TILED = 0, CT_TENSOR_IM2COL = 1 };

#define CT_TENSOR_MAP_MAGIC 0x4d54u /* "TM" */

/* 128 bytes, CUtensorMap to programs. Dimension 0 is the innermost. */
typedef struct ct_tensor_map {
  uint64_t address;          /* of the tensor, in device memory */
  uint16_t magic;
  uint8_t mode;              /* CT_TENSOR_* */
  uint8_t rank;              /* less one */
  uint8_t element;           /* CT_ELEMENT_* */
  uint8_t interleave;        /* 0: none; others are not implemented */
  uint8_t swizzle;           /* CT_SWIZZLE_* */
  uint8_t atomicity;         /* CT_SWIZZLE_ATOM_*, with CT_SWIZZLE_128B only */
  uint8_t fill;              /* CT_FILL_* */
  uint8_t promotion;         /* a hint */
  uint8_t element_strides[6];/* steps of the traversal; the sixth is unused */
  uint32_t sizes[5];         /* elements; 0: 2^32 */
  uint16_t box[5];           /* tiled: elements; im2col: channels for each pixel, pixels */
  int16_t lower[3], upper[3];/* im2col: corners of the bounding box, W first */
  uint16_t reserved0[3];
  uint64_t strides[4];       /* bytes from one element to the next, of dimensions 1 to 4 */
  uint64_t reserved[3];
} ct_tensor_map;

/* The word that says what a tensor copy is: a direction, a layout, and for CT_TENSOR_REDUCE an operation << 8. */
enum {
  CT_TENSOR_LOAD = 0,   /* to shared memory */
  CT_TENSOR_STORE = 1,
  CT_TENSOR_REDUCE = 2,
  CT_TENSOR_DIRECTION = 3,
  CT_TENSOR_ROWS = 1u << 4,    /* gather4 and scatter4: four rows, whose numbers are coordinates 1 to 4 */
  CT_TENSOR_PIXELS = 1u << 5   /* im2col; offsets follow the five coordinates */
};
#define CT_TENSOR_RANK_SHIFT 16 /* how many dimensions the instruction names */

#ifdef __cplusplus
}
#endif
#endif
