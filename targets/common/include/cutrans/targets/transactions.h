/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Bulk and tensor copies over memory that the caller can address, for targets whose generated code asks for them as a
 * service. Nothing but plain C and atomic operations, so that it can run next to the kernels of any such target.
 * All of it happens before the call returns.
 */
#ifndef CUTRANS_TARGETS_TRANSACTIONS_H
#define CUTRANS_TARGETS_TRANSACTIONS_H

#include "cutrans/transactions.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ct_transaction_status {
  CT_TRANSACTION_OK = 0,
  CT_TRANSACTION_MISALIGNED, /* an address or a size; see `problem` */
  CT_TRANSACTION_REFUSED     /* not a tensor map, or one that does not fit the instruction */
} ct_transaction_status;

/* `problem` of the three: what is wrong, static text; untouched on success. */

/* Copies of each 16 bytes those whose bit is set in `mask`. Both addresses and the size are multiples of 16. */
ct_transaction_status ct_bulk_copy(void *to, const void *from, uint64_t bytes, uint32_t mask, const char **problem);

/* `operation` is CT_REDUCTION(...). Each element of `to` is updated atomically. */
ct_transaction_status ct_bulk_reduce(void *to, const void *from, uint64_t bytes, uint32_t operation, const char **problem);

/* One tensor copy. Shared addresses, by which a swizzle goes, are places in memory less `window`. `where` has eight numbers: five coordinates, three offsets. `out_bytes`: what the copy counts for an
 * mbarrier, all of the box, also what lies outside of the tensor. */
ct_transaction_status ct_tensor_copy(const void *map, void *shared, uint64_t window, const int32_t *where, uint32_t what, uint32_t *out_bytes,
                                     const char **problem);

/* The place within shared memory to which a swizzle moves the byte at `address`. */
uint64_t ct_swizzled(uint64_t address, unsigned swizzle, unsigned atomicity);

#ifdef __cplusplus
}
#endif
#endif
