/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A target in one file of plain C, as a vendor might begin: it needs nothing of this repository but targets/include.
 *
 *     cc -std=c11 -O2 -shared -fPIC -pthread -I targets/include mychip.c -o cutrans_target_mychip.so
 *     cutrans conformance ./cutrans_target_mychip.so
 *
 * The "chip" is this processor: memory is the process's own, each queue is a thread that runs one operation after the other, and
 * kernels come as shared libraries whose code runs a whole block (native_kernel.h). It is written to be read, not to be fast: one lock,
 * one condition variable. Where a real chip differs stands in comments that begin with "Chip:".
 */
#define _GNU_SOURCE
#include <cutrans/native_kernel.h>
#include <cutrans/target.h>

#include <dlfcn.h>
#include <elf.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { kThreads = 1024, kSharedMost = 160 << 10 };
static const uint64_t kMemory = (uint64_t)1 << 30;

static const ct_host *host;
/* Everything below that several threads see is under this lock; the variable is signalled at each change. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A refusal has a code of the vendor's own, and one line for people. */
static ct_status refuse(const char *text) {
  host->report(host->ctx, "MY0001", text);
  return CT_ERR_UNSUPPORTED;
}

/* ---- devices ---- */

typedef struct allocation {
  struct allocation *next;
  uint64_t address, size;
} allocation;

struct ct_device {
  ct_status fault;      /* the first one stays until the device is closed */
  uint64_t used;
  allocation *memory;
};

static uint32_t device_count(void) { return 1; }

static ct_status device_open(uint32_t index, ct_device **out) {
  (void)index;
  *out = calloc(1, sizeof **out);
  return *out ? CT_OK : CT_ERR_OUT_OF_MEMORY;
}

static void device_close(ct_device *device) { free(device); }

static ct_status device_info(uint32_t index, ct_device_info *out) {
  static const char *const formats[] = {CT_NATIVE_FORMAT, NULL};
  ct_device_info all = {0};
  (void)index;
  all.flags = CT_DEVICE_HOST_CAN_ACCESS | CT_DEVICE_CAN_ACCESS_HOST | CT_DEVICE_RUNS_KERNELS;
  strcpy(all.name, "My chip");
  memcpy(all.uuid, "mychip-0--------", 16);
  all.memory_bytes = kMemory;
  all.compute_units = 1;
  all.max_threads_per_block = all.max_threads_per_unit = kThreads;
  all.max_block[0] = all.max_block[1] = kThreads;
  all.max_block[2] = 64;
  all.max_grid[0] = 0x7fffffff;
  all.max_grid[1] = all.max_grid[2] = 65535;
  all.max_blocks_per_unit = 1;
  all.shared_bytes_per_block = 48 << 10;
  all.shared_bytes_per_block_max = all.shared_bytes_per_unit = kSharedMost;
  all.constant_bytes = 64 << 10;
  all.clock_khz = 1000000;
  all.formats = formats;
  all.codegen = "cpu=x86-64-v3;features=+avx2,+fma,+f16c";  /* Chip: what your code generator must know */
  /* Only as much as the runtime's version of the structure holds. */
  const uint32_t size = out->struct_size;
  memcpy(out, &all, size < sizeof all ? size : sizeof all);
  out->struct_size = size;
  return CT_OK;
}

static ct_status fault_of(ct_device *device) {
  pthread_mutex_lock(&lock);
  const ct_status fault = device->fault;
  pthread_mutex_unlock(&lock);
  return fault;
}

/* ---- memory: all kinds are the process's own here ---- */

static ct_status memory_alloc(ct_device *device, ct_memory_kind kind, uint64_t size, uint64_t align, uint64_t *out) {
  if (size > ((uint64_t)1 << 46)) return CT_ERR_OUT_OF_MEMORY;
  const uint64_t whole = (size + align - 1) / align * align;
  allocation *made = calloc(1, sizeof *made);
  ct_status status = made ? CT_OK : CT_ERR_OUT_OF_MEMORY;
  pthread_mutex_lock(&lock);
  if (status == CT_OK && kind == CT_MEMORY_DEVICE && size > kMemory - device->used) status = CT_ERR_OUT_OF_MEMORY;
  void *block = status == CT_OK ? aligned_alloc(align, whole) : NULL;
  if (block) {
    made->address = (uint64_t)block;
    made->size = kind == CT_MEMORY_DEVICE ? size : 0;
    device->used += made->size;
    made->next = device->memory;
    device->memory = made;
    *out = made->address;
  }
  pthread_mutex_unlock(&lock);
  if (block) return CT_OK;
  free(made);
  return CT_ERR_OUT_OF_MEMORY;
}

static ct_status memory_free(ct_device *device, ct_memory_kind kind, uint64_t address) {
  (void)kind;
  pthread_mutex_lock(&lock);
  allocation **at = &device->memory;
  while ((*at)->address != address) at = &(*at)->next;
  allocation *gone = *at;
  *at = gone->next;
  device->used -= gone->size;
  pthread_mutex_unlock(&lock);
  free((void *)address);
  free(gone);
  return CT_OK;
}

static ct_status memory_info(ct_device *device, uint64_t *out_free, uint64_t *out_total) {
  pthread_mutex_lock(&lock);
  *out_free = kMemory - device->used;
  pthread_mutex_unlock(&lock);
  *out_total = kMemory;
  return CT_OK;
}

/* ---- events: each record makes a mark; waits keep the mark that was newest when they were submitted ---- */

typedef struct mark {
  int references;
  bool passed;
  struct ct_event *event;  /* whose time it sets; NULL once the event is destroyed */
} mark;

struct ct_event {
  mark *newest;
  uint64_t time;           /* of the last record that passed */
  mark **pending;          /* all marks that still name this event */
  size_t pending_count, pending_room;
};

static void drop(mark *m) {
  if (--m->references == 0) free(m);
}

static ct_status event_create(ct_device *device, uint32_t flags, ct_event **out) {
  (void)device, (void)flags;
  *out = calloc(1, sizeof **out);
  return *out ? CT_OK : CT_ERR_OUT_OF_MEMORY;
}

static void event_destroy(ct_event *event) {
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < event->pending_count; ++i) event->pending[i]->event = NULL;
  if (event->newest) drop(event->newest);
  pthread_mutex_unlock(&lock);
  free(event->pending);
  free(event);
}

static ct_status event_query(ct_event *event) {
  pthread_mutex_lock(&lock);
  const bool done = !event->newest || event->newest->passed;
  pthread_mutex_unlock(&lock);
  return done ? CT_OK : CT_NOT_READY;
}

static void wait_for_mark(mark *m) { /* locked; takes the reference */
  while (!m->passed) pthread_cond_wait(&changed, &lock);
  drop(m);
}

static ct_status event_synchronize(ct_event *event) {
  pthread_mutex_lock(&lock);
  if (event->newest) {
    ++event->newest->references;
    wait_for_mark(event->newest);
  }
  pthread_mutex_unlock(&lock);
  return CT_OK;
}

static ct_status event_timestamp(ct_event *event, uint64_t *out) {
  pthread_mutex_lock(&lock);
  *out = event->time;
  pthread_mutex_unlock(&lock);
  return *out ? CT_OK : CT_ERR_INVALID;
}

static void pass(mark *m) { /* locked; takes the queue's reference */
  m->passed = true;
  if (m->event) {
    m->event->time = now_ns();
    size_t i = 0;
    while (m->event->pending[i] != m) ++i;
    m->event->pending[i] = m->event->pending[--m->event->pending_count];
  }
  drop(m);
}

/* ---- modules: a shared library that exports one ct_native_kernel ---- */

struct ct_kernel {
  const ct_native_kernel *native;
};

struct ct_module {
  void *library;
  int file;
  struct ct_kernel kernel;
};

/* The dynamic linker believes what a file says of itself, so a damaged one is found here: the table at its end must be there. */
static bool is_whole(const unsigned char *bytes, uint64_t size) {
  Elf64_Ehdr head;
  if (size < sizeof head) return false;
  memcpy(&head, bytes, sizeof head);
  return memcmp(head.e_ident, ELFMAG, SELFMAG) == 0 && head.e_type == ET_DYN && head.e_shoff <= size &&
         (uint64_t)head.e_shnum * head.e_shentsize <= size - head.e_shoff;
}

/* Bytes in memory, or a file alone: both end as a file in memory, for the dynamic linker. */
static bool fetch(int file, const ct_artifact *artifact) {
  unsigned char *bytes = artifact->bytes ? malloc(artifact->size) : NULL;
  uint64_t size = artifact->size;
  if (artifact->bytes) {
    memcpy(bytes, artifact->bytes, size);
  } else {
    FILE *from = fopen(artifact->path, "rb");
    bytes = from ? malloc(size) : NULL;
    if (bytes) size = fread(bytes, 1, size, from);
    if (from) fclose(from);
  }
  const bool good = bytes && is_whole(bytes, size) && write(file, bytes, size) == (ssize_t)size;
  free(bytes);
  return good;
}

static void module_unload(ct_module *module) {
  if (module->library) dlclose(module->library);
  if (module->file >= 0) close(module->file);
  free(module);
}

static ct_status module_load(ct_device *device, const ct_artifact *artifact, ct_module **out) {
  (void)device;
  if (strcmp(artifact->format, CT_NATIVE_FORMAT) != 0) return CT_ERR_BAD_ARTIFACT;
  ct_module *module = calloc(1, sizeof *module);
  if (!module) return CT_ERR_OUT_OF_MEMORY;
  /* The file stays open as long as the library: its name must not be used again meanwhile. */
  module->file = memfd_create("kernel", MFD_CLOEXEC);
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", module->file);
  if (module->file >= 0 && fetch(module->file, artifact)) module->library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  const ct_native_kernel *native = module->library ? dlsym(module->library, CT_NATIVE_KERNEL_SYMBOL) : NULL;
  if (!native || native->abi != CT_NATIVE_ABI) {
    module_unload(module);
    return CT_ERR_BAD_ARTIFACT;
  }
  if (native->form != CT_NATIVE_FORM_BLOCK) {
    module_unload(module);
    return refuse("this kernel's threads wait for each other in ways that this chip has no scheduler for");
  }
  module->kernel.native = native;
  *out = module;
  return CT_OK;
}

static ct_status module_kernel(ct_module *module, ct_kernel **out) {
  *out = &module->kernel;
  return CT_OK;
}

/* ---- running blocks ---- */

typedef struct running {      /* begins with what generated code sees, so that services find the rest */
  ct_native_block block;
  sigjmp_buf end;             /* where a kernel goes that ends badly */
  ct_status fault;
  char why[160];
} running;

static _Thread_local running *current;

static void end_badly(running *r, ct_status fault, const char *why) {
  r->fault = fault;
  snprintf(r->why, sizeof r->why, "%s", why);
  siglongjmp(r->end, 1);
}

static void on_signal(int number, siginfo_t *info, void *context) {
  (void)context;
  if (current && info->si_code > 0) end_badly(current, number == SIGBUS && info->si_code == BUS_ADRALN ? CT_ERR_MISALIGNED : CT_ERR_ILLEGAL_ADDRESS, "illegal address");
  signal(number, SIG_DFL);    /* not ours: the instruction is run again without us */
}

/* One conversion after the other; the values lie behind each other, each aligned to its size. */
static int32_t kernel_vprintf(ct_native_block *block, const char *format, const void *args) {
  char out[1024];
  size_t length = 0;
  int32_t count = 0;
  uintptr_t at = (uintptr_t)args;
  (void)block;
  while (*format && length + 1 < sizeof out) {
    if (*format != '%' || format[1] == '%') {
      out[length++] = *format;
      format += *format == '%' ? 2 : 1;
      continue;
    }
    char one[32];
    size_t n = strcspn(format + 1, "diouxXcsfFeEgGaAp") + 2;
    if (n >= sizeof one || !format[n - 1]) break;
    memcpy(one, format, n);
    one[n] = 0;
    format += n;
    const char kind = one[n - 1];
    const bool wide = strchr(one, 'l') || strchr(one, 'z') || strchr("sfFeEgGaAp", kind);
    at = (at + (wide ? 7 : 3)) & ~(uintptr_t)(wide ? 7 : 3);
    const size_t room = sizeof out - length;
    int written;
    if (strchr("fFeEgGaA", kind)) written = snprintf(out + length, room, one, *(const double *)at);
    else if (kind == 's' || kind == 'p') written = snprintf(out + length, room, one, *(void *const *)at);
    else if (wide) written = snprintf(out + length, room, one, *(const long long *)at);
    else written = snprintf(out + length, room, one, *(const int *)at);
    length += written < 0 ? 0 : (size_t)written < room ? (size_t)written : room - 1;
    at += wide ? 8 : 4;
    ++count;
  }
  host->output(host->ctx, out, length);
  return count;
}

static void kernel_assert(ct_native_block *block, uint32_t thread, const char *message, const char *file, uint32_t line, const char *function) {
  char why[160];
  snprintf(why, sizeof why, "%s:%u: %s: thread %u: assertion `%s` failed", file, line, function, thread, message);
  end_badly((running *)block, CT_ERR_ASSERT, why);
}

static void kernel_trap(ct_native_block *block, uint32_t thread, uint32_t code) {
  const bool refused = code & ((1u << CT_NATIVE_TRAP_LINE_SHIFT) - 1);
  (void)thread;
  end_badly((running *)block, refused ? CT_ERR_LAUNCH : CT_ERR_TRAP, refused ? "refused at run time" : "trap");
}

static uint64_t kernel_malloc(ct_native_block *block, uint64_t size) {
  (void)block;
  return (uint64_t)malloc(size);
}
static void kernel_free(ct_native_block *block, uint64_t address) {
  (void)block;
  free((void *)address);
}
static void kernel_nanosleep(ct_native_block *block, uint32_t ns) {
  const struct timespec t = {0, ns % 1000000000u};
  (void)block;
  nanosleep(&t, NULL);
}
static void kernel_bulk_copy(ct_native_block *block, void *to, const void *from, uint64_t bytes, uint32_t mask) {
  (void)block;
  for (uint64_t i = 0; i < bytes; ++i)
    if (mask >> (i % 16) & 1) ((unsigned char *)to)[i] = ((const unsigned char *)from)[i];
}

/* What is NULL belongs to kernels in gang form, which module_load refuses, and to textures and tensors, which device_info does not have. */
static const ct_native_services services = {
    .struct_size = sizeof(ct_native_services), .vprintf = kernel_vprintf, .assert_fail = kernel_assert, .trap = kernel_trap,
    .heap_alloc = kernel_malloc, .heap_free = kernel_free, .clock = now_ns, .global_timer = now_ns, .nanosleep = kernel_nanosleep,
    .bulk_copy = kernel_bulk_copy};

typedef struct launch_work {
  ct_launch launch;
  unsigned char params[];
} launch_work;

static void *workspace(size_t size) { return aligned_alloc(64, (size + 64) / 64 * 64); }

/* All blocks, one after the other. Chip: this is where you ring the doorbell. */
static void run_launch(ct_device *device, void *shared, const launch_work *work) {
  static uint64_t next_grid;
  const ct_launch *l = &work->launch;
  const ct_native_kernel *k = l->kernel->native;
  const uint32_t threads = l->block[0] * l->block[1] * l->block[2], whole = (threads + 31) / 32 * 32;
  const uint64_t stack = (l->stack_bytes + 63) / 64 * 64;
  running *r = calloc(1, sizeof *r);
  void *local = workspace((size_t)k->local_bytes * whole), *scratch = workspace(k->scratch_bytes), *stacks = workspace(stack * whole);
  ct_native_block *b = &r->block;
  b->services = &services;
  b->params = work->params;
  b->globals = (const void *)l->globals;
  b->scratch = scratch;
  b->local = local;
  b->stack = (uint64_t)stacks;
  b->stack_bytes = stack;
  b->grid_id = __atomic_fetch_add(&next_grid, 1, __ATOMIC_RELAXED);
  memcpy(b->grid, l->grid, sizeof b->grid);
  memcpy(b->block, l->block, sizeof b->block);
  b->shared_base = b->cluster_base = (uint32_t)(uintptr_t)shared;
  b->shared_bytes = k->static_shared_bytes + l->dynamic_shared_bytes;
  b->dynamic_shared_bytes = l->dynamic_shared_bytes;
  b->unit_count = 1;
  b->child_queue = l->child_queue;
  b->cluster[0] = b->cluster[1] = b->cluster[2] = 1;
  b->cluster_shift = 20;
  b->cluster_explicit = (l->flags & CT_LAUNCH_CLUSTERS) != 0;
  current = r;
  if (sigsetjmp(r->end, 1) == 0) {
    for (b->block_id[2] = 0; b->block_id[2] < l->grid[2]; ++b->block_id[2])
      for (b->block_id[1] = 0; b->block_id[1] < l->grid[1]; ++b->block_id[1])
        for (b->block_id[0] = 0; b->block_id[0] < l->grid[0]; ++b->block_id[0]) k->entry.block(b);
  }
  current = NULL;
  if (r->fault != CT_OK) {
    pthread_mutex_lock(&lock);
    const bool first = device->fault == CT_OK;
    if (first) device->fault = r->fault;
    pthread_mutex_unlock(&lock);
    char text[256];
    snprintf(text, sizeof text, "kernel %s: %s", k->name, r->why);
    if (first) host->report(host->ctx, "MY0100", text);
  }
  free(stacks);
  free(scratch);
  free(local);
  free(r);
}

/* ---- queues ---- */

typedef struct operation {
  struct operation *next;
  ct_operation_kind kind;
  union {
    ct_copy copy;
    ct_fill fill;
    struct {
      void (*fn)(void *, ct_status);
      void *user;
    } call;
    mark *mark;
    launch_work *launch;
  } u;
} operation;

struct ct_queue {
  ct_device *device;
  pthread_t thread;
  operation *first, **last;
  bool running, ending;
  void *shared;   /* in the low 4 GiB, as native_kernel.h wants it */
};

static void run_copy(const ct_copy *c) {
  for (uint64_t z = 0; z < c->depth; ++z)
    for (uint64_t y = 0; y < c->height; ++y)
      memmove((void *)(c->dst + z * c->dst_slice + y * c->dst_pitch), (const void *)(c->src + z * c->src_slice + y * c->src_pitch), c->width);
}

static void run_fill(const ct_fill *f) {
  for (uint64_t y = 0; y < f->height; ++y)
    for (uint64_t x = 0; x < f->width; ++x) memcpy((void *)(f->dst + y * f->pitch + x * f->element), &f->value, f->element);
}

static void *run_queue(void *self) {
  ct_queue *queue = self;
  pthread_mutex_lock(&lock);
  for (;;) {
    while (!queue->first && !queue->ending) pthread_cond_wait(&changed, &lock);
    operation *o = queue->first;
    if (!o) break;
    queue->first = o->next;
    if (!queue->first) queue->last = &queue->first;
    queue->running = true;
    const ct_status fault = queue->device->fault;
    if (o->kind == CT_OPERATION_RECORD) {
      pass(o->u.mark);
    } else if (o->kind == CT_OPERATION_WAIT) {
      wait_for_mark(o->u.mark);
    } else {
      pthread_mutex_unlock(&lock);
      /* Behind a fault nothing runs but host calls, which are told. */
      if (o->kind == CT_OPERATION_HOST_CALL) o->u.call.fn(o->u.call.user, fault);
      if (o->kind == CT_OPERATION_COPY && fault == CT_OK) run_copy(&o->u.copy);
      if (o->kind == CT_OPERATION_FILL && fault == CT_OK) run_fill(&o->u.fill);
      if (o->kind == CT_OPERATION_LAUNCH && fault == CT_OK) run_launch(queue->device, queue->shared, o->u.launch);
      if (o->kind == CT_OPERATION_LAUNCH) free(o->u.launch);
      pthread_mutex_lock(&lock);
    }
    queue->running = false;
    free(o);
    pthread_cond_broadcast(&changed);
  }
  pthread_mutex_unlock(&lock);
  return NULL;
}

static ct_status queue_create(ct_device *device, uint32_t flags, int32_t priority, ct_queue **out) {
  (void)flags, (void)priority;
  ct_queue *queue = calloc(1, sizeof *queue);
  if (!queue) return CT_ERR_OUT_OF_MEMORY;
  queue->device = device;
  queue->last = &queue->first;
  queue->shared = mmap(NULL, kSharedMost + CT_NATIVE_SHARED_ALIGN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (queue->shared != MAP_FAILED && pthread_create(&queue->thread, NULL, run_queue, queue) == 0) {
    *out = queue;
    return CT_OK;
  }
  if (queue->shared != MAP_FAILED) munmap(queue->shared, kSharedMost + CT_NATIVE_SHARED_ALIGN);
  free(queue);
  return CT_ERR_OUT_OF_MEMORY;
}

static void queue_destroy(ct_queue *queue) {
  pthread_mutex_lock(&lock);
  queue->ending = true;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
  pthread_join(queue->thread, NULL);
  munmap(queue->shared, kSharedMost + CT_NATIVE_SHARED_ALIGN);
  free(queue);
}

/* `like` has the kind and what belongs to it. */
static ct_status submit(ct_queue *queue, const operation *like) {
  operation *o = malloc(sizeof *o);
  if (!o) return CT_ERR_OUT_OF_MEMORY;
  *o = *like;
  o->next = NULL;
  pthread_mutex_lock(&lock);
  *queue->last = o;
  queue->last = &o->next;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
  return CT_OK;
}

static ct_status queue_launch(ct_queue *queue, const ct_launch *launch) {
  if (launch->flags & CT_LAUNCH_COOPERATIVE) return refuse("cooperative launches: blocks run one after the other");
  launch_work *work = malloc(sizeof *work + launch->params_size);
  if (!work) return CT_ERR_OUT_OF_MEMORY;
  work->launch = *launch;  /* Chip: a runtime of a later version passes more; what you do not know you do not read */
  if (launch->params_size) memcpy(work->params, launch->params, launch->params_size);
  return submit(queue, &(operation){.kind = CT_OPERATION_LAUNCH, .u.launch = work});
}

static ct_status queue_copy(ct_queue *queue, const ct_copy *copy) { return submit(queue, &(operation){.kind = CT_OPERATION_COPY, .u.copy = *copy}); }
static ct_status queue_fill(ct_queue *queue, const ct_fill *fill) { return submit(queue, &(operation){.kind = CT_OPERATION_FILL, .u.fill = *fill}); }
static ct_status queue_host_call(ct_queue *queue, void (*fn)(void *, ct_status), void *user) {
  return submit(queue, &(operation){.kind = CT_OPERATION_HOST_CALL, .u.call = {fn, user}});
}

static ct_status queue_record(ct_queue *queue, ct_event *event) {
  mark *m = calloc(1, sizeof *m);
  if (!m) return CT_ERR_OUT_OF_MEMORY;
  pthread_mutex_lock(&lock);
  if (event->pending_count == event->pending_room) {
    event->pending_room = event->pending_room * 2 + 8;
    event->pending = realloc(event->pending, event->pending_room * sizeof *event->pending);
  }
  event->pending[event->pending_count++] = m;
  m->event = event;
  m->references = 2;  /* the event's and the queue's */
  if (event->newest) drop(event->newest);
  event->newest = m;
  pthread_mutex_unlock(&lock);
  return submit(queue, &(operation){.kind = CT_OPERATION_RECORD, .u.mark = m});
}

static ct_status queue_wait(ct_queue *queue, ct_event *event) {
  pthread_mutex_lock(&lock);
  mark *m = event->newest;
  if (m) ++m->references;
  pthread_mutex_unlock(&lock);
  return m ? submit(queue, &(operation){.kind = CT_OPERATION_WAIT, .u.mark = m}) : CT_OK;
}

static ct_status queue_query(ct_queue *queue) {
  pthread_mutex_lock(&lock);
  const bool busy = queue->first || queue->running;
  const ct_status fault = queue->device->fault;
  pthread_mutex_unlock(&lock);
  return fault != CT_OK ? fault : busy ? CT_NOT_READY : CT_OK;
}

static ct_status queue_synchronize(ct_queue *queue) {
  pthread_mutex_lock(&lock);
  while (queue->first || queue->running) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
  return fault_of(queue->device);
}

/* ---- the table ---- */

static ct_status init(const ct_host *services_of_the_runtime) {
  struct sigaction action = {0};
  host = services_of_the_runtime;
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  return CT_OK;
}

static void end(void) {
  signal(SIGSEGV, SIG_DFL);
  signal(SIGBUS, SIG_DFL);
}

static const ct_device_ops device_ops = {sizeof(ct_device_ops), device_count, device_open, device_close, device_info};
static const ct_memory_ops memory_ops = {sizeof(ct_memory_ops), memory_alloc, memory_free, memory_info, NULL, NULL};
/* The three last slots are optional. */
static const ct_queue_ops queue_ops = {sizeof(ct_queue_ops), queue_create, queue_destroy, queue_launch, queue_copy,        queue_fill, queue_host_call,
                                       queue_record,         queue_wait,   queue_query,   queue_synchronize, NULL, NULL, NULL};
static const ct_event_ops event_ops = {sizeof(ct_event_ops), event_create, event_destroy, event_query, event_synchronize, event_timestamp};
static const ct_module_ops module_ops = {sizeof(ct_module_ops), module_load, module_unload, module_kernel};

__attribute__((visibility("default"))) const ct_target *cutrans_target_query(uint32_t major, uint32_t minor);
__attribute__((visibility("default"))) const ct_target *cutrans_target_query(uint32_t major, uint32_t minor) {
  static const ct_target table = {CT_TARGET_MAGIC, CT_TARGET_ABI_MAJOR, CT_TARGET_ABI_MINOR, sizeof(ct_target), "mychip", "1", 0, init, end,
                                  &device_ops,     &memory_ops,         &queue_ops,          &event_ops,        &module_ops, NULL};
  (void)minor;
  return major == CT_TARGET_ABI_MAJOR ? &table : NULL;
}
