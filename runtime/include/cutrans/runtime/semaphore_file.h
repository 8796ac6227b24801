/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * Semaphores that a CUDA program shares with something else on the same machine, another process or a library in this one: a
 * memory file of one page. The program imports the descriptor (cudaImportExternalSemaphore); the other side maps the file and
 * uses `value`. A header without dependencies, in C, so that the other side can have a copy. docs/shared-memory.md.
 *
 *   binary     CUDA's "opaque" descriptor. value: 0 or 1. Signalling stores 1. Waiting ends when it is 1, and stores 0; one waits
 *              for each signal, and the next signal comes after that.
 *   timeline   value only rises and stays below 2^63. Signalling stores the new value, waiting ends when it is at least the one
 *              that is waited for.
 * Loads that see a signal are acquire, stores that signal are release. */
#ifndef CUTRANS_SEMAPHORE_FILE_H
#define CUTRANS_SEMAPHORE_FILE_H
#include <stdint.h>

#define CUTRANS_SEMAPHORE_MAGIC 0x414d455352545543ull /* "CUTRSEMA" */
#define CUTRANS_SEMAPHORE_VERSION 1u
#define CUTRANS_SEMAPHORE_BYTES 4096                  /* of the file, whose size is sealed: F_SEAL_SHRINK and F_SEAL_GROW */

enum { CUTRANS_SEMAPHORE_BINARY = 1, CUTRANS_SEMAPHORE_TIMELINE = 2 };

typedef struct cutrans_semaphore_file {
  uint64_t magic;
  uint32_t version;
  uint32_t kind;
  uint64_t reserved[6];                               /* 0 */
  uint64_t value;                                     /* on a cache line of its own */
} cutrans_semaphore_file;

#endif
