/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Finds libcudart.so.13 of this layer (or .12, CUTRANS_CUDART) and the functions in it, at the first call of each. In C, without anything that
 * a constructor would have to set up, since it runs inside other constructors. When the library is missing the
 * program gets CUDA's error for an insufficient driver from every call, and one line on stderr. The preload library has
 * a copy of this for each runtime (CUTRANS_PRELOAD; names then begin with CUTRANS_PREFIX).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CT_JOIN(a, b) a##b
#define CT_PREFIXED(prefix, name) CT_JOIN(prefix, name)
#define CT_SYMBOL(name) CT_PREFIXED(CUTRANS_PREFIX, name)

enum { MAX_PATH = 4096, INSUFFICIENT_DRIVER = 35 };

static const char *const names[] = {
#define CT_ENTRY(name, fallback, since) #name,
#include "names.inc"
};

/* ---- what calls do without the library, by the type of their result (shim/api/emit.py, names) */

static int missing_error(void) { return INSUFFICIENT_DRIVER; }
static void *missing_null(void) { return NULL; }
static void missing_nothing(void) {}
static char missing_zero(void) { return 0; }
static unsigned missing_one(void) { return 1; }
static const char *missing_text(void) { return CUTRANS_CUDART " of cutrans is missing"; }
/* A structure of 20 bytes comes back in memory that the caller gives. */
static struct record { int values[5]; } missing_record(void) {
  struct record empty = {{0}};
  return empty;
}

#define CT_ENTRY(name, fallback, since) (void (*)(void))missing_##fallback,
static void (*const fallbacks[])(void) = {
#include "names.inc"
};

extern __attribute__((visibility("hidden"))) void *CT_SYMBOL(cutrans_static_slots)[];
__attribute__((visibility("hidden"))) void *CT_SYMBOL(cutrans_static_resolve)(unsigned index);

static pthread_once_t opened = PTHREAD_ONCE_INIT;
static void *library;

/* NVIDIA's library of this name is not what we want, and it would not work: ours brings libcutrans.so with it. */
static void *open_ours(const char *path) {
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!handle) return NULL;
  void *runtime = dlopen("libcutrans.so", RTLD_NOLOAD | RTLD_LAZY);
  if (!runtime) {
    dlclose(handle);
    return NULL;
  }
  dlclose(runtime);
  return handle;
}

static void *open_in(const char *folder, size_t length, const char *below) {
  char path[MAX_PATH];
  int size = snprintf(path, sizeof path, "%.*s%s/" CUTRANS_CUDART, (int)length, folder, below);
  if (size <= 0 || (size_t)size >= sizeof path || access(path, R_OK) != 0) return NULL;
  return open_ours(path);
}

static void tell(void) {
#define CT_DIAGNOSTIC(name, number, meaning, way_round) \
  static const char *const name[] __attribute__((unused)) = {#number, meaning, way_round};
#include "diagnostics.def"
#ifdef CUTRANS_PRELOAD
  const char *const *row = redirect_missing;
#else
  const char *const *row = static_runtime_missing;
#endif
  char line[512];
  int length = (int)strlen(row[1]) - 1; /* without the full stop */
  int size = snprintf(line, sizeof line, "cutrans: CT%s: %.*s; %s\n", row[0], length, row[1], row[2]);
  if (size > 0 && write(STDERR_FILENO, line, (size_t)size < sizeof line ? (size_t)size : sizeof line - 1) < 0) return;
}

static void open_library(void) {
#ifdef CUTRANS_PRELOAD
  /* Beside this library, wherever that is. */
  Dl_info self;
  const char *slash = dladdr((void *)open_library, &self) && self.dli_fname ? strrchr(self.dli_fname, '/') : NULL;
  if (slash) library = open_in(self.dli_fname, (size_t)(slash - self.dli_fname), "");
  if (library) return;
#endif
  const char *home = secure_getenv("CUTRANS_HOME");
  if (home && *home) {
    static const char *const below[] = {"/lib/cutrans", "/lib", ""};
    for (size_t i = 0; i < sizeof below / sizeof *below && !library; i++) library = open_in(home, strlen(home), below[i]);
  }
  /* LD_LIBRARY_PATH, as `cutrans run` sets it, and the system's folders. */
  if (!library) library = open_ours(CUTRANS_CUDART);
  for (const char *p = CUTRANS_SEARCH_PATH; *p && !library;) {
    size_t length = strcspn(p, ":");
    library = open_in(p, length, "");
    p += length + (p[length] == ':');
  }
  if (!library) tell();
}

void *CT_SYMBOL(cutrans_static_resolve)(unsigned index) {
  pthread_once(&opened, open_library);
  void *function = library ? dlsym(library, names[index]) : NULL;
  if (!function) function = (void *)fallbacks[index];
  __atomic_store_n(&CT_SYMBOL(cutrans_static_slots)[index], function, __ATOMIC_RELEASE);
  return function;
}
