/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The device runtime: the functions behind CUDA's runtime API in device code (CUDA programming guide, "CUDA Dynamic
 * Parallelism", device-side API reference). nvcc calls them `__cudaCDP2...` and leaves them to be linked.
 *
 * Compiled to PTX by clang at build time and linked as one more unit into modules that call one of them. Nothing is done
 * here but to check and to write down: the runtime carries the records out when the grid has ended
 * (runtime/core/child_queue.cpp), which the guide allows, since children need not run beside their parent.
 *
 * Error numbers are cudaError_t's, stream numbers those of cuda_device_runtime_api.h.
 */
#include "cutrans/runtime/child_queue.h"
#include "shim/common/version.h"

typedef uint64_t size;
typedef struct { uint32_t x, y, z; } extent3;         /* dim3 */

enum {
  Success = 0, InvalidValue = 1, InvalidConfiguration = 9, InvalidPitch = 12, LaunchPendingCountExceeded = 69,
  InvalidDeviceFunction = 98, InvalidDevice = 101, InvalidResourceHandle = 400, LaunchOutOfResources = 701, NotSupported = 801
};
enum { StreamDefault = 0, StreamLegacy = 1, StreamPerThread = 2, StreamTailLaunch = 3, StreamFireAndForget = 4 };
enum { CopyKindDefault = 4 };

static __attribute__((always_inline)) uint32_t envHigh(void) { uint32_t v; __asm__("mov.u32 %0, %%envreg3;" : "=r"(v)); return v; }
static __attribute__((always_inline)) uint32_t envLow(void) { uint32_t v; __asm__("mov.u32 %0, %%envreg4;" : "=r"(v)); return v; }
static __attribute__((always_inline)) ct_child_queue *queue(void) {
  return (ct_child_queue *)((uint64_t)envHigh() << 32 | envLow());
}
static __attribute__((always_inline)) void *at(uint64_t offset) { return (char *)queue() + offset; }

/* ---- errors: one word for each thread of the grid ---- */

static __attribute__((noinline)) uint32_t *errorOfThread(void) {
  const uint64_t block = __nvvm_read_ptx_sreg_ctaid_x() +
                         (uint64_t)__nvvm_read_ptx_sreg_nctaid_x() *
                             (__nvvm_read_ptx_sreg_ctaid_y() + (uint64_t)__nvvm_read_ptx_sreg_nctaid_y() * __nvvm_read_ptx_sreg_ctaid_z());
  const uint32_t thread = __nvvm_read_ptx_sreg_tid_x() +
                          __nvvm_read_ptx_sreg_ntid_x() *
                              (__nvvm_read_ptx_sreg_tid_y() + __nvvm_read_ptx_sreg_ntid_y() * __nvvm_read_ptx_sreg_tid_z());
  const uint32_t threads = __nvvm_read_ptx_sreg_ntid_x() * __nvvm_read_ptx_sreg_ntid_y() * __nvvm_read_ptx_sreg_ntid_z();
  return (uint32_t *)at(queue()->errors) + block * threads + thread;
}
static __attribute__((noinline)) uint32_t fail(uint32_t error) {
  if (error != Success) *errorOfThread() = error;
  return error;
}

uint32_t __cudaCDP2PeekAtLastError(void) { return *errorOfThread(); }
uint32_t __cudaCDP2GetLastError(void) {
  uint32_t *word = errorOfThread();
  const uint32_t error = *word;
  *word = Success;
  return error;
}

static const struct { uint32_t error; const char *name, *text; } Errors[] = {
#define CT_ERROR(value, name, text) {value, name, text},
#include "error_rows.inc"
#undef CT_ERROR
};
enum { ErrorCount = sizeof Errors / sizeof Errors[0] };

const char *__cudaCDP2GetErrorName(uint32_t error) {
  for (uint32_t i = 0; i < ErrorCount; ++i)
    if (Errors[i].error == error) return Errors[i].name;
  return "unrecognized error code";
}
const char *__cudaCDP2GetErrorString(uint32_t error) {
  for (uint32_t i = 0; i < ErrorCount; ++i)
    if (Errors[i].error == error) return Errors[i].text;
  return "unrecognized error code";
}

/* ---- records ---- */

/* Room for a record and `extra` bytes after it; 0 when the queue is full. */
static ct_child_record *take(uint64_t extra) {
  ct_child_queue *q = queue();
  const uint64_t bytes = (sizeof(ct_child_record) + extra + 15) & ~15ull;
  const uint64_t offset = __atomic_fetch_add(&q->arena_used, bytes, __ATOMIC_RELAXED);
  if (offset > q->arena_bytes || bytes > q->arena_bytes - offset) return 0;
  return (ct_child_record *)at(q->arena + offset);
}
static uint32_t commit(const ct_child_record *record) {
  ct_child_queue *q = queue();
  const uint32_t slot = __atomic_fetch_add(&q->record_count, 1u, __ATOMIC_RELAXED);
  if (slot >= q->max_records) return LaunchPendingCountExceeded;
  ((uint64_t *)at(q->slots))[slot] = (uint64_t)((const char *)record - (const char *)q);
  return Success;
}
/* Whether `stream` is one; in *flags what it means for the order. All others run in the order of the records, which is
 * an order that each stream and the implicit one of a block allow. */
static int isStream(uint64_t stream, uint32_t *flags) {
  *flags = stream == StreamTailLaunch ? CT_CHILD_TAIL : 0;
  if (stream <= StreamFireAndForget) return 1;
  return stream >= CT_CHILD_FIRST_HANDLE && stream < queue()->next_handle;
}

/* ---- launches ---- */

static __attribute__((noinline)) const ct_child_kernel *kernelAt(uint64_t address) {
  const ct_child_kernel *kernels = (const ct_child_kernel *)at(queue()->kernels);
  uint32_t low = 0, high = queue()->kernel_count;
  while (low < high) {
    const uint32_t middle = (low + high) / 2;
    if (kernels[middle].address < address) low = middle + 1;
    else high = middle;
  }
  return low < queue()->kernel_count && kernels[low].address == address ? kernels + low : 0;
}

static uint32_t describe(ct_child_record *record, const ct_child_kernel *kernel, extent3 grid, extent3 block, uint64_t shared) {
  const ct_child_queue *q = queue();
  if (!kernel) return InvalidDeviceFunction;
  if (!grid.x || !grid.y || !grid.z || !block.x || !block.y || !block.z) return InvalidConfiguration;
  if (grid.x > q->max_grid[0] || grid.y > q->max_grid[1] || grid.z > q->max_grid[2]) return InvalidConfiguration;
  if (block.x > q->max_block[0] || block.y > q->max_block[1] || block.z > q->max_block[2]) return InvalidConfiguration;
  if ((uint64_t)block.x * block.y * block.z > kernel->max_threads) return InvalidConfiguration;
  const uint32_t *fixed = kernel->required_block;
  if (fixed[0] && (fixed[0] != block.x || fixed[1] != block.y || fixed[2] != block.z)) return InvalidConfiguration;
  if (shared > kernel->max_dynamic_shared) return InvalidConfiguration;
  record->kind = CT_CHILD_LAUNCH;
  record->flags = 0;
  record->u.launch.kernel = kernel->index;
  record->u.launch.grid[0] = grid.x, record->u.launch.grid[1] = grid.y, record->u.launch.grid[2] = grid.z;
  record->u.launch.block[0] = block.x, record->u.launch.block[1] = block.y, record->u.launch.block[2] = block.z;
  record->u.launch.dynamic_shared = shared;
  return Success;
}

/* The caller writes the arguments into what is returned, in the kernel's own layout. 0: see the thread's error. */
void *__cudaCDP2GetParameterBufferV2(void *function, extent3 grid, extent3 block, uint32_t shared) {
  const ct_child_kernel *kernel = kernelAt((uint64_t)function);
  ct_child_record *record = kernel ? take(kernel->params_size) : 0;
  const uint32_t error = !kernel ? InvalidDeviceFunction : !record ? LaunchPendingCountExceeded : describe(record, kernel, grid, block, shared);
  fail(error);
  return error ? 0 : record + 1;
}
uint32_t __cudaCDP2LaunchDeviceV2(void *buffer, uint64_t stream) {
  uint32_t flags;
  if (!buffer) return fail(InvalidValue);
  if (!isStream(stream, &flags)) return fail(InvalidResourceHandle);
  ct_child_record *record = (ct_child_record *)buffer - 1;
  record->flags = flags;
  return fail(commit(record));
}
uint32_t __cudaCDP2LaunchDeviceV2_ptsz(void *buffer, uint64_t stream) { return __cudaCDP2LaunchDeviceV2(buffer, stream); }

void *__cudaCDP2GetParameterBuffer(size alignment, size bytes) {
  ct_child_record *record = alignment <= 16 ? take(bytes) : 0;
  if (!record) fail(alignment <= 16 ? LaunchPendingCountExceeded : InvalidValue);
  return record ? record + 1 : 0;
}
uint32_t __cudaCDP2LaunchDevice(void *function, void *buffer, extent3 grid, extent3 block, uint32_t shared, uint64_t stream) {
  if (!buffer) return fail(InvalidValue);
  const uint32_t error = describe((ct_child_record *)buffer - 1, kernelAt((uint64_t)function), grid, block, shared);
  return error ? fail(error) : __cudaCDP2LaunchDeviceV2(buffer, stream);
}
uint32_t __cudaCDP2LaunchDevice_ptsz(void *function, void *buffer, extent3 grid, extent3 block, uint32_t shared, uint64_t stream) {
  return __cudaCDP2LaunchDevice(function, buffer, grid, block, shared, stream);
}

/* ---- copies and fills ---- */

static uint32_t copyBox(uint64_t dst, uint64_t dst_pitch, uint64_t dst_slice, uint64_t src, uint64_t src_pitch, uint64_t src_slice,
                        size width, size height, size depth, uint32_t kind, uint64_t stream) {
  uint32_t flags;
  if (!isStream(stream, &flags)) return fail(InvalidResourceHandle);
  if (kind > CopyKindDefault) return fail(21 /* InvalidMemcpyDirection */);
  if (!width || !height || !depth) return Success;
  if (!dst || !src) return fail(InvalidValue);
  if (height * depth > 1 && (dst_pitch < width || src_pitch < width)) return fail(InvalidPitch);
  ct_child_record *record = take(0);
  if (!record) return fail(LaunchPendingCountExceeded);
  record->kind = CT_CHILD_COPY;
  record->flags = flags;
  record->u.copy.dst = dst, record->u.copy.src = src;
  record->u.copy.width = width, record->u.copy.height = height, record->u.copy.depth = depth;
  record->u.copy.dst_pitch = dst_pitch, record->u.copy.dst_slice = dst_slice;
  record->u.copy.src_pitch = src_pitch, record->u.copy.src_slice = src_slice;
  return fail(commit(record));
}
uint32_t __cudaCDP2MemcpyAsync(void *dst, const void *src, size bytes, uint32_t kind, uint64_t stream) {
  return copyBox((uint64_t)dst, bytes, bytes, (uint64_t)src, bytes, bytes, bytes, 1, 1, kind, stream);
}
uint32_t __cudaCDP2MemcpyAsync_ptsz(void *dst, const void *src, size bytes, uint32_t kind, uint64_t stream) {
  return __cudaCDP2MemcpyAsync(dst, src, bytes, kind, stream);
}
uint32_t __cudaCDP2Memcpy2DAsync(void *dst, size dst_pitch, const void *src, size src_pitch, size width, size height, uint32_t kind,
                                 uint64_t stream) {
  return copyBox((uint64_t)dst, dst_pitch, 0, (uint64_t)src, src_pitch, 0, width, height, 1, kind, stream);
}
uint32_t __cudaCDP2Memcpy2DAsync_ptsz(void *dst, size dst_pitch, const void *src, size src_pitch, size width, size height, uint32_t kind,
                                      uint64_t stream) {
  return __cudaCDP2Memcpy2DAsync(dst, dst_pitch, src, src_pitch, width, height, kind, stream);
}

static uint32_t fillBox(uint64_t dst, size pitch, int value, size width, size height, uint64_t stream) {
  uint32_t flags;
  if (!isStream(stream, &flags)) return fail(InvalidResourceHandle);
  if (!width || !height) return Success;
  if (!dst) return fail(InvalidValue);
  if (height > 1 && pitch < width) return fail(InvalidPitch);
  ct_child_record *record = take(0);
  if (!record) return fail(LaunchPendingCountExceeded);
  record->kind = CT_CHILD_FILL;
  record->flags = flags;
  record->u.fill.dst = dst, record->u.fill.width = width, record->u.fill.height = height, record->u.fill.pitch = pitch;
  record->u.fill.value = (uint8_t)value;
  return fail(commit(record));
}
uint32_t __cudaCDP2MemsetAsync(void *dst, int value, size bytes, uint64_t stream) {
  return fillBox((uint64_t)dst, bytes, value, bytes, 1, stream);
}
uint32_t __cudaCDP2MemsetAsync_ptsz(void *dst, int value, size bytes, uint64_t stream) {
  return __cudaCDP2MemsetAsync(dst, value, bytes, stream);
}
uint32_t __cudaCDP2Memset2DAsync(void *dst, size pitch, int value, size width, size height, uint64_t stream) {
  return fillBox((uint64_t)dst, pitch, value, width, height, stream);
}
uint32_t __cudaCDP2Memset2DAsync_ptsz(void *dst, size pitch, int value, size width, size height, uint64_t stream) {
  return __cudaCDP2Memset2DAsync(dst, pitch, value, width, height, stream);
}

/* ---- streams and events: numbers. Records are carried out in order, so waiting for an event that was recorded before
 * needs nothing, and one that was not counts as done, as on the host. ---- */

static uint64_t newHandle(void) { return __atomic_fetch_add(&queue()->next_handle, 1ull, __ATOMIC_RELAXED); }
static int isHandle(uint64_t handle) { return handle >= CT_CHILD_FIRST_HANDLE && handle < queue()->next_handle; }

/* The guide allows only cudaStreamNonBlocking (1) here. */
uint32_t __cudaCDP2StreamCreateWithFlags(uint64_t *out, uint32_t flags) {
  if (!out || flags != 1) return fail(InvalidValue);
  *out = newHandle();
  return Success;
}
uint32_t __cudaCDP2StreamDestroy(uint64_t stream) { return isHandle(stream) ? Success : fail(InvalidResourceHandle); }
/* Only cudaEventDisableTiming (2) is allowed here. */
uint32_t __cudaCDP2EventCreateWithFlags(uint64_t *out, uint32_t flags) {
  if (!out || flags != 2) return fail(InvalidValue);
  *out = newHandle();
  return Success;
}
uint32_t __cudaCDP2EventDestroy(uint64_t event) { return isHandle(event) ? Success : fail(InvalidResourceHandle); }
static uint32_t both(uint64_t stream, uint64_t event) {
  uint32_t flags;
  if (!isStream(stream, &flags) || !isHandle(event)) return fail(InvalidResourceHandle);
  return flags ? fail(NotSupported) : Success; /* no events in the tail launch stream */
}
uint32_t __cudaCDP2EventRecord(uint64_t event, uint64_t stream) { return both(stream, event); }
uint32_t __cudaCDP2EventRecord_ptsz(uint64_t event, uint64_t stream) { return both(stream, event); }
uint32_t __cudaCDP2EventRecordWithFlags(uint64_t event, uint64_t stream, uint32_t flags) {
  return flags ? fail(InvalidValue) : both(stream, event);
}
uint32_t __cudaCDP2EventRecordWithFlags_ptsz(uint64_t event, uint64_t stream, uint32_t flags) {
  return __cudaCDP2EventRecordWithFlags(event, stream, flags);
}
uint32_t __cudaCDP2StreamWaitEvent(uint64_t stream, uint64_t event, uint32_t flags) {
  return flags ? fail(InvalidValue) : both(stream, event);
}
uint32_t __cudaCDP2StreamWaitEvent_ptsz(uint64_t stream, uint64_t event, uint32_t flags) {
  return __cudaCDP2StreamWaitEvent(stream, event, flags);
}

/* ---- conditional nodes of graphs: a handle is the address of the value ---- */

void cudaGraphSetConditional(uint64_t handle, uint32_t value) { __atomic_store_n((uint32_t *)handle, value, __ATOMIC_RELAXED); }

/* ---- memory of the device heap, and queries ---- */

extern void *malloc(size bytes);
extern void free(void *address);

uint32_t __cudaCDP2Malloc(void **out, size bytes) {
  if (!out) return fail(InvalidValue);
  *out = bytes ? malloc(bytes) : 0;
  return *out || !bytes ? Success : fail(2 /* MemoryAllocation */);
}
uint32_t __cudaCDP2Free(void *address) {
  if (address) free(address);
  return Success;
}
uint32_t __cudaCDP2GetDevice(int *out) {
  if (!out) return fail(InvalidValue);
  *out = (int)queue()->device;
  return Success;
}
uint32_t __cudaCDP2RuntimeGetVersion(int *out) {
  if (!out) return fail(InvalidValue);
  *out = CT_CUDA_VERSION;
  return Success;
}
