/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * Inside targets/common: one element of a reduction.
 * This, bulk.c and tensor.c become device code too (compiler/emit/device), where there is no library, no variable and no call through a pointer. */
#ifndef CUTRANS_TARGETS_REDUCE_H
#define CUTRANS_TARGETS_REDUCE_H

#include "cutrans/targets/transactions.h"

/* Bytes of an element; 0: the type does not have the operation. `operation` as in ct_bulk_reduce. */
uint32_t ct_reduction_size(uint32_t operation);

/* Atomic; `to` is aligned to the element, `size` is ct_reduction_size(operation). */
void ct_reduce_element(uint32_t operation, uint32_t size, void *to, const void *from);

#endif
