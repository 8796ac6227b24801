/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * Inside targets/common: one element of a reduction. */
#ifndef CUTRANS_TARGETS_REDUCE_H
#define CUTRANS_TARGETS_REDUCE_H

#include "cutrans/targets/transactions.h"

typedef struct ct_reduction {
  uint32_t size; /* of an element, bytes */
  uint64_t (*combine)(uint64_t old, uint64_t value);
} ct_reduction;

/* 0 where the type does not have the operation. `operation` as in ct_bulk_reduce. */
int ct_reduction_for(uint32_t operation, ct_reduction *out);

/* Atomic; `to` is aligned to the element. */
void ct_reduce_element(const ct_reduction *reduction, void *to, const void *from);

#endif
