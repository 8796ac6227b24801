/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The target ABI: what a chip's plug-in offers to the cutrans runtime.
 *
 * A plug-in is one shared library that exports `cutrans_target_query`. Everything else goes through the
 * tables that it returns. Plain C, no C++ type, no exception and no allocation crosses this line.
 *
 * Rules that hold for every slot:
 *  - The runtime has validated all arguments. A target asserts, it does not check again.
 *  - Handles are opaque, owned by the target, and released by the slot named in their comment.
 *  - Pointers passed in are borrowed for the call, unless the slot says otherwise.
 *  - Device addresses are plain 64-bit numbers; the runtime may offset them inside one allocation.
 *  - Slots may be called from any thread at the same time, except that two submissions to one queue (launch, copy,
 *    fill, host_call, record, wait, wait_word, write_word, submit_many), and a destroy with any other call on the same handle, never overlap.
 *    `query` and `synchronize` of a queue may overlap with anything but its destroy.
 *  - Additions append slots or fields and raise the minor number; each side reads only up to struct_size.
 */
#ifndef CUTRANS_TARGET_H
#define CUTRANS_TARGET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CT_TARGET_ABI_MAJOR 1u
#define CT_TARGET_ABI_MINOR 3u
#define CT_TARGET_MAGIC 0x54544355u /* "CUTT" */

typedef enum ct_status {
  CT_OK = 0,
  CT_NOT_READY = 1,           /* query: work is still under way */
  CT_ERR_INVALID = 2,         /* an argument that only the target can judge */
  CT_ERR_OUT_OF_MEMORY = 3,
  CT_ERR_UNSUPPORTED = 4,     /* refused by name; `report` was called with the reason */
  CT_ERR_ILLEGAL_ADDRESS = 5, /* device faults, sticky for the device */
  CT_ERR_MISALIGNED = 6,
  CT_ERR_ASSERT = 7,
  CT_ERR_TRAP = 8,
  CT_ERR_LAUNCH = 9,          /* any other failure while a kernel ran */
  CT_ERR_BAD_ARTIFACT = 10,   /* module_load: not an image of this target */
  CT_ERR_TOO_LARGE = 11,      /* launch: blocks that must run together do not fit */
  CT_ERR_DEVICE_LOST = 12,
  CT_ERR_INTERNAL = 13
} ct_status;

typedef enum ct_log_level { CT_LOG_ERROR = 0, CT_LOG_WARN = 1, CT_LOG_INFO = 2, CT_LOG_DEBUG = 3, CT_LOG_TRACE = 4 } ct_log_level;

typedef struct ct_device ct_device;
typedef struct ct_queue ct_queue;
typedef struct ct_event ct_event;
typedef struct ct_module ct_module;
typedef struct ct_kernel ct_kernel;

/* What the runtime offers to a target. Valid from init to shutdown. Thread safe. */
typedef struct ct_host {
  uint32_t struct_size;
  uint32_t abi_minor;
  void *ctx;
  /* One line of log. `text` needs no newline. */
  void (*log)(void *ctx, ct_log_level level, const char *text);
  /* A refusal or a fault: stable code ("CT3001"), one line of text. The runtime prints it once. */
  void (*report)(void *ctx, const char *code, const char *text);
  /* The value of a setting (docs/settings.md) as text, or NULL. Not for hot paths. */
  const char *(*setting)(void *ctx, const char *name);
  /* Writes device output (printf) to the program's stdout. */
  void (*output)(void *ctx, const char *bytes, size_t size);
} ct_host;

/* ---- devices ------------------------------------------------------------------------------------------- */

enum { /* ct_device_info.flags */
  CT_DEVICE_HOST_CAN_ACCESS = 1u << 0,  /* the host may read and write device memory through its address */
  CT_DEVICE_CAN_ACCESS_HOST = 1u << 1,  /* kernels may use any host pointer */
  CT_DEVICE_COOPERATIVE = 1u << 2,      /* launches whose blocks all run together */
  CT_DEVICE_RUNS_KERNELS = 1u << 3,     /* false: an artifact is accepted, a launch is refused */
  CT_DEVICE_TEXTURES = 1u << 4          /* kernels take texture and surface handles: addresses of ct_texture (texture.h) */
};

typedef struct ct_device_info {
  uint32_t struct_size;
  uint32_t flags;
  char name[128];
  uint8_t uuid[16];
  uint64_t memory_bytes;
  uint32_t compute_units;            /* what CUDA calls multiprocessors */
  uint32_t max_threads_per_block;
  uint32_t max_block[3];
  uint32_t max_grid[3];
  uint32_t max_threads_per_unit;
  uint32_t max_blocks_per_unit;
  uint32_t shared_bytes_per_block;       /* without opting in */
  uint32_t shared_bytes_per_block_max;   /* with opting in */
  uint32_t shared_bytes_per_unit;
  uint32_t constant_bytes;
  uint32_t clock_khz;
  uint32_t memory_clock_khz;
  uint32_t memory_bus_bits;
  uint32_t cache_bytes;              /* last-level cache */
  uint32_t pci_domain, pci_bus, pci_device;
  /* Artifact formats that module_load takes, best first, NULL-terminated: "native-so", "spirv", "opencl-c"... */
  const char *const *formats;
  /* What the code generator must know, as text: for "native-so" the CPU name and feature string
   * "cpu=znver5;features=+avx512f,..."; part of the cache key. */
  const char *codegen;
  uint32_t shared_bytes_reserved;    /* shared memory that each running block takes beyond its own */
  uint32_t max_cluster_blocks;       /* that one unit runs together, each reading the others' shared memory; 0 and 1: no clusters */
} ct_device_info;

typedef struct ct_device_ops {
  uint32_t struct_size;
  uint32_t (*count)(void);
  ct_status (*open)(uint32_t index, ct_device **out);   /* released by close; opened at most once at a time */
  void (*close)(ct_device *device);                     /* no queue, module or buffer is left on it */
  ct_status (*info)(uint32_t index, ct_device_info *out);
} ct_device_ops;

/* ---- memory -------------------------------------------------------------------------------------------- */

typedef enum ct_memory_kind {
  CT_MEMORY_DEVICE = 0,
  CT_MEMORY_HOST = 1,     /* pinned: same address on both sides */
  CT_MEMORY_MANAGED = 2   /* one address, both sides read and write */
} ct_memory_kind;

typedef struct ct_memory_ops {
  uint32_t struct_size;
  /* size > 0, align a power of two (at least 256 is given). Contents are undefined. Released by free. */
  ct_status (*alloc)(ct_device *device, ct_memory_kind kind, uint64_t size, uint64_t align, uint64_t *out_address);
  ct_status (*free)(ct_device *device, ct_memory_kind kind, uint64_t address);
  ct_status (*info)(ct_device *device, uint64_t *out_free, uint64_t *out_total);
  /* Host memory that the program allocated, made usable by the device. NULL slots: nothing to do, same address. */
  ct_status (*register_host)(ct_device *device, void *address, uint64_t size, uint64_t *out_device_address);
  ct_status (*unregister_host)(ct_device *device, void *address);
} ct_memory_ops;

/* ---- queues: every operation is asynchronous and runs in the order of submission ------------------------ */

typedef enum ct_side { CT_SIDE_DEVICE = 0, CT_SIDE_HOST = 1 } ct_side;

/* A box of rows; pitch and slice are in bytes. A linear copy has height = depth = 1. */
typedef struct ct_copy {
  uint32_t struct_size;
  ct_side dst_side, src_side;
  uint64_t dst, src;               /* addresses; host ones too */
  uint64_t width, height, depth;   /* bytes, rows, slices; all at least 1 */
  uint64_t dst_pitch, dst_slice;
  uint64_t src_pitch, src_slice;
} ct_copy;

typedef struct ct_fill {
  uint32_t struct_size;
  uint32_t element;                /* 1, 2 or 4 bytes */
  uint64_t dst;                    /* device address, aligned to element */
  uint32_t value;
  uint64_t width, height;          /* elements per row, rows */
  uint64_t pitch;                  /* bytes */
} ct_fill;

enum {
  CT_LAUNCH_COOPERATIVE = 1u << 0,
  CT_LAUNCH_CLUSTERS = 1u << 1      /* the program asked for clusters, be it of one block */
};

typedef struct ct_launch {
  uint32_t struct_size;
  uint32_t flags;
  ct_kernel *kernel;
  uint32_t grid[3], block[3];
  uint32_t cluster[3];             /* blocks; each divides the grid's; all 1: no clusters */
  uint32_t dynamic_shared_bytes;
  uint32_t params_size;
  const void *params;              /* copied during the call */
  uint64_t globals;                /* device address of the module's variables, 0 when it has none */
  uint64_t child_queue;            /* device address of the record of the kernel's own launches (ct_child_queue), or 0 */
  uint64_t stack_bytes;            /* of each thread, for kernels that keep a stack (recursion, alloca) */
} ct_launch;

/* What a word of memory is compared with; the wait is over when this holds. All arithmetic is modulo 2^(8 * bytes). */
typedef enum ct_compare {
  CT_COMPARE_GEQ = 0,              /* the signed difference word - value is not negative */
  CT_COMPARE_EQ = 1,
  CT_COMPARE_AND = 2,              /* word & value is not 0 */
  CT_COMPARE_NOR = 3               /* ~(word | value) is not 0 */
} ct_compare;

/* One word that the device, the host or another device changes. */
typedef struct ct_word {
  uint32_t struct_size;
  uint32_t bytes;                  /* 4 or 8 */
  uint64_t address;                /* device address, aligned to bytes */
  uint64_t value;
  ct_compare compare;              /* of waits */
} ct_word;

/* One of several operations that are submitted together: what the slot of the same name is given. */
typedef enum ct_operation_kind {
  CT_OPERATION_LAUNCH = 0,
  CT_OPERATION_COPY = 1,
  CT_OPERATION_FILL = 2,
  CT_OPERATION_HOST_CALL = 3,
  CT_OPERATION_RECORD = 4,
  CT_OPERATION_WAIT = 5,
  CT_OPERATION_WAIT_WORD = 6,
  CT_OPERATION_WRITE_WORD = 7
} ct_operation_kind;

typedef struct ct_operation {
  ct_operation_kind kind;
  union {
    const ct_launch *launch;
    const ct_copy *copy;
    const ct_fill *fill;
    struct {
      void (*fn)(void *user, ct_status queue_status);
      void *user;
    } host_call;
    ct_event *event;                 /* record, wait */
    const ct_word *word;             /* wait_word, write_word */
  } u;
} ct_operation;

enum { CT_QUEUE_NON_BLOCKING = 1u << 0 };

typedef struct ct_queue_ops {
  uint32_t struct_size;
  ct_status (*create)(ct_device *device, uint32_t flags, int32_t priority, ct_queue **out);
  void (*destroy)(ct_queue *queue);                  /* waits for the work that was submitted */
  ct_status (*launch)(ct_queue *queue, const ct_launch *launch);
  /* Pageable host memory may be read or written until the copy has run; the runtime sees to CUDA's rules. */
  ct_status (*copy)(ct_queue *queue, const ct_copy *copy);
  ct_status (*fill)(ct_queue *queue, const ct_fill *fill);
  ct_status (*host_call)(ct_queue *queue, void (*fn)(void *user, ct_status queue_status), void *user);
  ct_status (*record)(ct_queue *queue, ct_event *event);
  /* For the last record before this call; none: no wait. The event may be of another device of this target. */
  ct_status (*wait)(ct_queue *queue, ct_event *event);
  ct_status (*query)(ct_queue *queue);                   /* CT_OK, CT_NOT_READY, or the device's fault */
  ct_status (*synchronize)(ct_queue *queue);             /* blocks; then CT_OK or the device's fault */
  /* Since minor 2, optional, both or none. What follows wait_word starts when the word has been seen to compare; then it sees
   * everything that was written before the word was. A wait that no one ends must not hold up other queues. A fault of the device ends it. */
  ct_status (*wait_word)(ct_queue *queue, const ct_word *word);
  /* One store that nobody sees in part. Who sees the value sees everything that the queue did before. */
  ct_status (*write_word)(ct_queue *queue, const ct_word *word);
  /* Since minor 3, optional: as if each were given to its slot, in this order. Stops at the first that fails; *out_taken is how
   * many were taken before. NULL: the runtime does that. A limit on what may be pending is waited for before the first only. */
  ct_status (*submit_many)(ct_queue *queue, const ct_operation *operations, size_t count, size_t *out_taken);
} ct_queue_ops;

/* ---- events -------------------------------------------------------------------------------------------- */

enum { CT_EVENT_NO_TIMING = 1u << 0, CT_EVENT_BLOCKING_WAIT = 1u << 1 };

typedef struct ct_event_ops {
  uint32_t struct_size;
  ct_status (*create)(ct_device *device, uint32_t flags, ct_event **out);
  void (*destroy)(ct_event *event);                  /* legal while a record is pending */
  ct_status (*query)(ct_event *event);               /* never recorded counts as done */
  ct_status (*synchronize)(ct_event *event);
  ct_status (*timestamp)(ct_event *event, uint64_t *out_ns); /* of the last finished record */
} ct_event_ops;

/* ---- modules: one artifact holds one kernel -------------------------------------------------------------- */

typedef struct ct_artifact {
  uint32_t struct_size;
  const char *format;              /* one of ct_device_info.formats */
  const void *bytes;               /* the image, or NULL when only path is given */
  uint64_t size;
  const char *path;                /* a file with the same bytes that stays, or NULL */
  const char *kernel;              /* the kernel's name, for messages */
} ct_artifact;

typedef struct ct_module_ops {
  uint32_t struct_size;
  ct_status (*load)(ct_device *device, const ct_artifact *artifact, ct_module **out);
  void (*unload)(ct_module *module);                 /* no launch of it is pending */
  ct_status (*kernel)(ct_module *module, ct_kernel **out); /* lives as long as the module */
} ct_module_ops;

/* ---- mapping (optional group, all slots or none): memory and addresses apart, and memory in files ---------------
 * Addresses are of the process, for all devices; memory is of a device or of the host. Devices need not be open. The runtime
 * serialises these calls, but for `share`. Sizes, offsets and addresses are multiples of `granularity` unless a slot says otherwise. */

typedef struct ct_physical ct_physical;

enum { CT_ACCESS_NONE = 0, CT_ACCESS_READ = 1, CT_ACCESS_READ_WRITE = 3 };

typedef struct ct_access {
  uint32_t device;                 /* index; CT_ACCESS_HOST: the host's own threads */
  uint32_t rights;
} ct_access;
#define CT_ACCESS_HOST UINT32_MAX

/* A piece of a file that holds memory. `file` is a descriptor of this process. */
typedef struct ct_file_piece {
  uint32_t struct_size;
  int32_t file;
  uint64_t offset, size;           /* whole pages */
} ct_file_piece;

enum { CT_IMPORT_ANY_FILE = 1u << 0 }; /* also memory files that no `export_file` made: their bytes are the memory */

typedef struct ct_mapping_ops {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t granularity;            /* a power of two */
  /* align: a power of two. wanted: 0, or where the range should be if there is room. Any access faults. */
  ct_status (*reserve)(uint64_t size, uint64_t align, uint64_t wanted, uint64_t *out_address);
  void (*unreserve)(uint64_t address, uint64_t size);           /* all of a range, nothing mapped in it */
  /* CT_MEMORY_DEVICE: counts as the device's memory. CT_MEMORY_HOST: `device` means nothing. Contents are undefined. */
  ct_status (*create)(uint32_t device, ct_memory_kind kind, uint64_t size, ct_physical **out);
  void (*release)(ct_physical *memory);                         /* mapped nowhere */
  /* A descriptor that the caller closes and that other processes can import. */
  ct_status (*export_file)(ct_physical *memory, int32_t *out_file);
  /* `file` stays the caller's. CT_ERR_INVALID: not a file that can be. The size is that of the file, any number of pages; kind
   * and device are those of the exporter, or host and 0. */
  ct_status (*import_file)(int32_t file, uint32_t flags, ct_physical **out, uint64_t *out_size, ct_memory_kind *out_kind, uint32_t *out_device);
  /* Into reserved addresses where nothing is mapped. Nobody has access yet. Pages are enough for offset and size of what was imported. */
  ct_status (*map)(ct_physical *memory, uint64_t offset, uint64_t address, uint64_t size);
  void (*unmap)(ct_physical *memory, uint64_t address, uint64_t size);  /* exactly what one map made */
  /* The complete list of those who may use a mapping, in the place of the one before. */
  ct_status (*access)(ct_physical *memory, uint64_t address, uint64_t size, const ct_access *list, uint32_t count);
  /* The file that holds what memory.alloc gave (device memory): made when it is asked for, while kernels may use the memory.
   * `file` belongs to the target and stays open as long as the allocation lives. The piece may hold more than the allocation. */
  ct_status (*share)(ct_device *device, uint64_t address, ct_file_piece *out, uint64_t *out_offset_in_piece);
} ct_mapping_ops;

/* ---- the one exported symbol ------------------------------------------------------------------------------ */

typedef struct ct_target {
  uint32_t magic;                  /* CT_TARGET_MAGIC */
  uint16_t abi_major, abi_minor;
  uint32_t struct_size;
  const char *name;                /* "host", "opencl"... */
  const char *build;               /* for bug reports */
  uint64_t features;               /* reserved, 0 */
  ct_status (*init)(const ct_host *host);            /* once, before any other slot */
  void (*shutdown)(void);                            /* once, every device closed */
  const ct_device_ops *device;
  const ct_memory_ops *memory;
  const ct_queue_ops *queue;
  const ct_event_ops *event;
  const ct_module_ops *module;
  const ct_mapping_ops *mapping;   /* NULL: none. Since minor 2 */
} ct_target;

/* Returns NULL where the plug-in cannot serve a runtime of abi `major`. The table is static. */
typedef const ct_target *(*ct_target_query_fn)(uint32_t major, uint32_t minor);
#define CT_TARGET_QUERY_SYMBOL "cutrans_target_query"

#ifdef __cplusplus
}
#endif
#endif
