// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Route C: a program that nvcc linked with its static CUDA runtime (nvcc's default) runs on this layer. This library is
// preloaded; its constructor runs before those of the program, in which kernels are registered. It looks for the
// runtime's entry points in the program's symbol table and redirects each to libcudart.so.13 of this layer. NVIDIA's
// code stays in the program and is never run. Nothing on disk changes. CUTRANS_REDIRECT=0 switches it off.
// Processes that are no CUDA programs are left alone: the sections of the file say so before anything else is done.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <initializer_list>

#include "shim/preload/program.h"
#include "shim/preload/redirect.h"
#include "shim/preload/say.h"

namespace cutrans::preload {

namespace {

constexpr const char *kNames[] = {
#define CT_ENTRY(name, fallback) #name,
#include "names.inc"
};
constexpr size_t kCount = sizeof kNames / sizeof *kNames;

struct Entry {
  uintptr_t address = 0;
  size_t size = 0;
};

// NVIDIA's static runtime is one object, so all of its names are there or none. Less than this is something else.
constexpr size_t kEnough = kCount / 2;

bool switchedOff() {
  const char *value = secure_getenv("CUTRANS_REDIRECT");
  if (!value) return false;
  for (const char *no : {"0", "off", "no", "false"})
    if (strcmp(value, no) == 0) return true;
  return false;
}

// libcudart.so.13 next to this library.
void *openRuntime() {
  Dl_info self;
  if (!dladdr(reinterpret_cast<void *>(&openRuntime), &self) || !self.dli_fname) return nullptr;
  const char *slash = strrchr(self.dli_fname, '/');
  char path[4096];
  int size = snprintf(path, sizeof path, "%.*slibcudart.so.13",
                      static_cast<int>(slash ? slash + 1 - self.dli_fname : 0), self.dli_fname);
  if (size <= 0 || static_cast<size_t>(size) >= sizeof path) return nullptr;
  return dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
}

size_t find(const Program &program, Entry *entries) {
  size_t found = 0;
  program.functions([&](const char *name, uintptr_t address, size_t size) {
    if (strncmp(name, "cuda", 4) != 0 && strncmp(name, "__cuda", 6) != 0) return;
    for (size_t i = 0; i < kCount; ++i) {
      if (entries[i].address || strcmp(name, kNames[i]) != 0) continue;
      entries[i] = {address, size};
      ++found;
      return;
    }
  });
  return found;
}

// Null, or a name that is not there: most names but not all is the runtime of another CUDA version, in which some entry
// points of the same name mean something else.
const char *missing(const Entry *entries) {
  for (size_t i = 0; i < kCount; ++i)
    if (!entries[i].address) return kNames[i];
  return nullptr;
}

// Two names at one place would go to two places: an identical-code-folding linker did that, and it cannot be undone.
bool distinct(const Entry *entries) {
  for (size_t i = 0; i < kCount; ++i)
    for (size_t j = 0; j < i; ++j)
      if (entries[i].address && entries[i].address == entries[j].address) return false;
  return true;
}

void redirectAll(const Program &program, const Entry *entries) {
  void *runtime = openRuntime();
  if (!runtime) return fail("libcudart.so.13 of this layer cannot be opened (%s)", dlerror());
  Jump jumps[kCount];
  size_t count = 0, left = 0;
  const char *left_name = "";
  for (size_t i = 0; i < kCount; ++i) {
    if (entries[i].size < kJumpBytes) {
      ++left;
      left_name = kNames[i];
      continue;
    }
    void *to = dlsym(runtime, kNames[i]);
    if (!to) return fail("libcudart.so.13 of this layer has no %s", kNames[i]);
    jumps[count++] = {entries[i].address, to};
  }
  const char *why = "";
  if (!redirect(program, jumps, count, &why)) return fail("%s: %s", program.path(), why);
  log("%s: %zu entry points of its statically linked CUDA runtime redirected to this layer; %zu left as they are "
      "(shorter than a jump)%s%s",
      program.path(), count, left, left ? ": " : "", left_name);
}

__attribute__((constructor)) void start() {
  Program program;
  if (!program.open() || !program.hasDeviceCode()) return;
  if (program.hasSection(".note.cutrans")) return log("%s: linked with this layer's static runtime", program.path());
  if (switchedOff()) return log("%s: not redirected, CUTRANS_REDIRECT says so", program.path());
  static Entry entries[kCount];
  const size_t found = find(program, entries);
  if (found < kEnough) {
    if (program.needsSharedRuntime()) return log("%s: uses the shared CUDA runtime", program.path());
    if (!program.hasSymbols()) return fail("%s has device code but no symbol table", program.path());
    return log("%s: has device code and no CUDA runtime of its own", program.path());
  }
  if (const char *name = missing(entries))
    return fail("%s: its CUDA runtime is of another version than 13.0, it has no %s", program.path(), name);
  if (!distinct(entries)) return fail("%s: several entry points share one address", program.path());
  redirectAll(program, entries);
}

}  // namespace

}  // namespace cutrans::preload
