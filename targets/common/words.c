/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * Words: one atomic access each. A 4-byte word is widened so that one comparison serves both: signed for the cyclic one. */
#include "cutrans/targets/words.h"

#include <assert.h>

int ct_word_compares(const ct_word *word) {
  assert(word->bytes == 4 || word->bytes == 8);
  const int narrow = word->bytes == 4;
  const uint64_t mask = narrow ? UINT32_MAX : UINT64_MAX, wanted = word->value & mask;
  const uint64_t is = narrow ? __atomic_load_n((const uint32_t *)(uintptr_t)word->address, __ATOMIC_SEQ_CST)
                             : __atomic_load_n((const uint64_t *)(uintptr_t)word->address, __ATOMIC_SEQ_CST);
  switch (word->compare) {
    case CT_COMPARE_GEQ: return ((is - wanted) & (narrow ? UINT64_C(1) << 31 : UINT64_C(1) << 63)) == 0;
    case CT_COMPARE_EQ: return is == wanted;
    case CT_COMPARE_AND: return (is & wanted) != 0;
    case CT_COMPARE_NOR: return (~(is | wanted) & mask) != 0;
  }
  return 0;
}

void ct_word_write(const ct_word *word) {
  assert(word->bytes == 4 || word->bytes == 8);
  /* Earlier work may have stored past the caches, which only a full fence orders. */
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  if (word->bytes == 4)
    __atomic_store_n((uint32_t *)(uintptr_t)word->address, (uint32_t)word->value, __ATOMIC_SEQ_CST);
  else
    __atomic_store_n((uint64_t *)(uintptr_t)word->address, word->value, __ATOMIC_SEQ_CST);
}
