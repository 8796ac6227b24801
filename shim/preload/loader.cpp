// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The loader keeps a record for debuggers, `_r_debug` (<link.h>): the list of objects, a state, and the address of a function that it calls
// whenever the state changes. That function is empty, and a debugger sets a breakpoint on it; here its first bytes become a jump, as
// those of the CUDA runtime's entry points do.
#include "shim/preload/loader.h"

#include <stdlib.h>

#include "shim/preload/redirect.h"

namespace cutrans::preload {

namespace {

void (*visitor)(const link_map &) = nullptr;

// The objects that have been visited, by their place: one that is closed and opened again is new. Guarded by the loader's lock.
struct Visited {
  const ElfW(Dyn) **places = nullptr;
  size_t count = 0, room = 0;

  bool has(const ElfW(Dyn) *place) const {
    for (size_t i = 0; i < count; ++i)
      if (places[i] == place) return true;
    return false;
  }
  bool add(const ElfW(Dyn) *place) {
    if (count == room) {
      size_t more = room ? 2 * room : 64;
      auto *grown = static_cast<const ElfW(Dyn) **>(realloc(places, more * sizeof *places));
      if (!grown) return false;
      places = grown;
      room = more;
    }
    places[count++] = place;
    return true;
  }
} visited;

void visitNew() {
  for (const link_map *object = _r_debug.r_map; object; object = object->l_next)
    if (!visited.has(object->l_ld) && visited.add(object->l_ld)) visitor(*object);
}

// What is gone is forgotten: something else may come to its place.
void forgetGone() {
  size_t kept = 0;
  for (size_t i = 0; i < visited.count; ++i)
    for (const link_map *object = _r_debug.r_map; object; object = object->l_next)
      if (object->l_ld == visited.places[i]) {
        visited.places[kept++] = visited.places[i];
        break;
      }
  visited.count = kept;
}

// In place of the loader's empty function.
void stateChanged() {
  static bool deleting = false;
  if (_r_debug.r_state == r_debug::RT_DELETE) deleting = true;
  if (_r_debug.r_state != r_debug::RT_CONSISTENT) return;
  if (deleting) forgetGone();
  deleting = false;
  visitNew();
}

}  // namespace

bool watchObjects(void (*visit)(const link_map &), const char **why) {
  visitor = visit;
  visitNew();
  // The loader is an object of the list, that which holds the function.
  for (const link_map *object = _r_debug.r_map; object; object = object->l_next) {
    if (object->l_addr != _r_debug.r_ldbase || !*object->l_name) continue;
    Program loader;
    const Jump jump{_r_debug.r_brk, reinterpret_cast<void *>(stateChanged)};
    if (!loader.open(object->l_name, object->l_addr) || !isEmpty(loader, _r_debug.r_brk)) break;
    return redirect(loader, &jump, 1, why);
  }
  *why = "the loader is of a kind that cannot be watched";
  return false;
}

}  // namespace cutrans::preload
