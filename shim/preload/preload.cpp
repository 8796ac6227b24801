// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Route C: a program that nvcc linked with its static CUDA runtime (nvcc's default) runs on this layer, and so does a library of that kind. This library
// is preloaded; its constructor runs before all others, in which kernels are registered. It looks for the runtime's entry points in the symbol
// tables of the program and of each library, also of those that are loaded later, and redirects each to libcudart.so.13 or libcudart.so.12 of
// this layer, which is opened at the first call. NVIDIA's code stays where it is and is never run. Nothing on disk changes. CUTRANS_REDIRECT=0 switches it off.
// Processes that are no CUDA programs are left alone: the sections of the file say so before anything else is done.
#include <string.h>

#include <initializer_list>

#include "shim/preload/loader.h"
#include "shim/preload/program.h"
#include "shim/preload/redirect.h"
#include "shim/preload/say.h"

// The trampolines of each runtime (shim/static), in the order of its names.
extern "C" __attribute__((visibility("hidden"))) void *const cuda13_cutrans_static_entries[];
extern "C" __attribute__((visibility("hidden"))) void *const cuda12_cutrans_static_entries[];

namespace cutrans::preload {

namespace {

// One name of a runtime, with the CUDA version in which it came.
struct Name {
  const char *text;
  int since;
};
constexpr Name kNames13[] = {
#define CT_ENTRY(name, fallback, since) {#name, since},
#include "cudart/names.inc"
};
constexpr Name kNames12[] = {
#define CT_ENTRY(name, fallback, since) {#name, since},
#include "cudart12/names.inc"
};

// A major version of the runtime: one that a program can have inside, and the library that serves it.
struct Runtime {
  const char *library;
  int oldest;
  const Name *names;
  void *const *entries;
  size_t count;
};
constexpr Runtime kRuntimes[] = {
    {"libcudart.so.13", 13000, kNames13, cuda13_cutrans_static_entries, sizeof kNames13 / sizeof *kNames13},
    {"libcudart.so.12", 12000, kNames12, cuda12_cutrans_static_entries, sizeof kNames12 / sizeof *kNames12},
};
constexpr size_t kMostNames = sizeof kNames12 > sizeof kNames13 ? sizeof kNames12 / sizeof *kNames12 : sizeof kNames13 / sizeof *kNames13;

struct Entry {
  uintptr_t address = 0;
  size_t size = 0;
};

// NVIDIA's static runtime is one object, so all names of its version are there or none. Fewer than this are something else.
constexpr size_t kEnough = 200;

bool switchedOff() {
  const char *value = setting("CUTRANS_REDIRECT");
  if (!value) return false;
  for (const char *no : {"0", "off", "no", "false"})
    if (strcmp(value, no) == 0) return true;
  return false;
}

size_t find(const Program &program, const Runtime &runtime, Entry *entries) {
  size_t found = 0;
  program.functions([&](const char *name, uintptr_t address, size_t size) {
    if (strncmp(name, "cuda", 4) != 0 && strncmp(name, "__cuda", 6) != 0) return;
    for (size_t i = 0; i < runtime.count; ++i) {
      if (entries[i].address || strcmp(name, runtime.names[i].text) != 0) continue;
      entries[i] = {address, size};
      ++found;
      return;
    }
  });
  return found;
}

// The version of the runtime inside is that of its newest name.
int versionOf(const Runtime &runtime, const Entry *entries) {
  int newest = 0;
  for (size_t i = 0; i < runtime.count; ++i)
    if (entries[i].address && runtime.names[i].since > newest) newest = runtime.names[i].since;
  return newest;
}

// Null, or a name that this version has and that is not there: then it is of a version that is not known, in which some
// entry points of the same name may mean something else.
const char *missing(const Runtime &runtime, const Entry *entries, int version) {
  for (size_t i = 0; i < runtime.count; ++i)
    if (!entries[i].address && runtime.names[i].since <= version) return runtime.names[i].text;
  return nullptr;
}

// Two names at one place would go to two places: an identical-code-folding linker did that, and it cannot be undone.
bool distinct(const Runtime &runtime, const Entry *entries) {
  for (size_t i = 0; i < runtime.count; ++i)
    for (size_t j = 0; j < i; ++j)
      if (entries[i].address && entries[i].address == entries[j].address) return false;
  return true;
}

void redirectAll(const Program &program, const Runtime &runtime, const Entry *entries) {
  static Jump jumps[kMostNames];
  size_t count = 0, left = 0;
  const char *left_name = "";
  for (size_t i = 0; i < runtime.count; ++i) {
    const char *name = runtime.names[i].text;
    if (!entries[i].address) continue;
    if (entries[i].size < kJumpBytes) {
      ++left;
      left_name = name;
      continue;
    }
    jumps[count++] = {entries[i].address, runtime.entries[i]};
  }
  const char *why = "";
  if (!redirect(program, jumps, count, &why)) return fail("%s: %s", program.path(), why);
  log("%s: %zu entry points of its statically linked CUDA runtime redirected to %s of this layer; %zu left as they are "
      "(shorter than a jump)%s%s",
      program.path(), count, runtime.library, left, left ? ": " : "", left_name);
}

// One object of the process. Libraries with device code and no runtime inside are as usual: they use a shared one.
void consider(const link_map &object) {
  const bool main_program = !object.l_prev;
  Program program;
  if (!program.open(main_program ? "/proc/self/exe" : object.l_name, object.l_addr) || !program.hasDeviceCode()) return;
  if (program.hasSection(".note.cutrans")) return log("%s: linked with this layer's static runtime", program.path());
  static bool off = switchedOff();
  if (off) return log("%s: not redirected, CUTRANS_REDIRECT says so", program.path());
  static Entry entries[2][kMostNames];
  memset(entries, 0, sizeof entries);
  const size_t found[] = {find(program, kRuntimes[0], entries[0]), find(program, kRuntimes[1], entries[1])};
  const size_t which = found[1] > found[0];  // the other knows fewer of the names
  const Runtime &runtime = kRuntimes[which];
  if (found[which] < kEnough) {
    if (program.needsSharedRuntime()) return log("%s: uses the shared CUDA runtime", program.path());
    if (!program.hasSymbols() && main_program) return fail("%s has device code but no symbol table", program.path());
    return log("%s: has device code and no CUDA runtime of its own", program.path());
  }
  const int version = versionOf(runtime, entries[which]);
  if (version < runtime.oldest)
    return fail("%s: its CUDA runtime is of version %d.%d; 12 and 13.0 are served", program.path(), version / 1000, version % 1000 / 10);
  if (const char *name = missing(runtime, entries[which], version))
    return fail("%s: its CUDA runtime is of another version than 12 or 13.0, it has no %s", program.path(), name);
  if (!distinct(runtime, entries[which])) return fail("%s: several entry points share one address", program.path());
  redirectAll(program, runtime, entries[which]);
}

__attribute__((constructor)) void start(int, char **, char **environment) {
  useEnvironment(environment);
  const char *why = "";
  if (!watchObjects(consider, &why)) log("libraries that are loaded later are not redirected: %s", why);
}

}  // namespace

}  // namespace cutrans::preload
