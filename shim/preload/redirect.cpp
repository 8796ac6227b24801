// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Islands and jumps. The pages of the program are private copies from here on; its file is not touched.
#include "shim/preload/redirect.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

namespace cutrans::preload {

#if defined(__x86_64__)

namespace {

// jmp *0(%rip), then the address.
struct Island {
  unsigned char jump[6];
  unsigned char target[8];
  unsigned char pad[2];
};
static_assert(sizeof(Island) == 16);

constexpr uintptr_t kReach = uintptr_t{1} << 31;
constexpr uintptr_t kSlack = uintptr_t{1} << 24;  // the reach is measured from the end of a jump
constexpr uintptr_t kStep = uintptr_t{1} << 16;
constexpr uintptr_t kLowest = uintptr_t{1} << 16;

void *tryAt(uintptr_t address, size_t size) {
  void *map = mmap(reinterpret_cast<void *>(address), size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (map == MAP_FAILED) return nullptr;
  if (reinterpret_cast<uintptr_t>(map) == address) return map;
  munmap(map, size);  // a kernel before 4.17 takes the address as a wish
  return nullptr;
}

// Below the program first: behind it the heap grows.
void *mapNear(const Program &program, size_t size) {
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t begin = program.begin() & ~(page - 1), end = (program.end() + page - 1) & ~(page - 1);
  if (end - begin > kReach - kSlack) return nullptr;
  const uintptr_t span = kReach - kSlack - (end - begin);
  for (uintptr_t d = size + kStep; d < span && d + kLowest < begin; d += kStep)
    if (void *map = tryAt((begin - d) & ~(page - 1), size)) return map;
  for (uintptr_t d = span - size - kStep; d > kStep && d < span; d -= kStep)
    if (void *map = tryAt((end + d) & ~(page - 1), size)) return map;
  return nullptr;
}

struct Pages {
  uintptr_t begin, end;
};

bool protect(const Program &program, Pages pages, bool writable) {
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  for (uintptr_t p = pages.begin; p < pages.end; p += page) {
    const int usual = program.protection(p < program.begin() ? program.begin() : p);
    // Not writable and executable at once: stricter kernels refuse that.
    if (mprotect(reinterpret_cast<void *>(p), page, writable ? PROT_READ | PROT_WRITE : usual) != 0) return false;
  }
  return true;
}

}  // namespace

bool redirect(const Program &program, const Jump *jumps, size_t count, const char **why) {
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const size_t size = (count * sizeof(Island) + page - 1) & ~(page - 1);
  auto *islands = static_cast<Island *>(mapNear(program, size));
  if (!islands) {
    *why = "there is no free memory within 2 GiB of the program";
    return false;
  }
  Pages pages{UINTPTR_MAX, 0};
  for (size_t i = 0; i < count; ++i) {
    islands[i] = {{0xff, 0x25, 0, 0, 0, 0}, {}, {0xcc, 0xcc}};
    memcpy(islands[i].target, &jumps[i].to, sizeof islands[i].target);
    const uintptr_t from = jumps[i].from & ~(page - 1), to = (jumps[i].from + kJumpBytes + page - 1) & ~(page - 1);
    if (from < pages.begin) pages.begin = from;
    if (to > pages.end) pages.end = to;
  }
  if (mprotect(islands, size, PROT_READ | PROT_EXEC) != 0 || !protect(program, pages, true)) {
    protect(program, pages, false);
    munmap(islands, size);
    *why = "the system does not let a program's code be changed";
    return false;
  }
  for (size_t i = 0; i < count; ++i) {
    const auto distance = static_cast<int32_t>(reinterpret_cast<intptr_t>(&islands[i]) -
                                               static_cast<intptr_t>(jumps[i].from + kJumpBytes));
    auto *code = reinterpret_cast<unsigned char *>(jumps[i].from);
    code[0] = 0xe9;
    memcpy(code + 1, &distance, sizeof distance);
  }
  if (!protect(program, pages, false)) _exit(127);  // code that cannot run again: there is no way back or forth
  return true;
}

// Functions begin at multiples of 16 bytes, and what is between is padding.
bool isEmpty(const Program &program, uintptr_t function) {
  if (function % 16 || !(program.protection(function) & PROT_EXEC) || !(program.protection(function + 15) & PROT_EXEC)) return false;
  const auto *code = reinterpret_cast<const unsigned char *>(function);
  constexpr unsigned char kLandmark[] = {0xf3, 0x0f, 0x1e, 0xfa};  // endbr64
  return *code == 0xc3 || (memcmp(code, kLandmark, sizeof kLandmark) == 0 && code[sizeof kLandmark] == 0xc3);
}

#else

bool isEmpty(const Program &, uintptr_t) { return false; }

bool redirect(const Program &, const Jump *, size_t, const char **why) {
  *why = "entry points are redirected on x86-64 only";
  return false;
}

#endif

}  // namespace cutrans::preload
