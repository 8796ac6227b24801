/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * Bulk copies and reductions (PTX manual 9.7.9.25). Elements are updated by compare-and-swap, relaxed. */
#include "reduce.h"

static ct_transaction_status check(const void *to, const void *from, uint64_t bytes, const char **problem) {
  if (bytes % 16) *problem = "the size of a bulk copy is not a multiple of 16";
  else if ((uintptr_t)to % 16) *problem = "the destination of a bulk copy is not a multiple of 16";
  else if ((uintptr_t)from % 16) *problem = "the source of a bulk copy is not a multiple of 16";
  else return CT_TRANSACTION_OK;
  return CT_TRANSACTION_MISALIGNED;
}

ct_transaction_status ct_bulk_copy(void *to, const void *from, uint64_t bytes, uint32_t mask, const char **problem) {
  const ct_transaction_status status = check(to, from, bytes, problem);
  if (status) return status;
  if ((mask & 0xffff) == 0xffff) {
    __builtin_memmove(to, from, bytes);
    return CT_TRANSACTION_OK;
  }
  for (uint64_t i = 0; i < bytes; ++i)
    if (mask >> i % 16 & 1) ((char *)to)[i] = ((const char *)from)[i];
  return CT_TRANSACTION_OK;
}

ct_transaction_status ct_bulk_reduce(void *to, const void *from, uint64_t bytes, uint32_t operation, const char **problem) {
  const ct_transaction_status status = check(to, from, bytes, problem);
  if (status) return status;
  const uint32_t size = ct_reduction_size(operation);
  if (!size) {
    *problem = "there is no such reduction of this type";
    return CT_TRANSACTION_REFUSED;
  }
  for (uint64_t i = 0; i < bytes; i += size) ct_reduce_element(operation, size, (char *)to + i, (const char *)from + i);
  return CT_TRANSACTION_OK;
}
