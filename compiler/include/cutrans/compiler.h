/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The one door from the runtime to the compiler: PTX in, artifacts out.
 *
 * The runtime opens libcutrans_compiler.so when the first module is loaded and asks for this table. That library
 * parses PTX and keeps the disk cache; it opens libcutrans_codegen.so, and with it LLVM, only when an artifact is not
 * in the cache. A C table, so that neither library's C++ types reach the program.
 *
 * All functions may be called from any thread. Two compiles of one module may overlap.
 */
#ifndef CUTRANS_COMPILER_H
#define CUTRANS_COMPILER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CTC_ABI 1u
#define CTC_QUERY_SYMBOL "cutrans_compiler_query"

typedef enum ctc_status {
  CTC_OK = 0,
  CTC_ERR_SYNTAX = 1,        /* not PTX: invalid PTX in CUDA's words */
  CTC_ERR_UNSUPPORTED = 2,   /* PTX that this layer refuses by name */
  CTC_ERR_LINK = 3,          /* several units: duplicate or missing symbols */
  CTC_ERR_NOT_FOUND = 4,
  CTC_ERR_ISA_VERSION = 5,   /* .version or .target newer than this layer */
  CTC_ERR_LAUNCH_SHAPE = 6,  /* the block shape breaks .reqntid or .maxntid */
  CTC_ERR_RESOURCES = 7,     /* static shared memory, local memory or variables beyond the device's limits */
  CTC_ERR_INTERNAL = 8
} ctc_status;

typedef struct ctc_module ctc_module;
typedef struct ctc_artifact ctc_artifact;

/* Receives each diagnostic: a stable code ("CT1203"), and one line with place, reason and way round. */
typedef struct ctc_sink {
  void *ctx;
  void (*diagnostic)(void *ctx, const char *code, const char *text);
} ctc_sink;

typedef struct ctc_unit {
  const char *name;          /* for messages: the source name, or "unit 0" */
  const char *text;          /* PTX text, not necessarily NUL-terminated */
  size_t size;
} ctc_unit;

typedef struct ctc_options {
  uint32_t struct_size;
  uint32_t compute_capability;   /* 90 for 9.0: what the device claims; PTX for more is refused */
  const char *cache_dir;         /* NULL: no disk cache */
  uint64_t cache_max_bytes;      /* 0: no bound */
  const char *print_after;       /* pass name, "all", or NULL: IR to stderr (or into dump_dir) */
  const char *print_kernel;      /* restrict print_after and dumps to this kernel, or NULL */
  const char *dump_dir;          /* NULL, or where ptx, ir, asm and artifacts are written */
  uint32_t verify;               /* run the IR verifiers after each pass */
  uint32_t gang_width;           /* 0: chosen per kernel; else 1, 8, 16 or 32 for all that allow it */
  uint32_t time_passes;          /* report the time of each pass to stderr */
  uint32_t check_bodies;         /* module_create parses all bodies and finds missing symbols, as a driver does at load */
  const ctc_unit *library;       /* units that module_create adds when one of theirs is declared and defined nowhere else */
  size_t library_count;
} ctc_options;

typedef struct ctc_param {
  uint32_t offset, size, align;  /* bytes in the parameter buffer */
} ctc_param;

enum {
  CTC_KERNEL_USES_LIBRARY = 1u << 0,       /* it reaches a function of ctc_options.library that reads %envreg registers */
  CTC_KERNEL_EXPLICIT_CLUSTER = 1u << 1,   /* .explicitcluster: a launch must say how large its clusters are */
  CTC_KERNEL_GRID_OF_CLUSTERS = 1u << 2    /* .blocksareclusters: a launch counts clusters, not blocks */
};

typedef struct ctc_kernel {
  uint32_t struct_size;
  const char *name;              /* mangled, borrowed from the module */
  uint32_t param_count;
  const ctc_param *params;
  uint32_t params_size;          /* of the whole buffer */
  uint32_t static_shared_bytes;
  uint32_t local_bytes;          /* declared .local of the entry and of what it calls directly */
  uint32_t registers;            /* an estimate in CUDA's terms, from the declared registers, capped at 255 */
  uint32_t max_threads;          /* .maxntid product, 0: none */
  uint32_t required_block[3];    /* .reqntid, zeros: none */
  uint32_t ptx_version;          /* 90 for 9.0 */
  uint32_t target_sm;            /* 75 for sm_75 */
  uint32_t flags;
  uint64_t address;              /* in device code: a number that is no memory, the same in all kernels of the module */
  uint32_t required_cluster[3];  /* .reqnctapercluster, zeros: none */
  uint32_t max_cluster_blocks;   /* .maxclusterrank, 0: none */
} ctc_kernel;

typedef enum ctc_space { CTC_SPACE_GLOBAL = 0, CTC_SPACE_CONST = 1 } ctc_space;

enum {
  CTC_VARIABLE_MANAGED = 1u << 0,
  CTC_VARIABLE_VISIBLE = 1u << 1,
  CTC_VARIABLE_TEXTURE = 1u << 2, /* a texture reference: a ct_texture (texture.h), empty until the program binds it */
  CTC_VARIABLE_SURFACE = 1u << 3  /* the same for a surface */
};

/* A module-scope variable. All of them live in one image, at the module's base address. */
typedef struct ctc_variable {
  uint32_t struct_size;
  const char *name;
  uint64_t offset, size, align;
  ctc_space space;
  uint32_t flags;
} ctc_variable;

/* A pointer in the image: at `offset` add the base address of the image to the 64-bit (or 32-bit) addend there. */
typedef struct ctc_relocation {
  uint64_t offset;
  uint32_t bytes;                /* 4 or 8 */
} ctc_relocation;

typedef struct ctc_image {
  uint32_t struct_size;
  uint64_t size, align;          /* 0: no variables */
  const void *initial;           /* `initial_size` bytes; the rest is zero */
  uint64_t initial_size;
  uint64_t relocation_count;
  const ctc_relocation *relocations;
} ctc_image;

typedef struct ctc_request {
  uint32_t struct_size;
  const char *kernel;
  const char *const *formats;    /* what the target takes, best first, NULL-terminated */
  const char *codegen;           /* ct_device_info.codegen */
  uint32_t block[3];             /* the launch shape to compile for; zeros: any shape */
  uint32_t cooperative;          /* the launch is cooperative: grid-wide waits are legal */
  uint32_t any_grid;             /* 0: may assume grid*block < 2^31 in each dimension (ct_native_kernel.max_grid says) */
} ctc_request;

typedef struct ctc_artifact_info {
  uint32_t struct_size;
  const char *format;
  const void *bytes;             /* the image, or NULL when it is mapped from path */
  uint64_t size;
  const char *path;              /* the cache file, or NULL */
  uint32_t from_cache;
  uint64_t compile_ns;
} ctc_artifact_info;

typedef struct ctc_api {
  uint32_t abi;                  /* CTC_ABI */
  uint32_t struct_size;
  const char *version;           /* part of the cache key */
  uint32_t max_compute_capability; /* the highest that is fully covered: the default of the device */

  /* Indexes the units and links them (several: -rdc). Bodies of kernels are not parsed yet. Texts are copied. */
  ctc_status (*module_create)(const ctc_unit *units, size_t count, const ctc_options *options, const ctc_sink *sink,
                              ctc_module **out);
  void (*module_destroy)(ctc_module *module);
  size_t (*kernel_count)(const ctc_module *module);
  ctc_status (*kernel_info)(const ctc_module *module, size_t index, ctc_kernel *out);
  ctc_status (*kernel_find)(const ctc_module *module, const char *name, size_t *out_index);
  size_t (*variable_count)(const ctc_module *module);
  ctc_status (*variable_info)(const ctc_module *module, size_t index, ctc_variable *out);
  ctc_status (*image)(const ctc_module *module, ctc_image *out);

  ctc_status (*compile)(ctc_module *module, const ctc_request *request, const ctc_sink *sink, ctc_artifact **out);
  void (*artifact_info)(const ctc_artifact *artifact, ctc_artifact_info *out);
  void (*artifact_destroy)(ctc_artifact *artifact);  /* the cache file stays */
} ctc_api;

typedef const ctc_api *(*ctc_query_fn)(uint32_t abi);

#ifdef __cplusplus
}
#endif
#endif
