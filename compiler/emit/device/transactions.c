/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Bulk and tensor copies in kernels: the code of targets/common, which the host target calls. What does not fit ends the grid as a trap does, by one of two
 * rows of diagnostics.def, for misaligned addresses and for what the instruction cannot be.
 */
#include "cutrans/messages.h"
#include "targets/common/bulk.c"
#include "targets/common/reduce.c"
#include "targets/common/tensor.c"

void cutrans_device_trap(ct_messages *messages, uint32_t x, uint32_t y, uint32_t z, uint32_t thread, uint32_t code);

#define CT_PLACE ct_messages *messages, uint32_t x, uint32_t y, uint32_t z, uint32_t thread, uint32_t misaligned, uint32_t wrong
#define CT_FINISH(status) \
  if (status) cutrans_device_trap(messages, x, y, z, thread, status == CT_TRANSACTION_MISALIGNED ? misaligned : wrong)

void cutrans_device_bulk_copy(CT_PLACE, void *to, const void *from, uint64_t bytes, uint32_t mask) {
  const char *problem;
  const ct_transaction_status status = ct_bulk_copy(to, from, bytes, mask, &problem);
  CT_FINISH(status);
}

void cutrans_device_bulk_reduce(CT_PLACE, void *to, const void *from, uint64_t bytes, uint32_t operation) {
  const char *problem;
  const ct_transaction_status status = ct_bulk_reduce(to, from, bytes, operation, &problem);
  CT_FINISH(status);
}

uint32_t cutrans_device_tensor_copy(CT_PLACE, const void *map, void *shared, const int32_t *where, uint32_t what, uint64_t window) {
  const char *problem;
  uint32_t bytes = 0;
  const ct_transaction_status status = ct_tensor_copy(map, shared, window, where, what, &bytes, &problem);
  CT_FINISH(status);
  return bytes;
}
