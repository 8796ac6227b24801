/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Waits for and writes of one word (ct_queue_ops.wait_word, write_word) in memory that this process can address.
 */
#ifndef CUTRANS_TARGETS_WORDS_H
#define CUTRANS_TARGETS_WORDS_H

#include "cutrans/target.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads the word, once. When it compares, what was written before the word is visible to this thread. Returns 0 or 1. */
int ct_word_compares(const ct_word *word);

/* Whoever reads the value sees what this thread has seen. */
void ct_word_write(const ct_word *word);

#ifdef __cplusplus
}
#endif
#endif
