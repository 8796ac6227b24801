// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The null target as a plug-in that knows only minor version 1 of the ABI: its table of queues ends before the optional slots.
#include <cutrans/target.h>
#include <dlfcn.h>

#include <cstddef>

extern "C" __attribute__((visibility("default"))) const ct_target *cutrans_target_query(uint32_t major, uint32_t minor) {
  static ct_target table;
  static ct_queue_ops queue;
  void *library = dlopen(CUTRANS_NULL_TARGET, RTLD_NOW | RTLD_LOCAL);
  auto query = reinterpret_cast<ct_target_query_fn>(dlsym(library, CT_TARGET_QUERY_SYMBOL));
  table = *query(major, minor);
  queue = *table.queue;
  queue.struct_size = offsetof(ct_queue_ops, wait_word);
  table.abi_minor = 1;
  table.queue = &queue;
  return &table;
}
