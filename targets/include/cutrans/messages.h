/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Messages of running kernels, for artifacts that cannot call the target (docs/artifacts.md): printf, assert and trap go
 * into one piece of memory, which the target reads behind the launch. Shared by the contracts of such formats
 * (opencl_kernel.h, amdgpu_kernel.h), their emitters and their targets.
 *
 * A writer adds the size of its record to `written` and writes it at that place if it fits whole. The target reads when
 * the launch is over and sets `written` back to 0. Records are multiples of 8 bytes and lie one behind the other.
 */
#ifndef CUTRANS_MESSAGES_H
#define CUTRANS_MESSAGES_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ct_messages {
  uint32_t written;               /* bytes; more than `bytes`: records were lost */
  uint32_t bytes;                 /* of the space behind this structure, a multiple of 8 */
  uint32_t ended;                 /* not 0: a thread has ended the grid (assert, trap); blocks return at their start */
  uint32_t reserved;
} ct_messages;

typedef enum ct_message_kind {
  CT_MESSAGE_NONE = 0,            /* not written: the space was too small for it, nothing follows */
  CT_MESSAGE_PRINTF = 1,          /* ct_message_printf */
  CT_MESSAGE_ASSERT = 2,          /* ct_message_assert */
  CT_MESSAGE_TRAP = 3             /* ct_message_trap */
} ct_message_kind;

typedef struct ct_message {
  uint32_t kind;                  /* written last */
  uint32_t size;                  /* of the whole record */
  uint32_t block[3];
  uint32_t thread;                /* linear id in the block */
} ct_message;

/* Then: the format with its NUL, padded to 8; argument_bytes as vprintf takes them (each value aligned to its size), padded
 * to 8; for each %s of the format, in its order, the text with its NUL. Pointers to texts mean nothing here. */
typedef struct ct_message_printf {
  ct_message head;
  uint32_t format_bytes;          /* with the NUL, without padding */
  uint32_t argument_bytes;
} ct_message_printf;

/* Then: message, file, function, each with its NUL. */
typedef struct ct_message_assert {
  ct_message head;
  uint32_t line;
  uint32_t reserved;
} ct_message_assert;

typedef struct ct_message_trap {
  ct_message head;
  uint32_t code;                  /* as in ct_native_services.trap: a row of diagnostics.def and a line; 0: `trap` */
  uint32_t reserved;
} ct_message_trap;

#ifdef __cplusplus
}
#endif
#endif
