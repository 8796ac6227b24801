/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Copies and fills of boxes in memory that this process can address: what every target whose device memory is plain
 * memory (host, null) would write again otherwise. Addresses in the structures are taken as pointers; a target whose
 * addresses are something else translates them into a copy of the structure first.
 */
#ifndef CUTRANS_TARGETS_BOXES_H
#define CUTRANS_TARGETS_BOXES_H

#include "cutrans/target.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Source and destination may overlap only in a linear copy. */
void ct_copy_box(const ct_copy *copy);

void ct_fill_box(const ct_fill *fill);

/* Bytes from the first to the last byte that one side of a box touches. */
uint64_t ct_box_extent(uint64_t width, uint64_t height, uint64_t depth, uint64_t pitch, uint64_t slice);

#ifdef __cplusplus
}
#endif
#endif
