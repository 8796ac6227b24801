/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * The contract headers, read as C11 and as C++17, and where their fields lie: a plug-in that was built against an earlier minor
 * version must find everything where it was. New fields go to the end and get a line here; no line ever changes. */
#include <cutrans/compiler.h>
#include <cutrans/native_kernel.h>
#include <cutrans/target.h>
#include <cutrans/texture.h>
#include <cutrans/texture_ops.h>
#include <cutrans/transactions.h>
#include <stddef.h>

#ifdef __cplusplus
#define CHECK(condition) static_assert(condition, #condition)
#else
#define CHECK(condition) _Static_assert(condition, #condition)
#endif

CHECK(offsetof(ct_target, abi_major) == 4);
CHECK(offsetof(ct_target, struct_size) == 8);
CHECK(offsetof(ct_target, init) == 40);
CHECK(offsetof(ct_target, module) == 88);
CHECK(offsetof(ct_target, mapping) == 96);
CHECK(offsetof(ct_mapping_ops, granularity) == 8);
CHECK(offsetof(ct_mapping_ops, share) == 88);
CHECK(offsetof(ct_file_piece, size) == 16);
CHECK(offsetof(ct_host, output) == 40);
CHECK(offsetof(ct_device_info, name) == 8);
CHECK(offsetof(ct_device_info, memory_bytes) == 152);
CHECK(offsetof(ct_device_info, formats) == 248);
CHECK(offsetof(ct_device_info, shared_bytes_reserved) == 264);
CHECK(offsetof(ct_device_info, max_cluster_blocks) == 268);
CHECK(offsetof(ct_device_ops, info) == 32);
CHECK(offsetof(ct_memory_ops, unregister_host) == 40);
CHECK(offsetof(ct_queue_ops, synchronize) == 80);
CHECK(offsetof(ct_queue_ops, wait_word) == 88);
CHECK(offsetof(ct_queue_ops, write_word) == 96);
CHECK(offsetof(ct_word, value) == 16);
CHECK(offsetof(ct_word, compare) == 24);
CHECK(offsetof(ct_event_ops, timestamp) == 40);
CHECK(offsetof(ct_module_ops, kernel) == 24);
CHECK(offsetof(ct_copy, src_slice) == 80);
CHECK(offsetof(ct_fill, pitch) == 40);
CHECK(offsetof(ct_launch, globals) == 72);
CHECK(offsetof(ct_launch, stack_bytes) == 88);
CHECK(offsetof(ct_artifact, kernel) == 40);
CHECK(offsetof(ct_queue_ops, submit_many) == 104);
CHECK(offsetof(ct_operation, u) == 8);
CHECK(sizeof(ct_operation) == 24);

CHECK(offsetof(ct_native_kernel, entry) == 56);
CHECK(offsetof(ct_native_kernel, name) == 64);
CHECK(offsetof(ct_native_block, grid) == 56);
CHECK(offsetof(ct_native_block, shared_base) == 92);
CHECK(offsetof(ct_native_block, unit_count) == 108);
CHECK(offsetof(ct_native_block, stack) == 120);
CHECK(offsetof(ct_native_services, yield) == 96);
CHECK(offsetof(ct_native_services, texture) == 104);
CHECK(offsetof(ct_native_block, cluster) == 136);
CHECK(offsetof(ct_native_block, cluster_explicit) == 160);
CHECK(offsetof(ct_native_services, warp_exchange) == 128);
CHECK(offsetof(ct_native_services, wait_shared) == 136);
CHECK(offsetof(ct_native_services, tensor_copy) == 160);
CHECK(offsetof(ct_native_exchange, values) == 144);
CHECK(offsetof(ct_native_exchange, present) == 400);
CHECK(sizeof(ct_tensor_map) == 128);
CHECK(offsetof(ct_tensor_map, sizes) == 24);
CHECK(offsetof(ct_tensor_map, strides) == 72);

CHECK(offsetof(ctc_api, module_create) == 24);
CHECK(offsetof(ctc_api, artifact_destroy) == 104);

CHECK(offsetof(ct_texture_level, width) == 24);
CHECK(sizeof(ct_texture_level) == 40);
CHECK(offsetof(ct_texture, flags) == 20);
CHECK(offsetof(ct_texture, border) == 36);
CHECK(offsetof(ct_texture, max_level) == 60);
CHECK(offsetof(ct_texture, level) == 80);
CHECK(sizeof(ct_texture) == 800);

int cutrans_layout_checked;
